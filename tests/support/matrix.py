"""Cells of the error matrix: requests that are refused, what answers say, what stays as it is.

Each suite of cells has a server of its own, whose worker can be put to sleep so that jobs wait, and
whose rows can be changed behind its back.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support import ocfl_check, rows, workflow
from support.server import Server, without_file_privileges
from support.shapes import assert_problem
from support.workflow import Json, ok

#: of the form of an id, and nobody's
UNKNOWN = "kx7m2tq9ahwd"

#: run by every Python of a server: an id that lies in a file is the next one that is minted
_NEXT_ID = """
from pathlib import Path
from strongroom.domain import ids

mint, told = ids.mint, Path(__file__).with_name("next-id")

def next_id():
    try:
        found = told.read_text()
        told.unlink()
    except FileNotFoundError:
        return mint()
    return found

ids.mint = next_id
"""


@dataclass(kw_only=True)
class Ground:
    """A server, and two agents who use it."""

    server: Server
    #: the agent ``ann``
    client: httpx.Client
    #: the agent ``bob``
    other: httpx.Client
    #: path of a Container that is this suite's
    room: str

    def uri(self, path: str) -> str:
        """The id of something in the room."""
        return f"{self.server.url}/repository/{self.room}/{path}"

    def stored(self, path: str) -> str:
        """The same on the Storage API."""
        return f"{self.server.storage_url}/repository/{self.room}/{path}"

    def state(self, deposit: str | None = None) -> list[object]:
        """All that a refused request must leave as it is."""
        told = ["/deposits?showAll=true&pageSize=500", "/activity/archivalgroups/collection"]
        told += [f"/repository/{self.room}"]
        if deposit is not None:
            told += [f"/deposits/{deposit}/{what}" for what in ("importjobs/results", "mets")]
            told += [f"/deposits/{deposit}/pipelinerunjobs"]
        bodies = [self.client.get(path) for path in told]
        return [
            ocfl_check.snapshot(self.server.data / "ocfl-root"),
            ocfl_check.snapshot(self.server.data / "deposits"),
            *(body.content for body in bodies if body.status_code == 200),
        ]

    def refused(
        self,
        method: str,
        path: str,
        status: int,
        code: str,
        *words: str,
        errors: set[str] | None = None,
        by: httpx.Client | None = None,
        **request: Any,
    ) -> Json:
        """Send a request; its answer is this problem, and a write has changed nothing."""
        reads = method in ("GET", "HEAD")
        at = path.partition("/deposits/")[2].partition("/")[0]
        deposit = at if len(at) == len(UNKNOWN) else None
        before = None if reads else self.state(deposit)
        answer = (by or self.client).request(method, path, **request)
        body = assert_problem(answer, status, *words, errors=errors)
        assert (body["code"], body["type"]) == (code, f"/problems/{code}"), body
        assert reads or self.state(deposit) == before, f"{method} {path} changed something"
        return body

    def deposit(self, path: str | None = None, **fields: Any) -> Json:
        """A new deposit, for a group in the room if there is a path."""
        if path is not None:
            fields["archivalGroup"] = self.uri(path)
        return workflow.make_deposit(self.client, **fields)

    def next_id(self, told: str) -> None:
        """The next id that the server mints."""
        (self.server.data.parent / "hook" / "next-id").write_text(told)

    def change_rows(self, statement: str, *values: object) -> None:
        """Change the database behind the server's back; values stand for ``?``."""
        with rows.changed(self.server.data) as changing:
            changing.execute(statement, *values)

    def sleeping_worker(self) -> AbstractContextManager[None]:
        """Jobs are accepted meanwhile, and wait."""
        return asleep(self.server, self.client)


@contextmanager
def asleep(server: Server, client: httpx.Client) -> Iterator[None]:
    """The worker of a server sleeps: jobs are accepted meanwhile, and wait."""
    worker = _put_to_sleep(server, client)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def _put_to_sleep(server: Server, client: httpx.Client) -> int:
    """The worker's process, asleep, and not in the middle of a transaction."""
    for _ in range(40):
        worker = server.worker()
        os.kill(worker, signal.SIGSTOP)
        while not all(_is_stopped(task) for task in Path(f"/proc/{worker}/task").iterdir()):
            time.sleep(0.002)
        try:
            # it would have to wait for a transaction of the worker, and leaves nothing
            ok(client.post(f"{server.url}/deposits/{UNKNOWN}/lock", timeout=3), 404)
            return worker
        except httpx.TimeoutException:
            os.kill(worker, signal.SIGCONT)
            time.sleep(0.5)  # for it to come to the end of what it does
    raise AssertionError("the worker never rests")


def _is_stopped(task: Path) -> bool:
    """Whether a thread sleeps, or is no more; a signal reaches each in its own time."""
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def opened(
    folder: Path,
    *,
    env: dict[str, str] | None = None,
    options: Sequence[str] = (),
    without_privileges: bool = False,
) -> Iterator[Ground]:
    """A server with a room for a suite; file permissions bind it too, where that can be had."""
    hook = folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(_NEXT_ID)
    prefix = without_file_privileges() or [] if without_privileges else []
    server = Server(
        folder / "data",
        folder / "server.log",
        env={"PYTHONPATH": str(hook), **(env or {})},
        options=options,
        prefix=prefix,
    )
    try:
        server.start()
        with (
            workflow.connect(server.url, identity="ann") as ann,
            workflow.connect(server.url, identity="bob") as bob,
        ):
            room = workflow.fresh("room")
            workflow.make_container(ann, room)
            yield Ground(server=server, client=ann, other=bob, room=room)
        server.stop()
    except BaseException as error:
        error.add_note(server.log_tail(40))
        raise
    finally:
        server.kill()


def bound_by_permissions() -> bool:
    """Whether a server can be had that may not read and write what it has no right to."""
    return sys.platform.startswith("linux") and without_file_privileges() is not None


@contextmanager
def read_only(folder: Path, mode: int = 0o500) -> Iterator[None]:
    """Nothing in a folder can be made or removed meanwhile (with mode 0: nor seen)."""
    before = folder.stat().st_mode & 0o777
    folder.chmod(mode)
    try:
        yield
    finally:
        folder.chmod(before)


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """A stored file has other bytes meanwhile, of the same number."""
    kept = path.with_name(path.name + ".kept")
    shutil.copy2(path, kept)
    path.chmod(0o600)
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(held)
    try:
        yield
    finally:
        kept.replace(path)


@contextmanager
def lost(path: Path) -> Iterator[None]:
    """A stored file is not there meanwhile."""
    kept = path.rename(path.with_name(path.name + ".kept"))
    try:
        yield
    finally:
        kept.rename(path)
