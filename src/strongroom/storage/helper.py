"""A lean second process that reads or writes small files for this one: threads only take turns.

It is given open folders over a socket and knows no paths, so it can touch nothing else. It ends
when this process ends, however that happens; what it had been given is then not done.
"""

from __future__ import annotations

import marshal
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from strongroom.storage.helper_process import LENGTH, receive

# alone with the standard library it is ready in a tenth of the time that this program takes
_SERVE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from {module} import serve; serve(int(sys.argv[2]), *sys.argv[3:])"
)


class Helper:
    """The second process; close it when done (a context manager)."""

    def __init__(
        self, module: str, arguments: Sequence[str] = (), keep: Sequence[int] = ()
    ) -> None:
        """Start it with the function ``serve`` of a module that needs the standard library alone.

        It keeps the descriptors ``keep`` open as long as it lives, so that a lock on one of them is
        not free while it still writes. OSError where it cannot be started.
        """
        ours, theirs = socket.socketpair()
        #: messages that were sent and not yet answered
        self.waiting = 0
        self._socket = ours
        package = Path(__file__).parents[2]
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-S", "-c", _SERVE.format(module=module)),
                        *(str(package), str(theirs.fileno()), *arguments),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(), *keep),
                )
        except BaseException:
            ours.close()
            raise

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def post(self, body: Any, folders: Sequence[int]) -> None:
        """Send a message (what marshal can write) with open folders (MOST_FOLDERS at most).

        The descriptors may be closed afterwards. OSError if the process is gone.
        """
        data = marshal.dumps(body)
        message = len(data).to_bytes(LENGTH, "big") + data
        sent = socket.send_fds(self._socket, [message], folders)
        self._socket.sendall(message[sent:])
        self.waiting += 1

    def ready(self) -> bool:
        """Whether the next answer is there (or will never come)."""
        try:
            self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return True

    def next(self) -> Any:
        """Wait for the next answer, in the order of what was sent; OSError or EOFError if the
        process is gone."""
        body = marshal.loads(receive(self._socket, []))  # noqa: S302 - from our own side
        self.waiting -= 1
        return body

    def close(self) -> None:
        """End it, at once; whatever was not answered may be done, not done, or half done."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
