"""One new version of an object in the making: nothing is seen of it before its commit.

A draft lives in staging on the file system of the root. Prepare (no lock): files come in, the
inventory is built once, everything is synced and checked. Commit (under the object's lock) is left
to :mod:`strongroom.ocfl.commit`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Self

from strongroom.errors import (
    BadRequest,
    Damaged,
    Fault,
    Forbidden,
    NotFound,
    StrongroomError,
    Unprocessable,
)
from strongroom.ocfl import commit, paths, recovery, replacing, stored, versions
from strongroom.ocfl.content import NewContent, NewFile
from strongroom.ocfl.inventory import Inventory, serialise
from strongroom.ocfl.site import Site
from strongroom.ocfl.staging import Place
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.storage import durable
from strongroom.storage.protocols import OpenFile
from strongroom.storage.trouble import told_as

__all__ = ["Draft", "NewFile"]

#: up to so many files are synced one by one; above, the whole file system at once
_FEW_FILES = 8

#: what an opener may raise about one file, as opposed to what ends the whole work
_ABOUT_ONE_FILE = (NotFound, BadRequest, Unprocessable, Forbidden)


class Draft:
    """A version being built; used as a context, it is discarded unless it was committed.

    Made by :meth:`strongroom.ocfl.root.OcflRoot.draft`. Not for several threads at once.
    """

    def __init__(self, site: Site, object_id: str, base: StoredObject | None, place: Place) -> None:
        self._disk = -1
        inventory = base.inventory if base else None
        number = inventory.head + 1 if inventory else 1
        self._version = inventory.version_folder(number) if inventory else "v1"
        self._site = site
        self._base = base
        self._place = place
        self.object_id = object_id
        #: number of the version that this will be
        self.number = number
        # a new object is staged as a whole; of a further version only what is new
        self._top = place.folder if base else place.folder / "object"
        self._algorithm = inventory.digest_algorithm if inventory else "sha256"
        directory = inventory.content_directory if inventory else "content"
        self._content = NewContent(
            self._top / self._version / directory,
            f"{self._version}/{directory}",
            self._algorithm,
            inventory.manifest.keys() if inventory else (),
        )
        self._state = inventory.logical() if inventory else {}
        self._prepared: Inventory | None = None
        self._digest = ""
        # opened before anything is written, so that syncfs reports what went wrong in between
        self._disk = os.open(place.folder, durable.FOLDER)
        if self._top != place.folder:
            durable.make_folder(self._top)
        durable.make_folder(self._top / self._version)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.discard()

    def __del__(self) -> None:
        self._close()

    # ------------------------------------------------------------------------------- the state

    @property
    def state(self) -> dict[str, str]:
        """Logical path -> digest, as the version will be; a copy."""
        return dict(self._state)

    @property
    def sizes(self) -> dict[str, int]:
        """Digest -> bytes, for all that was added."""
        return dict(self._content.sizes)

    def remove(self, logical: str) -> None:
        """Leave a file out of the version; NotFound if it is not in it."""
        self._open_for_changes()
        if self._state.pop(logical, None) is None:
            raise NotFound(f"'{self.object_id}' has no file '{logical}' to remove.")

    def keep(self, logicals: Collection[str]) -> None:
        """Leave everything out of the version but these paths."""
        self._open_for_changes()
        wanted = set(logicals)
        self._state = {path: digest for path, digest in self._state.items() if path in wanted}

    def set_state(self, state: Mapping[str, str]) -> None:
        """Make the version exactly this, logical path -> digest.

        NotFound if content with one of the digests is neither in the object nor was added.
        """
        self._open_for_changes()
        lower = {path: digest.lower() for path, digest in state.items()}
        unknown = [path for path, digest in lower.items() if not self._content.has(digest)]
        if unknown:
            raise NotFound(
                f"'{self.object_id}' has no content for {len(unknown)} paths, "
                f"the first being '{unknown[0]}'.",
                faults=[
                    Fault(
                        code="missing-content",
                        message="No content with this digest is in the object or was added.",
                        path=path,
                        found=lower[path],
                    )
                    for path in unknown
                ],
            )
        self._state = lower

    # ------------------------------------------------------------------------------ the content

    def add_bytes(self, logical: str, data: bytes) -> str:
        """Add a small file from memory, in place of what the path was; its digest."""
        self._open_for_changes()
        _check_path(logical)
        with told_as(logical):
            digest = self._content.put(logical, data)
        self._state[logical] = digest
        return digest

    def add_files(
        self,
        files: Iterable[NewFile],
        open_source: Callable[[str], OpenFile],
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Fault]:
        """Copy files in, each in one pass: read, hashed, compared, stored if it is new.

        All that is wrong is collected, file by file (``digest-mismatch``, ``size-mismatch``,
        ``changed-file``, ``missing-file``, ``unreadable-file`` and what ``open_source`` says);
        such files are not added. ``progress`` hears the files and bytes that are done so far;
        where ``cancelled`` says so the work ends early, with a fault ``cancelled``.
        Raises OutOfSpace where the disk is full.
        """
        self._open_for_changes()
        faults: list[Fault] = []
        done_files = done_bytes = 0

        def tick(size: int) -> None:
            nonlocal done_bytes
            done_bytes += size
            if progress is not None:
                progress(done_files, done_bytes)

        for file in files:
            if cancelled is not None and cancelled():
                faults.append(Fault(code="cancelled", message="The work was cancelled."))
                break
            with told_as(file.source):
                result = self._add(file, open_source, tick if progress is not None else None)
            if isinstance(result, str):
                self._state[file.logical] = result
            else:
                faults += result
            done_files += 1
            if progress is not None:
                progress(done_files, done_bytes)
        return faults

    def _add(
        self,
        file: NewFile,
        open_source: Callable[[str], OpenFile],
        tick: Callable[[int], None] | None,
    ) -> str | list[Fault]:
        try:
            _check_path(file.logical)
            source = open_source(file.source)
        except _ABOUT_ONE_FILE as error:
            return _as_faults(error, file.source)
        with source:
            return self._content.take(file, source, tick)

    # ----------------------------------------------------------------------- prepare and commit

    def prepare(
        self,
        *,
        created: datetime,
        user_name: str,
        user_address: str | None = None,
        message: str | None = None,
    ) -> str:
        """Complete the version in staging, sync it, and check it; the new inventory's digest.

        After this nothing about it can change. Unprocessable if its paths are in each other's way.
        """
        self._open_for_changes()
        versions.check_state(self._state)
        with told_as(self.object_id):
            self._content.keep_only(set(self._state.values()))
            inventory = versions.following(
                self.object_id,
                self._base.inventory if self._base else None,
                spec=self._site.spec,
                state=self._state,
                stored=self._content.manifest,
                created=created,
                user_name=user_name,
                user_address=user_address,
                message=message,
            )
            self._write(inventory)
            self._sync()
        self._check(inventory)
        self._prepared = inventory
        return self._digest

    def _write(self, inventory: Inventory) -> None:
        data = serialise(inventory)
        self._digest = stored.digest_of(data, inventory)
        sidecar = stored.sidecar(self._digest)
        for folder in (self._top / self._version, self._top):
            durable.write_new(folder / INVENTORY, data)
            durable.write_new(folder / stored.sidecar_name(inventory.digest_algorithm), sidecar)
        if self._base is None:
            name, body = replacing.declaration(inventory.spec)
            durable.write_new(self._top / name, body)

    def _sync(self) -> None:
        few = len(self._content.manifest) <= _FEW_FILES
        if few or not durable.sync_file_system(self._disk):
            durable.sync_tree(self._place.folder)
            durable.sync_folder(self._place.folder.parent)

    def _check(self, inventory: Inventory) -> None:
        """Compare what lies in staging with the inventory: names and sizes."""
        prefix = f"{self._version}/"
        expected = {
            path: self._content.sizes[digest]
            for digest, held in inventory.manifest.items()
            for path in held
            if path.startswith(prefix)
        }
        folder = self._top / self._version / inventory.content_directory
        found = {
            f"{prefix}{inventory.content_directory}/{path}": size
            for path, size in recovery.files_below(folder).items()
        }
        if found != expected:
            odd = sorted(path for path, _ in found.items() ^ expected.items())
            raise Damaged(
                f"What was prepared of '{self.object_id}' was changed in staging "
                f"({', '.join(dict.fromkeys(odd[:5]))}). Nothing was preserved; begin again.",
                code="staging-changed",
                operator=f"staging is {self._place.folder}",
            )

    def commit(self) -> StoredObject:
        """Make the prepared version part of the object; the object as it is then.

        Conflict (``version-conflict``) if it is no longer as it was, or another writer won: then
        nothing has changed. Unavailable if its lock is not free in time; commit may be tried again.
        """
        inventory = self._prepared
        if inventory is None:
            raise ValueError("a draft must be prepared before it is committed")
        with told_as(self.object_id):
            if self._base is None:
                commit.publish_new(self._site, self.object_id, self._top)
            else:
                commit.publish_next(self._site, self._base, inventory, self._digest, self._top)
            # the version exists, whatever becomes of its staging; what cannot be cleared is swept
            with suppress(OSError):
                self.discard()
        return StoredObject(
            id=self.object_id,
            folder=self._site.object_folder(self.object_id),
            algorithm=inventory.digest_algorithm,
            path=self._site.object_path(self.object_id),
            inventory=inventory,
            inventory_digest=self._digest,
        )

    def discard(self) -> None:
        """Throw away what is in staging; harmless after a commit, and twice."""
        try:
            self._place.clear()
        finally:
            self._close()

    def _close(self) -> None:
        descriptor, self._disk = self._disk, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _open_for_changes(self) -> None:
        if self._prepared is not None or self._disk < 0:
            raise ValueError("a draft cannot be changed once it is prepared or discarded")


def begin(site: Site, object_id: str, base: StoredObject | None, place: Place) -> Draft:
    """A draft in a place; where it cannot be begun the place is cleared."""
    try:
        return Draft(site, object_id, base, place)
    except BaseException:
        place.clear()
        raise


def _check_path(logical: str) -> None:
    if paths.unsafe([logical]) or not paths.encodable(logical):
        raise BadRequest(
            f"'{logical[:200]}' cannot be a path in an OCFL object.",
            code="bad-path",
            faults=[
                Fault(
                    code="bad-path",
                    message="A path has no empty, '.' or '..' part and must be UTF-8.",
                    path=logical[:200],
                )
            ],
        )


def _as_faults(error: StrongroomError, source: str) -> list[Fault]:
    if isinstance(error, NotFound):
        return [
            Fault(code="missing-file", message="The file is not there (any more).", path=source)
        ]
    return list(error.faults) or [Fault(code=error.problem, message=error.message, path=source)]
