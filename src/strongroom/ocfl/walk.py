"""Every object of a storage root, in a stable order, found by looking and not by any index.

What cannot be read is handed out as an error among the objects, so that one damaged object does
not hide the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.errors import Damaged, NotFound, Unprocessable
from strongroom.ocfl import evidence, metadata, paths, stored
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.site import Ground
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.protocols import ChildKind, Store


def objects(site: Ground) -> Iterator[StoredObject | Damaged]:
    """The objects by their paths in the root, and a Damaged for each thing that is none.

    Objects that are purged while the walk goes on are left out.
    """
    for found in places(site.store):
        if isinstance(found, Damaged):
            yield found
        else:
            yield from _read(site, found)


def places(store: Store) -> Iterator[StoragePath | Damaged]:
    """The folders of all objects, unread, and a Damaged for each thing that is none."""
    waiting = [paths.ROOT]
    while waiting:
        path = waiting.pop()
        try:
            children = store.children(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            if path == paths.ROOT:
                raise
            yield _told(store, error, path)
            continue
        folders = [child.name for child in children if child.kind is ChildKind.FOLDER]
        files = [child.name for child in children if child.kind is ChildKind.FILE]
        odd = [child.name for child in children if child.kind is not ChildKind.FOLDER]
        if path == paths.ROOT:
            # files in the root itself are free (E087), as is everything in its extensions
            folders = [name for name in folders if name != "extensions"]
            odd = [name for name in odd if name not in files]
        elif any(name.startswith("0=ocfl_object_") for name in files):
            yield path
            continue
        for name in odd:
            place = paths.below(path, name)
            yield Damaged(
                f"'{place}' in the storage root belongs to no object.",
                code="stray-file",
                operator=f"move {store.place(place)} away, or restore the object it belonged to",
            )
        if stored.INVENTORY not in odd:
            waiting += [paths.below(path, name) for name in reversed(folders)]


def _read(site: Ground, path: StoragePath) -> Iterator[StoredObject | Damaged]:
    try:
        found = stored.load(site.store, path)
        check_place(site, found.id, path)
        yield found
    except NotFound:
        if site.store.made_in_place:
            yield from _lost(site, path)
    except Damaged as error:
        yield error
    except OSError as error:
        yield _told(site.store, error, path)


def _lost(site: Ground, path: StoragePath) -> Iterator[StoredObject | Damaged]:
    """Nothing, if an object was purged; where only its inventory is gone, that is told."""
    try:
        if evidence.remains(site.store, path) is None:
            return
        # it may have come in this moment
        yield stored.load(site.store, path)
    except NotFound:
        if evidence.remains(site.store, path) is not None:
            yield stored.without_inventory(site.store, path)
    except (Damaged, OSError) as error:
        yield error if isinstance(error, Damaged) else _told(site.store, error, path)


def check_place(site: Ground, object_id: str, path: StoragePath) -> None:
    """Damaged (``wrong-object``) if an object does not lie where its id leads."""
    try:
        place = site.object_path(object_id)
    except Unprocessable as error:
        raise Damaged(
            f"'{object_id}' lies at '{path}', but the root's layout has no place for it: "
            f"{error.message}",
            code="wrong-object",
        ) from error
    if place != path:
        raise Damaged(
            f"'{object_id}' lies at '{path}' and not where its id leads, '{place}'. Move it there.",
            code="wrong-object",
        )


def _told(store: Store, error: OSError, path: StoragePath) -> Damaged:
    """An error about one folder among the objects; raised as it is if it is about us."""
    place = store.place(path)
    better = metadata.unreadable(error, place, "the storage root", name=path)
    if isinstance(better, OSError):
        raise better
    return better
