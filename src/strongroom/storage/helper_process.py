"""What a helper (:mod:`strongroom.storage.helper`) does, and how it and its owner talk.

A message is its length, its body (marshal), and open folders. Imports as little as it can, for how
soon the process is ready counts.
"""

from __future__ import annotations

import marshal
import os
import signal
import socket
from contextlib import suppress

# not from typing, whose import alone would take a third of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

#: bytes of the length of a message
LENGTH = 4
#: open folders that one message can carry; the kernel lets 253 descriptors pass at once
MOST_FOLDERS = 64


def serve(descriptor: int, work: Callable[[Any, Sequence[int]], Any]) -> None:
    """Answer each message with what ``work`` makes of its body and its open folders.

    Until nobody is at the other end of the socket any more.
    """
    # whoever interrupts the whole group of processes means the first, which ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=descriptor)
    with suppress(EOFError, ConnectionError):
        while True:
            folders: list[int] = []
            body = marshal.loads(receive(connection, folders))  # noqa: S302 - from our own side
            answer = marshal.dumps(work(body, folders))
            for folder in folders:
                os.close(folder)
            connection.sendall(len(answer).to_bytes(LENGTH, "big") + answer)


def receive(connection: socket.socket, folders: list[int]) -> bytearray:
    """The next message; EOFError if there is none. Descriptors that come with it are added."""
    length = b""
    while len(length) < LENGTH:
        data, received, _, _ = socket.recv_fds(connection, LENGTH - len(length), MOST_FOLDERS)
        folders += received
        if not data:
            raise EOFError("the other process has ended")
        length += data
    size = int.from_bytes(length, "big")
    body = bytearray()
    while len(body) < size:
        data = connection.recv(min(1 << 16, size - len(body)))
        if not data:
            raise EOFError("the other process has ended")
        body += data
    return body
