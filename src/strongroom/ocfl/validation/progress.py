"""How far a validation is.

How it is shown is left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is done so far; every number only grows."""

    #: objects judged to the end
    objects: int
    #: content files judged (and read, where their digests are checked)
    files: int
    #: bytes of these
    bytes: int
    #: path of the file or object that was last judged
    at: str


Report = Callable[[Progress], None]
