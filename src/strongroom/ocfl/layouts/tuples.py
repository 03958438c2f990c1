"""The tuples of the hashing layouts 0003 and 0004: folders named by pieces of a digest.

What the folder of the object itself is called is left to the two layouts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from strongroom.ocfl.layouts import digests

#: characters of a tuple, or number of tuples: 0 to 32
Count = Annotated[int, Meta(ge=0, le=32)]


def split(digest: str, size: int, number: int) -> list[str]:
    """The first ``number`` pieces of ``size`` characters."""
    return [digest[i * size : (i + 1) * size] for i in range(number)]


def conflicts(algorithm: str, size: int, number: int) -> Iterator[str]:
    """What is wrong with the parameters together."""
    if algorithm not in digests.NAMES:
        known = ", ".join(sorted(digests.NAMES))
        yield f"digestAlgorithm is {algorithm!r}; known are {known}"
    if (size == 0) != (number == 0):
        yield (
            f"tupleSize is {size} and numberOfTuples is {number}; both must lie from 1 to 32, or "
            "both must be 0"
        )
    elif algorithm in digests.NAMES and size * number > digests.digits(algorithm):
        yield (
            f"tupleSize times numberOfTuples is {size * number}, but a digest of {algorithm} has "
            f"only {digests.digits(algorithm)} digits"
        )


def described(algorithm: str, size: int, number: int) -> str:
    """Such as ``sha256, 3 tuples of 3 characters``."""
    if not number:
        return f"{algorithm}, no tuples"
    return f"{algorithm}, {number} tuples of {size} characters"


def finding(algorithm: str, size: int, number: int) -> str:
    """How a finder gets from an id to the folders that the tuples name."""
    text = (
        f"To find an object whose id you know, compute the {algorithm} digest of the id (in UTF-8, "
        "with no line end) in hexadecimal digits."
    )
    if number:
        text += (
            f" Its first {size * number} digits, {size} at a time, are the names of {number} "
            "folders, one inside the other."
        )
    return text
