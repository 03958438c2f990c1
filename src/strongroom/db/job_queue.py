"""The queue that the rows of jobs are: claimed by workers, kept alive, finished, given back.

Running a job is none of its business. Workers are named by whoever starts them; a name is used by
one process only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, exists, select
from sqlalchemy.exc import IntegrityError

from strongroom.db import intents, job_documents, tickets
from strongroom.db.jobs import job_of, plan_of, terms_of
from strongroom.db.tables import jobs
from strongroom.domain.importjob import Job, JobKind, JobStatus, Outcome, Progress
from strongroom.errors import Conflict, Fault, NotFound

_J = jobs.c
_WAITING = JobStatus.WAITING.value
_RUNNING = JobStatus.RUNNING.value
#: how many races for a job a worker loses in a row before it leaves off
_RACES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """That a worker was at a job."""

    job: str
    worker: str
    #: by the worker's clock: to be compared with another of its own only
    at: datetime
    #: how often the job was begun
    attempt: int


def claim(c: Connection, worker: str, now: datetime, *, but: JobKind | None = None) -> Job | None:
    """Take the job that has waited longest, with its plan; None if there is nothing to do.

    It is running from then on and belongs to the worker. Passed over are jobs of the kind ``but``,
    and those whose group has a running one of the same kind; exports may run beside an import, and
    tools over any number of deposits. Right beside other writers (``Database.touch``), as all that
    a worker says of its job: :func:`heartbeat`, :func:`set_progress`, :func:`give_back`.
    """
    other = jobs.alias()
    busy = exists().where(
        other.c.status == _RUNNING,
        other.c.group_path == _J.group_path,
        other.c.kind == _J.kind,
        other.c.kind != JobKind.PIPELINE.value,
    )
    oldest = (
        select(_J.id)
        .where(_J.status == _WAITING, ~busy)
        .order_by(_J.number)
        .limit(1)
        # where several can write at once, one that another takes in this moment is not waited for
        .with_for_update(skip_locked=True)
    )
    if but is not None:
        oldest = oldest.where(_J.kind != but.value)
    taking = (
        sa.update(jobs)
        .where(_J.id == oldest.scalar_subquery(), _J.status == _WAITING)
        .values(
            status=_RUNNING,
            begun=sa.func.coalesce(_J.begun, sa.bindparam("now", now, _J.begun.type)),
            attempts=_J.attempts + 1,
            worker=worker,
            heartbeat=now,
        )
        .returning(jobs)
    )
    for _ in range(_RACES):
        try:
            with c.begin_nested():
                row = c.execute(taking).one_or_none()
        except IntegrityError:
            continue  # another of its group was taken in the same moment; now that can be seen
        return None if row is None else job_of(row, plan_of(c, row.id), terms_of(c, row))
    return None  # there is another look soon


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
    return _release(c, [] if worker is None else [_J.worker == worker])


def release_place(c: Connection, place: str) -> int:
    """The same for all workers of one place, whose names begin with it and a colon."""
    start = f"{place}:"
    return _release(c, [sa.func.substr(_J.worker, 1, len(start)) == start])


def release_silent(c: Connection, sign: Sign) -> bool:
    """The same for one job, if its worker has given no other sign of life since this one.

    Right beside other writers (``Database.touch``).
    """
    return _release(c, [_J.id == sign.job, _J.worker == sign.worker, _J.heartbeat == sign.at]) == 1


def signs_of_life(c: Connection) -> list[Sign]:
    """The last one of each running job, by the order of the jobs."""
    rows = c.execute(
        select(_J.id, _J.worker, _J.heartbeat, _J.attempts)
        .where(_J.status == _RUNNING)
        .order_by(_J.number)
    )
    return [Sign(job=r.id, worker=r.worker, at=r.heartbeat, attempt=r.attempts) for r in rows]


def _release(c: Connection, where: list[ColumnElement[bool]]) -> int:
    done = c.execute(
        sa.update(jobs)
        .where(_J.status == _RUNNING, *where)
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
