"""Where objects lie below a storage root: the storage layouts of the OCFL community extensions.

https://ocfl.github.io/extensions/. One module for each layout; which one a root follows is read by
:mod:`strongroom.ocfl.declaration`.
"""

from __future__ import annotations

import msgspec

from strongroom.errors import Unprocessable
from strongroom.ocfl.layouts import parameters
from strongroom.ocfl.layouts.flat_direct import FlatDirect
from strongroom.ocfl.layouts.flat_omit_prefix import FlatOmitPrefix
from strongroom.ocfl.layouts.hash_and_id import HashAndId
from strongroom.ocfl.layouts.hashed import Hashed
from strongroom.ocfl.layouts.n_tuple_omit_prefix import NTupleOmitPrefix
from strongroom.ocfl.layouts.protocol import Layout

__all__ = [
    "DEFAULT",
    "NAMES",
    "FlatDirect",
    "FlatOmitPrefix",
    "HashAndId",
    "Hashed",
    "Layout",
    "NTupleOmitPrefix",
    "read",
    "write",
]

_Known = FlatDirect | HashAndId | Hashed | FlatOmitPrefix | NTupleOmitPrefix

_KINDS: dict[str, type[_Known]] = {
    kind.name: kind for kind in (FlatDirect, HashAndId, Hashed, FlatOmitPrefix, NTupleOmitPrefix)
}

#: the layouts that are known here, by their registered names
NAMES = frozenset(_KINDS)

#: the layout of a new root unless another one is asked for
DEFAULT: Layout = Hashed()


def read(name: str, config: bytes | None) -> Layout:
    """The layout of that name with the parameters in the bytes of its ``config.json``.

    Without a config (None) each parameter has the default of the layout's specification.
    Unprocessable (``bad-layout``) if the layout is not known here, or for everything at once that
    is wrong with its parameters.
    """
    kind = _KINDS.get(name)
    if kind is None:
        raise Unprocessable(
            f"The storage layout {name!r} is not known here; known are "
            f"{', '.join(sorted(NAMES))}. Read this storage root with a program that knows its "
            "layout, or copy its objects into a new root.",
            code="bad-layout",
        )
    return parameters.read(kind, config)


def write(layout: Layout) -> bytes:
    """The bytes of the layout's ``config.json``, every parameter told, defaults too.

    Unprocessable (``bad-layout``) if the parameters are not ones that :func:`read` would take.
    """
    config = msgspec.json.format(msgspec.json.encode(layout), indent=2) + b"\n"
    read(layout.name, config)
    return config
