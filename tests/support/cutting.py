"""A way to a server that can be cut at a chosen moment; for what cables and switches do.

Only bytes are passed on; of their protocol it knows what a test looks for.
"""

from __future__ import annotations

import contextlib
import socket
from threading import Thread


class CuttableWay:
    """Passes connections on to a port of this machine; a context manager."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        #: what a client says for its connection to be cut; once
        self.cut_at: bytes | None = None
        #: whether that reaches the server, and only the answer does not come back
        self.passes_on = False
        #: how many connections were cut
        self.cuts = 0
        #: no new connection comes through, and with the next cut all are cut
        self.closed = False
        self._open: list[socket.socket] = []

    def __enter__(self) -> CuttableWay:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.closed:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            Thread(target=self._to_server, args=(client, server), daemon=True).start()
            Thread(target=self._to_client, args=(client, server), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := client.recv(1 << 16):
                if self.cut_at is not None and self.cut_at in said:
                    self.cut_at = None
                    self.cuts += 1
                    self._cut(client, server, said if self.passes_on else b"")
                    return
                server.sendall(said)
        _close(client, server)

    def _cut(self, client: socket.socket, server: socket.socket, said: bytes) -> None:
        if self.closed:
            _close(*(each for each in self._open if each is not server))
        _close(client)
        server.sendall(said)
        server.shutdown(socket.SHUT_WR)  # the server reads what came before, and then the end
        with contextlib.suppress(OSError):
            while server.recv(1 << 16):
                pass
        _close(server)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := server.recv(1 << 16):
                client.sendall(said)
            _close(client, server)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
