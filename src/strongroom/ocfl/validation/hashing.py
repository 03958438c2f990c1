"""Digests of many files, as fast as this machine computes them.

Each file is read once, for all its digests together. How many at once, and how, depends on how
many there are and how large: threads for large files, whose bytes are hashed outside of Python's
lock; further processes for many small ones, which threads only slow down. What the digests should
be is left to :mod:`.fidelity`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from strongroom.ocfl.validation import digests
from strongroom.ocfl.validation.processes import Processes
from strongroom.ocfl.validation.reading import reason
from strongroom.storage.protocols import Store

#: bytes; from here on a thread is worth its switches
LARGE = 64 << 10
#: seconds of work with small files from which on further processes are worth their start
WORTH_PROCESSES = 0.4
#: seconds to open one, and to hash one byte, of usual machines: only to guess how much work it is
_OPENING, _HASHING = 10e-6, 1.5e-9
#: a batch for another process: so many files, or so many bytes
_BATCH_FILES, _BATCH_BYTES = 500, 32 << 20
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


def run(store: Store, base: str, jobs: list[Job], workers: int) -> Iterator[tuple[Job, Result]]:
    """Read all the files, in any order; ``base`` is the object's path in the store."""
    small = [job.size for job in jobs if job.size < LARGE]
    seconds = len(small) * _OPENING + sum(small) * _HASHING
    if workers > 1 and seconds >= WORTH_PROCESSES:
        yield from _in_processes(store, base, jobs, workers)
    elif workers > 1 and len(jobs) > 1:
        yield from _in_threads(store, base, jobs, workers)
    else:
        yield from _here(store, base, jobs)


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def _here(store: Store, base: str, jobs: list[Job]) -> Iterator[tuple[Job, Result]]:
    buffer = bytearray(min(_BUFFER, 1 + max((job.size for job in jobs), default=0)))
    for job in jobs:
        yield job, _read(store, base, job, buffer)


def _in_threads(
    store: Store, base: str, jobs: list[Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    """Large files in threads, the largest first, and small ones here meanwhile."""
    large = (job for job in jobs if job.size >= LARGE)
    left = iter(sorted(large, key=lambda job: -job.size))
    between = _here(store, base, [job for job in jobs if job.size < LARGE])
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


def _in_processes(
    store: Store, base: str, jobs: list[Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    batches = ((batch, (store, base, batch)) for batch in _batches(jobs))
    with Processes(workers) as processes:
        for batch, results in processes.map(read_all, batches):
            yield from zip(batch, results, strict=True)


def read_all(store: Store, base: str, jobs: list[Job]) -> list[Result]:
    """The results of some jobs; what another process is asked for."""
    return [result for _, result in _here(store, base, jobs)]


def _batches(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    batch: list[Job] = []
    size = 0
    for job in jobs:
        if batch and (len(batch) >= _BATCH_FILES or size + job.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(job)
        size += job.size
    if batch:
        yield batch


def _alone(store: Store, base: str, job: Job) -> Result:
    return _read(store, base, job, bytearray(_BUFFER))


def _read(store: Store, base: str, job: Job, buffer: bytearray) -> Result:
    try:
        with store.open(f"{base}/{job.path}" if base else job.path) as stream:
            return digests.of_stream(stream, job.algorithms, buffer)
    except OSError as error:
        return reason(error)
