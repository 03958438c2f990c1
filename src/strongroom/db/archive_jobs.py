"""What archivers did with deposits, kept as they said it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from strongroom.db.tables import archive_jobs as rows
from strongroom.domain.archiving import ArchiveJob

_A = rows.c


def insert(c: Connection, job: ArchiveJob) -> None:
    c.execute(
        sa.insert(rows).values(
            id=job.id,
            deposit=job.deposit,
            recorded=job.recorded,
            recorded_by=job.recorded_by,
            begun=job.begun,
            ended=job.ended,
            deleted=job.deleted,
            batch=job.batch,
            errors=job.errors,
        )
    )


def get(c: Connection, job_id: str) -> ArchiveJob | None:
    row = c.execute(select(rows).where(_A.id == job_id)).one_or_none()
    return None if row is None else _job(row)


def latest(c: Connection, deposit: str) -> ArchiveJob | None:
    """The one that ended last; before those that have not ended, the newest of them last."""
    row = c.execute(
        select(rows)
        .where(_A.deposit == deposit)
        .order_by(_A.ended.desc().nulls_last(), _A.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _job(row)


def _job(row: Row[Any]) -> ArchiveJob:
    return ArchiveJob(
        id=row.id,
        deposit=row.deposit,
        recorded=row.recorded,
        recorded_by=row.recorded_by,
        begun=row.begun,
        ended=row.ended,
        deleted=row.deleted,
        batch=row.batch,
        errors=row.errors,
    )
