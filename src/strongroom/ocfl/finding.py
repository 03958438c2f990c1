"""The folders of all objects of a storage root, and what lies between them that belongs to none.

Nothing is read here. Where a place lists whatever lies in it at once, it is gone through by pages,
so that ten thousand objects of ten files take a hundred requests, and no object more than two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.errors import Damaged
from strongroom.ocfl import metadata, paths
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import INVENTORY
from strongroom.storage.protocols import Child, ChildKind, Flat, Store

_DECLARATION = "0=ocfl_object_"
_EXTENSIONS = paths.below(paths.ROOT, "extensions")
#: comes after all that can lie in a folder
_END = "\U0010ffff"


def places(store: Store) -> Iterator[StoragePath | Damaged]:
    """The folders of all objects, unread, and a Damaged for each thing that is none."""
    return _by_pages(store, store) if isinstance(store, Flat) else _by_folders(store)


def told(store: Store, error: OSError, path: StoragePath) -> Damaged:
    """An error about one folder among the objects; raised as it is if it is about us."""
    place = store.place(path)
    better = metadata.unreadable(error, place, "the storage root", name=path)
    if isinstance(better, OSError):
        raise better
    return better


# ------------------------------------------------------------------------------ folder by folder


def _by_folders(store: Store) -> Iterator[StoragePath | Damaged]:
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
            yield told(store, error, path)
            continue
        folders = [child.name for child in children if child.kind is ChildKind.FOLDER]
        if path == paths.ROOT:
            # files in the root itself are free (E087), as is everything in its extensions
            free = [child for child in children if child.kind is not ChildKind.FILE]
            folders = [name for name in folders if name != _EXTENSIONS]
            yield from _strays(store, path, free)
        elif _is_object(children):
            yield path
            continue
        else:
            yield from _strays(store, path, children)
        if not _has_inventory(children):
            waiting += [paths.below(path, name) for name in reversed(folders)]


def _is_object(children: Iterable[Child]) -> bool:
    return any(c.kind is ChildKind.FILE and c.name.startswith(_DECLARATION) for c in children)


def _has_inventory(children: Iterable[Child]) -> bool:
    """Whether this was an object: what lies deeper is its own, then, and not told."""
    return any(c.kind is not ChildKind.FOLDER and c.name == INVENTORY for c in children)


def _strays(store: Store, path: StoragePath, children: Iterable[Child]) -> Iterator[Damaged]:
    for child in children:
        if child.kind is not ChildKind.FOLDER:
            place = paths.below(path, child.name)
            yield Damaged(
                f"'{place}' in the storage root belongs to no object.",
                code="stray-file",
                operator=f"move {store.place(place)} away, or restore the object it belonged to",
            )


# ---------------------------------------------------------------------------------- page by page


def _by_pages(store: Store, flat: Flat) -> Iterator[StoragePath | Damaged]:
    """Objects as they come; what seems to belong to none is looked at before it is told.

    The files of an object are in no page of one moment: its declaration may have come, or its
    content gone, since the page before.
    """
    after: str = ""
    token: str | None = None
    #: the folder whose files need no look: an object's, mostly
    inside = paths.ROOT
    #: folders of files that belong to no object, as it seems
    doubtful: dict[StoragePath, None] = {}
    while True:
        page, token = flat.page(after, token)
        for path in page:
            if inside and path.startswith(f"{inside}/"):
                continue
            if doubtful and not path.startswith(f"{_top(next(iter(doubtful)))}/"):
                yield from _doubtful(store, doubtful)
                doubtful.clear()
            folder, _, name = path.rpartition("/")
            where = paths.below(paths.ROOT, folder)
            if path.startswith(f"{_EXTENSIONS}/"):
                inside = _EXTENSIONS
            elif folder and name.startswith(_DECLARATION):
                inside = where
                for seen in [seen for seen in doubtful if f"{seen}/".startswith(f"{where}/")]:
                    del doubtful[seen]
                yield where
            elif folder and name:
                doubtful[where] = None
        if token is None:
            break
        if inside and page and page[-1].startswith(f"{inside}/"):
            after, token = f"{inside}/{_END}", None
    yield from _doubtful(store, doubtful)


def _top(path: StoragePath) -> str:
    return path.partition("/")[0]


def _doubtful(store: Store, folders: Iterable[StoragePath]) -> Iterator[Damaged]:
    """The files of these folders that belong to no object indeed, folder by folder."""
    seen: dict[StoragePath, list[Child]] = {}

    def children(path: StoragePath) -> list[Child]:
        if path not in seen:
            try:
                seen[path] = store.children(path)
            except FileNotFoundError:
                seen[path] = []
        return seen[path]

    for folder in folders:
        higher = map(children, paths.above(folder))
        if any(_is_object(found) or _has_inventory(found) for found in higher):
            continue
        if not _is_object(children(folder)):
            yield from _strays(store, folder, children(folder))
