"""One regular file of a local folder, open for reading, and how files look in listings."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import BinaryIO, Self, cast

from strongroom.errors import BadRequest, Fault, NotFound
from strongroom.storage.protocols import FileEntry
from strongroom.storage.smallfiles import READ
from strongroom.storage.tree import Tree, split, symbolic_link
from strongroom.storage.trouble import translated


def entry_of(path: str, status: os.stat_result) -> FileEntry:
    """A file as a listing sees it."""
    return FileEntry(
        path=path,
        size=status.st_size,
        signature=f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}",
        changed_ns=max(status.st_mtime_ns, status.st_ctime_ns),
    )


class LocalFile:
    """A file open for reading; implements :class:`~strongroom.storage.protocols.OpenFile`."""

    def __init__(self, entry: FileEntry, descriptor: int) -> None:
        self.entry = entry
        self.stream = cast(BinaryIO, io.FileIO(descriptor, "rb"))
        self._descriptor = descriptor

    def unchanged(self) -> bool:
        """Whether size, times and inode of the open file are what they were."""
        now = entry_of(self.entry.path, os.fstat(self._descriptor))
        return now.signature == self.entry.signature

    def close(self) -> None:
        self.stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_file(tree: Tree, path: str) -> LocalFile:
    """Open a regular file beneath a tree's root.

    NotFound if it is not there, BadRequest for links and special files, Unprocessable
    (``unreadable-file``) where permissions forbid it.
    """
    split(path)
    above, _, name = path.rpartition("/")
    folder = tree.folder(above)
    try:
        descriptor = os.open(name, READ, dir_fd=folder)
    except FileNotFoundError:
        raise NotFound(f"There is no file '{path}'.") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _no_file(path, symbolic_link(path)) from error
        if error.errno == errno.ENXIO:
            raise _no_file(path, special_file(path)) from error
        raise translated(error, path) or error from error
    finally:
        os.close(folder)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        return LocalFile(entry_of(path, status), descriptor)
    os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise NotFound(f"'{path}' is a folder, not a file.")
    raise _no_file(path, special_file(path))


def special_file(path: str) -> Fault:
    return Fault(
        code="special-file",
        message="This is a pipe, socket or device; only regular files can be preserved.",
        path=path,
    )


def _no_file(path: str, fault: Fault) -> BadRequest:
    return BadRequest(f"'{path}' is not used: {fault.message}", code=fault.code, faults=[fault])
