"""Carries an import job out: copy and verify, commit the version, record what happened.

A job can be killed at any instant and run again: before the commit nothing is visible, and after it
everything else follows from what the object says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from strongroom.db import deposits as deposit_rows
from strongroom.db import intents, job_queue, tickets
from strongroom.db import nodes as node_rows
from strongroom.domain import legal
from strongroom.domain.deposits import DepositStatus
from strongroom.domain.importjob import ImportJob, Job, JobStatus, Outcome, Progress
from strongroom.domain.paths import MemberPath, RepositoryPath, encode
from strongroom.domain.resources import Group, Kind, Member, Node
from strongroom.errors import Conflict, Fault, OutOfSpace, StrongroomError, Unavailable
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.stored import StoredObject
from strongroom.repository import history
from strongroom.repository.document import Document
from strongroom.repository.plan import VersionPlan, plan
from strongroom.services import claims, nodes, places, reindex
from strongroom.services.context import Context
from strongroom.services.places import Sources

#: bytes that are always left free beside the OCFL root
RESERVE = 64 << 20
#: how often a job is begun before it is given up
ATTEMPTS = 3


class Interrupted(Exception):
    """The worker was asked to stop; the job is to be run again."""


class NotRecorded(Exception):
    """The version exists, or may exist, but the index could not be told; the job is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a running job is seen from outside, and told to stop."""

    progress: Callable[[Progress], None]
    stopping: Callable[[], bool]


def run(ctx: Context, job: Job, watch: Watch) -> None:
    """Run a claimed import job to its end, and record that end.

    Raises Interrupted if the worker is stopping, and NotRecorded if the version was committed but
    could not be recorded: then the job is to be run again, however long that takes. Whatever is
    wrong with the job itself is recorded as its errors, and then nothing has changed but the job.
    """
    if job.plan is None:
        raise ValueError(f"job {job.id} has no plan")
    try:
        _carry_out(ctx, job, job.plan, watch)
    except Interrupted:
        raise
    except StrongroomError as error:
        if is_of_database(error):
            raise
        if error.retryable and not isinstance(error, OutOfSpace):
            if job.attempts < ATTEMPTS:
                raise
            _check_whether_done(ctx, job, error)
        # its faults name what it is about in words of its own; the message says it all
        _fail(ctx, job, (Fault(code=error.problem, message=error.message),))


def is_to_be_tried_again(job: Job, error: StrongroomError) -> bool:
    """Whether an error says less of the job than of this moment."""
    return is_of_database(error) or (error.retryable and job.attempts < ATTEMPTS)


def is_of_database(error: StrongroomError) -> bool:
    """Whether the database could not be used: that is never the end of a job, nor an attempt."""
    return isinstance(error, Unavailable) and error.problem.startswith("database-")


def _check_whether_done(ctx: Context, job: Job, trouble: StrongroomError) -> None:
    """NotRecorded if an attempt may have made its version, and storage does not tell at present."""
    with ctx.db.read() as c:
        was_committing = tickets.has(c, job.id)
    if was_committing:
        raise NotRecorded(
            f"{trouble.message} Whether the version was made is not known."
        ) from trouble


def give_up(ctx: Context, job: Job, reason: str) -> None:
    """End a job that keeps failing for reasons of the server's own, truthfully.

    NotRecorded if that cannot be told until storage can be reached again.
    """
    try:
        done = committed_by(ctx, job)
    except (StrongroomError, OSError) as error:
        if isinstance(error, StrongroomError) and error.retryable:
            _check_whether_done(ctx, job, error)
        unknown = f" Whether it made its version is unknown, as its object cannot be read: {error}"
        _fail(ctx, job, (Fault(code="gave-up", message=reason + unknown),))
        return
    if done is not None and job.plan is not None:
        _record(ctx, job, done, job.plan)
        return
    _fail(ctx, job, (Fault(code="gave-up", message=reason),))


def _carry_out(ctx: Context, job: Job, wanted: ImportJob, watch: Watch) -> None:
    path = job.group
    done = committed_by(ctx, job)
    if done is not None:  # by an attempt that was killed right after it
        _record(ctx, job, done, wanted)
        return
    stored = ctx.repository.find(path)
    old = history.document_at(stored) if stored else None
    node = reindex.follow_storage(ctx, path)
    head = node.head.number if node else None
    members = _members(stored, old)
    wrong = _check(ctx, wanted, node, head, members)
    if wrong:
        _fail(ctx, job, wrong)
        return
    version = plan(
        wanted, members, old=old, job_id=job.id, deposit=job.deposit or None, received=job.created
    )
    if not version.changes:
        _no_change(ctx, job, wanted, head)
        return
    _check_space(ctx, version)
    attempt = job_queue.attempt_of(job.id, job.attempts)
    owner = intents.job_owner(job.id)
    report = _Reporter(watch, version)
    sources = _sources(ctx, job, version)
    version = sources.version
    draft, faults = ctx.repository.stage(
        path,
        version,
        base=stored,
        attempt=attempt,
        open_source=sources.open,
        folders=sources.folders,
        remote=sources.remote,
        progress=report.copied,
        cancelled=watch.stopping,
    )
    try:
        if watch.stopping():
            raise Interrupted
        if faults:
            draft.discard()
            _fail(ctx, job, _by_member(faults, version))
            return
        report.phase("committing")
        created = _claim(ctx, job, path, owner, new=stored is None)
        committed = _commit(ctx, job, draft, created)
    except BaseException:
        draft.discard()
        claims.drop(ctx, path, owner)
        raise
    _record(ctx, job, committed, wanted)


def _sources(ctx: Context, job: Job, version: VersionPlan) -> Sources:
    if not job.deposit:
        return places.sources(ctx, version)
    area = ctx.areas.area(job.deposit)
    return Sources(
        version=version,
        open=area.opener(len(version.copies)),
        folders=area.folders,
        remote=area.remote,
    )


def _author(job: Job) -> str:
    """Who makes the version."""
    return (job.terms.author if job.terms else None) or job.created_by


def _uri(ctx: Context, job: Job) -> str:
    """The job, as the version's message names it."""
    if not job.deposit:
        return f"{ctx.roots.storage}/import/results/{job.id}/{encode(job.group)}"
    return f"{ctx.roots.public}/deposits/{job.deposit}/importjobs/results/{job.id}"


