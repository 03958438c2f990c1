"""Every step that changes something on disk, and every sync, one small function each.

Callers write ``durable.rename(...)`` and never take a function out of this module, so that tests
can count the steps, stop a process before any of them, and check what was synced before what. In
which order the steps go is left to the callers.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from strongroom.storage import kernel

# not from typing, whose import helpers of this program would wait for
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

#: names of the functions here that change the disk or sync it
STEPS = (
    "make_folder",
    "create",
    "write",
    "write_at",
    "write_new",
    "reserve",
    "truncate",
    "rename",
    "rename_new",
    "exchange",
    "unlink",
    "remove_folder",
    "sync_file",
    "sync_folder",
    "sync_file_system",
)

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder(path: Path | str, *, folder: int | None = None) -> None:
    """Make one folder; FileExistsError if anything is there."""
    os.mkdir(path, dir_fd=folder)


def make_folders(path: Path) -> None:
    """Make a folder and those above it, each on disk before the next; harmless if it is there."""
    if path.is_dir():
        return
    make_folders(path.parent)
    with suppress(FileExistsError):
        make_folder(path)
    # who may make names in a folder but not list it cannot sync it, either
    with suppress(PermissionError):
        sync_folder(path.parent)


def create(path: Path | str, *, folder: int | None = None, extra: int = 0) -> int:
    """A descriptor for writing a file that was not there; ``extra`` holds further open flags."""
    return os.open(path, _NEW | extra, 0o666, dir_fd=folder)


def write(descriptor: int, data: bytes | memoryview) -> None:
    """Append all of ``data``, however many calls it takes."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def write_at(descriptor: int, data: memoryview, offset: int) -> None:
    """Write all of ``data`` at ``offset`` (bytes)."""
    while len(data) > 0:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written


def write_new(
    path: Path | str | bytes, data: bytes | memoryview, *, folder: int | None = None
) -> None:
    """A new file with these bytes, not yet synced; FileExistsError if anything is there."""
    descriptor = os.open(path, _NEW, 0o666, dir_fd=folder)
    try:
        write(descriptor, data)
    finally:
        os.close(descriptor)


def reserve(descriptor: int, size: int) -> None:
    """Reserve room for ``size`` bytes where the file system can; the file grows to that size."""
    kernel.fallocate(descriptor, size)


def truncate(descriptor: int, size: int) -> None:
    os.ftruncate(descriptor, size)


def rename(
    source: Path | str,
    target: Path | str,
    *,
    source_folder: int | None = None,
    target_folder: int | None = None,
) -> None:
    """Put ``source`` in the place of ``target``, atomically, whether something is there or not."""
    os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)


def rename_new(
    source: Path | str,
    target: Path | str,
    *,
    source_folder: int | None = None,
    target_folder: int | None = None,
) -> None:
    """Rename, atomically, to a name that must be free: FileExistsError or ENOTEMPTY if it is not.

    Where renameat2(2) is missing, an empty folder at ``target`` that comes between the look and the
    rename is replaced; nothing with content ever is.
    """
    if kernel.rename_noreplace(os.fspath(source), os.fspath(target), source_folder, target_folder):
        return
    if _is_there(target, target_folder):
        raise FileExistsError(f"{target} is there already")
    os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)


def _is_there(path: Path | str, folder: int | None) -> bool:
    try:
        os.stat(path, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def exchange(source: Path | str, target: Path | str) -> bool:
    """Exchange two files, atomically; False, and nothing done, where that cannot be had.

    Both must be there (FileNotFoundError).
    """
    return kernel.rename_exchange(os.fspath(source), os.fspath(target))


def unlink(path: Path | str | bytes, *, folder: int | None = None) -> None:
    os.unlink(path, dir_fd=folder)


def remove_folder(path: Path | str, *, folder: int | None = None) -> None:
    """Remove an empty folder; OSError ENOTEMPTY if it is not empty."""
    os.rmdir(path, dir_fd=folder)


def sync_file(descriptor: int) -> None:
    """Bring a file, or the names in a folder, onto the disk itself."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        # on macOS fsync(2) stops at the drive's own cache
        fcntl.fcntl(descriptor, full)
    else:
        os.fsync(descriptor)


def sync_folder(path: Path | str) -> None:
    """Bring the names in a folder onto the disk."""
    descriptor = os.open(path, FOLDER)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(descriptor: int) -> bool:
    """Bring all that was written to a file system onto the disk; False where that cannot be had.

    ``descriptor`` must have been opened before the writing began (see :func:`kernel.syncfs`).
    """
    return kernel.syncfs(descriptor)
