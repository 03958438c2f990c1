"""The folders between a storage root and its objects (section 4.3).

Finds the objects, one by one, and tells of all that has no place between them; each object is left
to :mod:`.objects`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from strongroom.ocfl.validation import folders
from strongroom.ocfl.validation.reading import Ground
from strongroom.storage.protocols import Child, ChildKind, Store

_ROOT = re.compile(r"0=ocfl_[0-9].*")


def objects(ground: Ground, children: Iterable[Child]) -> Iterator[str]:
    """The paths of all objects, in order; ``children`` is what lies directly in the root."""
    for child in children:
        if child.kind is ChildKind.FOLDER and child.name != "extensions":
            yield from _branch(ground, child.name)


def _branch(ground: Ground, top: str) -> Iterator[str]:
    """The objects in and below one folder of the root."""
    quiet = False
    left = [top]
    while left:
        place = left.pop()
        children = ground.children(place)
        if children is None:
            continue
        if _is_object(children):
            yield place
            continue
        if place == top and _is_foreign(ground.store, ground.at(top)):
            quiet = True
            ground.problems.add(
                "E088", top, "This folder has files, but no object: it is no part of the hierarchy."
            )
        linked = folders.links(ground, place, children)
        inner = [child.name for child in children if child.kind is ChildKind.FOLDER]
        if _is_root(children):
            ground.problems.add("E074", place, "This is a storage root within another.")
            continue
        if not children:
            ground.problems.add("E073", place, "This folder is empty.")
        if not quiet:
            _files(ground, place, children, linked, among_folders=bool(inner))
        left += (folders.join(place, name) for name in reversed(inner))


def _files(
    ground: Ground,
    place: str,
    children: Iterable[Child],
    linked: set[str],
    *,
    among_folders: bool,
) -> None:
    for child in children:
        if child.kind is ChildKind.FOLDER or child.name in linked or child.names > 1:
            continue
        path = folders.join(place, child.name)
        if among_folders:
            ground.problems.add("E084", path, "A file lies between the root and its objects.")
        else:
            ground.problems.add("E072", path, "This file belongs to no object.")


def _is_foreign(store: Store, top: str) -> bool:
    """Whether a branch has files, and nothing in it that could be an object or a root."""
    files = False
    left = [top]
    while left:
        place = left.pop()
        try:
            children = store.children(place)
        except OSError:  # told when the branch is gone through
            return False
        if _is_object(children) or _is_root(children):
            return False
        files = files or any(child.kind is ChildKind.FILE for child in children)
        left += (
            folders.join(place, child.name)
            for child in reversed(children)
            if child.kind is ChildKind.FOLDER
        )
    return files


def _is_object(children: Iterable[Child]) -> bool:
    """Whether these lie in the root of an object, damaged ones included."""
    return any(
        child.kind is not ChildKind.FOLDER
        and ("ocfl_object" in child.name or child.name.startswith("inventory.json"))
        for child in children
    )


def _is_root(children: Iterable[Child]) -> bool:
    return any(c.kind is ChildKind.FILE and _ROOT.fullmatch(c.name) for c in children)
