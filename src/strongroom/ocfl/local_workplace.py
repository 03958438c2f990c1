"""A version in the making on a local file system: a folder in staging, moved in by renames.

The sequence on disk: files and folders, then inventory and sidecar, one sync of all, a look at what
lies there, and then :mod:`strongroom.ocfl.commit`.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from strongroom.errors import Damaged
from strongroom.ocfl import commit, recovery, replacing, stored
from strongroom.ocfl.batches import Batches
from strongroom.ocfl.content import NewContent
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.site import Site
from strongroom.ocfl.staging import Place
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.ocfl.versions import Style
from strongroom.storage import durable, syncing
from strongroom.storage.protocols import Folders

#: up to so many files are synced one by one; above, the whole file system at once
_FEW_FILES = 8
#: from so many on, the disk begins before all is there
_MANY_FILES = 1000


class LocalWorkplace:
    """A :class:`~strongroom.ocfl.workplace.Workplace` in a place of its own."""

    is_remote = False

    def __init__(
        self, site: Site, object_id: str, base: StoredObject | None, place: Place, style: Style
    ) -> None:
        self._disk = -1
        self._pool: ThreadPoolExecutor | None = None
        self._begun: Future[bool] | None = None
        inventory = base.inventory if base else None
        self._version = inventory.version_folder(inventory.head + 1) if inventory else "v1"
        self._site = site
        self._object_id = object_id
        self._is_new = base is None
        self._place = place
        # a new object is staged as a whole; of a further version only what is new
        self._top = place.folder if base else place.folder / "object"
        self.content = NewContent(
            self._top / self._version,
            inventory.content_directory if inventory else "content",
            style.algorithm,
            known=inventory.manifest.keys() if inventory else (),
            fixity=style.fixity,
        )
        # opened before anything is written, so that syncfs reports what went wrong in between
        self._disk = os.open(place.folder, durable.FOLDER)
        if self._top != place.folder:
            durable.make_folder(self._top)
        durable.make_folder(self._top / self._version)

    def __del__(self) -> None:
        self._close()

    @property
    def is_open(self) -> bool:
        return self._disk >= 0

    def batches(self, folders: Folders) -> Batches | None:
        """Two processes, where nothing but SHA-256 has to be known of a file."""
        if not self.content.takes_promises():
            return None
        return Batches(self.content, folders, self._place.lock)

    def ahead(self) -> None:
        """Have the disk begin to write many new files; that proves nothing by itself."""
        if len(self.content) >= _MANY_FILES:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="strongroom-sync")
            self._begun = self._pool.submit(durable.sync_file_system, self._disk)

    def _await_ahead(self) -> None:
        """Wait until that is done; what failed then is raised here."""
        begun, self._begun = self._begun, None
        if begun is not None and self._pool is not None:
            self._pool.shutdown()
            # errors are reported once for each descriptor, so this one must not be lost
            begun.result()

    def complete(self, inventory: Inventory, data: bytes, digest: str) -> None:
        """Write the inventories, look at all that lies here, and sync it."""
        sidecar = stored.sidecar(digest)
        for folder in (self._top / self._version, self._top):
            durable.write_new(folder / INVENTORY, data)
            durable.write_new(folder / stored.sidecar_name(inventory.digest_algorithm), sidecar)
        if self._is_new:
            name, body = replacing.declaration(inventory.spec)
            durable.write_new(self._top / name, body)
        self._check(inventory)
        self._sync()

    def _sync(self) -> None:
        self._await_ahead()
        few = len(self.content) <= _FEW_FILES
        if few or not durable.sync_file_system(self._disk):
            syncing.sync_tree(self._place.folder, and_folder=self._place.folder.parent)

    def _check(self, inventory: Inventory) -> None:
        """Compare what lies in staging with the inventory: names and sizes."""
        prefix = f"{self._version}/"
        expected = {
            path: self.content.sizes[digest]
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
                f"What was prepared of '{self._object_id}' was changed in staging "
                f"({', '.join(dict.fromkeys(odd[:5]))}). Nothing was preserved; begin again.",
                code="staging-changed",
                operator=f"staging is {self._place.folder}",
            )

    def publish(self, base: StoredObject | None, inventory: Inventory, digest: str) -> None:
        """Rename it into the root."""
        if base is None:
            commit.publish_new(self._site, self._object_id, self._top)
        else:
            commit.publish_next(self._site, base, inventory, digest, self._top)

    def clear(self) -> None:
        """Throw away what is in staging."""
        try:
            with suppress(OSError):
                self._await_ahead()
            self._place.clear()
        finally:
            self._close()

    def _close(self) -> None:
        descriptor, self._disk = self._disk, -1
        if descriptor >= 0:
            os.close(descriptor)


def begin(
    site: Site, object_id: str, base: StoredObject | None, place: Place, style: Style
) -> LocalWorkplace:
    """A workplace in a place; where it cannot be begun the place is cleared."""
    try:
        return LocalWorkplace(site, object_id, base, place, style)
    except BaseException:
        place.clear()
        raise
