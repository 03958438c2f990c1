"""One writer at a time for an object: threads of this process and processes of this host.

Locks are files that are never unlinked (an unlinked lock can be held twice); objects share them by
the start of a hash, so that their number stays small. Writers on several hosts are kept apart by
the compare-and-swap of the commit, and by whoever starts them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.errors import Unavailable

_FIRST_WAIT, _LONGEST_WAIT = 0.002, 0.1  # seconds between two tries


class Locks:
    """The lock files in a folder; ``patience`` is how many seconds to wait for one."""

    def __init__(self, folder: Path, *, patience: float = 60.0) -> None:
        self._folder = folder
        self._patience = patience
        self._guard = threading.Lock()
        # beside the files, for file systems on which flock does not part threads (NFS)
        self._threads: dict[str, threading.Lock] = {}

    @contextmanager
    def hold(self, key: str, *, about: str | None = None) -> Iterator[None]:
        """Hold the lock of a key; Unavailable, naming what it is ``about``, if it is not free."""
        about = about or key
        name = hashlib.sha256(key.encode()).hexdigest()[:3]
        path = self._folder / name
        deadline = time.monotonic() + self._patience
        with self._guard:
            thread_lock = self._threads.setdefault(name, threading.Lock())
        if not thread_lock.acquire(timeout=self._patience):
            raise _busy(about, path, self._patience)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                wait = _FIRST_WAIT
                while not try_lock(descriptor):
                    if time.monotonic() > deadline:
                        raise _busy(about, path, self._patience)
                    time.sleep(wait)
                    wait = min(2 * wait, _LONGEST_WAIT)
                yield
            finally:
                os.close(descriptor)
        finally:
            thread_lock.release()


def try_lock(descriptor: int) -> bool:
    """Lock an open file against all other openings of it, until it is closed; False if taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _busy(object_id: str, path: Path, patience: float) -> Unavailable:
    return Unavailable(
        f"'{object_id}' is being changed by another process; it was not free within "
        f"{patience:.0f} seconds. Try again later.",
        code="object-locked",
        operator=f"the lock is {path}; see which process has it open (fuser, lsof)",
    )
