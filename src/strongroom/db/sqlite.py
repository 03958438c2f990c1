"""Everything that is particular to SQLite: how it is opened and what its errors mean.

No other module writes SQL or reads error codes that only SQLite knows. Tables and queries are
portable and live elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Integer, TextualSelect, create_engine, event
from sqlalchemy import text as sql_text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from strongroom.db import revision
from strongroom.errors import Damaged, OutOfSpace, StrongroomError, Unavailable

EXAMPLE = "sqlite:////folder/strongroom.db"

#: the index of all three characters that follow one another; it keeps no text of its own, so what
#: is taken out has to be given again
TRIGRAMS = "search_trigrams"
TRIGRAM_TABLE = (
    "CREATE VIRTUAL TABLE search_trigrams "
    "USING fts5(text, content='', columnsize=0, tokenize='trigram')"
)

#: bytes; with less than this free, an I/O error is taken for a full disk
_NEARLY_FULL = 1 << 20


class Sqlite:
    """One file, for the processes of one host; whoever writes has it alone."""

    shared = False

    def __init__(self, url: str, busy_timeout: float) -> None:
        self._path, self._timeout = path_of(url), busy_timeout
        make_file(self._path)
        self._readers = engine(self._path, read_only=True, busy_timeout=busy_timeout)
        self._writers = engine(self._path, begin="BEGIN IMMEDIATE", busy_timeout=busy_timeout)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._readers.connect() as c, c.begin():
            yield c

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._writers.connect() as c, c.begin():
            yield c

    def touching(self) -> None:
        """There is one writer at a time, whatever it writes."""
        return

    def present(self, *, first: bool) -> Alone:
        return Alone()

    def bring_up_to_date(self) -> None:
        # looked at before anything is changed: it may be another program's file
        pending = not revision.is_current(self._readers) and self._is_pending()
        self._readers.dispose()  # that connection still has the old journal mode in mind
        use_wal(self._path, self._timeout)
        if pending:
            self._migrate()

    def _is_pending(self) -> bool:
        from strongroom.db import migrate

        return migrate.is_pending(self._readers)

    def _migrate(self) -> None:
        from strongroom.db import migrate

        # Changing a table in SQLite can mean making it again, which foreign keys must not notice.
        made = engine(
            self._path,
            begin="BEGIN IMMEDIATE",
            foreign_keys=False,
            busy_timeout=self._timeout,
            pooled=False,
        )
        try:
            migrate.migrate(made)
        finally:
            made.dispose()

    def meaning(self, error: Exception, *, reading: bool) -> StrongroomError | None:
        if not isinstance(error, DBAPIError | sqlite3.Error):
            return None
        return meaning(error, self._path, reading=reading)

    def close(self) -> None:
        self._readers.dispose()
        self._writers.dispose()


class Alone:
    """The presence of whoever holds the lock of the data folder."""

    alone = True

    def settle(self) -> None:
        return

    def close(self) -> None:
        return


def path_of(url: str) -> Path:
    """What follows ``sqlite:///``, as it stands: a name may hold anything, so none is decoded."""
    _, _, rest = url.partition(":")
    path = rest.removeprefix("///")
    if path in (rest, "", ":memory:") or re.search(r"\?\w+=", path):
        raise StrongroomError(
            f"The database must be a plain file: {EXAMPLE}, without options.",
            code="database-unsupported",
        )
    return Path(path).absolute()


def make_file(path: Path) -> None:
    """Create an empty database file that only its owner can read, unless it is there."""
    try:
        # SQLite gives its -wal and -shm files the mode of this one
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except FileNotFoundError as error:
        raise StrongroomError(
            f"The folder '{path.parent}' for the database is not there; make it first.",
            code="database-unusable",
        ) from error
    except OSError as error:
        raise StrongroomError(
            f"The database file '{path}' cannot be opened for writing: {error.strerror}.",
            code="database-unusable",
        ) from error


