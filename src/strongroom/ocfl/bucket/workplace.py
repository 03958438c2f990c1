"""A version in the making in a bucket: its content at keys of its own, then the commit.

Nothing names the content before the commit, and no other attempt has its keys; so nothing has to be
moved, and what is left of an attempt that failed is in nobody's way.
"""

from __future__ import annotations

from strongroom.errors import NotFound, Unavailable
from strongroom.ocfl import conflicts
from strongroom.ocfl.batches import Batches
from strongroom.ocfl.bucket import commit, intents, recovery
from strongroom.ocfl.bucket.commit import GivenUp, Root, VersionTaken
from strongroom.ocfl.bucket.content import BucketContent
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import StoredObject, digest_of, sidecar_name
from strongroom.ocfl.versions import Style
from strongroom.storage.protocols import Folders
from strongroom.storage.s3.trouble import ConditionFailed

#: how often a commit finds something else in the way, and clears it, before it gives up
_TRIES = 5


class BucketWorkplace:
    """A :class:`~strongroom.ocfl.workplace.Workplace` for one attempt."""

    is_remote = True

    def __init__(
        self,
        site: BucketSite,
        object_id: str,
        base: StoredObject | None,
        held: Held,
        style: Style,
    ) -> None:
        """``held`` is the note of this attempt."""
        inventory = base.inventory if base else None
        self._site = site
        self._object_id = object_id
        self._path: StoragePath = site.object_path(object_id)
        self._held = held
        self._open = True
        #: whether our version may lie in the object, so that others may commit it
        self._sent = self._committed = False
        self._data = b""
        self._version = inventory.version_folder(inventory.head + 1) if inventory else "v1"
        self.content = BucketContent(
            site.bucket,
            site.object_key(self._path, ""),
            self._version,
            inventory.content_directory if inventory else "content",
            held.note.nonce,
            style.algorithm,
            known=inventory.manifest.keys() if inventory else (),
            fixity=style.fixity,
        )

    @property
    def is_open(self) -> bool:
        return self._open

    def batches(self, folders: Folders) -> Batches | None:
        return None

    def ahead(self) -> None:
        """Each request is durable when it is answered; there is nothing to get on with."""

    def complete(self, inventory: Inventory, data: bytes, digest: str) -> None:
        """Keep the inventory: in a bucket nobody but us can have changed what was stored."""
        self._data = data

    def publish(self, base: StoredObject | None, inventory: Inventory, digest: str) -> None:
        """Send the version's inventory, then the object's."""
        for _ in range(_TRIES):
            root = self._root(base)
            if base is not None:
                commit.refuse_mutable_head(self._site, self._object_id, self._path)
            prepared = commit.prepare(self._site, self._path, inventory, self._data, root)
            self._sent, whole = True, False
            try:
                whole = commit.carry_out(self._site, prepared, [self._held])
            except GivenUp:
                self._sent = False
                raise Unavailable(
                    f"The work on '{self._object_id}' took so long that it was given up. Begin "
                    "again.",
                    code="work-given-up",
                ) from None
            except VersionTaken:
                # of a writer that is committing it now, or was stopped: finish or clear it
                self._sent = False
                recovery.repair(self._site, self._object_id)
                continue
            except ConditionFailed:
                self._settle(base, inventory)
            self._committed = True
            if not whole or (base is not None and base.inventory.spec != inventory.spec):
                recovery.finish(self._site, self._path, inventory)
            return
        raise conflicts.changed(self._object_id, "other writers are faster again and again")

    def _root(self, base: StoredObject | None) -> Root | None:
        """The object's root inventory, which is that of the base; Conflict if it is not."""
        root = commit.root_of(self._site, self._path)
        if root is not None and root.data == self._data:
            return None if base is None else root  # ours: an earlier try got so far
        if base is None:
            if root is None:
                return None
            raise commit.taken(self._site, self._object_id)
        if root is None:
            raise conflicts.changed(self._object_id, "it was purged")
        if digest_of(root.data, base.inventory) != base.inventory_digest:
            raise conflicts.changed(
                self._object_id, f"it is not at version {base.inventory.head} any more"
            )
        return root

    def _settle(self, base: StoredObject | None, inventory: Inventory) -> None:
        """The object was not at its base: whether another committed our version; else Conflict."""
        root = commit.root_of(self._site, self._path)
        if root is not None and root.data == self._data:
            return
        try:
            now = self._site.load(self._object_id)
        except NotFound:
            now = None
        if now is not None and self._is_in(now, inventory):
            return
        self._withdraw(inventory)
        if base is None:
            raise commit.taken(self._site, self._object_id)
        raise conflicts.changed(
            self._object_id,
            "it was purged" if now is None else f"it is at version {now.inventory.head}",
        )

    def _is_in(self, now: StoredObject, inventory: Inventory) -> bool:
        """Whether others have committed our version, and more after it."""
        head = inventory.head
        return now.inventory.versions.get(head) == inventory.versions[head] and all(
            path in now.inventory.manifest.get(digest, ())
            for digest, path in self.content.manifest.items()
        )

    def _withdraw(self, inventory: Inventory) -> None:
        """Take our version's own files out again; nobody can commit it, as the base has gone."""
        key = self._site.object_key(self._path, f"{self._version}/inventory.json")
        try:
            data, found = self._site.bucket.get(key)
        except FileNotFoundError:
            return
        if data == self._data:
            sidecar = sidecar_name(inventory.digest_algorithm)
            commit.taken_out(self._site, self._path, self._version, found.etag, sidecar)

    def clear(self) -> None:
        """After a commit there is nothing left but the note. Else the content goes with it, or,
        where somebody may be about to commit it for us, after the time that this can take."""
        if not self._open:
            return
        self._open = False
        if self._committed:
            intents.remove(self._site, self._held)
        elif self._sent:
            intents.give_up(self._site, self._held)
        else:
            self.content.clear()
            intents.remove(self._site, self._held)
