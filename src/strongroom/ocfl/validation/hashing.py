"""Digests of many files, as fast as this machine computes them.

Each file is read once, for all its digests together. How many at once, and how, depends on how
large they are: threads for large files, whose bytes are hashed outside of Python's lock; for small
ones, which threads only slow down, :mod:`.readers`. What the digests should be is left to
:mod:`.fidelity`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby, islice
from typing import NamedTuple

from strongroom.ocfl.validation import digests
from strongroom.ocfl.validation.readers import FILES, Group, Readers
from strongroom.ocfl.validation.reading import reason
from strongroom.ocfl.validation.small import LARGE
from strongroom.storage.protocols import Folders, Store

_BUFFER = 1 << 20


class Job(NamedTuple):
    """One file to read."""

    #: relative to the object
    path: str
    #: bytes, as listed
    size: int
    algorithms: tuple[str, ...]


#: digests by algorithm in lower-case hex, and the size under ``size``; or why it cannot be read
Result = dict[str, str] | str


def run(
    store: Store, base: str, jobs: Sequence[Job], workers: int, readers: Readers
) -> Iterator[tuple[Job, Result]]:
    """Read all the files, in any order; ``base`` is the object's path in the store."""
    large = jobs
    between: Iterator[tuple[Job, Result]] = iter(())
    if isinstance(store, Folders):
        large = [job for job in jobs if job.size >= LARGE]
        small = [job for job in jobs if job.size < LARGE]
        readers.begin(len(small), sum(job.size for job in small))
        between = _by_folders(store, store, base, small, readers)
    if workers > 1 and large and len(jobs) > 1:
        yield from _in_threads(store, base, large, between, workers)
    else:
        yield from between
        yield from _here(store, base, large)


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def _here(store: Store, base: str, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
    buffer = bytearray(min(_BUFFER, 1 + max((job.size for job in jobs), default=0)))
    for job in jobs:
        yield job, _read(store, base, job, buffer)


def _by_folders(
    store: Store, folders: Folders, base: str, jobs: Sequence[Job], readers: Readers
) -> Iterator[tuple[Job, Result]]:
    """Small files, folder by folder; what is odd about one shows when it is read by itself."""
    waiting: dict[int, list[Job]] = {}

    def groups() -> Iterator[Group]:
        for (folder, algorithms), found in groupby(jobs, key=_place):
            path = f"{base}/{folder}" if base and folder else base or folder
            start = len(folder) + 1 if folder else 0
            while some := list(islice(found, FILES)):
                group = Group(path, algorithms, [(job.path[start:], job.size) for job in some])
                waiting[id(group.files)] = some
                yield group

    buffer = bytearray(LARGE)
    for group, found in readers.read(folders, groups()):
        for job, values in zip(waiting.pop(id(group.files)), found, strict=True):
            if values is None:
                yield job, _read(store, base, job, buffer)
            else:
                result = dict(zip(group.algorithms, values, strict=True))
                result[digests.SIZE] = str(job.size)
                yield job, result


def _place(job: Job) -> tuple[str, tuple[str, ...]]:
    """The folder, and the hash functions that are to be computed."""
    names = job.algorithms
    if digests.SIZE in names:
        names = tuple(name for name in names if name != digests.SIZE)
    return job.path.rpartition("/")[0], names


def _in_threads(
    store: Store,
    base: str,
    jobs: Sequence[Job],
    between: Iterator[tuple[Job, Result]],
    workers: int,
) -> Iterator[tuple[Job, Result]]:
    """These in threads, the largest first; what is done ``between`` is done here meanwhile."""
    left = iter(sorted(jobs, key=lambda job: -job.size))
    running: deque[tuple[Job, Future[Result]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="hashing") as threads:
        try:
            while True:
                for job in islice(left, 2 * workers - len(running)):
                    running.append((job, threads.submit(_alone, store, base, job)))
                if running and running[0][1].done():
                    job, future = running.popleft()
                    yield job, future.result()
                elif (done := next(between, None)) is not None:
                    yield done
                elif running:
                    running[0][1].exception()  # waits
                else:
                    return
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _alone(store: Store, base: str, job: Job) -> Result:
    return _read(store, base, job, bytearray(_BUFFER))


def _read(store: Store, base: str, job: Job, buffer: bytearray) -> Result:
    try:
        with store.open(f"{base}/{job.path}" if base else job.path) as stream:
            return digests.of_stream(stream, job.algorithms, buffer)
    except OSError as error:
        return reason(error)
