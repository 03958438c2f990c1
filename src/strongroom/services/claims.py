"""Claims on repository paths while storage is being changed there.

Creating or removing a Container, or creating an Archival Group, needs the index and storage to
change together. A claim, taken in one transaction with all checks, keeps others away from the path
meanwhile. A claim that outlives its process is settled from storage when the server starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection

from strongroom.db import intents
from strongroom.domain.paths import RepositoryPath, ancestors
from strongroom.errors import Conflict
from strongroom.services import reindex
from strongroom.services.context import Context

CREATE, DELETE = "create", "delete"
#: a claim is held for moments; one this old was left by someone who could not drop it
STALE = timedelta(minutes=10)


def claim(c: Connection, ctx: Context, path: RepositoryPath, what: str, owner: str) -> None:
    """Take a claim, or raise Conflict if the path or one above it is being changed."""
    above = set(ancestors(path))
    now = ctx.clock()
    for old in intents.claims(c):
        # its owner could not drop it; what storage holds, the index learns when it is in the way
        if now - old.since > STALE:
            intents.drop_claim(c, RepositoryPath(old.path), old.owner)
    for other in intents.claims(c):
        if other.path in above and other.what == DELETE:
            raise Conflict(
                f"/repository/{other.path} is being deleted; nothing can be made below it.",
                code="busy-path",
            )
    if what == DELETE and (below := intents.claimed_below(c, path)):
        raise Conflict(
            f"/repository/{path} cannot be deleted: /repository/{below[0].path} is being made.",
            code="busy-path",
        )
    intents.claim_path(c, path, what, owner, now)


@contextmanager
def held(ctx: Context, path: RepositoryPath, owner: str) -> Iterator[None]:
    """Drop the claim at the end; after a failure make the index follow storage again first."""
    try:
        yield
    except BaseException:
        try:
            reindex.follow_storage(ctx, path)
        finally:
            drop(ctx, path, owner)
        raise
    drop(ctx, path, owner)


def drop(ctx: Context, path: RepositoryPath, owner: str) -> None:
    with ctx.db.write() as c:
        intents.drop_claim(c, path, owner)


def settle(ctx: Context, place: str | None) -> int:
    """Settle the claims that a place (None: any) has left, from storage; how many.

    Only while no process of that place runs. Those of jobs are left to the jobs, unless it is any.
    """
    with ctx.db.read() as c:
        left = [
            entry
            for entry in intents.claims(c)
            if place is None or entry.owner.startswith(f"{place}:")
        ]
    for entry in left:
        path = RepositoryPath(entry.path)
        ctx.repository.recover(path)
        reindex.follow_storage(ctx, path)
        with ctx.db.write() as c:
            intents.drop_claim(c, path, entry.owner)
    return len(left)
