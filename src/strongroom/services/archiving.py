"""Archiving jobs: an archiver of its own tells what it did with a deposit, and asks later.

Contract section 4.8. The server only keeps what it is told; it removes no files by itself.
"""

from __future__ import annotations

from strongroom.db import archive_jobs as rows
from strongroom.db import deposits as deposit_rows
from strongroom.domain.archiving import ArchiveJob
from strongroom.domain.grants import Action
from strongroom.domain.paths import ROOT
from strongroom.errors import Conflict, Fault, NotFound
from strongroom.services import authority, nodes
from strongroom.services.context import Context


def record(ctx: Context, job: ArchiveJob) -> None:
    """Keep what an archiver did. Telling it again changes nothing; Conflict (``other-archive-job``)
    if another job of the same id was told already; NotFound for a deposit that the caller may not
    see, or that is not there unless they may do everything everywhere."""
    _authorise(ctx, Action.DEPOSIT, job.deposit)
    with ctx.db.write() as c:
        before = rows.get(c, job.id)
        if before is None:
            rows.insert(c, job)
        elif not before.same_as(job):
            raise Conflict(
                f"The archiving job '{job.id[:80]}' was recorded already, and differs. "
                "Give each job an id of its own.",
                code="other-archive-job",
                faults=[
                    Fault(
                        code="other-archive-job",
                        message="Another job has this id.",
                        path="id",
                        found=f"a job of deposit {before.deposit}",
                    )
                ],
            )


def latest(ctx: Context, deposit: str) -> ArchiveJob:
    """The archiving job of a deposit that ended last, or NotFound."""
    _authorise(ctx, Action.READ, deposit)
    with ctx.db.read() as c:
        found = rows.latest(c, deposit)
    if found is None:
        raise NotFound(
            f"No archiving job of deposit '{deposit[:50]}' is recorded.", code="no-archive-job"
        )
    return found


def _authorise(ctx: Context, action: Action, deposit: str) -> None:
    """Jobs outlive their deposit; then they are for those to whom the root is open."""
    with ctx.db.read() as c:
        there = deposit_rows.get(c, deposit) is not None
    if there:
        authority.authorise_deposit(ctx, action, deposit)
    elif not authority.may(ctx, action, ROOT):
        raise nodes.no_deposit(deposit)
