"""A small HTTP server on a real socket that goes wrong as it is told: it drops, it says 503.

What it answers when all goes well is for the tests to say.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    #: with the query
    path: str
    #: by lower-case name
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer; of its body only ``cut`` bytes are sent, then the connection is dropped."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


#: the connection is closed without an answer, after the request was read
DROP = "drop"
#: the connection is reset while the request is still coming
RESET = "reset"

Step = Said | str


class Flaky:
    """Answers with ``steps``, one for each request, and then with what ``answer`` says."""

    def __init__(self, answer: Callable[[Asked], Said], tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self._tls = tls
        self.steps: list[Step] = []
        self.asked: list[Asked] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def serve(self) -> None:
        """Until :meth:`stop`."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._talk, args=(connection,))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        # closing alone does not wake who waits in accept
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError), connection:
            if self._tls is None:
                self._converse(connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    self._converse(wrapped)

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while (line := stream.readline()) not in (b"", b"\r\n"):
                method, path, _ = line.decode().split(" ", 2)
                headers = {}
                while (line := stream.readline().strip()) != b"":
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                with self._lock:
                    step = self.steps.pop(0) if self.steps else None
                if step == RESET:
                    stream.read(1)
                    self._keep(Asked(method=method, path=path, headers=headers, body=b""))
                    return
                body = stream.read(int(headers.get("content-length", "0")))
                asked = Asked(method=method, path=path, headers=headers, body=body)
                self._keep(asked)
                said = step if isinstance(step, Said) else self.answer(asked)
                if step == DROP or not self._say(connection, said, asked):
                    return

    def _keep(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)

    def _say(self, connection: socket.socket, said: Said, asked: Asked) -> bool:
        """Whether the connection goes on."""
        headers = {"Content-Length": str(len(said.body)), **said.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"HTTP/1.1 {said.status} So\r\n{head}\r\n".encode("latin-1"))
        if asked.method != "HEAD":
            connection.sendall(said.body if said.cut is None else said.body[: said.cut])
        return said.cut is None


@contextmanager
def flaky(answer: Callable[[Asked], Said], *, tls: ssl.SSLContext | None = None) -> Iterator[Flaky]:
    """A server that runs while the block does."""
    server = Flaky(answer, tls)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
