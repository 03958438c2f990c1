"""How far runs of tools have come, as rows, and the one moment from which they cannot be stopped.

In all else a run is a job like others: :mod:`strongroom.db.jobs`, :mod:`strongroom.db.job_queue`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, exists, select

from strongroom.db.tables import jobs
from strongroom.db.tables import pipeline_stages as rows
from strongroom.domain.importjob import JobKind, JobStatus
from strongroom.domain.pipeline import Stage
from strongroom.errors import Fault

_J, _S = jobs.c, rows.c


def stage(c: Connection, job_id: str) -> Stage | None:
    """How far a run has come; None while it can still be stopped."""
    found = c.scalar(select(_S.stage).where(_S.job == job_id))
    return None if found is None else Stage(found)


def stages(c: Connection, job_ids: Iterable[str]) -> dict[str, Stage]:
    """The same for several runs, by id; those that can still be stopped are left out."""
    found = c.execute(select(_S.job, _S.stage).where(_S.job.in_(list(job_ids))))
    return {row.job: Stage(row.stage) for row in found}


def begin_placing(c: Connection, job_id: str) -> bool:
    """From now on the run goes to its end; False if it has been stopped."""
    # the row is written, not only read, so that no stop comes in between on any database
    held = c.execute(
        sa.update(jobs)
        .where(_J.id == job_id, _J.status == JobStatus.RUNNING.value)
        .values(progress=None)
    )
    if held.rowcount != 1:
        return False
    c.execute(sa.insert(rows).values(job=job_id, stage=Stage.PLACING.value))
    return True


def set_placed(c: Connection, job_id: str) -> None:
    """The results of the run are in the deposit."""
    c.execute(sa.update(rows).where(_S.job == job_id).values(stage=Stage.PLACED.value))


def stop(c: Connection, job_id: str, now: datetime, by: str, fault: Fault) -> bool:
    """End a run that waits or whose tools run; False if it is none, or cannot be stopped."""
    done = c.execute(
        sa.update(jobs)
        .where(
            _J.id == job_id,
            _J.kind == JobKind.PIPELINE.value,
            _J.status.in_((JobStatus.WAITING.value, JobStatus.RUNNING.value)),
            ~exists().where(_S.job == _J.id),
        )
        .values(
            status=JobStatus.FAILED.value,
            finished=now,
            errors=(fault,),
            cancelled_by=by,
            worker=None,
            heartbeat=None,
        )
    )
    return done.rowcount == 1


def is_stopped(c: Connection, job_id: str) -> bool:
    """Whether a run has ended while its worker was still at it."""
    status = c.scalar(select(_J.status).where(_J.id == job_id))
    return status != JobStatus.RUNNING.value
