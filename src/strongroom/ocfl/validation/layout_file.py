"""The layout that a storage root declares: ``ocfl_layout.json`` and its extension (section 4.1).

Whether objects lie where it says is left to :mod:`.roots`.
"""

from __future__ import annotations

from collections.abc import Collection

from strongroom.errors import Unprocessable
from strongroom.ocfl import layouts
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.validation import folders, jsontext, registered
from strongroom.ocfl.validation.reading import Ground
from strongroom.ocfl.validation.reporting import shown
from strongroom.storage.protocols import ChildKind

FILE = "ocfl_layout.json"


def check(ground: Ground, extensions: Collection[str]) -> tuple[str | None, Layout | None]:
    """Judge the layout file; the name of the layout, and its rule where that is known.

    ``extensions``: the folders of the root's extensions.
    """
    raw = ground.read(FILE)
    if raw is None:
        return None, None
    value, wrong = jsontext.try_parse(raw)
    if wrong is not None:
        ground.problems.add("E070", jsontext.place(FILE, wrong), jsontext.told(wrong))
        return None, None
    if not isinstance(value, dict):
        ground.problems.add("E070", FILE, "This is no JSON object.", found=shown(value))
        return None, None
    name = value.get("extension")
    missing = [key for key in ("extension", "description") if not isinstance(value.get(key), str)]
    for key in missing:
        ground.problems.add(
            "E070",
            f"{FILE}: {key}",
            "There is no text under this key.",
            found=shown(value.get(key)),
        )
    if missing or not isinstance(name, str):
        return name if isinstance(name, str) else None, None
    if name not in registered.LAYOUTS:
        ground.problems.add(
            "E071", f"{FILE}: extension", "No layout of this name is registered.", found=shown(name)
        )
        return name, None
    return name, _rule(ground, name, extensions)


def _rule(ground: Ground, name: str, extensions: Collection[str]) -> Layout | None:
    config, place = None, f"extensions/{name}/config.json"
    if name in extensions:
        children = ground.children(f"extensions/{name}")
        if children is None:
            return None
        folders.links(ground, f"extensions/{name}", children)
        if any(c.name == "config.json" and c.kind is ChildKind.FILE for c in children):
            config = ground.read(place)
            if config is None:
                return None
    try:
        return layouts.read(name, config) if name in layouts.NAMES else None
    except Unprocessable as error:
        ground.problems.add("E070", place, error.message)
        return None
