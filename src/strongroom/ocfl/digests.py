"""The digest algorithms of OCFL, by the names that inventories use (E025–E032).

Which of them address content is the business of inventories; here they are computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from strongroom.errors import Unprocessable
from strongroom.storage.copying import Hasher

#: name in inventories -> how it is made; every client must have these (E027)
_CORE: Mapping[str, Callable[[], Hasher]] = {
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "blake2b-512": hashlib.blake2b,
}
CORE = frozenset(_CORE)
#: the algorithms that may address content
CONTENT = ("sha256", "sha512")


def new(algorithm: str) -> Hasher:
    """A hasher; Unprocessable (``unknown-algorithm``) if the algorithm is not known here."""
    make = _CORE.get(algorithm)
    if make is None:
        raise Unprocessable(
            f"The digest algorithm '{algorithm}' is not known here; known are "
            f"{', '.join(sorted(_CORE))}.",
            code="unknown-algorithm",
        )
    return make()


def of(algorithm: str, data: bytes) -> str:
    """The digest of these bytes, lower-case hex."""
    hasher = new(algorithm)
    hasher.update(data)
    return hasher.hexdigest()
