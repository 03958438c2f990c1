"""What is put in order before requests are served, and the whole rebuild of the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.db import job_queue, meta
from strongroom.db import nodes as node_rows
from strongroom.errors import Conflict, Damaged, Fault
from strongroom.services import claims, reindex
from strongroom.services.context import Context

#: set while a rebuild is under way, so that one that was killed is begun again
_REBUILDING = "rebuilding"
#: identity of the OCFL root that the index was made from
_ROOT = "ocfl-root"
#: seconds for which work in staging may be that of a server on another host
AT_WORK = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildReport:
    """What a rebuild found."""

    #: objects that are indexed now
    objects: int
    #: objects that could not be indexed, and why
    damaged: tuple[Fault, ...]
    #: what was repaired in storage before
    repaired: tuple[str, ...]


def start_up(
    ctx: Context, progress: Callable[[int], None] | None = None, *, alone: bool = True
) -> RebuildReport | None:
    """Put in order what a killed server left behind. Only while nothing else uses the data folder.

    Running jobs wait again, claims are settled from storage, dead staging is removed. An index that
    is empty although storage is not, or whose rebuild was cut short, is rebuilt; then the report is
    returned. Where other servers use the database already (not ``alone``), only what this place
    has left is put in order: the first of them has done the rest.
    """
    check_root(ctx)
    adopt_jobs(ctx, alone=alone)
    claims.settle(ctx, None if alone else ctx.place)
    if alone and _needs_rebuild(ctx):
        return rebuild(ctx, progress)
    return None


def check_root(ctx: Context) -> None:
    """Conflict if the OCFL root is not the one that the index was made from (``other-root``), or
    is not there at all (``root-missing``)."""
    found = ctx.repository.root.identity()
    with ctx.db.read() as c:
        known = meta.get(c, _ROOT)
    if known is None and found is not None:
        with ctx.db.write() as c:
            meta.put(c, _ROOT, found)
    if found is None:
        raise Conflict(
            f"There is no OCFL root at {ctx.root_uri} any more. Is its disk mounted? Put the root "
            "in its place.",
            code="root-missing",
        )
    if known is not None and known != found:
        raise Conflict(
            f"The OCFL root at {ctx.root_uri} is not the one that the index was made from. "
            "Put that one in its place; or, if this one shall be served, run 'strongroom rebuild'.",
            code="other-root",
        )


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
        if (identity := ctx.repository.root.identity()) is not None:
            meta.put(c, _ROOT, identity)
    return RebuildReport(
        objects=count, damaged=tuple(_fault(error) for error in damaged), repaired=repaired
    )


def _fault(error: Damaged) -> Fault:
    if error.faults:
        return error.faults[0]
    return Fault(code=error.problem, message=error.message)


def adopt_jobs(ctx: Context, *, alone: bool) -> int:
    """Let jobs of this place's worker that died wait again; how many.

    ``alone`` says that no worker runs anywhere; then it is those of all. What dead ones left in
    staging is removed; what a living process works on there stays.
    """
    with ctx.db.read() as c:
        running = job_queue.signs_of_life(c)
    mine = [sign for sign in running if alone or sign.worker.startswith(f"{ctx.place}:")]
    others = (f"{sign.job}-{sign.attempt}" for sign in running if sign not in mine)
    ctx.repository.sweep(older_than=0 if alone else AT_WORK, keep=others)
    with ctx.db.write() as c:
        return job_queue.release(c, None) if alone else job_queue.release_place(c, ctx.place)
