"""The three kinds of paths of OCFL, and which of them are safe (E052, E053, E095, E099–E101).

A path of one kind cannot be used as another: types part them, and only the functions here make
them, after looking at what they are made of. What a path is good for on other systems is the
business of :mod:`strongroom.ocfl.content_paths`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NewType, cast

from strongroom.errors import BadRequest, Damaged, Fault
from strongroom.storage.names import encodable

#: what a file is called in the state of a version
LogicalPath = NewType("LogicalPath", str)
#: where content lies, relative to its object: ``v1/content/…``
ContentPath = NewType("ContentPath", str)
#: where anything lies, relative to the storage root; ``""`` is the root itself
StoragePath = NewType("StoragePath", str)

ROOT = StoragePath("")

#: an empty element, ``.`` or ``..``, a leading or trailing slash; a NUL
_UNSAFE = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)|\0")


# -------------------------------------------------------------------------------------- making


def logical(text: str) -> LogicalPath:
    """A logical path that a caller names; BadRequest (``bad-path``) if it is not safe."""
    if _UNSAFE.search(text) or not encodable(text):
        raise BadRequest(
            f"'{text[:200]}' cannot be a path in an OCFL object.",
            code="bad-path",
            faults=[
                Fault(
                    code="bad-path",
                    message="A path has no empty, '.' or '..' part and must be UTF-8.",
                    path=text[:200],
                )
            ],
        )
    return LogicalPath(text)


def content(text: str) -> ContentPath:
    """A content path that was kept elsewhere; Damaged (``bad-path``) if it is not safe."""
    if _UNSAFE.search(text):
        what = f"'{text[:200]}' cannot be the path of content in an OCFL object."
        raise Damaged(
            f"{what} Make the index again from storage.",
            code="bad-path",
            faults=[Fault(code="bad-path", message=what, path=text[:200])],
        )
    return ContentPath(text)


def all_logical(state: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[LogicalPath, ...]]:
    """A state in whose paths :func:`unsafe` has found nothing."""
    return cast(Mapping[str, tuple[LogicalPath, ...]], state)


def all_content(held: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[ContentPath, ...]]:
    """A manifest in whose paths :func:`unsafe` has found nothing."""
    return cast(Mapping[str, tuple[ContentPath, ...]], held)


def content_below(version: str, directory: str, portable: str) -> ContentPath:
    """The content path of a file in a version; ``portable`` is its place in the content folder."""
    return ContentPath(f"{version}/{directory}/{portable}")


def below(folder: StoragePath, path: str) -> StoragePath:
    """Where a file or folder of an object, or of the hierarchy above it, lies in the root."""
    return StoragePath(f"{folder}/{path}" if folder else path)


def above(path: StoragePath) -> list[StoragePath]:
    """The folders between the root and this one, the highest first."""
    parts = path.split("/")
    return [StoragePath("/".join(parts[:count])) for count in range(1, len(parts))]


# ------------------------------------------------------------------------------------- judging


def unsafe(paths: Collection[str]) -> list[str]:
    """Those of the paths that must not be used."""
    # one look at all of them together finds most inventories without fault, ten times faster
    joined = "/\n/".join(paths)
    if not any(sign in f"/{joined}/" for sign in ("//", "/./", "/../", "\0")):
        return []
    search = _UNSAFE.search
    return [path for path in paths if search(path)]


def also_folders(paths: Iterable[str]) -> list[str]:
    """Those of the paths that lie above another one and so would be file and folder at once."""
    known = paths if isinstance(paths, (set, frozenset, dict)) else set(paths)
    folders = {path.rpartition("/")[0] for path in known}
    clashing = set()
    for folder in folders:
        above = folder
        while above:
            if above in known:
                clashing.add(above)
            above = above.rpartition("/")[0]
    return sorted(clashing)
