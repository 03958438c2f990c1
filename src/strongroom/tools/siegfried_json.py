"""Reads Siegfried's JSON, file by file.

Leaves paths as the tool wrote them.
"""

from __future__ import annotations

import re
from typing import Any

from strongroom.tools import text
from strongroom.tools.json_items import Items
from strongroom.tools.rows import Match, Report
from strongroom.tools.text import Readable

_FILES = re.compile(r'"files"\s*:\s*\[')
_SCANNED = re.compile(r'"scandate"\s*:\s*"([^"]*)"')


def read(stream: Readable) -> Report:
    """All files of a report. ValueError if there is none; one that breaks off is kept so far."""
    report = Report()
    items = Items(stream, _FILES)
    try:
        for item in items:
            _add(report, item)
    except ValueError:
        if not report.files:
            raise
        report.broken += 1
    scanned = _SCANNED.search(items.head)
    report.scanned = text.moment(scanned[1]) if scanned else None
    return report


def _add(report: Report, item: Any) -> None:
    entry = _fields(item)
    stated = entry.get("matches")
    matches = []
    for each in stated if isinstance(stated, list) else ():
        match = _fields(each)
        matches.append(Match(*(_text(match.get(key)) for key in ("ns", "id", "format", "mime"))))
    report.add(
        _text(entry.get("filename")),
        _text(entry.get("sha256")),
        _text(entry.get("filesize")),
        matches,
    )


def _fields(item: Any) -> dict[str, Any]:
    """An object; empty if it is none."""
    if not isinstance(item, list):
        return {}
    return {pair[0]: pair[1] for pair in item if isinstance(pair, tuple)}


def _text(value: Any) -> str:
    return text.clean(value) if isinstance(value, str) else ""
