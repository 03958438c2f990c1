"""The queue that the rows of jobs are: claimed by workers, kept alive, finished, given back.

Running a job is none of its business. Workers are named by whoever starts them; a name is used by
one process only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, exists, select

from strongroom.db import intents, job_documents, tickets
from strongroom.db.jobs import job_of, plan_of, terms_of
from strongroom.db.tables import jobs
from strongroom.domain.importjob import Job, JobKind, JobStatus, Outcome, Progress
from strongroom.errors import Conflict, Fault, NotFound

_J = jobs.c
_WAITING = JobStatus.WAITING.value
_RUNNING = JobStatus.RUNNING.value


def claim(c: Connection, worker: str, now: datetime, *, but: JobKind | None = None) -> Job | None:
    """Take the job that has waited longest, with its plan; None if there is nothing to do.

    It is running from then on and belongs to the worker. Passed over are jobs of the kind ``but``,
    and those whose group has a running one of the same kind; exports may run beside an import, and
    tools over any number of deposits.
    """
    other = jobs.alias()
    busy = exists().where(
        other.c.status == _RUNNING,
        other.c.group_path == _J.group_path,
        other.c.kind == _J.kind,
        other.c.kind != JobKind.PIPELINE.value,
    )
    oldest = select(_J.id).where(_J.status == _WAITING, ~busy).order_by(_J.number).limit(1)
    if but is not None:
        oldest = oldest.where(_J.kind != but.value)
    while (job_id := c.scalar(oldest)) is not None:
        row = c.execute(
            sa.update(jobs)
            .where(_J.id == job_id, _J.status == _WAITING)
            .values(
                status=_RUNNING,
                begun=sa.func.coalesce(_J.begun, sa.bindparam("now", now, _J.begun.type)),
                attempts=_J.attempts + 1,
                worker=worker,
                heartbeat=now,
            )
            .returning(jobs)
        ).one_or_none()
        if row is not None:  # else another worker was faster
            return job_of(row, plan_of(c, job_id), terms_of(c, row))
    return None


def heartbeat(c: Connection, job_id: str, worker: str, now: datetime) -> bool:
    """Say that the worker still runs the job; False if it is not (or no longer) its job."""
    return _touch(c, job_id, worker, {"heartbeat": now})


def set_progress(c: Connection, job_id: str, worker: str, progress: Progress) -> bool:
    """Record how far the job has come; False if it is not (or no longer) the worker's."""
    return _touch(c, job_id, worker, {"progress": progress})


def finish(
    c: Connection,
    job_id: str,
    *,
    status: JobStatus,
    finished: datetime,
    source_version: int | None,
    new_version: int | None,
    errors: Iterable[Fault],
    outcome: Outcome | None,
) -> None:
    """End a job for good, settle its ticket, and give the paths free that it has claimed.

    NotFound if it is unknown; Conflict (``job-finished``) if it had ended already, so that what
    else the transaction holds is not recorded twice. ValueError for a status that is no end.
    """
    if not status.terminal:
        raise ValueError(f"'{status}' is no status to end with")
    ended = _end(
        c,
        [_J.id == job_id, _J.status.in_((_WAITING, _RUNNING))],
        {
            "status": status.value,
            "finished": finished,
            "source_version": source_version,
            "new_version": new_version,
            "errors": tuple(_writable(fault) for fault in errors) or None,
        },
    )
    if not ended:
        raise _refusal(c, job_id)
    if outcome is not None:
        job_documents.put(c, job_id, job_documents.OUTCOME, outcome)
    tickets.settle(c, job_id)
    intents.drop_claims_of(c, intents.job_owner(job_id))


def cancel(c: Connection, job_id: str, now: datetime, by: str, fault: Fault) -> bool:
    """End a waiting job that no worker has ever begun; False if it is not one.

    A job that was begun and given back may have made its version already: only running it again
    tells the truth about it.
    """
    return _end(
        c,
        [_J.id == job_id, _J.status == _WAITING, _J.attempts == 0],
        {
            "status": JobStatus.FAILED.value,
            "finished": now,
            "errors": (_writable(fault),),
            "cancelled_by": by,
        },
    )


def release(c: Connection, worker: str | None) -> int:
    """Let the running jobs of a dead worker (None: of all) wait again; how many there were.

    They keep their place in the queue, their tickets and when they first began.
    """
    condition = [_J.status == _RUNNING]
    if worker is not None:
        condition.append(_J.worker == worker)
    done = c.execute(
        sa.update(jobs)
        .where(*condition)
        .values(status=_WAITING, worker=None, heartbeat=None, progress=None)
    )
    return done.rowcount


def give_back(c: Connection, job_id: str, worker: str, *, counts: bool) -> bool:
    """Let a running job of this worker wait again; False if it is not (or no longer) its job.

    ``counts`` says whether the attempt counts against the job: not when the worker was only asked
    to stop before anything was committed.
    """
    attempts = _J.attempts if counts else _J.attempts - 1
    return _touch(
        c,
        job_id,
        worker,
        {
            "status": _WAITING,
            "worker": None,
            "heartbeat": None,
            "progress": None,
            "attempts": attempts,
        },
    )


def silent_workers(c: Connection, before: datetime) -> list[str]:
    """Names of workers that have a running job and gave no sign since that moment, sorted."""
    rows = c.scalars(
        select(_J.worker).where(_J.status == _RUNNING, _J.heartbeat < before).distinct()
    )
    return sorted(worker for worker in rows if worker is not None)


def running(c: Connection) -> set[str]:
    """The attempts of all jobs that run, as storage knows them: ``{job}-{attempt}``."""
    rows = c.execute(select(_J.id, _J.attempts).where(_J.status == _RUNNING))
    return {attempt_of(row.id, row.attempts) for row in rows}


def attempt_of(job_id: str, number: int) -> str:
    """What storage calls an attempt of a job."""
    return f"{job_id}-{number}"


def unfinished_of(c: Connection, ids: Iterable[str]) -> set[str]:
    """Those of these ids that are jobs which wait or run."""
    return set(
        c.scalars(select(_J.id).where(_J.id.in_(list(ids)), _J.status.in_((_WAITING, _RUNNING))))
    )


def _touch(c: Connection, job_id: str, worker: str, values: dict[str, Any]) -> bool:
    done = c.execute(
        sa.update(jobs)
        .where(_J.id == job_id, _J.status == _RUNNING, _J.worker == worker)
        .values(values)
    )
    return done.rowcount == 1


def _end(c: Connection, where: list[ColumnElement[bool]], values: dict[str, Any]) -> bool:
    done = c.execute(sa.update(jobs).where(*where).values(worker=None, heartbeat=None, **values))
    return done.rowcount == 1


def _refusal(c: Connection, job_id: str) -> NotFound | Conflict:
    status = c.scalar(select(_J.status).where(_J.id == job_id))
    if status is None:
        return NotFound(f"There is no job '{job_id}'.")
    return Conflict(f"The job '{job_id}' has already ended ('{status}').", code="job-finished")


def _writable(fault: Fault) -> Fault:
    """The fault without what UTF-8 cannot carry: names of files need not be text."""

    def plain(text: str) -> str:
        return text.encode("utf-8", "backslashreplace").decode()

    return replace(
        fault,
        message=plain(fault.message),
        path=None if fault.path is None else plain(fault.path),
        expected=None if fault.expected is None else plain(fault.expected),
        found=None if fault.found is None else plain(fault.found),
    )
