"""The rows of a server's database, looked at and changed behind its back, whichever it is.

What the rows mean is the affair of the tests; the server may run meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from support import postgres


class Rows:
    """A connection of its own; statements have ``?`` for each value."""

    def __init__(self, data: Path, *, reads_only: bool = False) -> None:
        """``data`` is the folder of the server. Who only reads sees what is there at each look."""
        url = postgres.environment_for(data).get("STRONGROOM_DATABASE")
        self.is_file = url is None
        self.raw: Any
        if url is not None:
            self.raw = psycopg.connect(url, autocommit=reads_only)
            self.raw.read_only = reads_only
        elif reads_only:
            # that it cannot write also means that it neither repairs nor checkpoints anything
            self.raw = sqlite3.connect(
                f"file:{data / 'strongroom.db'}?mode=ro", uri=True, isolation_level=None, timeout=10
            )
        else:
            self.raw = sqlite3.connect(data / "strongroom.db", timeout=10)

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        if self.is_file:
            found: list[tuple[Any, ...]] = self.raw.execute(statement, values).fetchall()
            return found
        done = self.raw.execute(statement.replace("?", "%s"), values or None)
        return done.fetchall() if done.description else []

    def commit(self) -> None:
        self.raw.commit()

    def close(self) -> None:
        self.raw.close()


@contextmanager
def changed(data: Path) -> Iterator[Rows]:
    """What is executed is committed at the end, all or nothing."""
    rows = Rows(data)
    try:
        yield rows
        rows.commit()
    finally:
        rows.close()
