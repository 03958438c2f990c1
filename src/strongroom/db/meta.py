"""Small facts about the database as a whole, by key.

What a key means is settled by whoever uses it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection, select

from strongroom.db.sql import upsert_rows
from strongroom.db.tables import meta


def get(c: Connection, key: str) -> str | None:
    """The value; None if there is none."""
    value: str | None = c.scalar(select(meta.c.value).where(meta.c.key == key))
    return value


def put(c: Connection, key: str, value: str) -> None:
    """Keep a value, in place of the one before."""
    upsert_rows(c, meta, [(key, value)])


def drop(c: Connection, key: str) -> None:
    """Forget a value; harmless if there is none."""
    c.execute(sa.delete(meta).where(meta.c.key == key))
