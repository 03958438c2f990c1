"""Reads the log of a virus scan by ClamAV: the files that were hit, and whether it was a scan."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

SUMMARY = "----------- SCAN SUMMARY -----------"
_HIT = re.compile(r"(?P<path>.+): (?P<signature>.+) FOUND")
_NUMBER = re.compile(r"(Scanned files|Infected files):\s*(\d+)")


@dataclass(slots=True)
class Scan:
    #: path as the scanner saw it → name of the signature
    hits: dict[str, str] = field(default_factory=dict)
    #: as the summary says; None if there is none
    scanned: int | None = None
    infected: int | None = None

    @property
    def complete(self) -> bool:
        """Whether the log is that of a scan that came to its end, and tells of all its hits."""
        return self.scanned is not None and self.infected in (None, len(self.hits))


def read(lines: Iterable[str]) -> Scan:
    """The scan in a log. Warnings and other noise are passed over."""
    found = Scan()
    in_summary = False
    for line in lines:
        text = line.rstrip("\r\n").removeprefix("\ufeff")
        if text.strip() == SUMMARY:
            in_summary = True
        elif in_summary:
            if number := _NUMBER.match(text):
                if number[1] == "Scanned files":
                    found.scanned = int(number[2])
                else:
                    found.infected = int(number[2])
        elif hit := _HIT.fullmatch(text):
            found.hits[hit["path"].replace("\\", "/")] = hit["signature"]
    return found
