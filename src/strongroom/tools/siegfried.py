"""Reads what Siegfried found, as its CSV: the format of each file by PRONOM."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from strongroom.domain import digests

_NEEDED = frozenset({"filename", "id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One line: a file and one format that it may have."""

    #: as the tool saw it, with slashes
    path: str
    #: bytes
    size: int | None
    digest: str | None
    #: ``UNKNOWN`` where the tool did not know
    pronom_key: str
    format_name: str | None
    content_type: str | None


def read(lines: Iterable[str]) -> Iterator[Match]:
    """The matches in a CSV; a file with several has several. ValueError if it is no such CSV."""
    table = csv.DictReader(_without_nul(lines))
    if not set(table.fieldnames or ()) >= _NEEDED:
        raise ValueError("its first line does not name the columns filename and id")
    for row in table:
        path, key = row.get("filename"), row.get("id")
        if path and key:
            size = (row.get("filesize") or "").strip()
            yield Match(
                path=path.replace("\\", "/"),
                size=int(size) if size.isascii() and size.isdigit() else None,
                digest=digests.normal(row.get("sha256") or None),
                pronom_key=key.strip(),
                format_name=(row.get("format") or "").strip() or None,
                content_type=(row.get("mime") or "").strip() or None,
            )


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield (line.removeprefix("\ufeff") if number == 0 else line).replace("\0", "\ufffd")
