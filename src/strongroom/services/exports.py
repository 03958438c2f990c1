"""Exports: any version of an Archival Group, copied into a new Deposit by a job."""

from __future__ import annotations

from sqlalchemy import Connection

from strongroom.db import deposits as deposit_rows
from strongroom.db import jobs as job_rows
from strongroom.domain.deposits import Deposit, DepositStatus, Layout
from strongroom.domain.grants import Action
from strongroom.domain.importjob import Job, JobKind
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import BadRequest, Conflict, Fault, NotFound
from strongroom.services import authority, browse, deposits, nodes
from strongroom.services.context import Context
from strongroom.services.views import DepositView, JobView


def start(ctx: Context, agent: str, new: deposits.New) -> DepositView:
    """A new Deposit that is being filled with a version of its Archival Group.

    BadRequest without a group or where none is, NotFound for an unknown version, Conflict if the
    group has another active deposit or is being exported. The content lands in root layout,
    whatever the template.
    """
    group = deposits.group_path(ctx, new.archival_group)
    if group is None:
        raise BadRequest("An export needs the archivalGroup to export.", code="no-archival-group")
    authority.authorise(ctx, Action.DEPOSIT, group)
    authority.authorise(ctx, Action.CONTENT, group)
    with ctx.db.read() as c:
        node = nodes.living_group(c, group)
    if node is None:
        raise BadRequest(
            f"There is no Archival Group at /repository/{group} to export.", code="no-group"
        )
    version = browse.pick_version(node, new.version_exported)
    name, mets = browse.name_and_mets(ctx, node, version)
    now = ctx.clock()
    deposit = Deposit(
        id=ctx.mint(),
        group=group,
        group_name=(new.group_name or "").strip() or name,
        submission_text=(new.submission_text or "").strip() or None,
        status=DepositStatus.EXPORTING,
        layout=Layout.ROOT,
        mets=mets,
        base_version=node.head.number,
        created=now,
        created_by=agent,
        modified=now,
        modified_by=agent,
        exported=now,
        exported_by=agent,
        version_exported=version.number,
    )
    job = Job(
        id=ctx.mint(),
        kind=JobKind.EXPORT,
        deposit=deposit.id,
        group=group,
        created=now,
        created_by=agent,
        source_version=version.number,
    )
    area = ctx.areas.area(deposit.id)
    area.create()
    try:
        with ctx.db.write() as c:
            check_no_export(c, group)
            deposit_rows.insert(c, deposit)
            job_rows.insert(c, job)
    except BaseException:
        area.remove()
        raise
    ctx.queue.notify()
    return deposits.view(ctx, deposit, exists=True, export=job.id)


def check_no_export(c: Connection, group: RepositoryPath) -> None:
    """Conflict (``active-export``) while an export of the group waits or runs."""
    other = job_rows.unfinished_export(c, group)
    if other is not None:
        raise Conflict(
            f"The export '{other}' of /repository/{group} is not finished; wait for it.",
            code="active-export",
            faults=[
                Fault(
                    code="active-export",
                    message="Another export of this Archival Group is not finished.",
                    path="archivalGroup",
                    found=other,
                )
            ],
        )


def get(ctx: Context, job_id: str) -> JobView:
    """An export job by its id, or NotFound."""
    with ctx.db.read() as c:
        job = job_rows.get(c, job_id, plan=False)
        if job is None or job.kind is not JobKind.EXPORT:
            raise _unknown(job_id)
        if not authority.sees(ctx, c, job.group):
            raise _unknown(job_id)
        copied = job_rows.exported(c, job_id)
    if job.terms is not None:
        destination = job.terms.destination
    else:
        destination = ctx.areas.area(job.deposit).uri
    return JobView(job=job, destination=destination, exported=tuple(copied))


def _unknown(job_id: str) -> NotFound:
    return NotFound(f"There is no export '{job_id[:50]}'.", code="no-job")
