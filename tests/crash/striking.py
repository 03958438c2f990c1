"""Kills a server, its worker or both by SIGKILL, at a moment or in a phase of an import.

The processes are real ones and know nothing of it. What a kill has hit is told by
:mod:`crash.phases`, while the worker's lock is held here so that no new worker tidies up before.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from crash.phases import Look, Phase, Sought
from support.server import Server

#: seconds between two looks, of which each takes about as long
_PAUSE = 0.0002
#: seconds in which a worker that was killed cannot yet have been replaced: the server waits for
#: 0.2 s before it starts another, and Python takes longer than this to start
_ALONE = 0.4


class Victim(StrEnum):
    WORKER = "worker"
    BOTH = "both"
    SERVER = "server"


def strike(server: Server, victim: Victim, worker: int) -> None:
    assert server.process is not None
    if victim is Victim.WORKER:
        os.kill(worker, signal.SIGKILL)
    elif victim is Victim.BOTH:
        server.kill()
    else:
        server.kill_only_the_server()


@contextmanager
def nobody_at_work(data: Path) -> Iterator[bool]:
    """Hold the worker's lock; False if a new worker may have had it before.

    It is free when the last thread of the killed one is gone, and with it all that it could do.
    """
    handle = os.open(data / "worker.lock", os.O_RDWR | os.O_CLOEXEC)
    try:
        begun = time.monotonic()
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                assert time.monotonic() - begun < 30, "the worker is not dead"
                time.sleep(_PAUSE)
        yield time.monotonic() - begun < _ALONE
    finally:
        os.close(handle)


class Pace:
    """How long (seconds) each phase takes, as imports that nobody killed have shown."""

    def __init__(self) -> None:
        self._took: dict[tuple[bool, Phase], float] = {}
        self._whole: dict[bool, float] = {}

    def measure(self, look: Look, sought: Sought) -> None:
        """Watch an import from the moment it is posted to its end."""
        first = sought.version == 1
        begun = last = time.perf_counter()
        phase = Phase.POSTING
        while phase is not Phase.ENDED:
            found = look.phase(sought)
            if found is not phase:
                now = time.perf_counter()
                self._took[first, phase] = now - last
                phase, last = found, now
            assert last - begun < 60, f"the import stays in {phase.label}"
            time.sleep(_PAUSE)
        self._whole[first] = last - begun

    def of(self, sought: Sought, phase: Phase) -> float:
        return self._took.get((sought.version == 1, phase), 0.002)

    def whole(self, sought: Sought) -> float:
        return self._whole[sought.version == 1]

    def after_posting(self, sought: Sought) -> float:
        """From when the job is kept to its end."""
        return self.whole(sought) - self.of(sought, Phase.POSTING)

    def was_late(self, sought: Sought, phase: Phase) -> None:
        """A kill that was aimed at the phase came after it: it is shorter than was thought."""
        self._took[sought.version == 1, phase] = 0.6 * self.of(sought, phase)


def wait_for_phase(look: Look, sought: Sought, phase: Phase, posted: Future[Any]) -> None:
    """Come back as soon as the import is in the phase, or beyond."""
    deadline = time.monotonic() + 60
    while look.phase(sought) < phase:
        if posted.done():
            posted.result()  # raises what went wrong, if the job was refused
        assert time.monotonic() < deadline, f"the import never comes to {phase.label}"
        time.sleep(_PAUSE)
