"""Archiving jobs and connectivity checks written as JSON shapes."""

from __future__ import annotations

from strongroom.domain.archiving import ArchiveJob
from strongroom.domain.times import iso
from strongroom.wire import archiving as wire
from strongroom.wire.jobs import Error
from strongroom.wire.render_deposits import date
from strongroom.wire.uris import Uris


def result(job: ArchiveJob, uris: Uris) -> wire.ArchiveJobResult:
    by = uris.agent(job.recorded_by)
    status = "running" if job.ended is None else "completed"
    return wire.ArchiveJobResult(
        id=job.id,
        deposit_id=job.deposit,
        created=iso(job.recorded),
        created_by=by,
        last_modified=iso(job.recorded),
        last_modified_by=by,
        date_begun=iso(job.begun),
        date_finished=date(job.ended),
        errors=[Error(id=None, message=job.errors)] if job.errors else None,
        status="completedWithErrors" if job.errors else status,
    )
