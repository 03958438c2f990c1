"""Runs `strongroom` command lines in forks of itself, with all that they load loaded already.

``python warm_process.py FD``: each message on the socket FD is JSON with ``arguments`` and
``environment``, and four file descriptors: standard input, output and error, and a pipe that gets
the exit code. The answer is the process id. A process has a session of its own, as those have that
tests start by :class:`support.server.Server`. Linux only.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from importlib import import_module

#: what a server or worker loads by itself, or when it first needs it
LOADED = (
    "strongroom.cli.main",
    "strongroom.cli.serve",
    "strongroom.runtime.proving",
    "strongroom.runtime.serving",
    "alembic.command",
    "alembic.ddl.postgresql",
    "alembic.ddl.sqlite",
    "botocore.httpsession",
    "botocore.session",
    "httpx",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)


def main() -> int:
    """The parent never comes back but to end; each child does, with its own exit code."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in LOADED:
        import_module(name)
    gc.collect()
    gc.freeze()
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting: dict[int, int] = {}  # pipe for the exit code, by process id
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(waiting)
        if control not in ready:
            continue
        message, handles, _, _ = socket.recv_fds(control, 1 << 20, 4)
        if not message:
            return 0
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            for handle in (woken, wake, *waiting.values()):
                os.close(handle)
            return _become(json.loads(message), handles)
        for handle in handles[:3]:
            os.close(handle)
        waiting[pid] = handles[3]
        control.send(str(pid).encode())


def _reap(waiting: dict[int, int]) -> None:
    while waiting:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = waiting.pop(pid)
        os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(told)


def _become(asked: dict, handles: list[int]) -> int:
    os.setsid()
    for number, handle in enumerate(handles[:3]):
        os.dup2(handle, number)
    for handle in handles:
        os.close(handle)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv[1:] = asked["arguments"]
    return import_module("strongroom.cli.main").main()


if __name__ == "__main__":
    sys.exit(main())
