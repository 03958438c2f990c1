"""Brings the files of a plan in: small ones one after another, larger ones side by side.

Threads make small files slower (they fight for the interpreter) and large ones faster (hashing and
writing let go of it). What becomes of each file is decided by whoever takes it in.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from strongroom.errors import (
    BadRequest,
    Fault,
    Forbidden,
    NotFound,
    StrongroomError,
    Unprocessable,
)
from strongroom.ocfl.batches import Batches
from strongroom.ocfl.content import Outcome, Tick
from strongroom.ocfl.plan import NewFile
from strongroom.storage import copying
from strongroom.storage.protocols import OpenFile
from strongroom.storage.trouble import told_as

_WORKERS = max(2, min(4, os.cpu_count() or 1))
#: files under way at once where each is a journey to a store; at most 8 MiB of each in memory
_TRAVELLERS = 24
#: seconds after which waiting for larger files is interrupted to tell of progress
_TELL = 0.25
#: what an opener may raise about one file, as opposed to what ends the whole work
_ABOUT_ONE_FILE = (NotFound, BadRequest, Unprocessable, Forbidden)


class _Stopped(Exception):
    """The work was cancelled, or has failed elsewhere."""


class Adding:
    """One run of copying; ``progress`` hears the files and bytes that are done so far.

    ``progress`` and ``cancelled`` are called in the thread that calls :meth:`run` only.
    """

    def __init__(
        self,
        take: Callable[[NewFile, OpenFile, Tick], Outcome],
        progress: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
        batches: Batches | None = None,
        *,
        remote: bool = False,
    ) -> None:
        """``take`` takes one file in; files that ``batches`` accepts go there first.

        ``remote``: files come from a store, or go to one, so that waiting is most of the work.
        """
        self._remote = remote
        self._workers = _TRAVELLERS if remote else _WORKERS
        self._take = take
        self._batches = batches
        self._progress = progress
        self._cancelled = cancelled
        self._files = self._bytes = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._waiting: dict[Future[Outcome], tuple[int, NewFile]] = {}
        #: number of a file -> what became of it
        self._outcomes: dict[int, tuple[NewFile, Outcome]] = {}

    def run(
        self, files: Iterable[NewFile], open_source: Callable[[str], OpenFile]
    ) -> tuple[dict[str, str], list[Fault]]:
        """Logical path -> digest of what was added, and the faults of all other files, in order.

        A cancelled run ends with the fault ``cancelled``.
        """
        faults: list[Fault] = []
        batches = self._batches
        with ThreadPoolExecutor(self._workers, thread_name_prefix="strongroom-copy") as pool:
            try:
                for number, file in enumerate(files):
                    self._check()
                    if batches is None or not batches.offer(number, file):
                        self._add(pool, number, file, open_source)
                    elif batches.news:
                        self._collect(batches, pool, open_source)
                if batches is not None:
                    batches.finish()
                    self._collect(batches, pool, open_source)
                while self._waiting:
                    self._await_one()
            except _Stopped:
                faults.append(Fault(code="cancelled", message="The work was cancelled."))
            finally:
                self._stop.set()
                if batches is not None:
                    batches.close()
        return self._results(faults)

    def _collect(
        self,
        batches: Batches,
        pool: ThreadPoolExecutor,
        open_source: Callable[[str], OpenFile],
    ) -> None:
        """Note what came in by batches, and take what they hand back by itself."""
        done, odd = batches.collect()
        for number, file, digest in done:
            self._outcomes[number] = (file, digest)
        self._count(sum(file.size or 0 for _, file, _ in done))
        self._files += len(done)
        self._tell()
        for number, file in odd:
            self._check()
            self._add(pool, number, file, open_source)

    def _results(self, faults: list[Fault]) -> tuple[dict[str, str], list[Fault]]:
        added: dict[str, str] = {}
        found: list[Fault] = []
        for _, (file, outcome) in sorted(self._outcomes.items()):
            if isinstance(outcome, str):
                added[file.logical] = outcome
            else:
                found += outcome
        return added, found + faults

    def _add(
        self,
        pool: ThreadPoolExecutor,
        number: int,
        file: NewFile,
        open_source: Callable[[str], OpenFile],
    ) -> None:
        if self._remote:
            self._submit(pool, number, file, lambda: self._fetch(file, open_source))
            return
        with told_as(file.source):
            try:
                source = open_source(file.source)
            except _ABOUT_ONE_FILE as error:
                self._done(number, file, _as_faults(error, file.source))
                return
        if source.entry.size <= copying.SMALL:
            self._done(number, file, self._take_in(file, source, self._tick_here))
            return
        self._submit(pool, number, file, lambda: self._take_in(file, source, self._tick_aside))

    def _submit(
        self, pool: ThreadPoolExecutor, number: int, file: NewFile, work: Callable[[], Outcome]
    ) -> None:
        while len(self._waiting) >= self._workers:
            self._await_one()
        self._waiting[pool.submit(work)] = (number, file)

    def _fetch(self, file: NewFile, open_source: Callable[[str], OpenFile]) -> Outcome:
        """Open a file and take it in, all beside the others."""
        if self._stop.is_set():
            raise _Stopped
        with told_as(file.source):
            try:
                source = open_source(file.source)
            except _ABOUT_ONE_FILE as error:
                return _as_faults(error, file.source)
        return self._take_in(file, source, self._tick_aside)

    def _take_in(self, file: NewFile, source: OpenFile, tick: Tick) -> Outcome:
        with source, told_as(file.source):
            return self._take(file, source, tick)

    def _await_one(self) -> None:
        """Wait until one of the files under way is done, telling of progress meanwhile."""
        while True:
            done, _ = wait(self._waiting, timeout=_TELL, return_when=FIRST_COMPLETED)
            for future in done:
                number, file = self._waiting.pop(future)
                self._done(number, file, future.result())
            if done:
                return
            self._check()
            self._tell()

    def _done(self, number: int, file: NewFile, outcome: Outcome) -> None:
        self._outcomes[number] = (file, outcome)
        self._files += 1
        self._tell()

    def _check(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise _Stopped

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._files, self._bytes)

    def _tick_here(self, size: int) -> None:
        self._count(size)
        self._tell()

    def _tick_aside(self, size: int) -> None:
        if self._stop.is_set():
            raise _Stopped
        self._count(size)

    def _count(self, size: int) -> None:
        with self._lock:
            self._bytes += size


def _as_faults(error: StrongroomError, source: str) -> list[Fault]:
    if isinstance(error, NotFound):
        return [
            Fault(code="missing-file", message="The file is not there (any more).", path=source)
        ]
    return list(error.faults) or [Fault(code=error.problem, message=error.message, path=source)]
