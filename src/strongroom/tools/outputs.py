"""What the outputs of tools in a deposit say of its files, by path.

Each output is optional; what cannot be read of one is a warning and never loses another. Which
findings count is decided by others. Source: contract mets.md, section 4.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, TextIO

from strongroom.domain.findings import ExifFinding, Finding, FormatFinding, VirusFinding
from strongroom.errors import Fault
from strongroom.tools import align, clamav, exiftool, siegfried

SIEGFRIED = "metadata/siegfried/"
BRUNNHILDE = "metadata/brunnhilde/siegfried.csv"
VIRUS_LOG = "metadata/brunnhilde/logs/viruscheck-log.txt"
VIRUS_DEFINITION = "metadata/virus-definition/virus-definition.txt"
EXIF = "metadata/exif/exif_output.txt"
#: bytes of the text that names the virus definitions
_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    #: path relative to the content root → findings, in the order of the sources
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()


def read_all(
    open_file: Callable[[str], BinaryIO],
    paths: Collection[str],
    modified: Callable[[str], datetime],
) -> Outputs:
    """All findings; ``paths`` are all files of the deposit, ``modified`` says when one was written.

    Paths are relative to the content root.
    """
    reading = _Reading(open_file, paths, modified)
    tables = sorted(
        (path for path in paths if path.startswith(SIEGFRIED) and path.lower().endswith(".csv")),
        key=lambda path: (not path[len(SIEGFRIED) :].lower().startswith("siegfried."), path),
    )
    if tables:
        reading.formats(tables[0], "Siegfried")
    if BRUNNHILDE in paths:
        reading.formats(BRUNNHILDE, "Brunnhilde")
    if VIRUS_LOG in paths:
        reading.viruses()
    if EXIF in paths:
        reading.properties()
    return Outputs(
        findings={path: tuple(found) for path, found in reading.found.items()},
        warnings=tuple(reading.warnings),
    )


class _Reading:
    def __init__(
        self,
        open_file: Callable[[str], BinaryIO],
        paths: Collection[str],
        modified: Callable[[str], datetime],
    ) -> None:
        self._open = open_file
        self._modified = modified
        self._paths = set(paths)
        self._objects = {path for path in paths if path.startswith("objects/")}
        self.found: dict[str, list[Finding]] = {}
        self.warnings: list[Fault] = []

    @contextmanager
    def _text(self, path: str) -> Iterator[TextIO]:
        with self._open(path) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
            yield text

    def _add(self, path: str, finding: Finding) -> None:
        self.found.setdefault(path, []).append(finding)

    def _warn(self, path: str, message: str) -> None:
        self.warnings.append(Fault(code="tool-output", message=message, path=path))

    def _aligned(self, source: str, seen: Collection[str]) -> dict[str, str]:
        places = align.aligned(seen, self._paths)
        if len(places) < len(seen):
            lost = next(path for path in seen if path not in places)
            self._warn(
                source,
                f"{len(seen) - len(places)} of its files are not in the deposit, such as "
                f"'{lost[:200]}'.",
            )
        return places

    def formats(self, path: str, source: str) -> None:
        matches: dict[str, list[siegfried.Match]] = {}
        try:
            with self._text(path) as text:
                for match in siegfried.read(text):
                    matches.setdefault(match.path, []).append(match)
        except ValueError as error:
            self._warn(path, f"It cannot be read: {error}.")
            return
        when = self._modified(path)
        for seen, place in self._aligned(path, matches.keys()).items():
            one, *others = matches[seen]
            if others:
                keys = ", ".join(match.pronom_key for match in matches[seen])
                self._warn(path, f"'{place[:200]}' may have several formats: {keys}.")
                continue
            self._add(
                place,
                FormatFinding(
                    source=source,
                    timestamp=when,
                    digest=one.digest,
                    size=one.size,
                    pronom_key=one.pronom_key,
                    format_name=one.format_name,
                    content_type=one.content_type,
                ),
            )

    def viruses(self) -> None:
        with self._text(VIRUS_LOG) as text:
            scan = clamav.read(text)
        if not scan.complete:
            self._warn(VIRUS_LOG, "It is not the log of a whole scan, so no file counts as clean.")
        definition = None
        if VIRUS_DEFINITION in self._paths:
            with self._text(VIRUS_DEFINITION) as text:
                definition = text.read(_MOST).strip() or None
        when = self._modified(VIRUS_LOG)
        places = self._aligned(VIRUS_LOG, scan.hits.keys())
        hits = {places[seen]: name for seen, name in scan.hits.items() if seen in places}
        for path in sorted(hits.keys() | (self._objects if scan.complete else set())):
            self._add(
                path,
                VirusFinding(
                    source="ClamAv",
                    timestamp=when,
                    has_virus=path in hits,
                    found=hits.get(path),
                    definition=definition,
                ),
            )

    def properties(self) -> None:
        with self._text(EXIF) as text:
            tags = dict(exiftool.read(text))
        when = self._modified(EXIF)
        for seen, place in self._aligned(EXIF, tags.keys()).items():
            self._add(place, ExifFinding(source="ExifTool", timestamp=when, tags=tags[seen]))
