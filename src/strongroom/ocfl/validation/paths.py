"""Logical and content paths: elements, slashes, conflicts (OCFL 1.1, sections 3.5.2 and 3.5.3).

Where in the object a content path must lead is left to :mod:`.placing`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from strongroom.ocfl.validation.reporting import Problems, shown

#: an element that is empty or made of one or two dots, the empty ones at both ends included
_ODD = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")


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


def conflicts(paths: Collection[str]) -> list[str]:
    """Those of the paths that other paths use as a folder, sorted."""
    folders = folders_of(paths)
    return sorted(path for path in paths if path in folders)


def folders_of(paths: Iterable[str]) -> set[str]:
    """All folders that paths lie in."""
    folders: set[str] = set()
    for path in paths:
        end = path.rfind("/")
        while end > 0:
            folder = path[:end]
            if folder in folders:
                break
            folders.add(folder)
            end = path.rfind("/", 0, end)
    return folders


def last_element(path: str) -> str:
    """What the file is called, also in a path that is wrong."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _outer_slash(path: str) -> bool:
    return path.startswith("/") or path.endswith("/")


def _odd_element(path: str) -> bool:
    inner = path.removeprefix("/").removesuffix("/")
    return path != "/" and any(element in ("", ".", "..") for element in inner.split("/"))
