"""A folder of this machine as a store: the files of an archive, found and read by their paths.

What is found is told as it is, links and devices included; none of them is followed or waited for.
What changes a store is left to :mod:`strongroom.storage.durable`.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from strongroom.storage.protocols import Child, ChildKind, NotAFile

#: how every file of an archive is opened; O_NONBLOCK: a pipe must not wait for its writer
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY

#: refusals to open what is no regular file -> what it is
_ODD = {errno.ELOOP: "a symbolic link", errno.ENXIO: "a socket or a device"}
_KINDS = {
    stat.S_IFREG: "a regular file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalStore:
    """A :class:`~strongroom.storage.protocols.Store` in the folder ``folder``."""

    folder: Path

    @property
    def uri(self) -> str:
        return self.folder.as_uri().rstrip("/") + "/"

    @property
    def made_in_place(self) -> bool:
        return False

    def children(self, folder: str) -> list[Child]:
        with os.scandir(self.place(folder)) as entries:
            return sorted(map(_child, entries), key=lambda child: child.name)

    def open(self, path: str) -> BinaryIO:
        return io.FileIO(self._open(path), "rb")

    def read(self, path: str) -> bytes:
        descriptor = self._open(path)
        try:
            size = os.fstat(descriptor).st_size
            return b"".join(iter(lambda: os.read(descriptor, max(_CHUNK, size + 1)), b""))
        finally:
            os.close(descriptor)

    def place(self, path: str) -> str:
        return f"{self.folder}/{path}" if path else str(self.folder)

    def _open(self, path: str) -> int:
        try:
            descriptor = os.open(self.place(path), READ)
        except OSError as error:
            if error.errno in _ODD:
                raise NotAFile(path, _ODD[error.errno]) from error
            raise
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise NotAFile(path, _KINDS.get(stat.S_IFMT(mode), "a device"))
        return descriptor


def _child(entry: os.DirEntry[str]) -> Child:
    status = entry.stat(follow_symlinks=False)
    if stat.S_ISREG(status.st_mode):
        return Child(entry.name, ChildKind.FILE, status.st_size, status.st_nlink)
    if stat.S_ISDIR(status.st_mode):
        return Child(entry.name, ChildKind.FOLDER)
    if stat.S_ISLNK(status.st_mode):
        return Child(entry.name, ChildKind.LINK)
    return Child(entry.name, ChildKind.SPECIAL)
