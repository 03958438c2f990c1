"""Opening the database and running transactions in it.

Tables are in :mod:`strongroom.db.tables`, what only SQLite knows in :mod:`strongroom.db.sqlite`;
the other modules here are functions that take the open transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from strongroom.db import sqlite
from strongroom.db.migrate import migrate
from strongroom.errors import StrongroomError, Unavailable

#: seconds that a writer waits for another one
BUSY_TIMEOUT = 30.0


class Database:
    """One open database, shared by all threads of a process.

    Errors of the driver that the caller can do something about come as StrongroomErrors:
    Unavailable (``database-busy`` after the busy timeout, ``database-unusable``), OutOfSpace,
    Damaged. Anything else the driver raises is a mistake in this program.
    """

    def __init__(self, path: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self._path = path
        self._timeout = busy_timeout
        self._readers = sqlite.engine(path, read_only=True, busy_timeout=busy_timeout)
        self._writers = sqlite.engine(path, begin="BEGIN IMMEDIATE", busy_timeout=busy_timeout)
        # Threads queue here in turn; SQLite's own waiting is sleeping and trying again.
        self._turn = threading.Lock()
        self._writing: int | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database, and can change nothing."""
        with self._translated(reading=True), self._readers.connect() as c, c.begin():
            yield c

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The one writing transaction: committed at the end, rolled back on any error.

        Bytes must not flow while it is open. Not to be nested: RuntimeError.
        """
        me = threading.get_ident()
        if self._writing == me:
            raise RuntimeError("this thread already has a writing transaction open")
        if not self._turn.acquire(timeout=self._timeout):
            raise Unavailable("The database is busy; try again in a moment.", code="database-busy")
        self._writing = me
        try:
            with self._translated(), self._writers.connect() as c, c.begin():
                yield c
        finally:
            self._writing = None
            self._turn.release()

    def close(self) -> None:
        """Close the connections; harmless when repeated."""
        self._readers.dispose()
        self._writers.dispose()

    def _migrate(self) -> None:
        # Changing a table in SQLite can mean making it again, which foreign keys must not notice.
        engine = sqlite.engine(
            self._path,
            begin="BEGIN IMMEDIATE",
            foreign_keys=False,
            busy_timeout=self._timeout,
            pooled=False,
        )
        try:
            migrate(self._readers, engine)
        finally:
            engine.dispose()

    @contextmanager
    def _translated(self, *, reading: bool = False) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite.DriverError) as error:
            known = sqlite.meaning(error, self._path, reading=reading)
            if known is None:
                raise
            raise known from error


def open_database(url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Database:
    """Open ``sqlite:///path``, creating the file (mode 0600) and bringing its tables up to date.

    ``busy_timeout`` is in seconds. Raises StrongroomError: ``database-unsupported`` for another
    kind of database, ``database-unusable`` where the file cannot be used, ``database-newer`` where
    a newer version of the program wrote it, ``database-foreign`` where another program did.
    """
    path = _path_of(url)
    sqlite.make_file(path)
    database = Database(path, busy_timeout=busy_timeout)
    try:
        with database._translated():
            sqlite.use_wal(path, busy_timeout)
            database._migrate()
    except BaseException:
        database.close()
        raise
    return database


def _path_of(url: str) -> Path:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StrongroomError(
            f"'{url}' is no database URL; it looks like sqlite:////folder/strongroom.db.",
            code="database-unsupported",
        ) from error
    kind = parsed.get_backend_name()
    if kind != "sqlite":
        raise StrongroomError(
            f"This version runs on SQLite (sqlite:///path), not on '{kind}'.",
            code="database-unsupported",
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.query:
        raise StrongroomError(
            "The database must be a plain file: sqlite:///path, without options.",
            code="database-unsupported",
        )
    return Path(parsed.database).absolute()
