"""Files on their way into a local folder: under a passing name first, then in place at once.

Passing names lie outside every area, in ``.incoming`` on the same file system; what a stopped
server left there is swept away.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from strongroom.errors import (
    BadRequest,
    Conflict,
    Fault,
    NotFound,
    StrongroomError,
    Unprocessable,
)
from strongroom.storage import copying, durable
from strongroom.storage.copying import SourceFailed
from strongroom.storage.localfile import entry_of, open_file
from strongroom.storage.protocols import CopyIn, FileEntry
from strongroom.storage.tree import FILE_IN_THE_WAY, Tree, split
from strongroom.storage.trouble import told_as, unreadable


class LocalUpload:
    """A file being written; implements :class:`~strongroom.storage.protocols.Upload`."""

    def __init__(self, tree: Tree, path: str, passing: Path) -> None:
        split(path)
        check_free_for_file(tree, path)
        self._tree = tree
        self._path = path
        self._passing = passing
        self._hasher = hashlib.sha256()
        self._size = 0
        with told_as(path):
            self._descriptor = durable.create(passing)
        # held while the upload lives, so that no sweep takes it for left over
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, chunk: bytes | memoryview) -> None:
        """Take further bytes; if that fails, the upload is thrown away."""
        try:
            with told_as(self._path):
                durable.write(self._descriptor, chunk)
        except BaseException:
            self.abort()
            raise
        self._hasher.update(chunk)
        self._size += len(chunk)

    def finish(
        self,
        *,
        sha256: str | None = None,
        size: int | None = None,
        replacing: FileEntry | None = None,
    ) -> tuple[FileEntry, str]:
        """Put the file in its place; see the protocol."""
        digest = self._hasher.hexdigest()
        try:
            check_arrived(self._path, digest, self._size, sha256, size)
            if replacing is not None and self._there() != replacing:
                raise replaced_meanwhile(self._path)
            with told_as(self._path):
                entry = install(self._tree, self._path, self._passing, self._descriptor, sync=True)
        except BaseException:
            self.abort()
            raise
        self._close()
        return entry, digest

    def _there(self) -> FileEntry | None:
        try:
            with open_file(self._tree, self._path) as file:
                return file.entry
        except (NotFound, BadRequest):
            return None

    def abort(self) -> None:
        """Throw away what came so far; harmless after finish, and twice."""
        if self._descriptor >= 0:
            if self._passing.exists():
                durable.unlink(self._passing)
            self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            os.close(self._descriptor)


def copy_in(
    tree: Tree, files: Iterable[CopyIn], passing: Path
) -> Iterator[tuple[str, FileEntry | Fault]]:
    """Copy files into a tree, one after the other; for each its entry or what is wrong with it.

    ``passing`` is a name in ``.incoming`` for them all. Not synced, but for large files.
    """
    for file in files:
        with told_as(file.path):
            try:
                split(file.path)
                outcome = _copy(tree, file, passing)
            except (BadRequest, Conflict, Unprocessable) as error:
                outcome = as_fault(error, file.path)
        yield file.path, outcome


def _copy(tree: Tree, file: CopyIn, passing: Path) -> FileEntry | Fault:
    hasher = hashlib.sha256()
    descriptor = -1
    try:
        with file.open() as stream:
            absorbed = copying.absorb(stream, file.size, [hasher], lambda: str(passing))
        faults = mismatches(file.path, hasher.hexdigest(), absorbed.size, file.sha256, file.size)
        if faults:
            return faults[0]
        if absorbed.data is not None:
            descriptor = durable.create(passing)
            durable.write(descriptor, absorbed.data)
        else:
            descriptor = os.open(passing, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        return install(tree, file.path, passing, descriptor, sync=False)
    except SourceFailed as failure:
        return unreadable(failure.cause, file.path)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
        if passing.exists():
            durable.unlink(passing)


def install(tree: Tree, path: str, passing: Path, descriptor: int, *, sync: bool) -> FileEntry:
    """Move a finished file, open as ``descriptor``, to its place; its entry there.

    The entry's signature is proof of its bytes at once: its time of modification lies in the past,
    at a nanosecond that no clock will tell again, so whoever writes to the file later, even within
    one tick of the clock, gives it another.
    """
    past = time.time_ns() // 1_000_000_000 * 1_000_000_000 - 1
    os.utime(descriptor, ns=(past, past))
    if sync:
        durable.sync_file(descriptor)
    above, _, name = path.rpartition("/")
    folder = tree.make(above)
    try:
        try:
            durable.rename(passing, name, target_folder=folder)
        except IsADirectoryError:
            raise folder_in_the_way(path) from None
    finally:
        os.close(folder)
    if sync:
        tree.sync(above)
    return entry_of(path, os.fstat(descriptor))


def check_free_for_file(tree: Tree, path: str) -> None:
    """Conflict where a file can never be put at a path: a folder stands there."""
    above, _, name = path.rpartition("/")
    try:
        folder = tree.folder(above)
    except NotFound as error:
        if error.problem == FILE_IN_THE_WAY:
            raise Conflict(f"{error.message} Nothing can be put below it.") from None
        if tree.root.is_dir():
            return  # the folders above are made at the end
        raise
    try:
        if is_folder(folder, name):
            raise folder_in_the_way(path)
    finally:
        os.close(folder)


def is_folder(parent: int, name: str) -> bool:
    try:
        descriptor = os.open(name, durable.FOLDER, dir_fd=parent)
    except OSError:
        return False
    os.close(descriptor)
    return True


def folder_in_the_way(path: str) -> Conflict:
    return Conflict(f"'{path}' is a folder, so no file can be put there.", code="path-conflict")


def replaced_meanwhile(path: str) -> Conflict:
    return Conflict(
        f"'{path}' was changed or removed meanwhile. Nothing was changed; read it again.",
        code="changed-file",
        faults=[
            Fault(code="changed-file", message="Somebody else has changed the file.", path=path)
        ],
    )


def check_arrived(
    path: str, digest: str, size: int, expected_digest: str | None, expected_size: int | None
) -> None:
    """Unprocessable if a file differs from what was announced."""
    faults = mismatches(path, digest, size, expected_digest, expected_size)
    if faults:
        raise Unprocessable(
            f"'{path}' did not arrive as it was announced: {faults[0].message} "
            "Nothing was changed; send it again.",
            code=faults[0].code,
            faults=faults,
        )


def mismatches(
    path: str, digest: str, size: int, expected_digest: str | None, expected_size: int | None
) -> list[Fault]:
    """In what a file differs from what was announced."""
    faults = []
    if expected_size is not None and expected_size != size:
        faults.append(
            Fault(
                code="size-mismatch",
                message="The file does not have the size that was stated.",
                path=path,
                expected=str(expected_size),
                found=str(size),
            )
        )
    if expected_digest is not None and expected_digest.lower() != digest:
        faults.append(
            Fault(
                code="digest-mismatch",
                message="The file does not have the SHA-256 that was stated.",
                path=path,
                expected=expected_digest,
                found=digest,
            )
        )
    return faults


def as_fault(error: StrongroomError, path: str) -> Fault:
    return next(iter(error.faults), Fault(code=error.problem, message=error.message, path=path))