def _commit(ctx: Context, job: Job, draft: Draft, created: datetime) -> StoredObject:
    """Commit; where that ends in an error, storage alone says whether the version exists."""
    try:
        return ctx.repository.commit(
            draft,
            created=created,
            author=ctx.author(_author(job)),
            message=_uri(ctx, job),
        )
    except Exception as error:
        try:
            committed = committed_by(ctx, job)
        except (StrongroomError, OSError) as second:
            raise NotRecorded(f"{error}; and then: {second}") from second
        if committed is None:
            raise
        return committed


def committed_by(ctx: Context, job: Job) -> StoredObject | None:
    """The job's group, if its head is the version that this job made."""
    ctx.repository.recover(job.group)
    stored = ctx.repository.find(job.group)
    if stored is None or history.document_at(stored).job != job.id:
        return None
    return stored


def _members(stored: StoredObject | None, old: Document | None) -> dict[MemberPath, Member]:
    if stored is None or old is None:
        return {}
    return history.living(stored.inventory, old, stored.inventory.head)


def _check(
    ctx: Context,
    wanted: ImportJob,
    node: Node | None,
    head: int | None,
    members: dict[MemberPath, Member],
) -> tuple[Fault, ...]:
    """What was checked when the job was posted, on the state that it meets now.

    Raises what forbids the whole job; returns what is wrong with single members.
    """
    if node is not None and (node.deleted or node.kind is not Kind.GROUP):
        raise Conflict(
            f"/repository/{wanted.group} is no Archival Group any more.", code="not-a-group"
        )
    if head != wanted.source_version:
        raise Conflict(
            f"The job was made against {_name(wanted.source_version)}, but the head is now "
            f"{_name(head)}; make the diff again.",
            code="stale-version",
        )
    if node is None:
        with ctx.db.read() as c:
            nodes.check_parent(c, wanted.group)
    group = None
    if node is not None:
        group = Group(node=node, version=node.head, members=members, name=node.name)
    return tuple(legal.faults(wanted, group))


def _by_member(faults: list[Fault], version: VersionPlan) -> tuple[Fault, ...]:
    """The faults of deposit files, told of the members that they were to become."""
    members: dict[str, list[MemberPath]] = {}
    for copy in version.copies:
        members.setdefault(copy.origin, []).append(copy.path)
    found = []
    for fault in faults:
        for path in members.get(fault.path or "", ()):
            where = "" if path == fault.path else f" (origin {fault.path})"
            found.append(replace(fault, path=path, message=fault.message + where))
        if fault.path not in members:
            found.append(fault)
    return tuple(found)


def _name(version: int | None) -> str:
    return "no version" if version is None else f"v{version}"


def _check_space(ctx: Context, version: VersionPlan) -> None:
    needed = sum(copy.size for copy in version.copies)
    free = ctx.repository.root.free_bytes() - RESERVE
    if needed > free:
        raise OutOfSpace(
            f"The job needs {needed} bytes in the OCFL root, and {max(0, free)} are free; "
            "make room and post the job again.",
            code="out-of-space",
        )


def _claim(ctx: Context, job: Job, path: RepositoryPath, owner: str, *, new: bool) -> datetime:
    """The end time of the job; for a new group its path is claimed too."""
    with ctx.db.write() as c:
        if new:
            nodes.check_parent(c, path)
            claims.claim(c, ctx, path, claims.CREATE, owner)
        return tickets.allot(c, job.id, ctx.clock())


