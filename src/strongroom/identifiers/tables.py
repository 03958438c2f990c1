"""Identifiers from a table file, CSV or JSON, with columns schema, value, path, name, template.

The file is read again when it has changed. Leaves the choice among several rows to the callers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from strongroom.errors import Fault, UpstreamFailed
from strongroom.identifiers.identified import Identified, repository_path, template_named

COLUMNS = ("schema", "value", "path", "name", "template")
_REQUIRED = ("schema", "value", "path")

_Rows = dict[tuple[str, str], list[Identified]]


class Table:
    """One table file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        #: mtime in ns and size of what was read, and its rows; replaced as one
        self._read: tuple[tuple[int, int], _Rows] | None = None

    def find(self, schema: str, value: str) -> list[Identified]:
        """All rows for that identifier. UpstreamFailed if the table can no longer be read."""
        rows, faults = self.load()
        if faults:
            raise UpstreamFailed(
                f"An identifier table cannot be read: {faults[0].message}",
                code="identifier-table",
                faults=faults,
                operator=str(self.file),
            )
        return rows.get((schema, value.strip()), [])

    def load(self) -> tuple[_Rows, list[Fault]]:
        """All rows, read again if the file has changed, and everything that is wrong with it."""
        try:
            status = self.file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if self._read is not None and self._read[0] == stamp:
                return self._read[1], []
            text = self.file.read_text(encoding="utf-8-sig")
        except OSError as error:
            return {}, [self._fault(f"the file cannot be read: {error.strerror or error}.")]
        except UnicodeDecodeError:
            return {}, [self._fault("the file is not UTF-8.")]
        faults: list[Fault] = []
        is_json = self.file.suffix.lower() == ".json"
        rows: _Rows = {}
        for place, row in self._json(text, faults) if is_json else self._csv(text, faults):
            self._add(place, row, rows, faults)
        if not faults:
            self._read = (stamp, rows)
        return rows, faults

    def _csv(self, text: str, faults: list[Fault]) -> Iterator[tuple[str, dict[str, str]]]:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        try:
            columns = [name.strip().lower() for name in reader.fieldnames or ()]
            if not self._columns(columns, faults):
                return
            reader.fieldnames = columns
            for row in reader:
                if None in row:
                    faults.append(self._fault(f"line {reader.line_num} has too many cells."))
                else:
                    yield (
                        f"line {reader.line_num}",
                        {name: cell or "" for name, cell in row.items()},
                    )
        except csv.Error as error:
            faults.append(self._fault(f"line {reader.line_num} is no CSV: {error}."))

    def _json(self, text: str, faults: list[Fault]) -> Iterator[tuple[str, dict[str, str]]]:
        try:
            records = json.loads(text)
        except (ValueError, RecursionError) as error:
            faults.append(self._fault(f"the file is no JSON: {error}."))
            return
        if not isinstance(records, list):
            faults.append(self._fault("the file is no JSON array of objects."))
            return
        for number, record in enumerate(records, start=1):
            if not isinstance(record, dict):
                faults.append(self._fault(f"entry {number} is no object."))
                continue
            row = {name.lower(): _cell(cell) for name, cell in record.items()}
            if self._columns(row, faults, f"entry {number}: "):
                yield f"entry {number}", row

    def _columns(self, names: Iterable[str], faults: list[Fault], where: str = "") -> bool:
        there = set(names)
        missing = [name for name in _REQUIRED if name not in there]
        unknown = sorted(there - set(COLUMNS))
        if missing:
            faults.append(self._fault(f"{where}the column {', '.join(missing)} is missing."))
        if unknown:
            faults.append(self._fault(f"{where}the column {', '.join(unknown)} is not known."))
        return not missing and not unknown

    def _add(self, place: str, row: dict[str, str], rows: _Rows, faults: list[Fault]) -> None:
        if not any(cell.strip() for cell in row.values()):
            return
        blank = [name for name in _REQUIRED if not row[name].strip()]
        if blank:
            faults.append(self._fault(f"{place} has no {', '.join(blank)}."))
            return
        try:
            found = Identified(
                path=repository_path(row["path"]),
                name=row.get("name", "").strip() or None,
                template=template_named(row.get("template", "")),
            )
        except ValueError as error:
            faults.append(self._fault(f"{place}: {error}"))
            return
        same = rows.setdefault((row["schema"].strip(), row["value"].strip()), [])
        if found not in same:
            same.append(found)

    def _fault(self, message: str) -> Fault:
        return Fault(
            code="identifier-table",
            message=f"{self.file.name}: {message}",
            path=self.file.name,
            expected=f"columns {', '.join(COLUMNS)}",
        )


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
