"""Import jobs: accepted, looked up, cancelled. Carrying them out is :mod:`import_run`'s."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from strongroom.db import deposits as deposit_rows
from strongroom.db import job_documents, job_queue
from strongroom.db import jobs as job_rows
from strongroom.db import nodes as node_rows
from strongroom.domain import check, viruses
from strongroom.domain.content_types import guess, stated_type
from strongroom.domain.deposits import Deposit, Layout
from strongroom.domain.description import DescribedFile
from strongroom.domain.importjob import LISTS, ImportJob, Job, JobKind, JobRequest, JobStatus
from strongroom.domain.paths import MemberPath, strip_roots
from strongroom.domain.resources import Group
from strongroom.domain.times import ticks
from strongroom.domain.viruses import InfectedFile
from strongroom.errors import (
    BadRequest,
    Conflict,
    Fault,
    NotFound,
    StrongroomError,
    Unprocessable,
)
from strongroom.services import (
    authority,
    bags,
    deposits,
    diffs,
    findings,
    nodes,
    proofs,
    workspaces,
)
from strongroom.services.context import Context
from strongroom.services.views import JobView
from strongroom.storage.protocols import WorkArea

log = logging.getLogger(__name__)


def submit(ctx: Context, agent: str, deposit_id: str, request: JobRequest) -> JobView:
    """Accept an import job; it waits until a worker takes it.

    A request whose ``id`` refers to the deposit's diff and whose lists are empty stands for that
    diff, made now. BadRequest, Conflict or Unprocessable name every fault; then nothing has
    changed.
    """
    deposit = diffs.importable(ctx, deposit_id)
    if not request.id:
        raise BadRequest(
            "The import job has no id.",
            code="missing-id",
            faults=[
                Fault(
                    code="missing-id",
                    message="Give the job an id of your own, or refer to the diff.",
                    path="id",
                    expected=f"…/deposits/{deposit.id}/importjobs/diff",
                )
            ],
        )
    if _is_diff(request, deposit):
        view = diffs.diff(ctx, agent, deposit_id)
        plan, infected = view.job, view.infected
        if view.source_version is None and not plan.group_name:
            raise _no_name(deposit)
        base = f"{ctx.roots.public}/deposits/{deposit.id}/importjobs"
        import_job: str | None = f"{base}/transient/{ticks(view.created)}"
        original: str | None = f"{base}/diff"
    else:
        plan, infected = _written(ctx, agent, deposit, request)
        import_job, original = request.id, request.original_id
    viruses.refuse(infected, request.allow_infected)
    now = ctx.clock()
    job = Job(
        id=ctx.mint(),
        kind=JobKind.IMPORT,
        deposit=deposit.id,
        group=plan.group,
        plan=plan,
        import_job=import_job,
        original_import_job=original,
        created=now,
        created_by=agent,
    )
    with ctx.db.write() as c:
        fresh = nodes.deposit(c, deposit_id)
        deposits.check_lock(fresh, agent)
        diffs.check_no_job(c, fresh)
        if fresh.group != plan.group:
            raise Conflict(
                f"Deposit {deposit_id} was changed meanwhile; post the job again.",
                code="deposit-changed",
            )
        if fresh.layout is Layout.OPEN:
            deposit_rows.save(c, replace(fresh, layout=Layout.ROOT))
        job_rows.insert(c, job)
        if infected:
            job_documents.put(c, job.id, job_documents.ALLOWED, infected)
    ctx.queue.notify()
    return JobView(job=job, allowed=infected)


def _is_diff(request: JobRequest, deposit: Deposit) -> bool:
    ending = f"/deposits/{deposit.id}/importjobs/diff"
    return (request.id or "").rstrip("/").lower().endswith(ending) and not any(
        request.lists.get(name) for name in LISTS
    )


def _no_name(deposit: Deposit) -> BadRequest:
    return BadRequest(
        "A new Archival Group needs a name: PATCH the deposit's archivalGroupName, or give METS a "
        "title.",
        code="no-name",
        faults=[
            Fault(
                code="no-name",
                message="Neither the deposit nor its METS says what the Archival Group is called.",
                path=f"/deposits/{deposit.id}",
            )
        ],
    )


def _written(
    ctx: Context, agent: str, deposit: Deposit, request: JobRequest
) -> tuple[ImportJob, tuple[InfectedFile, ...]]:
    """A job that the client wrote out (or fetched and posted back), and what of it is infected."""
    _check_deposit(ctx, deposit, request)
    deposits.check_lock(deposit, agent)
    if deposit.group is None:
        raise ValueError("an importable deposit has a group")
    existing = diffs.existing_group(ctx, deposit)
    known = _Known(ctx, deposit, existing)
    plan = check.read(
        request,
        group=deposit.group,
        group_name=deposit.group_name or (None if existing else known.title),
        roots=ctx.roots.all,
        files=known.area.uri,
        existing=existing,
        witnesses=known.witness,
        described=known.described,
        mets=known.mets,
    )
    found = findings.infected(ctx, deposit.id, known.loaded)
    return plan, tuple(viruses.brought_in(plan, found))


def _check_deposit(ctx: Context, deposit: Deposit, request: JobRequest) -> None:
    own = f"/deposits/{deposit.id}"
    named = request.deposit or ""
    if strip_roots(named, ctx.roots.all, area="deposits") != deposit.id:
        raise BadRequest(
            "The import job does not say that it belongs to this deposit."
            if not request.deposit
            else "The import job belongs to another deposit.",
            code="wrong-deposit",
            faults=[
                Fault(
                    code="wrong-deposit",
                    message="A job is posted to the deposit that it names.",
                    path="deposit",
                    expected=ctx.roots.public + own,
                    found=request.deposit[:300] if request.deposit else None,
                )
            ],
        )


class _Known:
    """What the server knows of a deposit's files when a client wrote the job.

    METS helps where it can be read; a job written out does not depend on it.
    """

    def __init__(self, ctx: Context, deposit: Deposit, existing: Group | None) -> None:
        self.area: WorkArea = ctx.areas.area(deposit.id)
        self.title: str | None = None
        self.mets: MemberPath | None = existing.mets if existing else None
        self.described: Mapping[MemberPath, DescribedFile] = {}
        self._by_origin: dict[str, check.Witness] = {}
        self._ctx, self._deposit = ctx, deposit
        self.loaded: workspaces.Loaded | None = None
        try:
            loaded = diffs.load(ctx, deposit, existing)
        except Unprocessable as error:
            # its METS cannot be read: the job must then say itself what METS would have said
            log.info("a job for deposit %s goes without its METS: %s", deposit.id, error.message)
            return
        self.loaded = loaded
        diffs.remember(ctx, deposit, loaded)
        self.title = loaded.workspace.title
        self.mets = loaded.workspace.mets or self.mets
        files = bags.checked(ctx, deposit, loaded, loaded.workspace).files
        self.described = {p: f.described for p, f in files.items() if f.described}
        for path, file in files.items():
            if file.origin is not None and file.size is not None:
                self._by_origin[file.origin] = check.Witness(
                    size=file.size,
                    digest=file.proven or file.bagged,
                    described=file.described.digest if file.described else None,
                    stored_type=loaded.stored_types.get(path),
                    content_type=(file.described.content_type if file.described else None)
                    or loaded.types.get(path),
                )

    def witness(self, origin: str) -> check.Witness | Fault:
        if origin in self._by_origin:
            return self._by_origin[origin]
        try:
            with self.area.open(origin) as file:
                entry = file.entry
        except StrongroomError as error:
            if error.faults:
                return replace(error.faults[0], path=origin)
            return Fault(
                code="missing-file" if isinstance(error, NotFound) else error.problem,
                message=error.message,
                path=origin,
            )
        digest = entry.sha256 or proofs.known_one(self._ctx, self._deposit.id, entry)
        return check.Witness(
            size=entry.size,
            digest=digest,
            stored_type=stated_type(entry.content_type),
            content_type=guess(origin),
        )


# ------------------------------------------------------------------------------------- results


def results(ctx: Context, deposit_id: str) -> list[JobView]:
    """All import jobs of a deposit, oldest first; none for a deposit that is unknown."""
    with ctx.db.read() as c:
        found = job_rows.for_deposit(c, deposit_id, JobKind.IMPORT)
        found = [job for job in found if authority.sees(ctx, c, job.group)]
    return [_view(ctx, job) for job in found]


def result(ctx: Context, deposit_id: str, job_id: str) -> JobView:
    """One import job of a deposit, or NotFound."""
    view = find(ctx, job_id)
    if view.job.deposit != deposit_id:
        raise _unknown(job_id)
    return view


def find(ctx: Context, job_id: str) -> JobView:
    """An import job by its id alone, or NotFound."""
    with ctx.db.read() as c:
        job = job_rows.get(c, job_id, plan=False)
        if job is None or job.kind is not JobKind.IMPORT or not authority.sees(ctx, c, job.group):
            raise _unknown(job_id)
    return _view(ctx, job)


def _unknown(job_id: str) -> NotFound:
    return NotFound(f"There is no import job '{job_id[:50]}' here.", code="no-job")


def _view(ctx: Context, job: Job) -> JobView:
    with ctx.db.read() as c:
        told = job_documents.get(c, job.id, job_documents.ALLOWED, tuple[InfectedFile, ...])
    allowed = told or ()
    if job.status is not JobStatus.COMPLETED:
        return JobView(job=job, allowed=allowed)
    with ctx.db.read() as c:
        outcome = job_rows.outcome(c, job.id)
        node = node_rows.node(c, job.group)
    versions = {v.number: v for v in node.versions} if node else {}
    return JobView(job=job, outcome=outcome, versions=versions, allowed=allowed)


def cancel(ctx: Context, agent: str, deposit_id: str, job_id: str) -> JobView:
    """End a job that still waits; Conflict once a worker has begun it."""
    result(ctx, deposit_id, job_id)  # NotFound if it is none of this deposit's
    with ctx.db.write() as c:
        deposits.check_lock(nodes.deposit(c, deposit_id), agent)
        fault = Fault(code="cancelled", message=f"Cancelled by {agent} before it began.")
        if not job_queue.cancel(c, job_id, ctx.clock(), agent, fault):
            now = job_rows.get(c, job_id, plan=False)
            raise Conflict(
                f"Import job {job_id} is '{now.status if now else 'gone'}'; only a waiting job "
                "that no worker has begun can be cancelled.",
                code="not-waiting",
            )
    return result(ctx, deposit_id, job_id)
