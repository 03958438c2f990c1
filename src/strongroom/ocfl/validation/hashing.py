"""Digests of many files, as fast as this machine computes them.

Each file is read once, for all its digests together. How many at once, and how, depends on how
large they are: threads for large files, whose bytes are hashed outside of Python's lock; for small
ones, which threads only slow down, :mod:`.readers`. What the digests should be is left to
:mod:`.fidelity`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple, cast

from strongroom.ocfl.validation import digests
from strongroom.ocfl.validation.readers import FILES, Group, Readers
from strongroom.ocfl.validation.reading import reason
from strongroom.ocfl.validation.small import LARGE
from strongroom.storage.protocols import Folders, Store

_BUFFER = 1 << 20


class Files(NamedTuple):
    """Files of one folder of which the same digests are wanted."""

    #: relative to the object, as the paths are
    folder: str
    #: hash functions
    algorithms: tuple[str, ...]
    paths: list[str]
    #: bytes of each, as listed
    sizes: list[int]


class Job(NamedTuple):
    """One file to read."""

    #: relative to the object
    path: str
    #: bytes, as listed
    size: int
    algorithms: tuple[str, ...]


#: digests by algorithm in lower-case hex, and the size under ``size``; or why it cannot be read
Result = dict[str, str] | str
#: for each algorithm the digests of all files, which have the sizes that were listed
Columns = list[list[str]]
#: files that were read together, one or more, or one that was read by itself
Read = tuple[Files, Columns] | tuple[Job, Result]


def run(
    store: Store, base: str, works: Iterable[Files], workers: int, readers: Readers
) -> Iterator[Read]:
    """Read all the files, in any order; ``base`` is the object's path in the store."""
    large: list[Job] = []
    small: list[Files] = []
    folders = store if isinstance(store, Folders) else None
    for files in works:
        if folders is None or not files.algorithms:
            large += _each(files)
        elif max(files.sizes, default=0) < LARGE:
            small.append(files)
        else:
            large += [job for job in _each(files) if job.size >= LARGE]
            if min(files.sizes) < LARGE:
                small.append(_smaller(files))
    between: Iterator[Read] = iter(())
    count = sum(len(files.paths) for files in small)
    if folders is not None:
        readers.begin(count, sum(sum(files.sizes) for files in small))
        between = _by_folders(store, folders, base, small, readers)
    if workers > 1 and large and count + len(large) > 1:
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


def _here(store: Store, base: str, jobs: Sequence[Job]) -> Iterator[Read]:
    buffer = bytearray(min(_BUFFER, 1 + max((job.size for job in jobs), default=0)))
    for job in jobs:
        yield job, _read(store, base, job, buffer)


def _by_folders(
    store: Store, folders: Folders, base: str, works: Iterable[Files], readers: Readers
) -> Iterator[Read]:
    """Small files, folder by folder; what is odd about one shows when it is read by itself."""
    waiting: dict[int, Files] = {}

    def groups() -> Iterator[Group]:
        for files in works:
            folder = f"{base}/{files.folder}" if base and files.folder else base or files.folder
            start = len(files.folder) + 1 if files.folder else 0
            for first in range(0, len(files.paths), FILES):
                part = Files(
                    files.folder,
                    files.algorithms,
                    files.paths[first : first + FILES],
                    files.sizes[first : first + FILES],
                )
                names = [path[start:] for path in part.paths]
                waiting[id(names)] = part
                yield Group(folder, part.algorithms, names, part.sizes)

    buffer = bytearray(LARGE)
    for group, found in readers.read(folders, groups()):
        part = waiting.pop(id(group.names))
        if None not in found[0]:
            yield part, cast(Columns, found)
            continue
        good = [place for place, value in enumerate(found[0]) if value is not None]
        for place, job in enumerate(_each(part)):
            if found[0][place] is None:
                yield job, _read(store, base, job, buffer)
        if good:
            values = [[cast(str, column[place]) for place in good] for column in found]
            yield _some(part, good), values


def _each(files: Files) -> list[Job]:
    return [
        Job(path, size, files.algorithms)
        for path, size in zip(files.paths, files.sizes, strict=True)
    ]


def _smaller(files: Files) -> Files:
    """Those that are not large."""
    return _some(files, [place for place, size in enumerate(files.sizes) if size < LARGE])


def _some(files: Files, places: Iterable[int]) -> Files:
    kept = list(places)
    return files._replace(
        paths=[files.paths[place] for place in kept], sizes=[files.sizes[place] for place in kept]
    )


def _in_threads(
    store: Store,
    base: str,
    jobs: Sequence[Job],
    between: Iterator[Read],
    workers: int,
) -> Iterator[Read]:
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
