"""Keeps a worker process running beside the API, wakes it, and stops it gently.

The pipe to the worker's standard input is the tie between the two: a byte wakes the worker, and its
end, however the server dies, tells the worker to stop.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from threading import Event, Lock, Thread

from strongroom.jobs.twin import Twin

log = logging.getLogger("strongroom.supervisor")

#: seconds to wait before a worker that died at once is started again
_PAUSES = (0.2, 1.0, 5.0, 15.0)


class Supervisor:
    """A worker process and the thread that watches it; also the queue's port."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        first: Twin | None = None,
    ) -> None:
        """``command`` starts a worker; ``first`` is one that waits already, and must be stopped."""
        self._command, self._environment = list(command), dict(environment)
        self._first = first
        self._process: subprocess.Popen[bytes] | Twin | None = None
        self._stopping = Event()
        self._lock = Lock()
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        if self._first is None:
            self._spawn()
        else:
            self._keep(self._first)
            self.notify()
        self._thread.start()

    def notify(self) -> None:
        """Wake the worker: a job was added."""
        with self._lock:
            process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                # a dead worker is started again by the watch, and a full pipe wakes just as well
                os.write(process.stdin.fileno(), b"\n")

    def stop(self, timeout: float) -> None:
        """Let the worker come to a safe point; after ``timeout`` seconds it is killed."""
        self._stopping.set()
        with self._lock:
            process = self._process or self._first
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            log.warning("the worker did not stop within %.0f s and is killed", timeout)
            process.kill()
            process.wait()

    @property
    def pid(self) -> int | None:
        with self._lock:
            return self._process.pid if self._process else None

    def _spawn(self) -> None:
        self._keep(
            subprocess.Popen(self._command, stdin=subprocess.PIPE, env=self._environment, bufsize=0)
        )

    def _keep(self, process: subprocess.Popen[bytes] | Twin) -> None:
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
        with self._lock:
            self._process = process

    def _watch(self) -> None:
        quick = 0
        while not self._stopping.is_set():
            process = self._process
            if process is None:
                return
            started = time.monotonic()
            code = process.wait()
            if self._stopping.is_set():
                return
            quick = quick + 1 if time.monotonic() - started < 10 else 0
            pause = _PAUSES[min(quick, len(_PAUSES) - 1)]
            log.error("the worker ended with code %s and is started again", code)
            if self._stopping.wait(pause):
                return
            self._spawn()
