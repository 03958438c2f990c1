"""Opening the database and running transactions in it.

Tables are in :mod:`strongroom.db.tables`; what only one kind of database knows is in
:mod:`strongroom.db.sqlite` and :mod:`strongroom.db.postgres`; the other modules here are functions
that take the open transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy.engine import Connection

from strongroom.db import sqlite
from strongroom.errors import StrongroomError, Unavailable

#: seconds that a writer waits for another one
BUSY_TIMEOUT = 30.0
#: what URLs of PostgreSQL begin with
POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


class Presence(Protocol):
    """That a process uses the database, for all others to see until it ends or closes this."""

    @property
    def alone(self) -> bool:
        """Whether nobody else is there, nor can come before :meth:`settle`."""

    def settle(self) -> None:
        """Let others in; harmless when repeated."""

    def close(self) -> None: ...


class Driver(Protocol):
    """What one kind of database does its own way."""

    #: whether several hosts can use one database
    shared: bool

    def reading(self) -> AbstractContextManager[Connection]: ...
    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction beside which no other one of this kind runs, in any process."""

    def touching(self) -> AbstractContextManager[Connection] | None:
        """A writing transaction beside others; None where there is no such thing."""

    def bring_up_to_date(self) -> None: ...
    def present(self, *, first: bool) -> Presence: ...
    def meaning(self, error: Exception, *, reading: bool) -> StrongroomError | None:
        """What a driver's error means to the caller; None where it is no such error."""

    def close(self) -> None: ...


class Database:
    """One open database, shared by all threads of a process.

    Errors of the driver that the caller can do something about come as StrongroomErrors:
    Unavailable (``database-busy`` after the busy timeout, ``database-unusable``,
    ``database-unknown-end``), OutOfSpace, Damaged, BadRequest (``nul-in-text``). Anything else the
    driver raises is a mistake in this program.
    """

    def __init__(self, driver: Driver, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self._driver = driver
        self._timeout = busy_timeout
        # Threads queue here in turn; the database's own waiting would hold a connection, or (in
        # SQLite) is sleeping and trying again.
        self._turn = threading.Lock()
        self._writing: int | None = None
        self._presences: list[Presence] = []

    @property
    def shared(self) -> bool:
        """Whether other hosts may use the same database."""
        return self._driver.shared

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database, and can change nothing."""
        with self._translated(reading=True), self._driver.reading() as c:
            yield c

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The one writing transaction: committed at the end, rolled back on any error.

        Whatever it reads stays true until its end, but for what :meth:`touch` changes. Bytes must
        not flow while it is open. Not to be nested: RuntimeError.
        """
        me = threading.get_ident()
        if self._writing == me:
            raise RuntimeError("this thread already has a writing transaction open")
        if not self._turn.acquire(timeout=self._timeout):
            raise Unavailable("The database is busy; try again in a moment.", code="database-busy")
        self._writing = me
        try:
            with self._translated(), self._driver.writing() as c:
                yield c
        finally:
            self._writing = None
            self._turn.release()

    @contextmanager
    def touch(self) -> Iterator[Connection]:
        """A writing transaction that no other keeps waiting, where the database can do that.

        Only for changes that are right whatever others write meanwhile: a worker's signs of life
        must not wait until an index of 100,000 files is written.
        """
        beside = self._driver.touching()
        if beside is None:
            with self.write() as c:
                yield c
            return
        with self._translated(), beside as c:
            yield c

    def present(self, *, first: bool) -> Presence:
        """Be known to all others that use the database, until it is closed here.

        With ``first`` the presence says whether nobody else is there; without, whoever puts the
        database in order for all is waited for. Where only one host can use a database, a lock of
        the data folder has settled that, and everyone is alone.
        """
        with self._translated():
            presence = self._driver.present(first=first)
        self._presences.append(presence)
        return presence

    def close(self) -> None:
        """Close the connections; harmless when repeated."""
        while self._presences:
            self._presences.pop().close()
        self._driver.close()

    def bring_up_to_date(self) -> None:
        """Make the tables, or apply the migrations that are missing."""
        with self._translated():
            self._driver.bring_up_to_date()

    @contextmanager
    def _translated(self, *, reading: bool = False) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            known = self._driver.meaning(error, reading=reading)
            if known is None:
                raise
            raise known from error


def open_database(url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Database:
    """Open ``sqlite:///FILE`` or ``postgresql://…`` and bring its tables up to date.

    ``busy_timeout`` is in seconds. A file is made (mode 0600), a database of a server is not.
    Raises StrongroomError: ``database-unsupported`` for another kind of database,
    ``database-unusable`` where it cannot be used, ``database-newer`` where a newer version of the
    program wrote it, ``database-foreign`` where another program did.
    """
    database = Database(_driver(url, busy_timeout), busy_timeout=busy_timeout)
    try:
        database.bring_up_to_date()
    except BaseException:
        database.close()
        raise
    return database


def _driver(url: str, busy_timeout: float) -> Driver:
    kind, colon, _ = url.partition(":")
    if colon and kind == "sqlite":
        return sqlite.Sqlite(url, busy_timeout)
    if colon and kind in POSTGRES:
        from strongroom.db import postgres  # its driver is slow to import

        return postgres.Postgres(url, busy_timeout)
    known = "sqlite:////folder/strongroom.db or postgresql://user@host:5432/name"
    raise StrongroomError(
        f"Strongroom does not run on '{kind}'; a database is {known}."
        if colon
        else f"This is no URL of a database; it looks like {known}.",
        code="database-unsupported",
    )
