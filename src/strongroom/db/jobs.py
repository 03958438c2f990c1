"""Jobs as rows: kept, found, and what they led to.

How a job is claimed by a worker and ends is in :mod:`strongroom.db.job_queue`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from strongroom.db import job_documents
from strongroom.db.paths import at, below
from strongroom.db.sql import explaining
from strongroom.db.tables import jobs
from strongroom.domain.importjob import (
    ImportJob,
    Job,
    JobKind,
    JobStatus,
    Outcome,
    Terms,
)
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import Conflict, Fault

_J = jobs.c
_UNFINISHED = (JobStatus.WAITING.value, JobStatus.RUNNING.value)


def insert(c: Connection, job: Job) -> None:
    """Keep a new job with its plan, behind all that wait already.

    Conflict (``active-import``) if another unfinished import has its group, or
    (``pipeline-running``) if tools run over its deposit already.
    """
    with explaining(c, lambda: _taken(c, job)):
        c.execute(sa.insert(jobs).values(_values(job)))
    if job.plan is not None:
        job_documents.put(c, job.id, job_documents.PLAN, job.plan)
    if job.terms is not None:
        job_documents.put(c, job.id, job_documents.TERMS, job.terms)


def get(c: Connection, job_id: str, *, plan: bool = True) -> Job | None:
    """The job; ``plan=False`` spares reading its plan and leaves it None."""
    row = c.execute(select(jobs).where(_J.id == job_id)).one_or_none()
    if row is None:
        return None
    return job_of(row, plan_of(c, job_id) if plan else None, terms_of(c, row))


def terms_of(c: Connection, row: Row[Any]) -> Terms | None:
    """What a job without a deposit says of itself."""
    if row.deposit:
        return None
    return job_documents.get(c, row.id, job_documents.TERMS, Terms)


def plan_of(c: Connection, job_id: str) -> ImportJob | None:
    """The plan of an import; None for exports and unknown jobs."""
    return job_documents.get(c, job_id, job_documents.PLAN, ImportJob)


def for_deposit(c: Connection, deposit: str, kind: JobKind) -> list[Job]:
    """All jobs of one kind of a Deposit, oldest first, without plans."""
    rows = c.execute(
        select(jobs).where(_J.deposit == deposit, _J.kind == kind.value).order_by(_J.number)
    )
    return [job_of(row) for row in rows]


def export_into(c: Connection, deposit: str) -> str | None:
    """The id of the export that fills, or has filled, a Deposit; None if none did."""
    found: str | None = c.scalar(
        select(_J.id)
        .where(_J.deposit == deposit, _J.kind == JobKind.EXPORT.value)
        .order_by(_J.number.desc())
        .limit(1)
    )
    return found


def unfinished(c: Connection, deposit: str) -> list[Job]:
    """The waiting and running jobs of a Deposit, oldest first, without plans."""
    rows = c.execute(
        select(jobs).where(_J.deposit == deposit, _J.status.in_(_UNFINISHED)).order_by(_J.number)
    )
    return [job_of(row) for row in rows]


def unfinished_import(c: Connection, group: RepositoryPath) -> str | None:
    """The id of the waiting or running import into this group, if there is one."""
    found: str | None = c.scalar(
        select(_J.id).where(
            at(_J.group_path, group),
            _J.kind == JobKind.IMPORT.value,
            _J.status.in_(_UNFINISHED),
        )
    )
    return found


def unfinished_export(c: Connection, group: RepositoryPath) -> str | None:
    """The id of a waiting or running export of this group, if there is one."""
    found: str | None = c.scalar(
        select(_J.id)
        .where(
            at(_J.group_path, group),
            _J.kind == JobKind.EXPORT.value,
            _J.status.in_(_UNFINISHED),
        )
        .limit(1)
    )
    return found


def unfinished_import_below(c: Connection, path: RepositoryPath) -> Job | None:
    """A waiting or running import into a group below this path, without its plan."""
    row = c.execute(
        select(jobs)
        .where(
            _J.kind == JobKind.IMPORT.value,
            _J.status.in_(_UNFINISHED),
            *below(_J.group_path, path),
        )
        .order_by(_J.number)
        .limit(1)
    ).one_or_none()
    return None if row is None else job_of(row)


def outcome(c: Connection, job_id: str) -> Outcome | None:
    """What a completed import did; None before that, for exports and for failed ones."""
    return job_documents.get(c, job_id, job_documents.OUTCOME, Outcome)


def exported(c: Connection, job_id: str) -> tuple[str, ...]:
    """Paths, relative to the Deposit's files, that an export has copied."""
    return job_documents.get(c, job_id, job_documents.EXPORTED, tuple[str, ...]) or ()


def set_exported(c: Connection, job_id: str, paths: Iterable[str]) -> None:
    """Keep the paths that an export has copied, in place of those kept before."""
    job_documents.put(c, job_id, job_documents.EXPORTED, list(paths))


def job_of(row: Row[Any], plan: ImportJob | None = None, terms: Terms | None = None) -> Job:
    """A row of the table as a job."""
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        deposit=row.deposit,
        group=row.group_path,
        status=JobStatus(row.status),
        plan=plan,
        import_job=row.import_job,
        original_import_job=row.original_import_job,
        created=row.created,
        created_by=row.created_by,
        begun=row.begun,
        finished=row.finished,
        source_version=row.source_version,
        new_version=row.new_version,
        errors=row.errors or (),
        progress=row.progress,
        attempts=row.attempts,
        terms=terms,
    )


def pipeline_running(run: Job) -> Conflict:
    """That nothing else can be done with a deposit while tools run over it."""
    return Conflict(
        f"Tools run over deposit {run.deposit} (pipeline run {run.id}). Wait for their end, or "
        "stop them.",
        code="pipeline-running",
        faults=[
            Fault(
                code="pipeline-running",
                message="Tools run over the deposit, and change it in the end.",
                path=f"/deposits/{run.deposit}",
                found=run.id,
            )
        ],
    )


def _values(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind.value,
        "deposit": job.deposit,
        "group_path": job.group,
        "status": job.status.value,
        "import_job": job.import_job,
        "original_import_job": job.original_import_job,
        "created": job.created,
        "created_by": job.created_by,
        "begun": job.begun,
        "finished": job.finished,
        "source_version": job.source_version,
        "new_version": job.new_version,
        "errors": job.errors or None,
        "progress": job.progress,
        "attempts": job.attempts,
    }


def _taken(c: Connection, job: Job) -> Conflict | None:
    if job.status.terminal:
        return None
    if job.kind is JobKind.PIPELINE:
        running = [j for j in unfinished(c, job.deposit) if j.kind is JobKind.PIPELINE]
        return pipeline_running(running[0]) if running else None
    if job.kind is not JobKind.IMPORT:
        return None
    other = unfinished_import(c, job.group)
    if other is None or other == job.id:
        return None
    return Conflict(
        f"The import job '{other}' into '{job.group}' is not finished. "
        "Wait for it, or cancel it while it waits.",
        code="active-import",
        faults=[
            Fault(
                code="active-import",
                message="Another import into this Archival Group is not finished.",
                path=job.group,
                found=other,
            )
        ],
    )
