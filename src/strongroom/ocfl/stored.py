"""An object as it lies in a storage root: its inventory, read by the reader's rule.

A writer may be between the inventory and its sidecar, so a pair that does not match is looked at
again, and then against the copy in the newest version. Repairs are left to
:mod:`strongroom.ocfl.recovery`, reading content to :mod:`strongroom.ocfl.reading`.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from strongroom.errors import Damaged, NotFound
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl import metadata, paths, reading
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.reading import ObjectFolder
from strongroom.storage.protocols import Store

INVENTORY = "inventory.json"
#: seconds to wait before each look at an inventory that is not there or not as its sidecar says:
#: a writer may be between two renames
_LOOKS = (0.0, 0.002, 0.005, 0.02, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject(ObjectFolder):
    """One object, as it was when its inventory was read."""

    inventory: Inventory
    #: digest of the root inventory's bytes (lower-case hex, by the object's algorithm)
    inventory_digest: str

    def read_bytes(self, logical: str, version: int | None = None) -> bytes:
        """A small file whole, proved by its digest; NotFound if the version does not have it."""
        digest = self.inventory.digest_of(logical, version)
        content_path = self.inventory.content_path(digest)
        with self.open(content_path) as stream:
            data = stream.read()
        found = hashlib.new(self.algorithm, data).hexdigest()
        if found != digest:
            raise reading.wrong_digest(self, content_path, digest, found)
        return data


def load(store: Store, path: StoragePath, owner: str | None = None) -> StoredObject:
    """The object in the folder at ``path``.

    ``owner`` is what messages call the object. NotFound if there is none. Damaged if its root
    inventory or sidecar cannot be read, or matches neither its sidecar nor the copy in its newest
    version: nothing is served from such an inventory.
    """
    owner = owner or f"the object at '{path}'"
    data = None
    for wait in _LOOKS:
        if wait:
            time.sleep(wait)
        data = metadata.read_from(store, paths.below(path, INVENTORY), owner)
        if data is None:
            if store.made_in_place or _nothing_in(store, path, owner):
                raise NotFound(f"There is no object at '{path}'.")
            continue
        inventory = inventories.parse(data)
        digest = digest_of(data, inventory)
        if read_sidecar(store, path, inventory.digest_algorithm, owner) == digest:
            break
    else:
        if data is None:
            raise without_inventory(store, path)
        # a writer died between inventory and sidecar: the version's own pair must speak for it
        if not _matches_copy(store, path, data, inventory, owner):
            raise Damaged(
                f"The inventory of '{inventory.id}' matches neither its sidecar nor the copy in "
                "its newest version, so nothing in the object can be trusted. "
                "Restore it from a copy.",
                code="bad-inventory",
                operator=f"the object is {store.place(path)}",
            )
    return StoredObject(
        id=inventory.id,
        store=store,
        path=path,
        algorithm=inventory.digest_algorithm,
        inventory=inventory,
        inventory_digest=digest,
    )


def without_inventory(store: Store, path: StoragePath) -> Damaged:
    return Damaged(
        f"The object at '{path}' has no inventory. Restore it from a copy.",
        code="bad-inventory",
        operator=f"the object is {store.place(path)}",
    )


def _nothing_in(store: Store, path: StoragePath, owner: str) -> bool:
    """Whether there is no object; it may have come, or be going, since it was looked for."""
    try:
        return not store.children(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        name = path.rpartition("/")[2]
        raise metadata.unreadable(error, store.place(path), owner, name=name) from error


def digest_of(data: bytes, inventory: Inventory) -> str:
    """The digest of an inventory's bytes, by the object's algorithm."""
    return hashlib.new(inventory.digest_algorithm, data).hexdigest()


def sidecar_name(algorithm: str) -> str:
    return f"{INVENTORY}.{algorithm}"


def sidecar(digest: str) -> bytes:
    """What stands in the sidecar of an inventory with this digest."""
    return f"{digest}  {INVENTORY}\n".encode()


def read_sidecar(store: Store, folder: StoragePath, algorithm: str, owner: str) -> str | None:
    """The digest in the sidecar of a folder's inventory; None if there is none, or it says nothing.

    Damaged if it cannot be read.
    """
    data = metadata.read_from(store, paths.below(folder, sidecar_name(algorithm)), owner)
    if data is None:
        return None
    words = data.decode("ascii", "replace").split()
    return words[0].lower() if len(words) == 2 and words[1] == INVENTORY else None


def _matches_copy(
    store: Store, path: StoragePath, data: bytes, inventory: Inventory, owner: str
) -> bool:
    """Whether these bytes equal the newest version's inventory, and that its own sidecar."""
    name = inventory.version_folder(inventory.head)
    version, owner = paths.below(path, name), f"{name} of {owner}"
    if metadata.read_from(store, paths.below(version, INVENTORY), owner) != data:
        return False
    said = read_sidecar(store, version, inventory.digest_algorithm, owner)
    return said == digest_of(data, inventory)
