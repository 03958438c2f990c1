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


class Meter:
    """Counts what is done and reports it."""

    def __init__(self, report: Report | None) -> None:
        self._report = report
        self.objects = 0
        self.files = 0
        self.bytes = 0

    def did(self, at: str, *, objects: int = 0, files: int = 0, bytes: int = 0) -> None:  # noqa: A002
        """So much more is done."""
        self.objects += objects
        self.files += files
        self.bytes += bytes
        if self._report is not None:
            self._report(Progress(objects=self.objects, files=self.files, bytes=self.bytes, at=at))
