"""Import jobs of the Storage API: without a deposit, from places that the settings allow.

Carried out as any other by :mod:`import_run`. Contract section 3.3.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from strongroom.db import jobs as job_rows
from strongroom.domain import check
from strongroom.domain.grants import Action
from strongroom.domain.importjob import ImportJob, Job, JobKind, JobRequest, Terms
from strongroom.domain.paths import MemberPath, RepositoryPath, strip_roots
from strongroom.domain.resources import Group
from strongroom.errors import BadRequest, Fault, StrongroomError
from strongroom.mets import locate
from strongroom.services import authority, browse, deposits, imports, nodes, places
from strongroom.services.context import Context
from strongroom.services.views import JobView

log = logging.getLogger(__name__)

#: bytes of an XML file that tell whether it is METS
_START = 1 << 16


def submit(
    ctx: Context, caller: str, request: JobRequest, *, author: str | None, agent: str | None
) -> JobView:
    """Accept an import job; it waits until a worker takes it.

    ``author`` makes the version, ``agent`` the job; either is the caller where it is not given. A
    job that names a deposit is that deposit's, with all that this demands. BadRequest or Conflict
    name every fault; then nothing has changed.
    """
    agent, author = agent or caller, author or caller
    authority.authorise_names(ctx, agent, author)
    if request.deposit:
        deposit = _deposit(ctx, request.deposit)
        authority.authorise_deposit(ctx, Action.PRESERVE, deposit)
        return imports.submit(ctx, agent, deposit, request)
    group = deposits.group_path(ctx, request.archival_group)
    missing = [
        Fault(code="missing-property", message="The property is missing.", path=name)
        for name, value in (("id", request.id), ("archivalGroup", group))
        if not value
    ]
    if missing or group is None:
        raise BadRequest(
            f"The import job has no {' and no '.join(fault.path or '' for fault in missing)}.",
            code="missing-property",
            faults=missing,
        )
    authority.authorise(ctx, Action.PRESERVE, group)
    existing = _existing(ctx, group)
    count = sum(len(items) for items in request.lists.values())
    plan = check.read(
        request,
        group=group,
        group_name=None,
        roots=ctx.roots.all,
        files="",
        existing=existing,
        witnesses=places.witnesses(ctx, count),
        described={},
        mets=existing.mets if existing else None,
        locate=lambda origin: places.locate(ctx, origin),
    )
    if plan.mets is None:
        plan = replace(plan, mets=_mets(ctx, plan))
    job = Job(
        id=ctx.mint(),
        kind=JobKind.IMPORT,
        deposit="",
        group=group,
        plan=plan,
        import_job=request.id,
        original_import_job=request.original_id,
        created=ctx.clock(),
        created_by=agent,
        terms=Terms(caller=caller, author=author),
    )
    with ctx.db.write() as c:
        job_rows.insert(c, job)
    log.info("import job %s of %s was submitted by %s for %s", job.id, group, caller, author)
    ctx.queue.notify()
    return JobView(job=job)


def _deposit(ctx: Context, uri: str) -> str:
    found = strip_roots(uri, ctx.roots.all, area="deposits")
    if not found:
        raise BadRequest(
            "The import job belongs to a deposit that is not of this server; leave deposit out to "
            "import without one.",
            code="wrong-deposit",
            faults=[
                Fault(
                    code="wrong-deposit",
                    message="The deposit is not of this server.",
                    path="deposit",
                    expected=f"{ctx.roots.public}/deposits/…, or null",
                    found=uri[:300],
                )
            ],
        )
    return found


def _existing(ctx: Context, group: RepositoryPath) -> Group | None:
    """The group at its head; None if it can be made. Conflict or Gone if it cannot."""
    with ctx.db.read() as c:
        if nodes.living_group(c, group) is None:
            nodes.check_parent(c, group)
            return None
    return browse.group(ctx, group)


def _mets(ctx: Context, plan: ImportJob) -> MemberPath | None:
    """The METS among the files that come in, found as in a deposit."""
    incoming = {
        item.path: item.origin
        for item in plan.binaries_to_add + plan.binaries_to_patch
        if "/" not in item.path and item.origin is not None
    }

    def start_of(path: str) -> bytes:
        try:
            return places.read_start(ctx, incoming[MemberPath(path)], _START)
        except StrongroomError:
            return b""  # it will be missed when it is to be copied

    located = locate.choose(sorted(incoming), (), start_of)
    return MemberPath(located.path) if located else None
