"""A real PostgreSQL for tests: a child process with its files in memory, on a port of its own.

Its own user's locale is not that of code points, so what relies on the order of the server shows.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import itertools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.ports import free_port

READY_SECONDS = 30.0
#: makes all suites run on this kind of database: ``sqlite`` (the default) or ``postgresql``
KIND = "STRONGROOM_TEST_DATABASE"
OLDEST = 15
#: what closes databases that are open in a test; done after each
TO_CLOSE: list[Callable[[], None]] = []
_PASSWORD = "pass/word: %41@&"
_MEMORY = Path("/dev/shm")


def programs() -> Path | None:
    """The folder of initdb and postgres, the newest there is; None if there is none."""
    found = [Path(each).parent for each in [shutil.which("initdb")] if each]
    found += Path("/usr/lib/postgresql").glob("*/bin")
    usable = {_version(each): each for each in found if (each / "postgres").exists()}
    newest = max(usable, default=0)
    return usable[newest] if newest >= OLDEST else None


def _version(folder: Path) -> int:
    said = subprocess.run(
        [folder / "initdb", "--version"], capture_output=True, text=True, check=False
    ).stdout
    return int((said.split() or ["0"])[2].partition(".")[0]) if said else 0


def require() -> None:
    """Skip the test where there is no PostgreSQL; in CI that is an error."""
    if programs() is None:
        if os.environ.get("CI"):
            raise FileNotFoundError(f"PostgreSQL {OLDEST} must be there in CI: apt postgresql")
        pytest.skip(f"no PostgreSQL {OLDEST} or newer; to have it: apt install postgresql")


class PostgresServer:
    """One PostgreSQL server; a context manager that ends it and removes its files."""

    def __init__(self, *, place: Path | None = None) -> None:
        """``place`` is a folder on a disk, for what must be durable to be measured."""
        found = programs()
        if found is None:
            raise FileNotFoundError(f"no PostgreSQL {OLDEST} or newer")
        self._programs = found
        self.port = free_port()
        self.folder = Path(
            tempfile.mkdtemp(prefix="pg-", dir=place or (_MEMORY if _MEMORY.is_dir() else None))
        )
        self.log_path = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        # nothing outlives the tests
        self._options = [] if place else ["-c", "fsync=off", "-c", "max_wal_size=256MB"]
        self._user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            # it ends with the tests, even if these are killed
            self._user = [
                *("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"),
                *("--clear-groups", "--pdeathsig=INT"),
            ]

    def __enter__(self) -> PostgresServer:
        password = self.folder / "password"
        password.write_text(_PASSWORD)
        password.chmod(0o644)
        subprocess.run(
            [
                *self._user,
                self._programs / "initdb",
                *("-D", self.folder / "data", "--no-sync", "--username=strongroom"),
                *("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en", "--locale=C"),
                *("--auth-host=scram-sha-256", "--auth-local=trust", f"--pwfile={password}"),
            ],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> PostgresServer:
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *self._user,
                    self._programs / "postgres",
                    *("-D", self.folder / "data", "-k", self.folder, "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"),
                    *("-c", "shared_buffers=64MB"),
                    *self._options,
                ],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url("postgres")).close()
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL does not run\n{self.log_path.read_text()}")
            time.sleep(0.02)

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """End it; SIGINT cuts connections and closes well, SIGQUIT is a crash."""
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(READY_SECONDS)
            self.process = None

    def restart(self, by: signal.Signals = signal.SIGINT) -> None:
        self.stop(by)
        self.start()

    def url(self, name: str, password: str = _PASSWORD) -> str:
        quoted = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in password)
        return f"postgresql://strongroom:{quoted}@127.0.0.1:{self.port}/{name}"

    @property
    def password(self) -> str:
        return _PASSWORD

    def execute(self, name: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement in a database, as an operator would with psql; its rows."""
        with psycopg.connect(self.url(name), autocommit=True) as c:
            done = c.execute(statement, values or None)
            return done.fetchall() if done.description else []

    def make_database(self, *, template: str | None = None, name: str | None = None) -> str:
        """A new database, empty or a copy of another; its name."""
        name = name or f"db{next(self._numbers)}_{secrets.token_hex(3)}"
        copied = f' TEMPLATE "{template}"' if template else ""
        self.execute("postgres", f'CREATE DATABASE "{name}"{copied}')
        return name


@functools.cache
def shared() -> PostgresServer:
    """The server that all tests of this process share, each with a database of its own."""
    require()
    server = PostgresServer().__enter__()
    atexit.register(server.__exit__)
    return server


@functools.cache
def template() -> str:
    """A database of the shared server with all tables, to be copied."""
    from strongroom.db.engine import open_database

    name = shared().make_database()
    open_database(shared().url(name)).close()
    return name


def is_sqlite() -> bool:
    """Whether all suites run on databases that are files."""
    return os.environ.get(KIND, "sqlite") == "sqlite"


#: for tests of what only a database in the data folder can meet
on_sqlite = pytest.mark.skipif(not is_sqlite(), reason="of a database that is a file")


def environment_for(data: Path) -> dict[str, str]:
    """What a server with this data folder has to be told, if all suites are to use PostgreSQL."""
    if is_sqlite():
        return {}
    if given := os.environ.get("STRONGROOM_DATABASE"):  # by a test to a process that it started
        return {"STRONGROOM_DATABASE": given}
    name = _name_for(data)
    if not shared().execute("postgres", "SELECT 1 FROM pg_database WHERE datname = %s", name):
        shared().make_database(template=template(), name=name)
    return {"STRONGROOM_DATABASE": shared().url(name)}


def lose(data: Path) -> None:
    """Remove the database of a server that is stopped, whichever it is."""
    if environment_for(data):
        shared().execute("postgres", f'DROP DATABASE "{_name_for(data)}" WITH (FORCE)')
        return
    found = list(data.glob("*.db*"))
    assert found, f"no database in {list(data.iterdir())}"
    for path in found:
        path.unlink()


def _name_for(data: Path) -> str:
    return "data_" + hashlib.sha256(str(data.absolute()).encode()).hexdigest()[:16]
