"""What Siegfried says of files, whichever of its outputs says it.

Leaves reading the outputs to one module each. Source: contract mets.md 4.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from strongroom.domain.digests import normal

_PRONOM = re.compile(r"(x-)?fmt/[0-9]+")


class Match(NamedTuple):
    """One format that a file may have; texts are empty where nothing is said."""

    namespace: str
    key: str
    name: str
    content_type: str


class Row(NamedTuple):
    """What is said of one file and one format that it may have."""

    #: SHA-256, lower-case hex
    digest: str | None
    #: bytes
    size: int | None
    #: ``UNKNOWN`` where the tool did not know; None where it did not look by PRONOM
    pronom_key: str | None
    format_name: str | None
    content_type: str | None


@dataclass(slots=True, kw_only=True)
class Report:
    #: path as the tool saw it → its rows; several where there are several formats
    files: dict[str, list[Row]] = field(default_factory=dict)
    #: when the tool ran, if the report says
    scanned: datetime | None = None
    #: lines or entries that could not be read
    broken: int = 0

    def add(self, path: str, digest: str, size: str, matches: Sequence[Match]) -> None:
        """Add what is said of a file; of several registries PRONOM counts."""
        if not path:
            self.broken += 1
            return
        rows = self.files.setdefault(path, [])
        sha256 = normal(digest) if digest else None
        length = int(size) if size.isascii() and size.isdigit() and len(size) < 20 else None
        for match in _by_pronom(matches):
            row = Row(
                digest=sha256,
                size=length,
                pronom_key=match.key or None,
                format_name=match.name or None,
                content_type=match.content_type or None,
            )
            if row not in rows:
                rows.append(row)


def _by_pronom(matches: Sequence[Match]) -> Sequence[Match]:
    found = [m for m in matches if m.namespace == "pronom"]
    found = found or [m for m in matches if _PRONOM.fullmatch(m.key)]
    # others' keys are none of PRONOM's
    others = [m._replace(key="") for m in matches[:1]]
    return found or others or [Match("", "", "", "")]
