"""What the engine makes of extensions in a storage root: which it knows, and what if it does not.

OCFL 1.1 section 4.4 and https://ocfl.github.io/extensions/. Extensions of objects are left as they
are, whatever they are called; reading the layout is left to :mod:`strongroom.ocfl.declared`.
"""

from __future__ import annotations

import logging
from enum import StrEnum

from strongroom.errors import Fault, Unprocessable
from strongroom.ocfl import layouts
from strongroom.storage.protocols import ChildKind, Store

log = logging.getLogger(__name__)

#: the extension in which this engine keeps unfinished work
STAGING = "strongroom-staging"

#: the registered storage layouts, those that this engine does not know among them
LAYOUTS = layouts.NAMES | {
    "0010-differential-n-tuple-omit-prefix-storage-layout",
    "0011-direct-clean-path-layout",
}

#: all registered extensions; ``initial`` is a name that the registry keeps free
REGISTERED = LAYOUTS | {
    "0001-digest-algorithms",
    "0005-mutable-head",
    "0008-schema-registry",
    "0009-digest-algorithms",
    "initial",
}

#: what may lie in a root without changing anything for this engine. Fixity blocks are kept as they
#: are, so the digest algorithms 0001 and 0009 ask for nothing; objects with a mutable head (0005)
#: are refused one by one when they are to be written; schemas (0008) describe and do not bind.
#: A layout that is not in use changes nothing, either: the one in use is named in ocfl_layout.json
UNDERSTOOD = (REGISTERED - LAYOUTS) | layouts.NAMES | {STAGING}


class Unknown(StrEnum):
    """What to do about an extension of the root that is not known here."""

    #: do not open the root
    REFUSE = "refuse"
    #: say so in the log and go on
    WARN = "warn"
    #: go on
    IGNORE = "ignore"


def check(store: Store, policy: Unknown) -> list[str]:
    """The names of extensions in the root that are not known here, in order.

    Unprocessable (``unknown-extension``) that names them all if the policy is to refuse them. A
    layout in use that is not known is refused whatever the policy: see
    :func:`strongroom.ocfl.declared.read`.
    """
    found = sorted(name for name in _names(store) if name not in UNDERSTOOD)
    if found and policy is Unknown.REFUSE:
        raise Unprocessable(
            f"The storage root '{store.place('')}' has extensions that are not known here: "
            f"{', '.join(found)}. They may change what its files mean. Find out what they do; if "
            "they do not bear on how objects are stored, let unknown extensions be warned of or "
            "ignored.",
            code="unknown-extension",
            faults=[
                Fault(
                    code="unknown-extension",
                    message=f"The extension '{name}' is not known here.",
                    path=f"extensions/{name}",
                )
                for name in found
            ],
        )
    if found and policy is Unknown.WARN:
        log.warning(
            "the storage root %s has extensions that are not known here and are left alone: %s",
            store.place(""),
            ", ".join(found),
        )
    return found


def _names(store: Store) -> list[str]:
    """The folders in the root's extensions; files there are no extensions (E112)."""
    try:
        found = store.children("extensions")
    except FileNotFoundError:
        return []
    return [child.name for child in found if child.kind is ChildKind.FOLDER]
