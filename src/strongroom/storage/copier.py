"""A second process that copies small files for this one, since threads would only take turns."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import NamedTuple

from strongroom.storage.helper import Helper, cores
from strongroom.storage.helper_process import MOST_FOLDERS

__all__ = ["MOST_GROUPS", "Copier", "Group", "Known", "cores", "start"]

log = logging.getLogger(__name__)

#: groups of files that one message can carry
MOST_GROUPS = MOST_FOLDERS // 2


class Known(NamedTuple):
    """A file whose bytes are known before they are read. Names are single components."""

    source: bytes
    #: the new file; empty if the bytes are to be proved only, for they are stored already
    target: bytes
    size: int
    #: lower-case hex
    digest: str


class Group(NamedTuple):
    """Files that go from one open folder to another."""

    source: int
    target: int
    files: Sequence[Known]


class Copier(Helper):
    """The second process; close it when done (a context manager)."""

    def __init__(self, algorithm: str, keep: Sequence[int]) -> None:
        """Start it. It keeps the descriptors ``keep`` open as long as it lives, so that a lock on
        one of them is not free while it still writes. OSError where it cannot be started."""
        super().__init__("strongroom.storage.copier_process", (algorithm,), keep)

    def send(self, groups: Sequence[Group]) -> None:
        """Give it files to copy, of so many groups at most (MOST_GROUPS); OSError if it is gone.

        The descriptors may be closed afterwards.
        """
        self.post(
            [[tuple(file) for file in group.files] for group in groups],
            [folder for group in groups for folder in (group.source, group.target)],
        )

    def answer(self) -> list[list[int]]:
        """Wait for the next answer, in the order of what was sent: for each group the places of
        the files that were left out. OSError if the process is gone."""
        left_out: list[list[int]] = self.next()
        return left_out


def start(algorithm: str, keep: Sequence[int]) -> Copier | None:
    """A second process; None, and a word in the log, where none can be had."""
    if not sys.executable:
        return None
    try:
        return Copier(algorithm, keep)
    except OSError as error:
        log.warning("Small files are copied by one process, for no second can be had: %s", error)
        return None
