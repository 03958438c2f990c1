"""Folders and small files of an object or root, read so that trouble becomes a problem.

A file that cannot be read is never taken for a good one. What has nothing to do with the file,
such as too many open files or no memory, is raised: it is this process's own trouble.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from strongroom.ocfl.validation import digests
from strongroom.ocfl.validation.reporting import Problems
from strongroom.storage.protocols import Child, NotAFile, Store

#: trouble of this process or machine, not of the file
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


@dataclass(frozen=True, slots=True)
class Ground:
    """The folder that is judged, and where its problems go; paths are relative to it."""

    store: Store
    path: str
    problems: Problems

    def at(self, place: str) -> str:
        """The path in the store."""
        return f"{self.path}/{place}" if self.path and place else self.path or place

    def children(self, place: str) -> list[Child] | None:
        """What lies directly in a folder; None, and a problem, where it cannot be listed."""
        try:
            return self.store.children(self.at(place))
        except OSError as error:
            self.problems.add(
                "unreadable", place, f"This folder cannot be listed: {reason(error)}."
            )
            return None

    def read(self, place: str) -> bytes | None:
        """A file whole; None, and a problem, where it cannot be read."""
        try:
            return self.store.read(self.at(place))
        except OSError as error:
            self.unreadable(place, reason(error))
            return None

    def start(self, place: str, size: int) -> bytes | None:
        """The first bytes of a file that should be small; None, and a problem, if unreadable."""
        try:
            with self.store.open(self.at(place)) as stream:
                return digests.start(stream, size)
        except OSError as error:
            self.unreadable(place, reason(error))
            return None

    def digest(self, place: str, algorithm: str) -> str | None:
        """The digest of a file, in lower-case hex; None, and a problem, if unreadable."""
        try:
            with self.store.open(self.at(place)) as stream:
                return digests.of_stream(stream, (algorithm,), bytearray(1 << 18))[algorithm]
        except OSError as error:
            self.unreadable(place, reason(error))
            return None

    def unreadable(self, place: str, why: str) -> None:
        self.problems.add("unreadable", place, f"This file cannot be read: {why}.")


def reason(error: OSError) -> str:
    """Why something cannot be read, for people; raises what is this process's own trouble."""
    if error.errno in _OURS:
        raise error
    if isinstance(error, NotAFile):
        return f"it is {error.found}"
    return error.strerror or type(error).__name__
