"""Claims on paths that are being created or removed outside a transaction.

Whoever changes storage at a path claims it first, in a transaction of its own, and drops the claim
in the one that records the result. A claim that outlives its owner tells what has to be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from strongroom.db.paths import at, below
from strongroom.db.sql import explaining
from strongroom.db.tables import claims as rows
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import Conflict, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That someone is at work at a path."""

    path: RepositoryPath
    #: what is being done, a short word such as ``create`` or ``purge``
    what: str
    owner: str
    since: datetime


def claim_path(c: Connection, path: RepositoryPath, what: str, owner: str, now: datetime) -> None:
    """Claim a path; Conflict (``busy-path``) if it is another owner's.

    An owner's own claim on the path is replaced.
    """
    drop_claim(c, path, owner)
    with explaining(c, lambda: _busy(c, path)):
        c.execute(sa.insert(rows).values(path=path, what=what, owner=owner, since=now))


def drop_claim(c: Connection, path: RepositoryPath, owner: str) -> None:
    """Give a path free; harmless if the owner has no claim on it."""
    c.execute(sa.delete(rows).where(at(rows.c.path, path), rows.c.owner == owner))


def job_owner(job_id: str) -> str:
    """What a job owns its claims as, whichever process runs it."""
    return f"job:{job_id}"


def drop_claims_of(c: Connection, owner: str) -> None:
    """Give all paths free that this owner has claimed."""
    c.execute(sa.delete(rows).where(rows.c.owner == owner))


def claims(c: Connection) -> list[Claim]:
    """All claims, by path."""
    return [_claim(row) for row in c.execute(select(rows).order_by(rows.c.path))]


def claimed_below(c: Connection, path: RepositoryPath) -> list[Claim]:
    """Claims on paths below this one, at any depth, by path; not on the path itself."""
    found = c.execute(select(rows).where(*below(rows.c.path, path)).order_by(rows.c.path))
    return [_claim(row) for row in found]


def _busy(c: Connection, path: RepositoryPath) -> Conflict | None:
    row = c.execute(select(rows).where(at(rows.c.path, path))).one_or_none()
    if row is None:
        return None
    return Conflict(
        f"'{path}' is being changed at this moment ({row.what}); try again shortly.",
        code="busy-path",
        faults=[
            Fault(
                code="busy-path",
                message="Another request is at work at this path.",
                path=path,
                found=f"{row.what} since {row.since.isoformat()}",
            )
        ],
    )


def _claim(row: Row[Any]) -> Claim:
    return Claim(path=row.path, what=row.what, owner=row.owner, since=row.since)
