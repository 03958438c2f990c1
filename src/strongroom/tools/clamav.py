"""Reads the log of a virus scan by ClamAV: who was hit, who could not be looked at, how many were.

Leaves it to the caller which files count as clean. Source: contract mets.md 4.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from strongroom.tools import text

SUMMARY = "----------- SCAN SUMMARY -----------"
#: what ClamAV "finds" where a limit of its own kept it from looking at the whole file
LIMITS = "Heuristics.Limits.Exceeded"

_RESULT = re.compile(r"(?P<path>.+): (?:(?P<found>.+) FOUND|(?P<error>.+) ERROR|OK)")
_NOISE = re.compile(r"(LibClamAV )?(Warning|WARNING|Error|ERROR)\b")


@dataclass(slots=True)
class Scan:
    #: path as the scanner saw it → name of the signature
    hits: dict[str, str] = field(default_factory=dict)
    #: paths that the log itself calls clean
    clean: set[str] = field(default_factory=set)
    #: path → why the file was not looked at, or not wholly
    unscanned: dict[str, str] = field(default_factory=dict)
    #: as the summary says; None if it does not
    scanned: int | None = None
    infected: int | None = None
    engine: str | None = None
    known: str | None = None
    when: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the scan came to its end, and the log tells of all that it hit."""
        told = len(self.hits) + sum(LIMITS in why for why in self.unscanned.values())
        return self.scanned is not None and self.infected in (None, told, len(self.hits))

    @property
    def definition(self) -> str | None:
        """The scanner and its definitions, as far as the summary names them."""
        parts = [f"ClamAV {self.engine}"] if self.engine else []
        return " ".join([*parts, *([f"Known viruses {self.known}"] if self.known else [])]) or None


def read(lines: Iterable[str]) -> Scan:
    """The scan in a log. Warnings and other noise are passed over."""
    found = Scan()
    in_summary = False
    for line in lines:
        if line.strip() == SUMMARY:
            in_summary = True
        elif line.startswith("Date scanned:"):
            found.when = text.moment(line.partition(":")[2]) or found.when
        elif in_summary:
            _summary(found, line)
        elif (result := _RESULT.fullmatch(line)) and not _NOISE.match(line):
            _result(found, result)
    return found


def reasons(lines: Iterable[str]) -> dict[str, str]:
    """Path → why it was not scanned, of a list that this program has written."""
    found = {}
    for line in lines:
        path, colon, why = line.rpartition(": ")
        if colon and path:
            found[path] = why
    return found


def _result(found: Scan, result: re.Match[str]) -> None:
    path = result["path"]
    if result["found"] is None and result["error"] is None:
        found.clean.add(path)
    elif result["found"] is None:
        found.unscanned[path] = result["error"]
    elif result["found"].startswith(LIMITS):
        found.unscanned[path] = result["found"]
    else:
        # of a file with several the first
        found.hits.setdefault(path, result["found"])


def _summary(found: Scan, line: str) -> None:
    name, _, value = line.partition(":")
    value = value.strip()
    if name == "Scanned files":
        found.scanned = int(value) if value.isascii() and value.isdigit() else None
    elif name == "Infected files":
        found.infected = int(value) if value.isascii() and value.isdigit() else None
    elif name == "Engine version":
        found.engine = value or None
    elif name == "Known viruses":
        found.known = value or None
    elif name in ("Start Date", "End Date"):
        found.when = text.moment(value) or found.when
