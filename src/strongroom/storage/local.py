"""The files of deposits in local folders, one folder for each, named by the deposit's id.

Implements the protocols of :mod:`strongroom.storage.protocols`; how files are read, listed and
brought in lies in the modules beside this one. Names that begin with a dot are this module's own.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from strongroom.errors import BadRequest, Conflict, Fault, NotFound, Unavailable
from strongroom.storage import durable, incoming, listing, sweeping
from strongroom.storage.incoming import LocalUpload
from strongroom.storage.localfile import LocalFile, entry_of, open_file
from strongroom.storage.protocols import CopyIn, FileEntry, Listing
from strongroom.storage.removal import remove_tree
from strongroom.storage.tree import Tree, split
from strongroom.storage.trouble import told_as

log = logging.getLogger(__name__)


class LocalWorkAreas:
    """All deposits' folders below ``root``, which is made if it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        with told_as(str(self._root)):
            self._root.mkdir(parents=True, exist_ok=True)
            for folder in (sweeping.INCOMING, sweeping.TRASH):
                (self._root / folder).mkdir(exist_ok=True)

    def area(self, deposit: str) -> LocalWorkArea:
        """The folder of a deposit, whether it is there or not; BadRequest for an impossible id."""
        if deposit.startswith(".") or len(split(deposit)) != 1:
            raise BadRequest(f"'{deposit[:100]}' cannot be the id of a deposit.", code="bad-path")
        return LocalWorkArea(self._root, deposit)

    def names(self) -> Iterator[str]:
        """Ids of all areas that are there, sorted."""
        yield from sorted(
            path.name
            for path in self._root.iterdir()
            if not path.name.startswith(".") and path.is_dir() and not path.is_symlink()
        )

    def check(self) -> None:
        """Look into the folder, and make a file in it and remove it again.

        Unavailable (``deposits-unusable``) where that is impossible.
        """
        probe = self._root / sweeping.INCOMING / f"check-{secrets.token_hex(6)}"
        try:
            with os.scandir(self._root) as entries:
                next(entries, None)
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            durable.unlink(probe)
        except OSError as error:
            raise Unavailable(
                "The folder of the deposits cannot be used: "
                f"{error.strerror or type(error).__name__}.",
                code="deposits-unusable",
                operator=f"{self._root}: {error}",
            ) from error

    def sweep(self, older_than: float, *, now: Callable[[], float] = time.time) -> int:
        """Delete uploads and removals that were abandoned so many seconds ago; how many."""
        return sweeping.sweep(self._root, older_than, now())


