"""Runs of tools written as JSON shapes."""

from __future__ import annotations

from strongroom.domain.importjob import Job
from strongroom.domain.pipeline import RunReport, RunStatus
from strongroom.domain.times import iso
from strongroom.errors import Fault
from strongroom.wire import pipeline as wire
from strongroom.wire.jobs import Error
from strongroom.wire.render_deposits import date
from strongroom.wire.render_jobs import message
from strongroom.wire.uris import Uris


def run(
    job: Job, status: RunStatus, report: RunReport, *, group_name: str | None, uris: Uris
) -> wire.ProcessPipelineResult:
    """How a run stands."""
    by = uris.agent(job.created_by)
    return wire.ProcessPipelineResult(
        id=f"{uris.deposit(job.deposit)}/pipelinerunjobs/{job.id}",
        job_id=job.id,
        deposit=job.deposit,
        created=iso(job.created),
        created_by=by,
        last_modified=iso(job.finished or job.begun or job.created),
        last_modified_by=by,
        archival_group_name=group_name,
        run_user=job.created_by,
        virus_definition=report.virus_definition,
        status=status.value,
        date_finished=date(job.finished),
        date_begun=date(job.begun),
        errors=[_error(fault) for fault in job.errors] or None,
        tools=[
            wire.Tool(
                task=tool.task,
                name=tool.name,
                version=tool.version,
                status=tool.status.value,
                reason=tool.reason,
            )
            for tool in report.tools
        ],
        warnings=[_error(fault) for fault in report.warnings],
    )


def _error(fault: Fault) -> Error:
    where = f"{fault.path}: " if fault.path else ""
    return Error(id=None, message=where + message(fault))
