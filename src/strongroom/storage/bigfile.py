"""A large file written by a thread of its own, past the page cache where that is possible.

The caller fills page-aligned buffers and hashes them while the thread writes (O_DIRECT, with a
fallback to ordinary writes); at most three buffers are in flight, so memory stays bounded. The file
is synced when it is finished.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import queue
import threading
from typing import Self

from strongroom.storage import durable

_BUFFER = 4 << 20
_BUFFERS = 3
_ALIGNMENT = 4096
_DIRECT = getattr(os, "O_DIRECT", 0)


class LargeFile:
    """A new file at ``path``, thought to become ``size`` bytes long.

    Used as a context: leaving it without :meth:`finish` stops the thread; the file stays for the
    caller to remove.
    """

    def __init__(self, path: str, size: int) -> None:
        self._descriptor, self._direct = _create(path)
        self._written = 0
        self._failure: BaseException | None = None
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        for _ in range(_BUFFERS):
            self._free.put(memoryview(mmap.mmap(-1, _BUFFER)))
        self._size = size
        self._thread = threading.Thread(target=self._run, name="strongroom-write", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop()
        os.close(self._descriptor)

    def buffer(self) -> memoryview:
        """An empty buffer to fill; raises what went wrong with writing."""
        buffer = self._free.get()
        self._check()
        return buffer

    def submit(self, data: memoryview) -> None:
        """Have the start of the last buffer written; only the last data of all may be shorter."""
        self._full.put(data)

    def finish(self) -> None:
        """Wait for the writing, and bring the file onto the disk."""
        self._stop()
        self._check()
        if self._written != self._size:
            durable.truncate(self._descriptor, self._written)
        durable.sync_file(self._descriptor)

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._full.put(None)
            self._thread.join()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            durable.reserve(self._descriptor, self._size)
            while (data := self._full.get()) is not None:
                self._write(data)
                self._free.put(data if len(data) == _BUFFER else memoryview(b""))
        except BaseException as failure:  # noqa: BLE001 - raised again by the caller
            self._failure = failure
            # whoever waits for a buffer shall wake up and see the failure
            self._free.put(memoryview(b""))

    def _write(self, data: memoryview) -> None:
        if self._direct:
            aligned = len(data) - len(data) % _ALIGNMENT
            try:
                durable.write_at(self._descriptor, data[:aligned], self._written)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                # some file systems take the flag and then refuse the write
                aligned = 0
            self._written += aligned
            data = data[aligned:]
            if len(data) > 0:
                self._clear_direct()
        durable.write_at(self._descriptor, data, self._written)
        self._written += len(data)

    def _clear_direct(self) -> None:
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags & ~_DIRECT)
        self._direct = False


def _create(path: str) -> tuple[int, bool]:
    """A descriptor for a new file, and whether it writes past the page cache."""
    if _DIRECT:
        try:
            return durable.create(path, extra=_DIRECT), True
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # open(2): the file may have been made all the same
            if os.path.lexists(path):
                durable.unlink(path)
    return durable.create(path), False
