"""Deposits: made, looked up, changed, locked and deleted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from strongroom.db import deposits as deposit_rows
from strongroom.db import digests as digest_rows
from strongroom.db import jobs as job_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.deposit_query import DepositQuery
from strongroom.domain.deposits import Deposit, DepositStatus, Layout, Template
from strongroom.domain.grants import Action
from strongroom.domain.paths import RepositoryPath, check_slugs, decode, slug, strip_roots
from strongroom.domain.resources import Kind, Node
from strongroom.domain.times import parse_iso
from strongroom.errors import BadRequest, Conflict, Fault, NotFound
from strongroom.services import authority, deposit_files, etags, file_view, nodes, workspaces
from strongroom.services.context import Context
from strongroom.services.views import Content, DepositPage, DepositView


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What a client says of a Deposit it asks for; all of it optional."""

    #: URI as sent
    archival_group: str | None = None
    group_name: str | None = None
    submission_text: str | None = None
    template: Template = Template.NONE
    #: ``vN``: which version's METS to start with, or which version to export
    version_exported: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What PATCH may change; None or blank leaves a field as it is."""

    archival_group: str | None = None
    group_name: str | None = None
    submission_text: str | None = None
    #: a moment; marks the deposit as archived
    archived: str | None = None


def create(ctx: Context, agent: str, new: New) -> DepositView:
    """A new Deposit with its working area.

    An existing group's METS is put there; else a template makes folders and a skeleton METS.
    BadRequest for an illegal path, Conflict if the path is taken, Gone for a tombstone.
    """
    group = group_path(ctx, new.archival_group)
    authority.authorise_new_deposit(ctx, group)
    existing = _check_group(ctx, group, own=None)
    exists = existing is not None
    now = ctx.clock()
    deposit = Deposit(
        id=ctx.mint(),
        group=group,
        group_name=_text(new.group_name),
        submission_text=_text(new.submission_text),
        layout={
            Template.NONE: Layout.OPEN,
            Template.ROOT_LEVEL: Layout.ROOT,
            Template.BAGIT: Layout.BAGIT,
        }[new.template],
        base_version=existing.head.number if existing else None,
        created=now,
        created_by=agent,
        modified=now,
        modified_by=agent,
    )
    area = ctx.areas.area(deposit.id)
    area.create()
    try:
        mets = deposit_files.furnish(
            ctx, deposit, new.template, version=new.version_exported if exists else None
        )
        deposit = replace(deposit, mets=mets)
        with ctx.db.write() as c:
            deposit_rows.insert(c, deposit)
    except BaseException:
        area.remove()
        raise
    if new.template is not Template.NONE and not exists:
        # an empty deposit stays empty; and a group's METS can be large, so its tree waits until
        # somebody asks for it
        file_view.begin(ctx, deposit)
    return view(ctx, deposit, exists=exists)


def from_identifier(
    ctx: Context, agent: str, schema: str, value: str, template: Template
) -> DepositView:
    """A new Deposit for what a catalogue identifier stands for.

    BadRequest for an unknown schema; NotFound, Conflict (several), UpstreamFailed or
    UpstreamTimeout for the resolver's answers; then as :func:`create`.
    """
    found = ctx.resolvers.resolve(schema, value)
    chosen = template
    if template is Template.NONE and found.template:
        chosen = Template(found.template)
    return create(
        ctx,
        agent,
        New(
            archival_group=f"{ctx.roots.public}/repository/{found.path}",
            group_name=found.name,
            submission_text=f"Created from the identifier {value} (schema {schema})",
            template=chosen,
        ),
    )


def get(ctx: Context, deposit_id: str) -> DepositView:
    """The Deposit, with the ETag of its METS; whatever became of its Archival Group."""
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
        export = _export(c, deposit)
    etag = None
    if deposit.status is not DepositStatus.EXPORTING and ctx.areas.area(deposit.id).exists():
        located = _mets(ctx, deposit)
        etag = located[1].etag if located else None
    return view(ctx, deposit, mets_etag=etag, export=export)


def _export(c: Connection, deposit: Deposit) -> str | None:
    return None if deposit.exported is None else job_rows.export_into(c, deposit.id)


def view(
    ctx: Context,
    deposit: Deposit,
    *,
    exists: bool | None = None,
    mets_etag: str | None = None,
    export: str | None = None,
) -> DepositView:
    if exists is None:
        exists = False
        if deposit.group is not None:
            with ctx.db.read() as c:
                node = node_rows.node(c, deposit.group)
            exists = node is not None and node.kind is Kind.GROUP and not node.deleted
    return DepositView(
        deposit=deposit,
        files=ctx.areas.area(deposit.id).uri,
        group_exists=exists,
        mets_etag=mets_etag,
        export=export,
    )


def query(ctx: Context, wanted: DepositQuery) -> DepositPage:
    """One page of the list of Deposits. What costs a look at storage is left out of it."""
    with ctx.db.read() as c:
        found, total = deposit_rows.query(c, wanted, authority.sight(ctx, c))
    return DepositPage(
        deposits=tuple(view(ctx, deposit, exists=False) for deposit in found),
        page=wanted.page,
        page_size=wanted.page_size,
        total=total,
    )


def patch(ctx: Context, agent: str, deposit_id: str, changes: Changes) -> DepositView:
    """Change the writable fields of a Deposit.

    Conflict while it is exporting, when another agent holds its lock, or when its new path is
    taken.
    """
    archived = _moment("archived", changes.archived)
    group = group_path(ctx, _text(changes.archival_group))
    existing = None
    with ctx.db.read() as c:
        nodes.deposit(c, deposit_id)
    if group is not None:
        authority.authorise(ctx, Action.DEPOSIT, group)
        existing = _check_group(ctx, group, own=deposit_id)
    with ctx.db.write() as c:
        deposit = nodes.deposit(c, deposit_id)
        if deposit.status is DepositStatus.EXPORTING:
            raise Conflict(
                f"Deposit {deposit_id} is still exporting; wait until its status is 'new'.",
                code="exporting",
            )
        check_lock(deposit, agent)
        moving = group is not None and group != deposit.group
        if (moving or archived is not None) and job_rows.unfinished(c, deposit_id):
            raise Conflict(
                f"Deposit {deposit_id} has an unfinished job; wait for it or cancel it first.",
                code="unfinished-job",
            )
        if group is not None:
            # who points a deposit at a group says that it was made for the group as it is now
            deposit = replace(deposit, base_version=existing.head.number if existing else None)
        deposit = replace(
            deposit,
            group=group or deposit.group,
            group_name=_text(changes.group_name) or deposit.group_name,
            submission_text=_text(changes.submission_text) or deposit.submission_text,
        )
        if archived is not None:
            deposit = replace(deposit, archived=archived, status=DepositStatus.ARCHIVED)
        else:
            deposit = replace(deposit, modified=ctx.clock(), modified_by=agent)
        deposit_rows.save(c, deposit)
        export = _export(c, deposit)
    return view(ctx, deposit, exists=existing is not None, export=export)


def delete(ctx: Context, agent: str, deposit_id: str) -> None:
    """Delete a Deposit and its files; what was preserved from it stays.

    Conflict when another agent holds its lock or a job of it is unfinished. If its files cannot be
    deleted, the Deposit stays as it was.
    """
    with ctx.db.write() as c:
        deposit = nodes.deposit(c, deposit_id)
        check_lock(deposit, agent)
        unfinished = job_rows.unfinished(c, deposit_id)
        if unfinished:
            raise Conflict(
                f"Deposit {deposit_id} has an unfinished {unfinished[0].kind} job "
                f"{unfinished[0].id}; wait for it or cancel it.",
                code="unfinished-job",
            )
        # no job may begin between here and the end: the deposit leaves the active ones first
        deposit_rows.save(c, replace(deposit, active=False, group=None))
    try:
        ctx.areas.area(deposit_id).remove()
    except Exception:
        _keep(ctx, deposit)
        raise
    with ctx.db.write() as c:
        digest_rows.forget(c, deposit_id)
        deposit_rows.delete(c, deposit_id)


def _keep(ctx: Context, deposit: Deposit) -> None:
    """Give a Deposit that could not be deleted its group back, unless another has that by now."""
    with suppress(Conflict), ctx.db.write() as c:
        now = nodes.deposit(c, deposit.id)
        if now.group is None:
            deposit_rows.save(c, replace(now, active=deposit.active, group=deposit.group))


# -------------------------------------------------------------------------- locks and activity


def lock(ctx: Context, agent: str, deposit_id: str, *, force: bool) -> None:
    """Lock a Deposit for an agent; Conflict if another holds the lock, unless ``force``."""
    with ctx.db.write() as c:
        deposit = nodes.deposit(c, deposit_id)
        if not force:
            check_lock(deposit, agent)
        deposit_rows.save(c, replace(deposit, locked_by=agent, lock_date=ctx.clock()))


def unlock(ctx: Context, _agent: str, deposit_id: str) -> None:
    """Release the lock, whoever holds it; harmless if there is none."""
    with ctx.db.write() as c:
        deposit = nodes.deposit(c, deposit_id)
        deposit_rows.save(c, replace(deposit, locked_by=None, lock_date=None))


def activate(ctx: Context, deposit_id: str) -> None:
    """Make a Deposit active; Conflict if another active one has its Archival Group."""
    with ctx.db.write() as c:
        deposit = nodes.deposit(c, deposit_id)
        deposit_rows.save(c, replace(deposit, active=True))


def deactivate(ctx: Context, deposit_id: str) -> None:
    """Make a Deposit that is in ``error`` inactive; BadRequest for any other."""
    with ctx.db.write() as c:
        deposit = nodes.deposit(c, deposit_id)
        if deposit.status is not DepositStatus.ERROR:
            raise BadRequest(
                f"Only a deposit in 'error' can be deactivated; this one is '{deposit.status}'.",
                code="not-in-error",
            )
        deposit_rows.save(c, replace(deposit, active=False))


def check_lock(deposit: Deposit, agent: str) -> None:
    """Conflict if someone else holds the lock."""
    if deposit.locked_by is not None and deposit.locked_by != agent:
        raise Conflict(
            f"Deposit is locked by another user: {deposit.locked_by}.",
            code="locked",
        )


# --------------------------------------------------------------------------------------- METS


def mets(ctx: Context, deposit_id: str) -> tuple[Content, str]:
    """The stored bytes of the deposit's METS and their ETag; NotFound if it has none."""
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
    located = _mets(ctx, deposit)
    if located is None:
        raise NotFound(f"Deposit {deposit_id} has no METS file.", code="no-mets")
    path, tagged = located
    opened = deposit_files.content(ctx, deposit, path, tagged.digest, entry=tagged.entry)
    return replace(opened, content_type="application/xml"), tagged.etag


