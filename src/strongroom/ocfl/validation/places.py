"""What a folder is: a storage root, an object, or neither.

A guess by what lies directly in it, good enough to choose a validator; whether it is a valid
one is left to that validator.
"""

from __future__ import annotations

import re
from typing import Literal

from strongroom.storage.protocols import ChildKind, Store

_VERSION = re.compile(r"v[0-9]+")


def what_is(store: Store, path: str = "") -> Literal["root", "object"] | None:
    """What the folder at ``path`` is, also where its declaration is missing or damaged.

    Raises the OSError of a folder that cannot be listed.
    """
    children = store.children(path)
    files = [child.name for child in children if child.kind is ChildKind.FILE]
    folders = [child.name for child in children if child.kind is ChildKind.FOLDER]
    if any("ocfl_object" in name for name in files):
        return "object"
    if any(name.startswith("inventory.json") for name in files):
        return "object"
    if any("=ocfl" in name for name in files):
        return "root"
    if "ocfl_layout.json" in files:
        return "root"
    if "v1" in folders and all(_VERSION.fullmatch(name) for name in folders):
        return "object"
    return None
