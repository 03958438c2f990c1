"""What lies in an object besides its versions: the object root, logs, extensions (section 3.1).

Version folders are left to :mod:`.version_folders`; files that other modules judge are named to
this one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from strongroom.ocfl.validation import names, registered
from strongroom.ocfl.validation.names import Names
from strongroom.ocfl.validation.reading import Ground
from strongroom.storage.protocols import Child, ChildKind

_OBJECT = "0=ocfl_object_"


def links(ground: Ground, folder: str, children: Iterable[Child]) -> set[str]:
    """Tell of symbolic and hard links; the names of the symbolic ones, to be left alone."""
    found: set[str] = set()
    for child in children:
        if child.kind is ChildKind.LINK:
            ground.problems.add("E090", join(folder, child.name), "This is a symbolic link.")
            found.add(child.name)
        elif child.names > 1:
            ground.problems.add(
                "E090",
                join(folder, child.name),
                f"This file has {child.names} names (hard links).",
            )
    return found


def survey(ground: Ground, folder: str) -> bool:
    """Look for links and for objects in a folder whose content is free; whether it has objects."""
    nested = False
    left = [folder]
    while left:
        place = left.pop()
        children = ground.children(place)
        if children is None:
            continue
        links(ground, place, children)
        if is_object(children):
            ground.problems.add("E082", place, "This object lies within another object.")
            nested = True
            continue
        left += (
            join(place, child.name)
            for child in reversed(children)
            if child.kind is ChildKind.FOLDER
        )
    return nested


def is_object(children: Iterable[Child]) -> bool:
    """Whether these lie in the root of an object that declares itself."""
    return any(c.kind is ChildKind.FILE and c.name.startswith(_OBJECT) for c in children)


def others(
    ground: Ground, children: Iterable[Child], judged: Collection[str], bad: Collection[str]
) -> None:
    """Judge what lies in the object root and is neither a version nor among ``judged`` files.

    ``bad``: names that the inventory gives to versions and that are reported.
    """
    for child in children:
        if child.kind is ChildKind.LINK or child.name in judged:
            continue
        if child.kind is ChildKind.FOLDER:
            if names.is_shaped(child.name):
                continue
            if child.name == "extensions":
                _extensions(ground)
            elif (
                not survey(ground, child.name)
                and child.name != "logs"
                and not (child.name in bad and child.name.startswith("v"))
            ):
                ground.problems.add(
                    "E001", child.name, "This folder has no place in the root of an object."
                )
        elif child.names == 1 or child.kind is ChildKind.SPECIAL:
            ground.problems.add(
                "E001", child.name, "This file has no place in the root of an object."
            )


def _extensions(ground: Ground) -> None:
    """Section 3.9: nothing but folders, each with the name of a registered extension."""
    children = ground.children("extensions")
    if children is None:
        return
    linked = links(ground, "extensions", children)
    if is_object(children):
        ground.problems.add("E082", "extensions", "This object lies within another object.")
        return
    for child in children:
        place = join("extensions", child.name)
        if child.kind is ChildKind.FOLDER:
            if not survey(ground, place) and child.name not in registered.EXTENSIONS:
                ground.problems.add("W013", place, "No extension of this name is registered.")
        elif child.name not in linked and child.names == 1:
            ground.problems.add(
                "E067", place, "A file lies directly among the extensions of the object."
            )


def versions(ground: Ground, there: Collection[str], known: Names, told: Collection[str]) -> None:
    """Compare the version folders that are there with the versions of the inventory.

    ``told``: names in the object root that are reported, and may stand for a version. Where the
    inventory's names are wrong already, nothing follows from them.
    """
    if known.bad or not known.good:
        return
    missing = [name for name in known.good if name not in there and name not in told]
    extra = {name: names.number(name) for name in sorted(there) if name not in known.good}
    for name in list(missing):
        other = next((n for n, number in extra.items() if number == known.good[name]), None)
        if other is not None:
            ground.problems.add(
                "E046",
                other,
                "This version folder is not called as its version in the inventory.",
                expected=name,
                found=other,
            )
            missing.remove(name)
            del extra[other]
    top = max((names.number(name) or 0 for name in (*there, *told)), default=0)
    for name in missing:
        if known.good[name] < top:
            ground.problems.add("E010", name, "The folder of this version is missing.")
        else:
            ground.problems.add(
                "E046", name, "The inventory has this version, but there is no such folder."
            )
    _unknown(ground, extra, known)


def _unknown(ground: Ground, extra: Mapping[str, int | None], known: Names) -> None:
    """Tell of version folders that the inventory does not have."""
    highest = max(known.good.values())
    following = highest + 1
    for name, number in sorted(extra.items(), key=lambda item: (item[1] or 0, item[0])):
        if number is not None and number < highest and known.disordered:
            continue
        if number is not None and number > following:
            ground.problems.add(
                "E010", name, f"There is no version folder {names.run(following, number - 1)}."
            )
            return
        ground.problems.add("E046", name, "The inventory has no version of this folder's name.")
        following = max(following, (number or 0) + 1)


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