class LocalWorkArea:
    """The files of one deposit. Safe to share between threads."""

    def __init__(self, root: Path, deposit: str) -> None:
        self._root = root
        self._folder = root / deposit
        self._tree = Tree(self._folder)
        self._disk = -1

    def __del__(self) -> None:
        if self._disk >= 0:
            os.close(self._disk)

    @property
    def uri(self) -> str:
        """``file:///…/``, percent-encoded."""
        return self._folder.as_uri() + "/"

    @property
    def folders(self) -> Tree:
        """The area's folders, to be opened."""
        return self._tree

    @property
    def remote(self) -> bool:
        return False

    @property
    def links(self) -> None:
        return None

    def exists(self) -> bool:
        try:
            return stat.S_ISDIR(self._folder.lstat().st_mode)
        except FileNotFoundError:
            return False

    def create(self) -> None:
        """Make the empty folder, durably; Conflict if it is there."""
        with told_as(self._folder.name):
            try:
                durable.make_folder(self._folder)
            except FileExistsError:
                raise Conflict(
                    f"The working area of deposit {self._folder.name} is there already."
                ) from None
            durable.sync_folder(self._root)

    # --------------------------------------------------------------------------------- reading

    def listing(self) -> Listing:
        """Everything in the area; NotFound if it is not there."""
        return listing.list_tree(self._tree)

    def children(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Bare names of files and folders directly in one folder, sorted."""
        return listing.list_children(self._tree, folder)

    def entry(self, path: str) -> FileEntry | None:
        """The regular file at this path; None where there is none (or only a link to one)."""
        split(path)
        above, _, name = path.rpartition("/")
        try:
            folder = self._tree.folder(above)
        except (NotFound, BadRequest):
            return None
        try:
            with told_as(path):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, BadRequest):
            return None
        finally:
            os.close(folder)
        return entry_of(path, status) if stat.S_ISREG(status.st_mode) else None

    def open(self, path: str) -> LocalFile:
        """Open a regular file, following no link at any level; errors as in the protocol."""
        return open_file(self._tree, path)

    def look(self, paths: Iterable[str]) -> Iterator[FileEntry]:
        """Entries of files, in this order; a file system knows no more of them."""
        return (entry for path in paths if (entry := self.entry(path)) is not None)

    def folder_names(self, paths: Iterable[str]) -> dict[str, str]:
        """None: a file system keeps no other names."""
        return {}

    def opener(self, count: int) -> Callable[[str], LocalFile]:
        """:meth:`open`: one look at a folder is not quicker than many."""
        return self.open

    def read_start(self, path: str, size: int) -> bytes:
        """The first ``size`` bytes of a file, fewer if it has fewer."""
        with self.open(path) as file:
            found = bytearray()
            while len(found) < size and (data := file.stream.read(size - len(found))):
                found += data
            return bytes(found)

    # -------------------------------------------------------------------------------- changing

    def upload(
        self,
        path: str,
        *,
        size: int | None = None,
        content_type: str | None = None,
        name: str | None = None,
    ) -> LocalUpload:
        """Begin to write a file; Conflict where a folder stands, NotFound without the area."""
        return LocalUpload(self._tree, path, self._passing())

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it; harmless if it is there."""
        os.close(self._tree.make(path))

    def make_folders(self, paths: Iterable[str]) -> None:
        """Make folders and those above them."""
        for path in paths:
            self.make_folder(path)

    def delete(self, path: str) -> None:
        """Remove one file, or a link itself; NotFound if it is not there, Conflict for folders."""
        split(path)
        above, _, name = path.rpartition("/")
        folder = self._tree.folder(above)
        try:
            with told_as(path):
                if incoming.is_folder(folder, name):
                    raise Conflict(f"'{path}' is a folder; only files can be deleted.")
                durable.unlink(name, folder=folder)
                durable.sync_file(folder)
        except FileNotFoundError:
            raise NotFound(f"There is no file '{path}'.") from None
        finally:
            os.close(folder)

    def delete_folder(self, path: str) -> None:
        """Remove an empty folder; NotFound if it is not there, Conflict if it is not empty."""
        split(path)
        above, _, name = path.rpartition("/")
        folder = self._tree.folder(above)
        try:
            with told_as(path):
                durable.remove_folder(name, folder=folder)
                durable.sync_file(folder)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"There is no folder '{path}'.") from None
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise Conflict(f"'{path}' is not empty.", code="folder-not-empty") from None
        finally:
            os.close(folder)

    def remove(self) -> None:
        """Remove the whole area; harmless if it is gone. It vanishes at once, then is deleted."""
        trash = self._root / sweeping.TRASH / f"{self._folder.name}-{secrets.token_hex(6)}"
        with told_as(self._folder.name):
            try:
                durable.rename(self._folder, trash)
            except FileNotFoundError:
                return
            durable.sync_folder(self._root)
        try:
            remove_tree(trash)
        except OSError as error:
            # gone it is, for everyone; its last bytes are a sweep's affair
            log.warning("%s cannot be deleted yet: %s", trash, error)

    def copy_in(self, files: Iterable[CopyIn]) -> Iterator[tuple[str, FileEntry | Fault]]:
        """Copy files in, hashing on the way; for each its entry or what is wrong."""
        self._open_disk()
        return incoming.copy_in(self._tree, files, self._passing())

    def sync(self) -> None:
        """Make all that was written so far durable."""
        with told_as(self._folder.name):
            self._open_disk()
            if not durable.sync_file_system(self._disk):
                self._sync_each()

    def _sync_each(self) -> None:
        found = self.listing()
        for entry in found.files:
            with suppress(NotFound), self.open(entry.path) as file:
                durable.sync_file(file.stream.fileno())
        for path in (*reversed(found.folders), ""):
            folder = self._tree.folder(path)
            try:
                durable.sync_file(folder)
            finally:
                os.close(folder)

    def _open_disk(self) -> None:
        # kept open from before the first byte, so that syncfs reports all that failed since
        if self._disk < 0:
            self._disk = os.open(self._root, durable.FOLDER)

    def free_bytes(self) -> int:
        """Bytes that can still be written."""
        return shutil.disk_usage(self._root).free

    def _passing(self) -> Path:
        return self._root / sweeping.INCOMING / secrets.token_hex(12)
