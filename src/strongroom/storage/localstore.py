"""A folder of this machine as a store: the files of an archive, found and read by their paths.

What is found is told as it is, links and devices included; none of them is followed or waited for.
What changes a store is left to :mod:`strongroom.storage.durable`.
"""

from __future__ import annotations

import errno
import io
import operator
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
_FILE = ChildKind.FILE
_OTHERS = {stat.S_IFDIR: ChildKind.FOLDER, stat.S_IFLNK: ChildKind.LINK}
_NAME = operator.itemgetter(0)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalStore:
    """A :class:`~strongroom.storage.protocols.Store` in the folder ``top``, whose folders can be
    opened (:class:`~strongroom.storage.protocols.Folders`)."""

    top: Path

    @property
    def uri(self) -> str:
        return self.top.as_uri().rstrip("/") + "/"

    @property
    def made_in_place(self) -> bool:
        return False

    def children(self, folder: str) -> list[Child]:
        descriptor = self.folder(folder)
        try:
            # by descriptor: the way to the folder is gone once, not again for every name in it
            with os.scandir(descriptor) as entries:
                return sorted(map(_child, entries), key=_NAME)
        finally:
            os.close(descriptor)

    def folder(self, path: str) -> int:
        return os.open(self.place(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

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
        return f"{self.top}/{path}" if path else str(self.top)

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
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFREG:
        return Child(entry.name, _FILE, status.st_size, status.st_nlink)
    return Child(entry.name, _OTHERS.get(kind, ChildKind.SPECIAL))
