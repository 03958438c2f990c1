"""Digest algorithms of objects: their names, how their values look, how to compute them.

Which of them are right where is left to the checks of manifest and fixity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import BinaryIO

from strongroom.ocfl.validation.small import MAKERS

#: OCFL 1.1, section 3.4: the algorithms for content
CONTENT = ("sha512", "sha256")

#: how many hexadecimal digits a value has; section 3.4 and extensions 0001 and 0009
_HEX_DIGITS = {
    "md5": 32,
    "sha1": 40,
    "sha256": 64,
    "sha512": 128,
    "blake2b-512": 128,
    "blake2b-160": 40,
    "blake2b-256": 64,
    "blake2b-384": 96,
    "sha512/256": 64,
}
#: extension 0009: the length of the file in bytes, in decimal digits
SIZE = "size"
#: all that are computed from the bytes
HASHES = frozenset(_HEX_DIGITS)
ALGORITHMS = HASHES | {SIZE}

_HEX = re.compile(r"[0-9A-Fa-f]+")
_DECIMAL = re.compile(r"0|[1-9][0-9]*")


def well_formed(algorithm: str, value: str) -> bool:
    """Whether this can be a value of the (known) algorithm, in either case."""
    if algorithm == SIZE:
        return bool(_DECIMAL.fullmatch(value))
    return len(value) == _HEX_DIGITS[algorithm] and bool(_HEX.fullmatch(value))


def malformed(algorithm: str, values: Sequence[str]) -> list[str]:
    """Those of many values that can be none of the (known) algorithm, in their order."""
    lengths = set(map(len, values))
    if lengths == {_HEX_DIGITS.get(algorithm)} and _HEX.fullmatch("".join(values)):
        return []
    return [value for value in values if not well_formed(algorithm, value)]


@cache
def computable(algorithm: str) -> bool:
    """Whether this machine can compute it; sha512/256 is missing from some builds of OpenSSL."""
    if algorithm == SIZE:
        return True
    if algorithm not in MAKERS:
        return False
    try:
        MAKERS[algorithm]()
    except ValueError:
        return False
    return True


def of_bytes(algorithm: str, data: bytes) -> str:
    """The value of a computable algorithm, in lower case."""
    value: str = MAKERS[algorithm](data).hexdigest()
    return value


def of_stream(stream: BinaryIO, algorithms: Iterable[str], buffer: bytearray) -> dict[str, str]:
    """All values of what is left of a stream, which is read once."""
    hashers = {name: MAKERS[name]() for name in algorithms if name != SIZE}
    updates = [hasher.update for hasher in hashers.values()]
    view = memoryview(buffer)
    size = 0
    while length := stream.readinto(buffer):  # type: ignore[attr-defined]
        size += length
        part = view[:length]
        for update in updates:
            update(part)
    values = {name: hasher.hexdigest() for name, hasher in hashers.items()}
    values[SIZE] = str(size)
    return values


def start(stream: BinaryIO, size: int) -> bytes:
    """The first bytes of a stream that may give fewer at once."""
    parts = bytearray()
    while len(parts) < size and (part := stream.read(size - len(parts))):
        parts += part
    return bytes(parts)
