"""Doing the same for many things on a few threads, with no more in flight than that.

Order is kept and the first failure ends everything, long transfers included; which failures are
collected instead, the work itself decides.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Stopped(Exception):
    """Raised inside work that goes on after another piece of it has failed."""


class Crew:
    """A few threads for one piece of work."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._stop = threading.Event()

    def each(self, work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
        """``work(item)`` for each item, in order; at most four for each thread wait at once.

        After an exception (from work, or thrown in by the consumer, such as an interrupt) waiting
        calls are dropped, running ones end at their next :meth:`counted` step, and it is raised.
        """
        pool = ThreadPoolExecutor(max_workers=self._threads, thread_name_prefix="strongroom")
        window: deque[Future[B]] = deque()
        try:
            for item in items:
                window.append(pool.submit(work, item))
                if len(window) >= self._threads * 4:
                    yield window.popleft().result()
            while window:
                yield window.popleft().result()
        except BaseException:
            self._stop.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def counted(self, seen: Callable[[int], None]) -> Callable[[int], None]:
        """``seen``, but raising :class:`Stopped` once the rest of the work has failed."""

        def step(size: int) -> None:
            if self._stop.is_set():
                raise Stopped
            seen(size)

        return step
