"""Requests under a key of the client's, and what was answered to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, select

from strongroom.db.tables import replays as rows

_R = rows.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A request under a key."""

    #: of its body
    digest: str
    #: which process works on it; None once it has been answered
    owner: str | None
    #: the answer
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def find(c: Connection, key: str, since: datetime) -> Replay | None:
    """The request that came under this key, unless it came before that moment."""
    row = c.execute(select(rows).where(_R.key == key, _R.began >= since)).one_or_none()
    if row is None:
        return None
    return Replay(
        digest=row.digest,
        owner=row.owner,
        status=row.status or 0,
        headers=row.headers or (),
        body=row.body or b"",
    )


def begin(c: Connection, key: str, digest: str, owner: str, now: datetime, since: datetime) -> None:
    """Keep that a request is worked on; what came before ``since`` is forgotten."""
    c.execute(sa.delete(rows).where(_R.began < since))
    c.execute(sa.insert(rows).values(key=key, digest=digest, began=now, owner=owner))


def finish(
    c: Connection, key: str, status: int, headers: Sequence[tuple[str, str]], body: bytes
) -> None:
    """Keep what was answered."""
    c.execute(
        sa.update(rows)
        .where(_R.key == key)
        .values(owner=None, status=status, headers=tuple(headers), body=body)
    )


def drop(c: Connection, key: str) -> None:
    """Forget a request that came to nothing."""
    c.execute(sa.delete(rows).where(_R.key == key))
