"""Bytes from a stream, read once: hashed on the way, and written if they are many.

A small file comes back in memory, so that the caller can look at its digest before anything is
written; a large one is hashed beside a thread that writes (:mod:`strongroom.storage.bigfile`).
Nothing here compares digests or syncs small files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from strongroom.storage import bigfile, durable

#: bytes up to which a file is held in memory as a whole
SMALL = 1 << 20
#: bytes from which a writing thread is worth its trouble
LARGE = 16 << 20
_CHUNK = 1 << 20


class Hasher(Protocol):
    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


class SourceFailed(Exception):
    """Reading the source failed; the cause is the OSError."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What came out of a stream."""

    #: bytes
    size: int
    #: all of it, if it was small; None if it was written (or only hashed)
    data: bytes | None


def absorb(
    stream: BinaryIO,
    hint: int,
    hashers: Sequence[Hasher],
    target: Callable[[], str] | None,
    tick: Callable[[int], None] | None = None,
) -> Absorbed:
    """Read a stream to its end, feeding the hashers.

    ``hint`` is how many bytes it is thought to have. More than :data:`SMALL` bytes go to the new
    file that ``target()`` names (nowhere if ``target`` is None); on failure the caller removes it.
    ``tick`` hears of every further number of bytes. Raises SourceFailed if reading fails; OSErrors
    of the writing as they are.
    """
    first = b""
    if hint <= SMALL:
        first = _read_small(stream, hint)
        if len(first) <= SMALL:
            for hasher in hashers:
                hasher.update(first)
            if tick is not None:
                tick(len(first))
            return Absorbed(len(first), first)
    if target is None:
        return Absorbed(_pump(stream, first, hashers, None, tick), None)
    if hint >= LARGE:
        return Absorbed(_pump_large(stream, target(), hint, hashers, tick), None)
    descriptor = durable.create(target())
    try:
        return Absorbed(_pump(stream, first, hashers, descriptor, tick), None)
    finally:
        os.close(descriptor)


def _read_small(stream: BinaryIO, hint: int) -> bytes:
    """All of a small stream; more than :data:`SMALL` bytes, not all, if it is no small one."""
    try:
        data = stream.read(hint + 1)
        while len(data) <= SMALL:
            more = stream.read(1 << 16)
            if not more:
                break
            data += more
    except OSError as error:
        raise SourceFailed(error) from error
    return data


def _pump(
    stream: BinaryIO,
    first: bytes,
    hashers: Sequence[Hasher],
    descriptor: int | None,
    tick: Callable[[int], None] | None,
) -> int:
    total = 0
    buffer = memoryview(bytearray(_CHUNK))
    data = memoryview(first)
    while True:
        if len(data) > 0:
            for hasher in hashers:
                hasher.update(data)
            if descriptor is not None:
                durable.write(descriptor, data)
            total += len(data)
            if tick is not None:
                tick(len(data))
        size = fill(stream, buffer)
        if size == 0:
            return total
        data = buffer[:size]


def _pump_large(
    stream: BinaryIO,
    path: str,
    hint: int,
    hashers: Sequence[Hasher],
    tick: Callable[[int], None] | None,
) -> int:
    total = 0
    with bigfile.LargeFile(path, hint) as target:
        while True:
            buffer = target.buffer()
            size = fill(stream, buffer)
            data = buffer[:size]
            # written while it is hashed; nobody fills this buffer again before both are done
            target.submit(data)
            for hasher in hashers:
                hasher.update(data)
            total += size
            if tick is not None:
                tick(size)
            if size < len(buffer):
                target.finish()
                return total


def fill(stream: BinaryIO, buffer: memoryview) -> int:
    """Fill a buffer from a stream; the bytes it got, fewer than its size only at the end."""
    read_into: Callable[[memoryview], int | None] | None = getattr(stream, "readinto", None)
    done = 0
    try:
        while done < len(buffer):
            if read_into is not None:
                got = read_into(buffer[done:]) or 0
            else:
                data = stream.read(len(buffer) - done)
                got = len(data)
                buffer[done : done + got] = data
            if got == 0:
                break
            done += got
    except OSError as error:
        raise SourceFailed(error) from error
    return done
