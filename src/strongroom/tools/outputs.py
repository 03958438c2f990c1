"""What the outputs of tools in a deposit say of its files, by path.

Each output is optional; what cannot be read of one is a warning and never loses another. Which
findings count is for :mod:`strongroom.domain.merging` to say, and what a BagIt manifest says for
the ``bagit`` room. Source: contract mets.md, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from strongroom.domain.findings import (
    ExifFinding,
    Finding,
    FormatFinding,
    KeepTags,
    OutputFinding,
    VirusFinding,
)
from strongroom.errors import Fault
from strongroom.tools import clamav, exiftool, siegfried, text
from strongroom.tools.align import Known, align
from strongroom.tools.places import (
    BRUNNHILDE,
    EXIF,
    EXIF_JSON,
    REPORT,
    SIEGFRIED,
    UNSCANNED,
    VIRUS_DEFINITION,
    VIRUS_LOG,
)
from strongroom.tools.rows import Report
from strongroom.tools.text import Peeked

__all__ = [
    "BRUNNHILDE",
    "EXIF",
    "SIEGFRIED",
    "VIRUS_DEFINITION",
    "VIRUS_LOG",
    "Outputs",
    "read_all",
]

#: opens a file of the deposit; None where it is gone
Opener = Callable[[str], BinaryIO | None]

#: warnings of one kind about one output that are told one by one
_EXAMPLES = 20
#: bytes of the text that names the virus definitions
_DEFINITION = 4096
#: a deposit's own files, which tools look at
_OBJECTS = "objects/"
_FORMS = (".yaml", ".yml", ".csv", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    #: path relative to the content root → findings, in the order of the sources
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()


def read_all(
    open_file: Opener,
    paths: Collection[str],
    modified: Callable[[str], datetime],
    *,
    keep_tags: KeepTags = tuple,
) -> Outputs:
    """All findings; ``paths`` are all files of the deposit, ``modified`` says when one was written.

    ``keep_tags`` says where the properties of files are kept, of which there may be very many.

    Paths are relative to the content root. An output counts if it is among them. Errors of
    ``open_file`` and of reading are not caught.
    """
    reading = _Reading(open_file, paths, modified, keep_tags)
    if REPORT in reading.there:
        reading.add(
            REPORT,
            OutputFinding(
                source="Brunnhilde",
                timestamp=modified(REPORT),
                content_type="text/html",
                path=REPORT,
            ),
        )
    looked_at: dict[str, int | None] = {}
    table = choose(paths)
    if table is not None:
        looked_at |= reading.formats(table, "Siegfried")
    if BRUNNHILDE in reading.there:
        looked_at |= reading.formats(BRUNNHILDE, "Brunnhilde")
    if VIRUS_LOG in reading.there:
        reading.viruses(looked_at)
    properties = next((path for path in (EXIF, EXIF_JSON) if path in reading.there), None)
    if properties is not None:
        reading.properties(properties)
    return Outputs(
        findings={path: tuple(found) for path, found in reading.found.items()},
        warnings=tuple(reading.warnings),
    )


def choose(paths: Iterable[str]) -> str | None:
    """The Siegfried output that counts: one called ``siegfried.…`` before others, then by form."""
    candidates = [
        path
        for path in paths
        if path.startswith(SIEGFRIED)
        and "/" not in path[len(SIEGFRIED) :]
        and path.lower().endswith(_FORMS)
    ]

    def rank(path: str) -> tuple[bool, int, str]:
        name = path[len(SIEGFRIED) :].lower()
        form = next(n for n, ending in enumerate(_FORMS) if name.endswith(ending))
        return not name.startswith("siegfried."), form, path

    return min(candidates, key=rank, default=None)


class _Reading:
    def __init__(
        self,
        open_file: Opener,
        paths: Collection[str],
        modified: Callable[[str], datetime],
        keep_tags: KeepTags,
    ) -> None:
        self._keep_tags = keep_tags
        self._open = open_file
        self._modified = modified
        self.there = frozenset(paths)
        self._known = Known(self.there)
        self.found: dict[str, list[Finding]] = {}
        self.warnings: list[Fault] = []

    def add(self, path: str, finding: Finding) -> None:
        self.found.setdefault(path, []).append(finding)

    # ------------------------------------------------------------------------------- formats

    def formats(self, source: str, name: str) -> dict[str, int | None]:
        """Add what Siegfried says; the files that it looked at, with their sizes."""
        report = self._report(source)
        if report is None:
            return {}
        when = report.scanned or self._modified(source)
        if report.broken:
            self._warn("tool-output", source, f"{report.broken} of its entries cannot be read.")
        sizes: dict[str, int | None] = {}
        for seen, path in self._aligned(source, report.files).items():
            for row in report.files[seen]:
                sizes[path] = row.size
                self.add(
                    path,
                    FormatFinding(
                        source=name,
                        timestamp=when,
                        digest=row.digest,
                        size=row.size,
                        pronom_key=row.pronom_key,
                        format_name=row.format_name,
                        content_type=row.content_type,
                    ),
                )
        return sizes

    def _report(self, source: str) -> Report | None:
        with self._stream(source) as stream:
            if stream is None:
                return None
            try:
                return siegfried.read(stream)
            except ValueError as error:
                self._warn("tool-output", source, f"It cannot be read: {error}.")
                return None

    # ------------------------------------------------------------------------------- viruses

    def viruses(self, looked_at: Mapping[str, int | None]) -> None:
        """Add what the log says; files count as clean only where the log can be trusted to."""
        with self._stream(VIRUS_LOG) as stream:
            if stream is None:
                return
            scan = clamav.read(text.lines(stream))
        unscanned = {**scan.unscanned, **self._reasons()}
        hits = self._placed(scan.hits)
        left_out = self._placed(unscanned, told=False)
        clean = (set(looked_at) or self._objects()) | set(
            self._placed(dict.fromkeys(scan.clean, ""))
        )
        clean -= hits.keys() | left_out.keys()
        # the scanner does not count files without bytes
        scanned = sum(1 for path in clean if looked_at.get(path) != 0) + len(hits)
        if not scan.ended or (scan.scanned or 0) < scanned:
            told = f"{scan.scanned} files scanned" if scan.ended else "no end, or not all its hits"
            self._warn(
                "incomplete-scan",
                VIRUS_LOG,
                "It is not the log of a whole scan, so no file counts as clean.",
                expected=f"{scanned} files scanned",
                found=told,
            )
            clean = set()
        for path, why in sorted(left_out.items())[:_EXAMPLES]:
            self._warn("not-scanned", path, f"It was not scanned for viruses: {why[:200]}.")
        self._more("not-scanned", VIRUS_LOG, len(left_out), "files were not scanned for viruses")
        definition = self._definition() or scan.definition
        for path in sorted(hits.keys() | clean):
            self.add(
                path,
                VirusFinding(
                    source="ClamAv",
                    timestamp=scan.when or self._modified(VIRUS_LOG),
                    has_virus=path in hits,
                    found=hits.get(path),
                    definition=definition,
                ),
            )

    def _objects(self) -> set[str]:
        return {path for path in self.there if path.startswith(_OBJECTS)}

    def _placed(self, told_of: Mapping[str, str], *, told: bool = True) -> dict[str, str]:
        """What the log says of paths, by those of the deposit."""
        places = self._aligned(VIRUS_LOG, told_of) if told else align(told_of, self._known).paths
        return {place: told_of[seen] for seen, place in places.items()}

    def _reasons(self) -> dict[str, str]:
        if UNSCANNED not in self.there:
            return {}
        with self._stream(UNSCANNED) as stream:
            return clamav.reasons(text.lines(stream)) if stream else {}

    def _definition(self) -> str | None:
        if VIRUS_DEFINITION not in self.there:
            return None
        with self._stream(VIRUS_DEFINITION) as stream:
            start = Peeked(stream, _DEFINITION).start if stream else b""
        return start.decode("utf-8-sig", "replace").strip() or None

    # ---------------------------------------------------------------------------- properties

    def properties(self, source: str) -> None:
        """Add the tags of each file."""
        tags: dict[str, ExifFinding] = {}
        when = self._modified(source)
        with self._stream(source) as stream:
            if stream is None:
                return
            try:
                for path, found in exiftool.read(stream):
                    if path not in tags:
                        kept = self._keep_tags(found)
                        tags[path] = ExifFinding(source="ExifTool", timestamp=when, tags=kept)
            except ValueError as error:
                self._warn("tool-output", source, f"It cannot be read to its end: {error}.")
        for seen, path in self._aligned(source, tags).items():
            self.add(path, tags[seen])

    # -------------------------------------------------------------------------------- common

    @contextmanager
    def _stream(self, path: str) -> Iterator[BinaryIO | None]:
        stream = self._open(path)
        if stream is None:
            self._warn("tool-output", path, "It was there and is gone.")
            yield None
            return
        with stream:
            yield stream

    def _aligned(self, source: str, seen: Iterable[str]) -> Mapping[str, str]:
        aligned = align(seen, self._known)
        for path in aligned.unmatched[:_EXAMPLES]:
            self._warn(
                "unmatched-row", source, "It tells of a file that is not there.", found=path[:500]
            )
        self._more(
            "unmatched-row", source, len(aligned.unmatched), "files that it tells of are not there"
        )
        return aligned.paths

    def _more(self, code: str, path: str, count: int, what: str) -> None:
        if count > _EXAMPLES:
            self._warn(code, path, f"Of {count} {what}, {_EXAMPLES} are told one by one.")

    def _warn(
        self,
        code: str,
        path: str,
        message: str,
        *,
        expected: str | None = None,
        found: str | None = None,
    ) -> None:
        self.warnings.append(
            Fault(code=code, message=message, path=path, expected=expected, found=found)
        )