class _Reporter:
    """Turns what was copied into progress."""

    def __init__(self, watch: Watch, version: VersionPlan) -> None:
        self._watch = watch
        self._now = Progress(
            phase="copying",
            files_total=len(version.copies),
            bytes_total=sum(copy.size for copy in version.copies),
        )
        watch.progress(self._now)

    def copied(self, files: int, size: int) -> None:
        """Files and bytes copied so far, in all."""
        self._now = replace(self._now, files_done=files, bytes_done=size)
        self._watch.progress(self._now)

    def phase(self, name: str) -> None:
        self._now = replace(self._now, phase=name)
        self._watch.progress(self._now)


# ---------------------------------------------------------------------------------- the record


def _record(ctx: Context, job: Job, stored: StoredObject, wanted: ImportJob) -> None:
    """Record what cannot be undone; whatever prevents that must not end the job as failed."""
    try:
        record(ctx, job, stored, wanted)
    except Exception as error:
        raise NotRecorded(str(error)) from error


def record(ctx: Context, job: Job, stored: StoredObject, wanted: ImportJob) -> None:
    """Write down in one transaction what a commit did: index, event, job, deposit."""
    with ctx.db.write() as c:
        node = reindex.record(c, stored, node_rows.node(c, job.group))
        version = node.head
        after = reindex.head_members(c, node, _touched(wanted))
        job_queue.finish(
            c,
            job.id,
            status=JobStatus.COMPLETED,
            finished=version.created,
            source_version=wanted.source_version,
            new_version=version.number,
            errors=(),
            outcome=_outcome(wanted, after, version.number),
        )
        _preserved(c, job, version.created, version.number)


def _preserved(c: Connection, job: Job, moment: datetime, version: int | None) -> None:
    deposit = deposit_rows.get(c, job.deposit)
    if deposit is None:
        return
    deposit_rows.save(
        c,
        replace(
            deposit,
            status=DepositStatus.PRESERVED,
            active=False,
            preserved=moment,
            preserved_by=job.created_by,
            version_preserved=version,
            modified=moment,
            modified_by=job.created_by,
        ),
    )


def _touched(wanted: ImportJob) -> set[MemberPath]:
    return {item.path for _, item in wanted.items()}


def _outcome(wanted: ImportJob, after: dict[MemberPath, Member], version: int) -> Outcome:
    def now(items: tuple[object, ...]) -> tuple[Member, ...]:
        return tuple(after[item.path] for item in items)  # type: ignore[attr-defined]

    def gone(items: tuple[object, ...], kind: Kind) -> tuple[Member, ...]:
        return tuple(
            Member(
                path=item.path,  # type: ignore[attr-defined]
                kind=kind,
                name=item.name,  # type: ignore[attr-defined]
                content_type=getattr(item, "content_type", None) or "",
                size=getattr(item, "size", None) or 0,
                digest=getattr(item, "digest", None) or "",
                created=version,
                modified=version,
                deleted=True,
            )
            for item in items
        )

    return Outcome(
        containers_added=now(wanted.containers_to_add),
        binaries_added=now(wanted.binaries_to_add),
        containers_deleted=gone(wanted.containers_to_delete, Kind.CONTAINER),
        binaries_deleted=gone(wanted.binaries_to_delete, Kind.BINARY),
        binaries_patched=now(wanted.binaries_to_patch),
        binaries_renamed=now(wanted.binaries_to_rename),
        containers_renamed=now(wanted.containers_to_rename),
    )


def _no_change(ctx: Context, job: Job, wanted: ImportJob, head: int | None) -> None:
    """End a job that found everything as it should be: no version, no event."""
    now = ctx.clock()
    with ctx.db.write() as c:
        job_queue.finish(
            c,
            job.id,
            status=JobStatus.COMPLETED,
            finished=now,
            source_version=wanted.source_version,
            new_version=head,
            errors=(),
            outcome=Outcome(),
        )
        _preserved(c, job, now, head)


def _fail(ctx: Context, job: Job, faults: tuple[Fault, ...]) -> None:
    """End a job that could not be carried out; nothing but the job has changed."""
    now = ctx.clock()
    with ctx.db.write() as c:
        source = job.plan.source_version if job.plan else None
        job_queue.finish(
            c,
            job.id,
            status=JobStatus.FAILED,
            finished=now,
            source_version=source,
            new_version=None,
            errors=faults,
            outcome=None,
        )
        deposit = deposit_rows.get(c, job.deposit)
        if deposit is not None:
            deposit_rows.save(
                c,
                replace(
                    deposit,
                    status=DepositStatus.ERROR,
                    active=False,
                    modified=now,
                    modified_by=job.created_by,
                ),
            )
