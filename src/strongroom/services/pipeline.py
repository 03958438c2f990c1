"""Runs of tools over deposits: asked for, looked up, stopped.

Carrying them out is :mod:`strongroom.services.pipeline_run`'s. Source: contract http-api.md 11,
mets.md 6.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from strongroom.db import deposits as deposit_rows
from strongroom.db import job_documents, pipeline_stages
from strongroom.db import jobs as job_rows
from strongroom.domain.deposits import Deposit, DepositStatus
from strongroom.domain.grants import Action
from strongroom.domain.importjob import Job, JobKind
from strongroom.domain.paths import ROOT
from strongroom.domain.pipeline import RunReport, RunStatus, status_of
from strongroom.errors import BadRequest, Conflict, Fault, NotFound
from strongroom.services import authority, deposits, nodes
from strongroom.services.context import Context

#: longest text of an error that is kept of what a client says (characters)
MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run, and what clients see beside it."""

    job: Job
    status: RunStatus
    report: RunReport
    #: as the deposit has it now; None once the deposit is gone
    group_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """What a client says of a run: nothing is checked yet."""

    job: str | None
    deposit: str | None
    status: str | None
    user: str | None
    errors: str | None


def start(ctx: Context, agent: str, deposit_id: str) -> RunView:
    """Let tools run over a deposit as soon as a worker is free.

    NotFound for an unknown deposit; Conflict if another agent holds its lock, while it is
    exporting, or while a job or another run of it is unfinished.
    """
    with ctx.db.write() as c:
        deposit = nodes.deposit(c, deposit_id)
        deposits.check_lock(deposit, agent)
        _check_idle(deposit, job_rows.unfinished(c, deposit_id))
        job = Job(
            id=ctx.mint(),
            kind=JobKind.PIPELINE,
            deposit=deposit.id,
            group=deposit.group or ROOT,
            created=ctx.clock(),
            created_by=agent,
        )
        job_rows.insert(c, job)
    ctx.queue.notify()
    return _view(job, RunStatus.WAITING, RunReport(), deposit)


def _check_idle(deposit: Deposit, unfinished: list[Job]) -> None:
    if deposit.status is DepositStatus.EXPORTING:
        raise Conflict(
            f"Deposit {deposit.id} is still exporting; wait until its status is 'new'.",
            code="exporting",
        )
    for job in unfinished:
        if job.kind is JobKind.PIPELINE:
            raise job_rows.pipeline_running(job)
        raise Conflict(
            f"Deposit {deposit.id} has an unfinished {job.kind} job {job.id}; wait for its end.",
            code="unfinished-job",
        )


def runs(ctx: Context, deposit_id: str) -> list[RunView]:
    """All runs of a deposit, oldest first; none for a deposit that is unknown."""
    with ctx.db.read() as c:
        jobs = job_rows.for_deposit(c, deposit_id, JobKind.PIPELINE)
        jobs = [job for job in jobs if authority.sees_run(ctx, c, job)]
        stages = pipeline_stages.stages(c, [job.id for job in jobs])
        reports = {
            job.id: job_documents.get(c, job.id, job_documents.REPORT, RunReport) for job in jobs
        }
        deposit = deposit_rows.get(c, deposit_id)
    return [
        _view(job, status_of(job, stages.get(job.id)), reports[job.id] or RunReport(), deposit)
        for job in jobs
    ]


def run(ctx: Context, deposit_id: str, job_id: str) -> RunView:
    """One run of a deposit, or NotFound."""
    with ctx.db.read() as c:
        job = job_rows.get(c, job_id, plan=False)
        if job is None or job.kind is not JobKind.PIPELINE or job.deposit != deposit_id:
            raise _unknown(job_id)
        if not authority.sees_run(ctx, c, job):
            raise _unknown(job_id)
        stage = pipeline_stages.stage(c, job_id)
        report = job_documents.get(c, job_id, job_documents.REPORT, RunReport)
        deposit = deposit_rows.get(c, deposit_id)
    return _view(job, status_of(job, stage), report or RunReport(), deposit)


