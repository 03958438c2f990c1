"""A version in the making in a bucket: its content at keys of its own, then the commit.

Nothing names the content before the commit, and no other attempt has its keys; so nothing has to be
moved, and what is left of an attempt that failed is in nobody's way.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from strongroom.errors import NotFound, StrongroomError, Unavailable
from strongroom.ocfl import conflicts
from strongroom.ocfl.batches import Batches
from strongroom.ocfl.bucket import commit, intents, purging, recovery
from strongroom.ocfl.bucket.commit import Root, VersionTaken
from strongroom.ocfl.bucket.content import BucketContent
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import INVENTORY, StoredObject, digest_of
from strongroom.ocfl.versions import Style
from strongroom.storage.protocols import Folders
from strongroom.storage.s3.trouble import ConditionFailed

log = logging.getLogger(__name__)

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
        self._is_new = base is None
        #: whether our version may lie in the object, so that others may commit it; once and for all
        self._sent = False
        #: whether it is committed, and whether all that belongs to it is known to be in its place
        self._committed = self._whole = False
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
        if not self._committed:
            self._commit(base, inventory, digest)
        if not self._whole:
            self._complete(inventory)

    def _commit(self, base: StoredObject | None, inventory: Inventory, digest: str) -> None:
        for _ in range(_TRIES):
            lying = commit.look(self._site, self._path)
            root = self._base(base, inventory, lying.files)
            if self._committed:
                return
            commit.refuse_mutable_head(self._site, self._object_id, self._path, lying)
            prepared = commit.prepare(self._site, self._path, inventory, self._data, root, lying)
            held = intents.announce(self._site, self._held, digest)
            if held is None:
                raise Unavailable(
                    f"The work on '{self._object_id}' was given up for somebody else, or because "
                    "it took so long. Begin again.",
                    code="work-given-up",
                )
            self._held = held
            sent, self._sent = self._sent, True
            try:
                self._whole = commit.send(prepared)
            except VersionTaken:
                # of a writer that is committing it now, or was stopped: finish or clear it
                self._sent = sent
                recovery.repair(self._site, self._object_id)
                continue
            except ConditionFailed:
                self._settle(base, inventory)
            self._committed = True
            return
        raise conflicts.changed(self._object_id, "other writers are faster again and again")

    def _base(
        self, base: StoredObject | None, inventory: Inventory, lying: Mapping[str, str]
    ) -> Root | None:
        """The object's root inventory, which is that of the base; Conflict if it is not."""
        if base is None and INVENTORY not in lying:
            return None
        root = commit.root_of(self._site, self._path)
        if base is not None and root is not None:
            if digest_of(root.data, base.inventory) == base.inventory_digest:
                return root
        elif base is None and root is None:
            return None  # purged since we looked
        # an earlier try of ours may have got so far, or others may have done it for us
        self._settle(base, inventory)
        self._committed = True
        return None

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
        if self._sent:
            self._withdraw()
        if base is None:
            raise commit.taken(self._site, self._object_id)
        raise conflicts.changed(
            self._object_id,
            "it was purged" if now is None else f"it is at version {now.inventory.head}",
        )

    def _is_in(self, now: StoredObject, inventory: Inventory) -> bool:
        """Whether others have committed our version, and more after it."""
        return (
            self._sent
            and all(
                now.inventory.versions.get(number) == entry
                for number, entry in inventory.versions.items()
            )
            and all(
                path in now.inventory.manifest.get(digest, ())
                for digest, path in self.content.manifest.items()
            )
        )

    def _withdraw(self) -> None:
        """Take our version's own files out again; nobody can commit it, as the base has gone."""
        key = self._site.object_key(self._path, f"{self._version}/{INVENTORY}")
        try:
            data, found = self._site.bucket.get(key)
        except FileNotFoundError:
            data, found = b"", None
        if found is not None and data == self._data:
            commit.take_out(self._site, self._path, self._version, found.etag)
        elif self._held.note.inventory is not None:
            purging.clear_sidecars(self._site, self._path, self._held.note.inventory)

    def _complete(self, inventory: Inventory) -> None:
        """See to what belongs to a version that exists; our note stays until that is done."""
        try:
            recovery.finish(self._site, self._path, inventory)
            self._whole = True
        except (StrongroomError, OSError) as error:
            log.warning("'%s' is left to be repaired: %s", self._object_id, error)

    def clear(self) -> None:
        """After a commit there is nothing left but the note. Else the content goes with it, or,
        where somebody may be about to commit it for us, after the time that this can take.

        What cannot be cleared now is swept: its note tells of it.
        """
        if not self._open:
            return
        self._open = False
        try:
            self._end()
        except (StrongroomError, OSError) as error:
            log.warning("unfinished work %s is left to be swept: %s", self._held.key, error)

    def _end(self) -> None:
        if self._committed:
            self.content.abort_uploads()
            if self._whole and not intents.close(self._site, self._held):
                # somebody thought us dead, and may have taken things out before our commit
                recovery.repair(self._site, self._object_id)
                intents.remove(self._site, self._held)
            return
        now = intents.read(self._site.bucket, self._held.key)
        if now is not None and (self._sent or now.etag != self._held.etag):
            # others may have seen our version lying there, and be about to commit it; as long as
            # the work was not given up, they would have left it there
            intents.give_up(self._site, now)
        elif not self._sent:
            self._clear_content(is_gone=now is None)

    def _clear_content(self, *, is_gone: bool) -> None:
        """``is_gone``: our note, too, is buried, and nobody but us clears what came after that."""
        root = commit.root_of(self._site, self._path) if is_gone or self._is_new else None
        self.content.clear(spared=purging.named(root) if root is not None else ())
        if self._is_new and purging.others(self._site, self._held):
            # whose object the declaration is, if it comes to one, turns out later
            intents.give_up(self._site, self._held)
            return
        if self._is_new and root is None:
            purging.clear_declarations(self._site, self._held, self._path)
        intents.remove(self._site, self._held)
