"""Reads Siegfried's CSV, by the names of its columns.

Leaves paths as the tool wrote them. A file of several formats has several lines; with several
registries each has a group of columns of its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from strongroom.tools.rows import Match, Report

_FIELDS = ("namespace", "id", "format", "mime")


def read(lines: Iterable[str]) -> Report:
    """All files of a table. ValueError if its first line does not name its columns."""
    report = Report()
    table = csv.reader(line + "\n" for line in lines)
    try:
        header = [name.strip().lower() for name in next(table, [])]
    except csv.Error as error:
        raise ValueError(f"it is no CSV ({error})") from error
    if "filename" not in header or "id" not in header:
        raise ValueError("its first line does not name the columns filename and id")
    path, groups = header.index("filename"), _groups(header)
    size, digest = _place(header, "filesize"), _place(header, "sha256")
    for row in _rows(table, report):
        if not row:
            continue
        if len(row) < len(header):
            report.broken += 1
            continue
        matches = [
            Match(*(row[place].strip() if place is not None else "" for place in group))
            for group in groups
        ]
        report.add(
            row[path],
            row[digest].strip() if digest is not None else "",
            row[size].strip() if size is not None else "",
            [match for match in matches if any(match)],
        )
    return report


def _rows(table: Iterator[list[str]], report: Report) -> Iterator[list[str]]:
    """The lines of a table; one with an open quotation is counted as broken."""
    while True:
        try:
            yield next(table)
        except StopIteration:
            return
        except csv.Error:
            report.broken += 1


def _place(header: Sequence[str], name: str) -> int | None:
    return header.index(name) if name in header else None


def _groups(header: Sequence[str]) -> list[list[int | None]]:
    """For each registry the places of its columns, in the order of :class:`Match`."""
    starts = [n for n, name in enumerate(header) if name in ("namespace", "ns")]
    starts = starts or [header.index("id")]
    groups = []
    for start, end in zip(starts, [*starts[1:], len(header)], strict=True):
        columns = ["namespace" if name == "ns" else name for name in header[start:end]]
        groups.append(
            [start + columns.index(name) if name in columns else None for name in _FIELDS]
        )
    return groups
