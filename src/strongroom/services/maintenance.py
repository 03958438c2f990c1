"""What is put in order before requests are served, and the whole rebuild of the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.db import job_queue, meta
from strongroom.db import nodes as node_rows
from strongroom.errors import Damaged, Fault
from strongroom.services import claims, reindex
from strongroom.services.context import Context

#: set while a rebuild is under way, so that one that was killed is begun again
_REBUILDING = "rebuilding"


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildReport:
    """What a rebuild found."""

    #: objects that are indexed now
    objects: int
    #: objects that could not be indexed, and why
    damaged: tuple[Fault, ...]
    #: what was repaired in storage before
    repaired: tuple[str, ...]


def start_up(ctx: Context, progress: Callable[[int], None] | None = None) -> RebuildReport | None:
    """Put in order what a killed server left behind. Only while nothing else uses the data.

    Running jobs wait again, claims are settled from storage, dead staging is removed. An index that
    is empty although storage is not, or whose rebuild was cut short, is rebuilt; then the report is
    returned.
    """
    with ctx.db.write() as c:
        job_queue.release(c, None)
    claims.settle_all(ctx)
    ctx.repository.sweep(older_than=0)
    if _needs_rebuild(ctx):
        return rebuild(ctx, progress)
    return None


def _needs_rebuild(ctx: Context) -> bool:
    with ctx.db.read() as c:
        if meta.get(c, _REBUILDING) is not None:
            return True
        if next(iter(node_rows.nodes(c)), None) is not None:
            return False
    return next(iter(ctx.repository.objects()), None) is not None


def rebuild(ctx: Context, progress: Callable[[int], None] | None = None) -> RebuildReport:
    """Repair storage where killed writers left it open, and make the index again from it."""
    repaired = tuple(ctx.repository.root.recover_all())
    with ctx.db.write() as c:
        meta.put(c, _REBUILDING, "1")
    count, damaged = reindex.rebuild(ctx, progress=progress)
    with ctx.db.write() as c:
        meta.drop(c, _REBUILDING)
    return RebuildReport(
        objects=count, damaged=tuple(_fault(error) for error in damaged), repaired=repaired
    )


def _fault(error: Damaged) -> Fault:
    if error.faults:
        return error.faults[0]
    return Fault(code=error.problem, message=error.message)


def adopt_jobs(ctx: Context) -> int:
    """Let jobs of a worker that died wait again; how many. Only while no other worker runs.

    What it left in staging is removed; what a living process works on there stays.
    """
    ctx.repository.sweep(older_than=0)
    with ctx.db.write() as c:
        return job_queue.release(c, None)
