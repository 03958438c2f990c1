"""What the files of an object prove where its inventory alone does not: the same for every storage.

Nothing is changed here; what follows from the evidence is decided by the recovery of each kind of
storage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.errors import Damaged, NotFound
from strongroom.ocfl import digests, metadata, paths, stored
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.site import Ground
from strongroom.ocfl.stored import INVENTORY
from strongroom.storage.protocols import Store

#: the names of version folders, and their numbers
VERSION = re.compile(r"v0*([1-9][0-9]*)")


def id_at(store: Store, path: StoragePath) -> str:
    """The id of the object in a folder, also where only a repair makes it readable.

    NotFound if there is none, Damaged if nothing in it tells.
    """
    try:
        return stored.load(store, path).id
    except Damaged as error:
        copy = proven_copy(store, path, error)
        return inventories.parse(copy).id
    except NotFound:
        left = remains(store, path) if store.made_in_place else None
        if left is None:
            raise
        return inventories.parse(left).id


def remains(store: Store, path: StoragePath) -> bytes | None:
    """What is left of an object that lacks its inventory alone, in storage that is made in place.

    The copy that its sidecar proves, else that of its newest version that has one. None if there
    is none, and so no object; it may also be one that is made or purged at this moment.
    """
    owner = f"the object at '{path}'"
    copy = copy_by_sidecar(store, path, owner)
    if copy is not None:
        return copy
    try:
        children = store.children(path)
    except FileNotFoundError:
        return None
    numbers = {
        int(match.group(1)): child.name
        for child in children
        if (match := VERSION.fullmatch(child.name))
    }
    for number in sorted(numbers, reverse=True):
        data = metadata.read_from(store, paths.below(path, f"{numbers[number]}/{INVENTORY}"), owner)
        if data is not None:
            return data
    return None


def is_its_own(ground: Ground, object_id: str) -> bool:
    """Whether what lies in an object's place is that object, and not another with its place.

    Damaged if that cannot be told in a layout in which it must be.
    """
    if ground.layout.one_to_one:
        return True
    return id_at(ground.store, ground.object_path(object_id)) == object_id


def proven_copy(store: Store, path: StoragePath, error: Damaged) -> bytes:
    """The inventory of a version that has exactly the digest in the object's own sidecar.

    Raises ``error`` if there is none, or if it says that the disk, not the inventory, is at fault.
    """
    if error.problem != "bad-inventory":
        raise error
    copy = copy_by_sidecar(store, path, f"the object at '{path}'")
    if copy is None:
        raise error
    return copy


def copy_by_sidecar(store: Store, path: StoragePath, owner: str) -> bytes | None:
    """The inventory of a version that has exactly the digest in the object's own sidecar."""
    for algorithm in digests.CONTENT:
        said = stored.read_sidecar(store, path, algorithm, owner)
        for child in store.children(path) if said else ():
            copy = paths.below(path, f"{child.name}/{INVENTORY}")
            if VERSION.fullmatch(child.name):
                data = metadata.read_from(store, copy, owner)
                if data is not None and digests.of(algorithm, data) == said:
                    return data
    return None


def not_following(base: Inventory, new: Inventory, name: str) -> Iterator[str]:
    """What speaks against ``new``, found in the version folder ``name``, following ``base``."""
    if (new.id, new.head, new.version_folder(new.head)) != (base.id, base.head + 1, name):
        yield "its inventory is that of another version or object"
    if (new.digest_algorithm, new.content_directory) != (
        base.digest_algorithm,
        base.content_directory,
    ):
        yield "it uses another digest algorithm or content folder"
    for number, entry in base.versions.items():
        if new.versions.get(number) != entry:
            yield f"it tells version {number} otherwise"
    for digest, held in base.manifest.items():
        if not set(held) <= set(new.manifest.get(digest, ())):
            yield f"it has lost the content with the digest {digest}"
