"""Processes of `strongroom` that need not load Python and all modules first.

They are forks of one process that has (:mod:`support.warm_process`), and otherwise as real as any:
with a process id, a memory and an end of their own. What is about the start itself, or about
memory, is tested with processes that are started anew.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PROGRAM = Path(__file__).with_name("warm_process.py")


def possible(environment: Mapping[str, str]) -> bool:
    """Whether a fork can do: not where something is to change Python itself."""
    same = all(
        environment.get(name) == os.environ.get(name)
        for name in {*environment, *os.environ}
        if name.startswith("PYTHON") and name != "PYTHONUNBUFFERED"
    )
    return same and sys.platform == "linux"


class WarmProcess:
    """What tests use of :class:`subprocess.Popen`, for a process that another has made."""

    def __init__(
        self, arguments: Sequence[str], output: IO[bytes], environment: Mapping[str, str]
    ) -> None:
        """Output and errors go to ``output``, and there is no input."""
        ended, told = os.pipe2(os.O_CLOEXEC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            handles = [nothing, output.fileno(), output.fileno(), told]
            self.pid = _parent().fork(arguments, environment, handles)
        finally:
            os.close(nothing)
            os.close(told)
        self._ended = open(ended, "rb", buffering=0)  # noqa: SIM115 — for as long as it lives
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        with self._lock:
            if self.returncode is None:
                if not select.select([self._ended], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired("strongroom", timeout or 0)
                self.returncode = int(self._ended.read(16))
                self._ended.close()
            return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Parent:
    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self._socket, self._lock = ours, threading.Lock()

    def fork(
        self, arguments: Sequence[str], environment: Mapping[str, str], handles: list[int]
    ) -> int:
        message = json.dumps({"arguments": list(arguments), "environment": dict(environment)})
        with self._lock:
            socket.send_fds(self._socket, [message.encode()], handles)
            return int(self._socket.recv(64))

    def end(self) -> None:
        self._socket.close()
        self._process.wait(30)


@functools.cache
def _parent() -> _Parent:
    made = _Parent()
    atexit.register(made.end)
    return made
