"""Which logical and content paths are safe (OCFL 1.1, E052, E053, E095, E099–E101).

The same rules hold for what is written and for what is read; what a path is good for on other
systems is the business of :mod:`strongroom.ocfl.content_paths`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

#: an empty element, ``.`` or ``..``, a leading or trailing slash; a NUL
_UNSAFE = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)|\0")


def unsafe(paths: Collection[str]) -> list[str]:
    """Those of the paths that must not be used."""
    # one look at all of them together finds most inventories without fault, ten times faster
    joined = "/\n/".join(paths)
    if not any(sign in f"/{joined}/" for sign in ("//", "/./", "/../", "\0")):
        return []
    search = _UNSAFE.search
    return [path for path in paths if search(path)]


def also_folders(paths: Collection[str]) -> list[str]:
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


def encodable(path: str) -> bool:
    """Whether UTF-8 can carry the path."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
