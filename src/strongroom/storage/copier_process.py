"""What the second process of :mod:`strongroom.storage.copier` does, and how the two talk.

A message is its length, its body (marshal), and open folders. Imports as little as it can, for how
soon the process is ready counts.
"""

from __future__ import annotations

import marshal
import os
import signal
import socket
from contextlib import suppress

from strongroom.storage.smallfiles import copy_known

#: bytes of the length of a message
LENGTH = 4
#: groups of files that one message can carry; the kernel lets 253 descriptors pass at once
MOST_GROUPS = 32


def serve(descriptor: int, algorithm: str) -> None:
    """What the second process does until nobody is at the other end of its socket any more."""
    # whoever interrupts the whole group of processes means the first, which ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=descriptor)
    with suppress(EOFError, ConnectionError):
        while True:
            folders: list[int] = []
            groups = marshal.loads(receive(connection, folders))  # noqa: S302 - from our own side
            answer = marshal.dumps(
                [
                    copy_known(source, target, algorithm, files)
                    for source, target, files in zip(
                        folders[::2], folders[1::2], groups, strict=True
                    )
                ]
            )
            for folder in folders:
                os.close(folder)
            connection.sendall(len(answer).to_bytes(LENGTH, "big") + answer)


def receive(connection: socket.socket, folders: list[int]) -> bytearray:
    """The next message; EOFError if there is none. Descriptors that come with it are added."""
    length = b""
    while len(length) < LENGTH:
        data, received, _, _ = socket.recv_fds(connection, LENGTH - len(length), 2 * MOST_GROUPS)
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
