"""Opening the database and running transactions in it.

Tables are in :mod:`strongroom.db.tables`, what only SQLite knows in :mod:`strongroom.db.sqlite`;
the other modules here are functions that take the open transaction.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from strongroom.db import migrate, sqlite
from strongroom.errors import StrongroomError, Unavailable

#: seconds that a writer waits for another one
BUSY_TIMEOUT = 30.0

_EXAMPLE = "sqlite:////folder/strongroom.db"


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

    def _bring_up_to_date(self) -> None:
        with self._translated():
            # looked at before anything is changed: it may be another program's file
            pending = migrate.is_pending(self._readers)
            self._readers.dispose()  # that connection still has the old journal mode in mind
            sqlite.use_wal(self._path, self._timeout)
            if pending:
                self._migrate()

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
            migrate.migrate(engine)
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
    """Open ``sqlite:///`` and a path: make the file (mode 0600), bring its tables up to date.

    ``busy_timeout`` is in seconds. Raises StrongroomError: ``database-unsupported`` for another
    kind of database, ``database-unusable`` where the file cannot be used, ``database-newer`` where
    a newer version of the program wrote it, ``database-foreign`` where another program did.
    """
    path = _path_of(url)
    sqlite.make_file(path)
    database = Database(path, busy_timeout=busy_timeout)
    try:
        database._bring_up_to_date()
    except BaseException:
        database.close()
        raise
    return database


def _path_of(url: str) -> Path:
    """What follows ``sqlite:///``, as it stands: a name may hold anything, so none is decoded."""
    kind, colon, rest = url.partition(":")
    if not colon:
        raise _unsupported(f"'{url}' is no database URL; it looks like {_EXAMPLE}.")
    if kind != "sqlite":
        raise _unsupported(f"This version runs on SQLite ({_EXAMPLE}), not on '{kind}'.")
    path = rest.removeprefix("///")
    if path in (rest, "", ":memory:") or re.search(r"\?\w+=", path):
        raise _unsupported(f"The database must be a plain file: {_EXAMPLE}, without options.")
    return Path(path).absolute()


def _unsupported(message: str) -> StrongroomError:
    return StrongroomError(message, code="database-unsupported")
