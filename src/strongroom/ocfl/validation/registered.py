"""What the community of OCFL has registered: extensions and storage layouts.

https://ocfl.github.io/extensions/. The one place where validation asks the rest of the engine:
names, and the rule from an object's id to its path; both are loaded when first asked for.
"""

from __future__ import annotations

from strongroom.ocfl.layouts.protocol import Layout


def extensions() -> frozenset[str]:
    """The names of all registered extensions."""
    from strongroom.ocfl.extensions import REGISTERED

    return REGISTERED


def layouts() -> frozenset[str]:
    """The names of all registered storage layouts, known to this engine or not."""
    from strongroom.ocfl.extensions import LAYOUTS

    return LAYOUTS


def layout(name: str, config: bytes | None) -> Layout | None:
    """A layout's rule; None for one that is registered but not known to this engine.

    Unprocessable if the configuration is not what the layout asks for.
    """
    from strongroom.ocfl.layouts import NAMES, read

    return read(name, config) if name in NAMES else None
