"""A second process that copies small files for this one, since threads would only take turns.

It is given open folders over a socket and knows no paths, so it can touch nothing else. It ends
when this process ends, however that happens; what it had been given is then not done.
"""

from __future__ import annotations

import logging
import marshal
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from strongroom.storage.copier_process import LENGTH, receive
from strongroom.storage.smallfiles import Known

log = logging.getLogger(__name__)

# alone with the standard library it is ready in a tenth of the time that this program takes
_SERVE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from strongroom.storage.copier_process import serve; serve(int(sys.argv[2]), sys.argv[3])"
)


class Group(NamedTuple):
    """Files that go from one open folder to another."""

    source: int
    target: int
    files: Sequence[Known]


class Copier:
    """The second process; close it when done (a context manager)."""

    def __init__(self, algorithm: str, keep: Sequence[int]) -> None:
        """Start it. It keeps the descriptors ``keep`` open as long as it lives, so that a lock on
        one of them is not free while it still writes. OSError where it cannot be started."""
        ours, theirs = socket.socketpair()
        #: messages that were sent and not yet answered
        self.waiting = 0
        self._socket = ours
        package = Path(__file__).parents[2]
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-S", "-c", _SERVE, str(package)),
                        *(str(theirs.fileno()), algorithm),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(), *keep),
                )
        except BaseException:
            ours.close()
            raise

    def __enter__(self) -> Copier:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def send(self, groups: Sequence[Group]) -> None:
        """Give it files to copy, of so many groups at most (MOST_GROUPS); OSError if it is gone.

        The descriptors may be closed afterwards.
        """
        body = marshal.dumps([[tuple(file) for file in group.files] for group in groups])
        message = len(body).to_bytes(LENGTH, "big") + body
        folders = [folder for group in groups for folder in (group.source, group.target)]
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

    def answer(self) -> list[list[int]]:
        """Wait for the next answer, in the order of what was sent: for each group the places of
        the files that were left out. OSError if the process is gone."""
        left_out: list[list[int]] = marshal.loads(receive(self._socket, []))  # noqa: S302 - ours
        self.waiting -= 1
        return left_out

    def close(self) -> None:
        """End it, at once; whatever was not answered may be done, not done, or half done."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def start(algorithm: str, keep: Sequence[int]) -> Copier | None:
    """A second process; None, and a word in the log, where none can be had."""
    if not sys.executable:
        return None
    try:
        return Copier(algorithm, keep)
    except OSError as error:
        log.warning("Small files are copied by one process, for no second can be had: %s", error)
        return None


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
