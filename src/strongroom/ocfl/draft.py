"""One new version of an object in the making: nothing is seen of it before its commit.

A draft lives in staging on the file system of the root. Prepare (no lock): files come in, the
inventory is built once, everything is synced and checked. Commit (under the object's lock) is left
to :mod:`strongroom.ocfl.commit`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Self

from strongroom.errors import BadRequest, Damaged, Fault, NotFound
from strongroom.ocfl import commit, paths, recovery, replacing, stored, versions
from strongroom.ocfl import plan as plans
from strongroom.ocfl.adding import Adding
from strongroom.ocfl.batches import Batches
from strongroom.ocfl.content import NewContent, Outcome
from strongroom.ocfl.inventory import Inventory, serialise
from strongroom.ocfl.paths import LogicalPath
from strongroom.ocfl.plan import NewFile, Plan
from strongroom.ocfl.site import Site
from strongroom.ocfl.staging import Place
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.ocfl.versions import Style
from strongroom.storage import durable
from strongroom.storage.protocols import Folders, OpenFile
from strongroom.storage.trouble import told_as

__all__ = ["Draft", "NewFile"]

#: up to so many files are synced one by one; above, the whole file system at once
_FEW_FILES = 8
#: from so many on, the disk begins before all is there
_MANY_FILES = 1000


class Draft:
    """A version being built; used as a context, it is discarded unless it was committed.

    Made by :meth:`strongroom.ocfl.root.OcflRoot.draft`. Not for several threads at once.
    """

    def __init__(
        self, site: Site, object_id: str, base: StoredObject | None, place: Place, style: Style
    ) -> None:
        self._disk = -1
        inventory = base.inventory if base else None
        number = inventory.head + 1 if inventory else 1
        self._version = inventory.version_folder(number) if inventory else "v1"
        self._site = site
        self._base = base
        self._place = place
        self._style = style
        self.object_id = object_id
        #: number of the version that this will be
        self.number = number
        # a new object is staged as a whole; of a further version only what is new
        self._top = place.folder if base else place.folder / "object"
        self._content = NewContent(
            self._top / self._version,
            inventory.content_directory if inventory else "content",
            style.algorithm,
            known=inventory.manifest.keys() if inventory else (),
            fixity=style.fixity,
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

    @property
    def state(self) -> dict[LogicalPath, str]:
        """Logical path -> digest, as the version will be; a copy."""
        return dict(self._state)

    @property
    def sizes(self) -> dict[str, int]:
        """Digest -> bytes, for all that was added."""
        return dict(self._content.sizes)

    # --------------------------------------------------------------------------------- changing

    def apply(
        self,
        plan: Plan,
        open_source: Callable[[str], OpenFile],
        *,
        folders: Folders | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Fault]:
        """Make the changes of a plan; all that is wrong with it, or else with its files.

        A plan that cannot be changes nothing. Files are copied in one pass each: read, hashed,
        compared, stored if they are new; what is wrong with any of them is collected
        (``digest-mismatch``, ``size-mismatch``, ``changed-file``, ``missing-file``,
        ``unreadable-file`` and what ``open_source`` says), and such files are not added.
        Where ``folders`` are those that the sources lie in, many small files are read at once.
        ``progress`` hears the files and bytes that are done so far; where ``cancelled`` says so
        the work ends early, with a fault ``cancelled``. Raises OutOfSpace where the disk is full.
        """
        self._open_for_changes()
        state, faults = plans.rearranged(plan, self._state, self._content.has)
        if faults:
            return faults
        self._state = state
        return self.add_files(
            plan.adds, open_source, folders=folders, progress=progress, cancelled=cancelled
        )

    def add_files(
        self,
        files: Iterable[NewFile],
        open_source: Callable[[str], OpenFile],
        *,
        folders: Folders | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Fault]:
        """Copy files in, as :meth:`apply` does, from however many."""
        self._open_for_changes()
        batches = None
        if folders is not None and self._content.takes_promises():
            batches = Batches(self._content, folders, self._place.lock)
        adding = Adding(self._take, progress, cancelled, batches)
        added, faults = adding.run(files, open_source)
        self._state.update({paths.logical(path): digest for path, digest in added.items()})
        return faults

    def _take(self, file: NewFile, source: OpenFile, tick: Callable[[int], None]) -> Outcome:
        try:
            paths.logical(file.logical)
        except BadRequest as error:
            return list(error.faults)
        return self._content.take(file, source, tick)

    def add_bytes(self, logical: str, data: bytes) -> str:
        """Add a small file from memory, in place of what the path was; its digest."""
        self._open_for_changes()
        path = paths.logical(logical)
        with told_as(logical):
            digest = self._content.put(logical, data)
        self._state[path] = digest
        return digest

    def remove(self, logical: str) -> None:
        """Leave a file out of the version; NotFound if it is not in it."""
        self._open_for_changes()
        if self._state.pop(LogicalPath(logical), None) is None:
            raise NotFound(f"'{self.object_id}' has no file '{logical}' to remove.")

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
        with told_as(self.object_id), self._sync_ahead():
            self._content.keep_only(set(self._state.values()))
            inventory = versions.following(
                self.object_id,
                self._base.inventory if self._base else None,
                style=self._style,
                state=self._state,
                stored=self._content.manifest,
                fixity=self._content.fixity(),
                created=created,
                user_name=user_name,
                user_address=user_address,
                message=message,
            )
            self._write(inventory)
            self._check(inventory)
        with told_as(self.object_id):
            self._sync()
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

    @contextmanager
    def _sync_ahead(self) -> Iterator[None]:
        """Have the disk write many new files while the body computes; proves nothing by itself."""
        if len(self._content.manifest) < _MANY_FILES:
            yield
            return
        with ThreadPoolExecutor(1, thread_name_prefix="strongroom-sync") as pool:
            # what fails is reported once for each descriptor, so it must not be lost here
            ahead = pool.submit(durable.sync_file_system, self._disk)
            yield
            ahead.result()

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
            store=self._site.store,
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


def begin(
    site: Site, object_id: str, base: StoredObject | None, place: Place, style: Style
) -> Draft:
    """A draft in a place; where it cannot be begun the place is cleared."""
    try:
        return Draft(site, object_id, base, place, style)
    except BaseException:
        place.clear()
        raise