def _mets(ctx: Context, deposit: Deposit) -> tuple[str, etags.Tagged] | None:
    area = ctx.areas.area(deposit.id)
    path, _ = workspaces.find_mets(area)
    tagged = etags.of(ctx, deposit.id, area, path) if path else None
    return (path, tagged) if path is not None and tagged is not None else None


# -------------------------------------------------------------------------------------- checks


def group_path(ctx: Context, uri: str | None) -> RepositoryPath | None:
    """The repository path that an ``archivalGroup`` URI names; BadRequest if it names none."""
    if _text(uri) is None or uri is None:
        return None
    raw = strip_roots(uri.strip(), ctx.roots.all)
    if not raw:
        raise BadRequest(
            f"'{uri[:200]}' is no Archival Group of this repository.",
            code="foreign-id",
            faults=[
                Fault(
                    code="foreign-id",
                    message="The URI lies outside this repository.",
                    path="archivalGroup",
                    expected=f"{ctx.roots.public}/repository/…",
                    found=uri[:200],
                )
            ],
        )
    return check_slugs(decode(raw))


def _check_group(ctx: Context, group: RepositoryPath | None, *, own: str | None) -> Node | None:
    """The group, if it exists; Conflict or Gone if no deposit can have it."""
    if group is None:
        return None
    with ctx.db.read() as c:
        other = deposit_rows.active_for(c, group)
        if other is not None and other != own:
            raise Conflict(
                f"Deposit {other} is active for /repository/{group} already.",
                code="active-deposit",
                faults=[
                    Fault(
                        code="active-deposit",
                        message="One Archival Group has one active deposit at a time.",
                        path="archivalGroup",
                        found=other,
                    )
                ],
            )
        return nodes.living_group(c, group)


def _text(value: str | None) -> str | None:
    return value.strip() if value and value.strip() else None


def _moment(field: str, value: str | None) -> datetime | None:
    if _text(value) is None or value is None:
        return None
    try:
        return parse_iso(value)
    except ValueError:
        raise BadRequest(
            f"'{slug(value)[:50]}' is no moment.",
            code="bad-date",
            faults=[
                Fault(
                    code="bad-date",
                    message="A moment in ISO 8601 is expected.",
                    path=field,
                    expected="like 2026-01-31T12:00:00Z",
                    found=value[:50],
                )
            ],
        ) from None
