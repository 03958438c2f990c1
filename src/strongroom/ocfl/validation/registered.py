"""What the community of OCFL has registered: extensions and storage layouts.

https://ocfl.github.io/extensions/. The one place where validation asks the rest of the engine:
names, and the rule from an object's id to its path.
"""

from __future__ import annotations

from strongroom.ocfl.extensions import LAYOUTS, REGISTERED
from strongroom.ocfl.layouts import NAMES, read
from strongroom.ocfl.layouts.protocol import Layout


def extensions() -> frozenset[str]:
    """The names of all registered extensions."""
    return REGISTERED


def layouts() -> frozenset[str]:
    """The names of all registered storage layouts, known to this engine or not."""
    return LAYOUTS


def layout(name: str, config: bytes | None) -> Layout | None:
    """A layout's rule; None for one that is registered but not known to this engine.

    Unprocessable if the configuration is not what the layout asks for.
    """
    return read(name, config) if name in NAMES else None
