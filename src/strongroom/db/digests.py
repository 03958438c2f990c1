"""Digests of deposit files that were proved by reading the bytes, kept for the next time.

A digest holds as long as the file's signature is the one it was taken with; comparing the two is
the caller's part.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection, exists, select

from strongroom.db.paths import at
from strongroom.db.sql import upsert_rows
from strongroom.db.tables import deposits
from strongroom.db.tables import digests as rows


def remember(c: Connection, deposit: str, entries: Iterable[tuple[str, str, str]]) -> None:
    """Keep ``(path, signature, SHA-256)`` for files of a Deposit, in place of earlier ones.

    Nothing is kept for a Deposit that is gone.
    """
    # it may be deleted while its files are being read
    if c.scalar(select(exists().where(deposits.c.id == deposit))):
        upsert_rows(c, rows, ((deposit, *entry) for entry in entries))


def known(c: Connection, deposit: str) -> dict[str, tuple[str, str]]:
    """``{path: (signature, SHA-256)}`` of all files of a Deposit that are kept."""
    found = c.execute(
        select(rows.c.path, rows.c.signature, rows.c.digest).where(rows.c.deposit == deposit)
    )
    return {path: (signature, digest) for path, signature, digest in found}


def known_one(c: Connection, deposit: str, path: str) -> tuple[str, str] | None:
    """``(signature, SHA-256)`` of one file of a Deposit, if they are kept."""
    found = c.execute(
        select(rows.c.signature, rows.c.digest).where(
            rows.c.deposit == deposit, at(rows.c.path, path)
        )
    ).one_or_none()
    return None if found is None else (found.signature, found.digest)


def forget(c: Connection, deposit: str) -> None:
    """Drop all that is kept for a Deposit."""
    c.execute(sa.delete(rows).where(rows.c.deposit == deposit))