def change_status(ctx: Context, agent: str, change: StatusChange) -> None:
    """Take what a client says of a run; saying that it is over stops it.

    The other states are the worker's to report. To repeat the state that a run has is harmless;
    Conflict (``bad-transition``) for any other, and once the results are being put in place.
    BadRequest for what cannot be read, NotFound for an unknown deposit or run.
    """
    wanted = _wanted(change)
    job_id, deposit_id = change.job or "", change.deposit or ""
    authority.authorise_deposit(ctx, Action.DEPOSIT, deposit_id)
    with ctx.db.read() as c:
        nodes.deposit(c, deposit_id)
    view = run(ctx, deposit_id, job_id)
    now, job = view.status, view.job
    if now is wanted:
        return
    if wanted is not RunStatus.FAILED or now in (RunStatus.COMPLETED, RunStatus.FAILED):
        raise _bad_transition(job_id, now, wanted)
    user = (change.user or "").strip() or agent
    text = (change.errors or "").strip()[:MAX_TEXT]
    fault = Fault(code="stopped", message=text or f"{user} forced completion of this pipeline run.")
    with ctx.db.write() as c:
        if not pipeline_stages.stop(c, job_id, ctx.clock(), agent, fault):
            raise _bad_transition(job_id, now, wanted)
        release_lock(c, job)


def release_lock(c: Connection, job: Job) -> None:
    """Release the lock that was taken for a run, by whoever asked for it, as clients rely on."""
    deposit = deposit_rows.get(c, job.deposit)
    if (
        deposit is not None
        and deposit.locked_by == job.created_by
        and deposit.lock_date is not None
        and deposit.lock_date <= job.created
    ):
        deposit_rows.save(c, replace(deposit, locked_by=None, lock_date=None))


def _wanted(change: StatusChange) -> RunStatus:
    missing = [
        name
        for name, value in (
            ("id", change.job),
            ("depositId", change.deposit),
            ("status", change.status),
        )
        if not (value or "").strip()
    ]
    if missing:
        raise BadRequest(
            f"The state of a pipeline run cannot be changed: {', '.join(missing)} is missing.",
            code="missing-property",
            faults=[
                Fault(code="missing-property", message="The property is missing.", path=name)
                for name in missing
            ],
        )
    try:
        return RunStatus(change.status or "")
    except ValueError:
        states = ", ".join(RunStatus)
        raise BadRequest(
            "This is no state of a pipeline run.",
            code="bad-status",
            faults=[
                Fault(
                    code="bad-status",
                    message="The state is not known.",
                    path="status",
                    expected=f"one of {states}",
                    found=(change.status or "")[:50],
                )
            ],
        ) from None


def _bad_transition(job_id: str, now: RunStatus, wanted: RunStatus) -> Conflict:
    if now in (RunStatus.COMPLETED, RunStatus.FAILED):
        reason = "it has ended"
    elif wanted is RunStatus.FAILED:
        reason = "its results are being put into the deposit, which takes moments; wait for its end"
    else:
        reason = "only the worker that runs it says so; a client may say completedWithErrors"
    return Conflict(
        f"Pipeline run {job_id} cannot go from '{now}' to '{wanted}': {reason}.",
        code="bad-transition",
        faults=[
            Fault(
                code="bad-transition",
                message="The run cannot take this state now.",
                path="status",
                expected=now,
                found=wanted,
            )
        ],
    )


def _view(job: Job, status: RunStatus, report: RunReport, deposit: Deposit | None) -> RunView:
    return RunView(
        job=job,
        status=status,
        report=report,
        group_name=deposit.group_name if deposit else None,
    )


def _unknown(job_id: str) -> NotFound:
    return NotFound(f"There is no pipeline run '{job_id[:50]}' here.", code="no-job")
