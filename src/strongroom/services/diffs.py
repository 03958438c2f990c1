"""Compares a deposit, its METS and what is preserved."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from strongroom.db import deposits as deposit_rows
from strongroom.db import jobs as job_rows
from strongroom.db import nodes as node_rows
from strongroom.domain import diff as differ
from strongroom.domain import viruses
from strongroom.domain.deposits import Deposit, DepositStatus
from strongroom.domain.importjob import JobKind, JobStatus
from strongroom.domain.paths import check_slugs
from strongroom.domain.resources import Group
from strongroom.errors import BadRequest, Conflict, Fault, NotFound
from strongroom.services import bags, browse, findings, nodes, workspaces
from strongroom.services.context import Context
from strongroom.services.views import DiffView


def diff(ctx: Context, agent: str, deposit_id: str) -> DiffView:
    """The job that would bring the Archival Group to what the deposit says.

    Raises what is wrong with deposit, METS or files, all of it at once; changes nothing but what is
    remembered of the deposit (its layout, its METS, digests of its files).
    """
    deposit = importable(ctx, deposit_id)
    existing = existing_group(ctx, deposit)
    _check_base(deposit, existing)
    loaded = load(ctx, deposit, existing)
    deposit = remember(ctx, deposit, loaded)
    wanted = differ.needs_proof(loaded.workspace, existing)
    workspace = workspaces.prove(ctx, deposit, loaded, wanted)
    workspace = bags.checked(ctx, deposit, loaded, workspace)
    if deposit.group is None:
        raise _no_group(deposit)
    job = differ.diff(
        workspace,
        group=deposit.group,
        group_name=deposit.group_name,
        existing=existing,
        guess_type=loaded.types,
    )
    found = findings.infected(ctx, deposit.id, loaded)
    return DiffView(
        job=job,
        deposit=deposit,
        files=ctx.areas.area(deposit.id).uri,
        agent=agent,
        created=ctx.clock(),
        source_version=existing.version if existing else None,
        infected=tuple(viruses.brought_in(job, found)),
    )


def load(ctx: Context, deposit: Deposit, existing: Group | None) -> workspaces.Loaded:
    """The deposit's workspace; BadRequest if its files are gone, for it is there itself."""
    try:
        return workspaces.load(ctx, deposit, existing)
    except NotFound as error:
        if error.problem != "no-files":
            raise
        raise BadRequest(error.message, code=error.problem, faults=error.faults) from None


def importable(ctx: Context, deposit_id: str) -> Deposit:
    """The deposit, if an import job for it can be made now.

    BadRequest while it is exporting or has no Archival Group, Conflict while tools run over it, and
    once it has a job that did not fail.
    """
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
        if deposit.status is DepositStatus.EXPORTING:
            raise BadRequest(
                f"Deposit {deposit.id} is still exporting; wait until its status is 'new'.",
                code="exporting",
            )
        if deposit.group is None:
            raise _no_group(deposit)
        check_no_job(c, deposit)
    return deposit


def _check_base(deposit: Deposit, existing: Group | None) -> None:
    """Conflict if the group has changed since the deposit was made for it.

    The deposit cannot know what came since, and would take it for deleted.
    """
    head = existing.version.number if existing else None
    if head == deposit.base_version:
        return
    made = (
        "before the group existed"
        if deposit.base_version is None
        else (f"for version v{deposit.base_version}")
    )
    raise Conflict(
        f"Deposit {deposit.id} was made {made} of /repository/{deposit.group}, which is at "
        f"v{head} now. Make a new deposit; or bring METS and files up to date, and then PATCH the "
        "deposit with its archivalGroup again.",
        code="stale-deposit",
        faults=[
            Fault(
                code="stale-deposit",
                message="The group has changed since the deposit was made for it.",
                path="archivalGroup",
                expected=f"v{deposit.base_version}" if deposit.base_version else "no group",
                found=f"v{head}",
            )
        ],
    )


def _no_group(deposit: Deposit) -> BadRequest:
    return BadRequest(
        f"Deposit {deposit.id} has no archivalGroup; PATCH the deposit first.",
        code="no-archival-group",
    )


def check_no_job(c: Connection, deposit: Deposit) -> None:
    """Conflict if the deposit has an import job that waits, runs or succeeded, or tools run."""
    for run in job_rows.unfinished(c, deposit.id):
        if run.kind is JobKind.PIPELINE:
            raise job_rows.pipeline_running(run)
    for job in job_rows.for_deposit(c, deposit.id, JobKind.IMPORT):
        if job.status is not JobStatus.FAILED:
            raise Conflict(
                f"Deposit {deposit.id} already has import job {job.id} ({job.status}); "
                "make a new deposit for another change.",
                code="already-imported",
            )


def existing_group(ctx: Context, deposit: Deposit) -> Group | None:
    """The deposit's Archival Group at its head; None if it can be made.

    BadRequest if it cannot: an ancestor is missing or is itself an Archival Group. Conflict where
    something else is at its path, Gone for a tombstone.
    """
    if deposit.group is None:
        raise _no_group(deposit)
    with ctx.db.read() as c:
        if node_rows.node(c, deposit.group) is None:
            check_slugs(deposit.group)
            try:
                nodes.check_parent(c, deposit.group)
            except Conflict as error:
                raise BadRequest(error.message, code=error.problem, faults=error.faults) from None
            return None
        nodes.living_group(c, deposit.group)
    return browse.group(ctx, deposit.group)


def remember(ctx: Context, deposit: Deposit, loaded: workspaces.Loaded) -> Deposit:
    """Record on the deposit what was found out: its layout and where its METS is."""
    if deposit.layout is loaded.layout and deposit.mets == loaded.mets:
        return deposit
    with ctx.db.write() as c:
        fresh = nodes.deposit(c, deposit.id)
        fresh = replace(fresh, layout=loaded.layout, mets=loaded.mets)
        deposit_rows.save(c, fresh)
    return fresh
