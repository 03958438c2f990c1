"""What the community of OCFL has registered: https://ocfl.github.io/extensions/.

Written down here once more, and not taken from the engine, so that a slip in its list is found.
What a layout's rule is, is left to :mod:`strongroom.ocfl.layouts`.
"""

from __future__ import annotations

#: storage layouts, those whose rule this engine does not know among them
LAYOUTS = frozenset(
    {
        "0002-flat-direct-storage-layout",
        "0003-hash-and-id-n-tuple-storage-layout",
        "0004-hashed-n-tuple-storage-layout",
        "0006-flat-omit-prefix-storage-layout",
        "0007-n-tuple-omit-prefix-storage-layout",
        "0010-differential-n-tuple-omit-prefix-storage-layout",
        "0011-direct-clean-path-layout",
    }
)

#: all extensions; ``initial`` is a name that the registry keeps free
EXTENSIONS = LAYOUTS | {
    "0001-digest-algorithms",
    "0005-mutable-head",
    "0008-schema-registry",
    "0009-digest-algorithms",
    "initial",
}
