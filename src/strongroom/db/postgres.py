"""Everything that is particular to PostgreSQL: how it is reached, and how transactions run in it.

One transaction writes at a time, in all processes on all hosts, as in SQLite: it holds an advisory
lock, so that what it has read stays true until it ends. Only what a worker says of its own job goes
beside it (:meth:`Postgres.touching`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from strongroom.db import revision
from strongroom.db.postgres_errors import code_of, has_failed, is_lost, meaning
from strongroom.db.postgres_presence import PostgresPresence
from strongroom.errors import StrongroomError, Unavailable

EXAMPLE = "postgresql://user@host:5432/name"
#: the oldest major version
OLDEST = 15

#: advisory locks of this program have this first key, and the second from here
SPACE = 0x5372
WRITER, MIGRATION = 1, 2

#: seconds between attempts to reach a server that is not there, or has cut the connection
PAUSES = (0.1, 0.4, 1.0)
#: the same, to learn how a commit ended
PATIENCE = (0.1, 0.4, 1.0, 2.0, 4.0, 8.0)
#: connections kept for each of reading and writing, and how many more there may be
_KEPT, _MORE = 5, 15

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# each statement sees what was committed before it, so also what the last holder of the lock wrote
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# waits until no other transaction writes; and the number of this one, to ask after it
_TURN = f"SELECT pg_advisory_xact_lock({SPACE}, {WRITER}), pg_current_xact_id()::text"

T = TypeVar("T")


class Postgres:
    """A database of a PostgreSQL server, for any number of processes and hosts."""

    shared = True

    def __init__(self, url: str, busy_timeout: float) -> None:
        self._url = _parsed(url)
        self._timeout = busy_timeout
        self._readers = self._engine(_READ)
        self._writers = self._engine(_WRITE)
        self._single = self._engine(_WRITE, pooled=False)

    def _engine(self, begin: str, *, pooled: bool = True) -> Engine:
        sizes = {"pool_size": _KEPT, "max_overflow": _MORE, "pool_timeout": self._timeout}
        made = create_engine(
            self._url,
            connect_args={"connect_timeout": 10, "application_name": "strongroom"},
            hide_parameters=True,  # errors are logged
            use_native_hstore=False,  # which asks the server for it at every connection
            **(sizes if pooled else {"poolclass": NullPool}),
        )

        @event.listens_for(made, "connect")
        def prepare(raw: Any, _record: object) -> None:
            # the driver shall not start transactions by itself: see `start`
            raw.autocommit = True
            raw.execute(_session(self._timeout))

        @event.listens_for(made, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return made

    # ------------------------------------------------------------------------- transactions

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with _begun(self._readers) as c:
            yield c
            _commit(c)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        number = ""

        def take_turn(c: Connection) -> None:
            nonlocal number
            number = c.exec_driver_sql(_TURN).one()[1]

        with _begun(self._writers, take_turn) as c:
            yield c
            try:
                _commit(c)
            except DBAPIError as error:
                if not is_lost(error) or not self._was_committed(number):
                    raise

    @contextmanager
    def touching(self) -> Iterator[Connection]:
        with _begun(self._writers) as c:
            yield c
            _commit(c)

    def _was_committed(self, transaction: str) -> bool:
        """How a transaction ended whose connection was lost while it did.

        Unavailable (``database-unknown-end``) if that cannot be learnt.
        """
        for pause in PATIENCE:
            try:
                with self.reading() as c:
                    said = c.exec_driver_sql(
                        "SELECT pg_xact_status(%s::text::xid8)", (transaction,)
                    ).scalar_one()
            except DBAPIError as error:
                if not is_lost(error):
                    raise
                said = None
            if said in ("committed", "aborted"):
                return bool(said == "committed")
            time.sleep(pause)
        raise Unavailable(
            "The database was lost in the moment of recording; whether the change was recorded "
            "is not known. Look before you try again.",
            code="database-unknown-end",
            operator=f"transaction {transaction}",
        )

    # ------------------------------------------------------------------------------ the rest

    def present(self, *, first: bool) -> PostgresPresence:
        return _again(lambda: PostgresPresence(self._connect, first=first))

    def _connect(self) -> psycopg.Connection[Any]:
        """A connection apart from the pools, whose every statement is a transaction."""
        raw = self._single.raw_connection()
        connection = raw.driver_connection
        raw.detach()
        assert isinstance(connection, psycopg.Connection)  # noqa: S101 - for the types
        return connection

    def bring_up_to_date(self) -> None:
        try:
            _again(self._check)
        except DBAPIError as error:
            if (code := code_of(error)) is None or (code and not is_lost(error)):
                raise
            raise Unavailable(
                f"The database at {shown(self._url)} cannot be reached: {error.orig}",
                code="database-unusable",
            ) from error
        if revision.is_current(self._readers):
            return
        from strongroom.db import migrate

        if not migrate.is_pending(self._readers):
            return
        with _begun(self._writers) as c:
            # not the writers' lock: an older server that runs holds it for moments, and waits
            c.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SPACE}, {MIGRATION})")
            migrate.migrate_in(c)
            _commit(c)

    def _check(self) -> None:
        with self._readers.connect() as c:
            number, encoding = c.exec_driver_sql(
                "SELECT current_setting('server_version_num')::int,"
                " current_setting('server_encoding')"
            ).one()
        wrong = []
        if number // 10000 < OLDEST:
            wrong.append(f"its version is {number // 10000}, and must be {OLDEST} or newer")
        if encoding != "UTF8":
            wrong.append(f"its encoding is {encoding}, and must be UTF8")
        if wrong:
            raise StrongroomError(
                f"The database at {shown(self._url)} cannot be used: {'; '.join(wrong)}.",
                code="database-unusable",
            )

    def meaning(self, error: Exception, *, reading: bool) -> StrongroomError | None:
        return meaning(error, shown(self._url), reading=reading)

    def close(self) -> None:
        self._readers.dispose()
        self._writers.dispose()
        self._single.dispose()


def shown(url: URL | str) -> str:
    """The URL for people: without its password and options."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def _parsed(url: str) -> URL:
    rest = url.partition(":")[2]
    try:
        parsed = make_url(f"postgresql+psycopg:{rest}")
    except (ArgumentError, ValueError) as error:
        # the URL itself is not told: it may hold a password
        raise StrongroomError(
            f"The URL of the database cannot be read; it looks like {EXAMPLE}. In a password, all "
            "but letters and digits are written as %XX.",
            code="database-unsupported",
        ) from error
    if not parsed.database:
        raise StrongroomError(
            f"The URL of the database names none; it looks like {EXAMPLE}.",
            code="database-unsupported",
        )
    return parsed


