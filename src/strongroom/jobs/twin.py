"""A child process that is made by fork, with what :class:`subprocess.Popen` offers a supervisor.

It has all that is loaded already, in memory that both share: it is at work at once, where a program
that is started anew loads everything a second time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable


def possible() -> bool:
    """Whether this process may be doubled: on Linux, before it has started any thread."""
    return sys.platform == "linux" and threading.active_count() == 1


class Twin:
    """A child that waits for a first byte on its standard input, and then does its work.

    To be made before anything is opened that must not be held twice, such as a lock.
    """

    def __init__(self, work: Callable[[], int]) -> None:
        """The child raises SystemExit with what ``work`` returns, or with 0 if it is not wanted."""
        heard, told = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(told)
            os.dup2(heard, 0)
            os.close(heard)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever made it decides when it stops
            raise SystemExit(work() if os.read(0, 1) else 0)
        os.close(heard)
        self.stdin = os.fdopen(told, "wb", buffering=0)
        self._code: int | None = None
        self._lock = threading.Lock()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative for a signal; TimeoutExpired after ``timeout`` seconds."""
        # several threads may wait, so it is looked at first, and fetched by one
        until = None if timeout is None else time.monotonic() + timeout
        while self._code is None and not self._has_ended(at_once=until is not None):
            if until is not None and time.monotonic() >= until:
                raise subprocess.TimeoutExpired("the worker", timeout or 0)
            time.sleep(0.01)
        with self._lock:
            if self._code is None:
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                self.stdin.close()
            return self._code

    def _has_ended(self, *, at_once: bool) -> bool:
        options = os.WEXITED | os.WNOWAIT | (os.WNOHANG if at_once else 0)
        try:
            return os.waitid(os.P_PID, self.pid, options) is not None
        except ChildProcessError:  # another thread has fetched it meanwhile
            return True

    def kill(self) -> None:
        with self._lock:
            if self._code is None:
                os.kill(self.pid, signal.SIGKILL)