def engine(
    path: Path,
    *,
    begin: str = "BEGIN",
    read_only: bool = False,
    foreign_keys: bool = True,
    busy_timeout: float,
    pooled: bool = True,
) -> Engine:
    """Connections to one file whose every transaction starts with ``begin``.

    ``busy_timeout`` is in seconds. The journal mode is a property of the file: see :func:`use_wal`.
    """
    made = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"timeout": busy_timeout, "check_same_thread": False},
        # threads bound the number of connections; waiting for one would be a second queue
        **(
            {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1}
            if pooled
            else {"poolclass": NullPool}
        ),
    )

    @event.listens_for(made, "connect")
    def prepare(raw: Any, _record: object) -> None:
        # the driver shall not start transactions by itself: see `start`
        raw.isolation_level = None
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        raw.execute("PRAGMA cache_size = -16384")  # KiB
        raw.execute("PRAGMA journal_size_limit = 67108864")  # bytes
        if read_only:
            raw.execute("PRAGMA query_only = ON")

    @event.listens_for(made, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return made


def use_wal(path: Path, busy_timeout: float) -> None:
    """Switch the file to write-ahead logging, once and for all.

    SQLite's own busy timeout does not cover this switch when several processes try it at once.
    """
    deadline = time.monotonic() + busy_timeout
    raw = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None)
    try:
        while True:
            try:
                (mode,) = raw.execute("PRAGMA journal_mode = WAL").fetchone()
                break
            except sqlite3.OperationalError as error:
                if _name(error) not in ("SQLITE_BUSY", "SQLITE_LOCKED"):
                    raise
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        if mode != "wal":
            raise StrongroomError(
                f"The database '{path}' cannot use write-ahead logging (journal mode '{mode}'); "
                "put it on a local file system.",
                code="database-unusable",
            )
    finally:
        raw.close()


def meaning(
    error: DBAPIError | sqlite3.Error, path: Path, *, reading: bool = False
) -> StrongroomError | None:
    """What a driver's error means to the caller; None where it is a mistake in the program.

    To write in a transaction for ``reading`` is such a mistake.
    """
    name = _name(error.orig if isinstance(error, DBAPIError) else error)
    if reading and name == "SQLITE_READONLY":
        return None
    operator = f"{path}: {name}: {error}"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Unavailable(
            "The database is busy; try again in a moment.", code="database-busy", operator=operator
        )
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _full(path)):
        return OutOfSpace(
            "The disk that holds the database is full; nothing was recorded.", operator=operator
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Damaged(
            "The database is damaged; it has to be restored or made again from storage.",
            code="database-damaged",
            operator=operator,
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return Unavailable(
            "The database cannot be read or written now.",
            code="database-unusable",
            operator=operator,
        )
    return None


def _name(error: BaseException | None) -> str:
    # errors that Python's module finds by itself carry no code
    return getattr(error, "sqlite_errorname", None) or ""


def _full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _NEARLY_FULL
    except OSError:
        return False


# ---------------------------------------------------------------------- the index of trigrams


def add_trigrams(c: Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Index texts under their numbers, none of which is there yet."""
    if found := list(rows):
        c.exec_driver_sql("INSERT INTO search_trigrams (rowid, text) VALUES (?, ?)", found)


def drop_trigrams(c: Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Take texts out, which must be those that were put in under their numbers."""
    if found := [("delete", *row) for row in rows]:
        c.exec_driver_sql(
            "INSERT INTO search_trigrams (search_trigrams, rowid, text) VALUES (?, ?, ?)", found
        )


def clear_trigrams(c: Connection) -> None:
    c.exec_driver_sql("INSERT INTO search_trigrams (search_trigrams) VALUES ('delete-all')")


def with_trigrams(c: Connection, text: str, *, limit: int, offset: int, before: int) -> list[int]:
    """Numbers (below ``before``) of texts that hold this one in any case, the greatest first."""
    statement = (
        "SELECT rowid FROM search_trigrams WHERE search_trigrams MATCH ? AND rowid < ? "
        "ORDER BY rowid DESC LIMIT ? OFFSET ?"
    )
    found = c.exec_driver_sql(statement, (_phrase(text), before, limit, offset))
    return [number for (number,) in found]


def few_with_trigrams(c: Connection, text: str, most: int) -> list[int] | None:
    """The numbers of all texts that hold this one, the greatest first; None if there are more than
    ``most``. Two to three times as fast as from the greatest on, where few are found."""
    statement = "SELECT rowid FROM search_trigrams WHERE search_trigrams MATCH ? LIMIT ?"
    found = [n for (n,) in c.exec_driver_sql(statement, (_phrase(text), most + 1))]
    return None if len(found) > most else found[::-1]


def count_trigrams(c: Connection, text: str) -> int:
    """How many texts hold this one."""
    statement = "SELECT count(*) FROM search_trigrams WHERE search_trigrams MATCH ?"
    return int(c.exec_driver_sql(statement, (_phrase(text),)).scalar_one())


def trigrams_with(text: str) -> TextualSelect:
    """The numbers of texts that hold this one, as a part of other queries."""
    statement = sql_text("SELECT rowid FROM search_trigrams WHERE search_trigrams MATCH :phrase")
    return statement.bindparams(phrase=_phrase(text)).columns(rowid=Integer)


def _phrase(text: str) -> str:
    """The text as a string of the query language of FTS5, in which nothing else has a meaning."""
    return '"' + text.replace('"', '""') + '"'
