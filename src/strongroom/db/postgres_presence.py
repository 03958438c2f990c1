"""Who uses a PostgreSQL database: each process holds a session lock as long as it lives.

All share one lock; whoever gets it for itself alone knows that nobody else is there. The server
lets go of it when a process dies, however it dies.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import psycopg

log = logging.getLogger("strongroom.db")

_KEYS = f"{0x5372}, 3"
#: seconds between looks whether the connection, and so the lock, is still there
LOOK = 1.0
#: seconds that a server which has just started is left to those that were connected before
COMING_BACK = 3.0
#: seconds between words about waiting
_TELL = 30.0


class PostgresPresence:
    """The lock, and the thread that takes it again after the server was started again."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], *, first: bool) -> None:
        self._connect = connect
        self._closed = Event()
        self._connection = connect()
        try:
            self.alone = first and self._alone()
            if not self.alone:
                self._wait()
        except BaseException:
            self._connection.close()
            raise
        self._thread = Thread(target=self._watch, name="presence", daemon=True)
        self._thread.start()

    def _alone(self) -> bool:
        # all locks went with the server that ended: give the others the time to take theirs
        up = self._ask("SELECT extract(epoch FROM now() - pg_postmaster_start_time())::float8")
        if up < COMING_BACK:
            time.sleep(COMING_BACK - max(up, 0.0))
        return bool(self._ask(f"SELECT pg_try_advisory_lock({_KEYS})"))

    def _wait(self) -> None:
        told = 0.0
        while not self._ask(f"SELECT pg_try_advisory_lock_shared({_KEYS})"):
            if time.monotonic() - told > _TELL:
                told = time.monotonic()
                log.info("another server puts the shared database in order; this one waits")
            time.sleep(0.1)

    def settle(self) -> None:
        if self.alone:
            # the thread is the only other user of the connection, and the driver locks it
            self._ask(f"SELECT pg_advisory_lock_shared({_KEYS})")
            self._ask(f"SELECT pg_advisory_unlock({_KEYS})")
            self.alone = False

    def close(self) -> None:
        self._closed.set()
        self._connection.close()
        self._thread.join(LOOK + 1)

    def _watch(self) -> None:
        while not self._closed.wait(LOOK):
            try:
                self._ask("SELECT 1")
            except psycopg.Error:
                self._return()

    def _return(self) -> None:
        """Take the lock again, once there is a server again."""
        self._connection.close()
        with contextlib.suppress(Exception):  # it is tried again in a moment
            fresh = self._connect()
            if self._closed.is_set():
                fresh.close()
                return
            self._connection = fresh
            kind = "" if self.alone else "_shared"
            if not self._ask(f"SELECT pg_try_advisory_lock{kind}({_KEYS})"):
                log.error("the shared database was taken over by another server meanwhile")
                self._connection.close()

    def _ask(self, question: str) -> Any:
        row = self._connection.execute(question).fetchone()
        return None if row is None else row[0]
