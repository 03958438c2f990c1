"""Logical and content paths: elements, slashes, conflicts (OCFL 1.1, sections 3.5.2 and 3.5.3).

Where in the object a content path must lead is left to :mod:`.placing`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from strongroom.ocfl.validation.reporting import Problems, shown

#: an element that is empty or made of one or two dots, the empty ones at both ends included
_ODD = re.compile(r"(?:\A|/)\.{0,2}(?:/|\Z)")


def content_path(path: str, place: str, problems: Problems) -> bool:
    """Whether a content path is safe; else told."""
    if not _ODD.search(path):
        return True
    if _outer_slash(path):
        problems.add(
            "E100", place, "A content path starts or ends with a slash.", found=shown(path)
        )
    if _odd_element(path):
        problems.add(
            "E099", place, "An element of a content path is empty or dots.", found=shown(path)
        )
    return False


def logical_path(path: str, place: str, problems: Problems) -> bool:
    """Whether a logical path is safe; else told."""
    if not _ODD.search(path):
        return True
    if _outer_slash(path):
        problems.add(
            "E053", place, "A logical path starts or ends with a slash.", found=shown(path)
        )
    if _odd_element(path):
        problems.add(
            "E052", place, "An element of a logical path is empty or dots.", found=shown(path)
        )
    return False


def all_safe(paths: Iterable[str]) -> bool:
    """Whether every one of many paths is safe, as :func:`content_path` says of one; at once."""
    text = f"/{'/'.join(paths)}/"
    return not ("//" in text or "/./" in text or "/../" in text)


def flat(block: Mapping[str, Any]) -> dict[str, str] | None:
    """Path -> digest for a block of digests with lists of paths, if nothing is odd about it.

    None where there is: no list, no text, a path twice, one that is not safe. Who needs to know
    what it is looks at each entry; this looks at all of them at once.
    """
    if not {*map(type, block.values())} <= {list}:
        return None
    try:
        found = {path: digest for digest, named in block.items() for path in named}
        if {*map(type, found)} <= {str} and len(found) == sum(map(len, block.values())):
            return found if not found or all_safe(found) else None
    except TypeError:  # what is no key of a dictionary is no path
        pass
    return None


def conflicts(paths: Collection[str]) -> list[str]:
    """Those of the paths that other paths use as a folder, sorted."""
    return clashes(parents_of(paths), paths)


def clashes(parents: Iterable[str], paths: Collection[str]) -> list[str]:
    """The same, where the folders are known that the paths lie in directly."""
    return sorted(folder for folder in with_above(parents) if folder in paths)


def parents_of(paths: Iterable[str]) -> set[str]:
    """The folders that paths lie in directly; ``""`` for a path without one."""
    return {path.rpartition("/")[0] for path in paths}


def with_above(parents: Iterable[str]) -> set[str]:
    """These folders, and all that they lie in."""
    folders: set[str] = set()
    for parent in parents:
        folder = parent
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def last_element(path: str) -> str:
    """What the file is called, also in a path that is wrong."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _outer_slash(path: str) -> bool:
    return path.startswith("/") or path.endswith("/")


def _odd_element(path: str) -> bool:
    inner = path.removeprefix("/").removesuffix("/")
    return path != "/" and any(element in ("", ".", "..") for element in inner.split("/"))
