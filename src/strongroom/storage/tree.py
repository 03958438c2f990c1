"""Folders beneath one root, reached by descriptors only: no link is followed, nothing leaves.

Each component of a path is opened beneath the one before it (openat(2) with O_NOFOLLOW), so it does
not matter what others rename or replace meanwhile. Files in these folders are left to others.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import threading
from pathlib import Path

from strongroom.errors import BadRequest, Conflict, Fault, NotFound, StrongroomError
from strongroom.storage import durable
from strongroom.storage.names import encodable
from strongroom.storage.trouble import translated

#: code of the NotFound for a path that leads over a file
FILE_IN_THE_WAY = "file-in-the-way"


class Tree:
    """The folders beneath ``root``, whose own last component may be no link either.

    The folder that was used last is held open, so that thousands of files of one folder do not pay
    for the way to it. Safe to share between threads.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._held = -1
        self._held_path = ""
        self._held_identity = (0, 0)

    def __del__(self) -> None:
        if self._held >= 0:
            os.close(self._held)

    def folder(self, path: str) -> int:
        """A descriptor of a folder, for the caller to close; ``""`` is the root itself.

        NotFound if it is not there, BadRequest for links and impossible paths, Unprocessable where
        permissions forbid it.
        """
        with self._lock:
            if self._holds(path):
                return os.dup(self._held)
        descriptor = self._walk(path)
        self._hold(path, descriptor)
        return descriptor

    def make(self, path: str) -> int:
        """The same, making the folders that are missing (but not the root); not synced.

        Conflict where a file stands in the way.
        """
        with self._lock:
            if self._holds(path):
                return os.dup(self._held)
        descriptor = self._walk(path, make=True)
        self._hold(path, descriptor)
        return descriptor

    def sync(self, path: str) -> None:
        """Bring a folder's names, and those of all folders above it, onto the disk.

        All of them: another writer may have made one and not synced it yet.
        """
        descriptor = self._open_root(path)
        try:
            durable.sync_file(descriptor)
            for at in _ways(path):
                following = self._step(descriptor, at, path, make=False)
                os.close(descriptor)
                descriptor = following
                durable.sync_file(descriptor)
        finally:
            os.close(descriptor)

    def _walk(self, path: str, *, make: bool = False) -> int:
        descriptor, rest = self._start(path)
        try:
            for at in rest:
                following = self._step(descriptor, at, path, make=make)
                os.close(descriptor)
                descriptor = following
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _start(self, path: str) -> tuple[int, list[str]]:
        """The held folder if it lies above, else the root; and the paths on the way from there."""
        ways = _ways(path)
        with self._lock:
            above = self._held_path
            if above and path.startswith(f"{above}/") and self._holds(above):
                return os.dup(self._held), ways[above.count("/") + 1 :]
        return self._open_root(path), ways

    def _open_root(self, path: str) -> int:
        try:
            return os.open(self.root, durable.FOLDER)
        except OSError as error:
            raise self._refusal(error, None, "", path) from error

    def _step(self, parent: int, at: str, path: str, *, make: bool) -> int:
        """The folder at ``at``, directly below ``parent``, on the way to ``path``."""
        part = at.rpartition("/")[2]
        try:
            return os.open(part, durable.FOLDER, dir_fd=parent)
        except FileNotFoundError as error:
            if not make:
                raise self._refusal(error, parent, at, path) from error
        except OSError as error:
            raise self._refusal(error, parent, at, path, make=make) from error
        try:
            durable.make_folder(part, folder=parent)
        except FileExistsError:
            pass  # somebody else has just made it; what it is shows when it is opened
        except OSError as error:
            raise self._refusal(error, parent, at, path, make=True) from error
        return self._step(parent, at, path, make=False)

    def _refusal(
        self, error: OSError, parent: int | None, at: str, path: str, *, make: bool = False
    ) -> StrongroomError | OSError:
        """Why the folder ``at``, on the way to ``path``, cannot be opened or made, in our words.

        The error itself where there are no better ones; ``parent`` is None for the root.
        """
        area = self.root.name
        if isinstance(error, FileNotFoundError):
            return NotFound(
                f"There is no folder '{path}'."
                if at
                else f"The working area '{area}' is not there."
            )
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            return translated(error, path or area) or error
        what = f"'{at}'" if at else f"The working area '{area}'"
        try:
            name = at.rpartition("/")[2] or self.root
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except OSError:
            mode = 0
        if stat.S_ISLNK(mode):
            itself = "is" if at else "itself is"
            return BadRequest(
                f"{what} {itself} a symbolic link, and links are not followed.",
                code="symbolic-link",
                faults=[symbolic_link(at or area)],
            )
        if make:
            return Conflict(f"{what} is a file, so nothing can be put below it.")
        if at == path:
            return NotFound(f"{what} is a file, not a folder.", code=FILE_IN_THE_WAY)
        return NotFound(
            f"There is no folder '{path}': {what[0].lower()}{what[1:]} is a file.",
            code=FILE_IN_THE_WAY,
        )

    def _holds(self, path: str) -> bool:
        """Whether the held folder still is what lies at ``path``."""
        if self._held < 0 or self._held_path != path:
            return False
        try:
            there = os.stat(f"{self.root}/{path}", follow_symlinks=False)  # noqa: PTH116 - fast
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == self._held_identity

    def _hold(self, path: str, descriptor: int) -> None:
        status = os.fstat(descriptor)
        with self._lock:
            if self._held >= 0:
                os.close(self._held)
            self._held = os.dup(descriptor)
            self._held_path = path
            self._held_identity = (status.st_dev, status.st_ino)


def split(path: str) -> list[str]:
    """The components of a path; BadRequest if it can be no path beneath a folder."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts) or not encodable(path):
        raise BadRequest(
            f"'{path[:200]}' is no path of a file here: it has an empty, '.' or '..' part, "
            "or characters that no name can have.",
            code="bad-path",
            faults=[
                Fault(code="bad-path", message="This can be no path of a file.", path=path[:200])
            ],
        )
    return parts


def _ways(path: str) -> list[str]:
    """``a``, ``a/b``, ``a/b/c`` for ``a/b/c``: the paths of all folders on the way to one."""
    return list(itertools.accumulate(split(path), "{}/{}".format)) if path else []


def symbolic_link(path: str) -> Fault:
    return Fault(
        code="symbolic-link",
        message="Symbolic links are not followed; put the file itself here.",
        path=path,
    )
