"""Reads Siegfried's YAML line by line: its own documents, not YAML at large.

Leaves paths as the tool wrote them. A parser of the whole language takes minutes for 100,000
documents; these have one shape, one key a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from strongroom.tools import text
from strongroom.tools.rows import Match, Report


def read(lines: Iterable[str]) -> Report:
    """All files of a report. ValueError if it has neither header nor file."""
    report = Report()
    document: dict[str, str] = {}
    matches: list[dict[str, str]] = []
    headed = False
    for line in lines:
        if line.startswith("---"):
            headed |= _finish(report, document, matches)
            document, matches = {}, []
            continue
        name, colon, value = line.partition(":")
        if not colon:
            report.broken += bool(line.strip())
            continue
        key = name.strip()
        if line[0] not in " \t":
            document[key] = value.strip()
        elif key.startswith("- "):
            matches.append({key[2:].strip(): value.strip()})
        elif matches:
            matches[-1][key] = value.strip()
    headed |= _finish(report, document, matches)
    if not headed and not report.files:
        raise ValueError("it is no YAML of Siegfried's")
    return report


def _finish(report: Report, document: dict[str, str], matches: list[dict[str, str]]) -> bool:
    """Add what one document says; whether it is the header."""
    if "siegfried" in document:
        report.scanned = text.moment(_scalar(document.get("scandate", "")))
        return True
    if "filename" not in document:
        report.broken += bool(document)
        return False
    path = _scalar(document["filename"])
    if path is None:
        report.broken += 1
        return False
    report.add(
        path,
        document.get("sha256", ""),
        document.get("filesize", ""),
        [
            Match(*(_scalar(match.get(key, "")) or "" for key in ("ns", "id", "format", "mime")))
            for match in matches
        ],
    )
    return False


def _scalar(value: str) -> str | None:
    """A plain or quoted value; None if its quotation has no end."""
    if value.startswith("'"):
        if len(value) < 2 or not value.endswith("'"):
            return None
        return value[1:-1].replace("''", "'")
    if value.startswith('"'):
        try:
            # the escapes that Siegfried writes are those of JSON
            return text.clean(str(json.loads(value, strict=False)))
        except ValueError:
            return None
    return value