def _session(busy_timeout: float) -> str:
    """What holds for every connection."""
    return (
        f"SET lock_timeout = {int(busy_timeout * 1000)};"
        # a host that has vanished must not keep what it has locked
        " SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
        " SET tcp_keepalives_count = 3;"
        " SET idle_in_transaction_session_timeout = '5min';"
        # Europe/London or not: moments are numbers here, and texts of the server are English
        " SET timezone = 'UTC'; SET client_min_messages = 'warning';"
    )


@contextmanager
def _begun(
    engine: Engine, first: Callable[[Connection], None] | None = None
) -> Iterator[Connection]:
    """An open transaction, rolled back unless it is committed.

    A lost connection is noticed when the transaction begins, and then there is another attempt: the
    server may have been started again. Later it is an error, for what was done is undone.
    """

    def begin() -> Connection:
        c = engine.connect()
        try:
            c.begin()
            if first is not None:
                first(c)
        except BaseException:
            c.close()
            raise
        return c

    with _again(begin) as c:
        yield c


def _again(action: Callable[[], T]) -> T:
    for pause in PAUSES:
        try:
            return action()
        except (DBAPIError, psycopg.Error) as error:
            if not is_lost(error):
                raise
        time.sleep(pause)
    return action()


def _commit(c: Connection) -> None:
    """Commit; RuntimeError if a statement failed and nobody minded, for then nothing is kept."""
    if has_failed(c):
        raise RuntimeError("a statement of this transaction has failed, so it cannot be committed")
    c.commit()
