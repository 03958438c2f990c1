"""Digests of ids for layouts that hash, by the names that OCFL has for the algorithms.

OCFL 1.1 section 3.4 and the extensions 0001 and 0009; digests of content are none of its business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Protocol


class _Digest(Protocol):
    @property
    def digest_size(self) -> int: ...
    def hexdigest(self) -> str: ...


# not for security: md5 and sha1 only spread folders, and must be there under FIPS rules too
_MAKERS: dict[str, Callable[[bytes], _Digest]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "sha512/256": partial(hashlib.new, "sha512_256"),
    "blake2b-160": partial(hashlib.blake2b, digest_size=20),
    "blake2b-256": partial(hashlib.blake2b, digest_size=32),
    "blake2b-384": partial(hashlib.blake2b, digest_size=48),
    "blake2b-512": hashlib.blake2b,
}

#: the names of the algorithms
NAMES = frozenset(_MAKERS)


def hex_digest(algorithm: str, data: bytes) -> str:
    """Lower-case hexadecimal digits; KeyError if the algorithm is not one of ``NAMES``."""
    return _MAKERS[algorithm](data).hexdigest()


def digits(algorithm: str) -> int:
    """How many digits :func:`hex_digest` gives."""
    return _MAKERS[algorithm](b"").digest_size * 2
