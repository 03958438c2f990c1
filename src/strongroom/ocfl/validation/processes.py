"""Further processes of this interpreter that work for this one, for work that threads slow down.

They are started when first needed, end when this process ends, however that happens, and know
nothing but the function and the arguments they are sent.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

_K = TypeVar("_K")
_R = TypeVar("_R")

#: items that may wait for one that takes long, for each process
_WINDOW = 16
_SERVE = "import sys; sys.path[:] = {path!r}; from {module} import serve; serve()"


class _Slot(Generic[_K, _R]):
    """One item on its way: sent, done, handed out."""

    __slots__ = ("key", "results")

    def __init__(self, key: _K) -> None:
        self.key = key
        #: its one result, when it is there
        self.results: list[_R] = []


class Processes:
    """So many processes; close them when done (a context manager)."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._running: dict[Connection, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *exc: object) -> None:
        for connection in self._running:
            connection.close()
        for process in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()

    def map(
        self,
        function: Callable[..., _R],
        items: Iterable[tuple[_K, tuple[Any, ...]]],
    ) -> Iterator[tuple[_K, _R]]:
        """Each key with the function's result for its arguments, in the order of the items.

        Function, arguments and results must be picklable; what the function raises is raised here.
        Bounded: no more than some sixteen items for each process are taken before the first of
        them is handed out. A process that ends by itself is a ChildProcessError.
        """
        source = iter(items)
        waiting: deque[_Slot[_K, _R]] = deque()
        busy: dict[Connection, _Slot[_K, _R]] = {}
        window = _WINDOW * self._count
        more = True
        while more or waiting:
            while more and len(busy) < self._count and len(waiting) < window:
                try:
                    key, arguments = next(source)
                except StopIteration:
                    more = False
                    break
                slot: _Slot[_K, _R] = _Slot(key)
                waiting.append(slot)
                busy[self._send(busy, (function, arguments))] = slot
            while waiting and waiting[0].results:
                slot = waiting.popleft()
                yield slot.key, slot.results[0]
            if busy and (len(busy) == self._count or not more or len(waiting) >= window):
                ready = wait(busy)
                for connection in [one for one in busy if one in ready]:
                    slot = busy.pop(connection)
                    slot.results.append(self._receive(connection))

    def _send(self, busy: dict[Connection, Any], work: tuple[Any, ...]) -> Connection:
        """Give work to a process that has none, and so is reading."""
        connection = self._idle(busy)
        try:
            connection.send(work)
        except ConnectionError as error:
            raise self._lost(connection) from error
        return connection

    def _idle(self, busy: dict[Connection, Any]) -> Connection:
        """A process that waits for work; started if there is none yet."""
        for connection in self._running:
            if connection not in busy:
                return connection
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", _SERVE.format(path=sys.path, module=__name__)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
            )
        connection = Connection(ours.detach())
        self._running[connection] = process
        return connection

    def _receive(self, connection: Connection) -> Any:
        try:
            result, error = connection.recv()
        except (EOFError, ConnectionError) as lost:
            raise self._lost(connection) from lost
        if error is not None:
            raise error
        return result

    def _lost(self, connection: Connection) -> ChildProcessError:
        process = self._running[connection]
        process.kill()
        return ChildProcessError(
            f"a process that helped to validate has ended by itself (status {process.wait()}); "
            "if memory is short, validate with one worker"
        )


def serve() -> None:
    """What such a process does: calls what it is sent, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(0)
    with suppress(EOFError, ConnectionError):
        while True:
            function, arguments = connection.recv()
            answer: tuple[Any, Exception | None]
            try:
                answer = function(*arguments), None
            except Exception as error:  # noqa: BLE001 - raised again where the work came from
                answer = None, error
            connection.send(answer)
