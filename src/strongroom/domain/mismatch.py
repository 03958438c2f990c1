"""Compares what tools say of a file with what METS says of it.

What is only on one side is told where one side's silence is an omission. Nothing is decided here;
the reader of the list decides. Source: contract mets.md 4.10.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from strongroom.domain import merging
from strongroom.domain.description import DescribedFile
from strongroom.domain.findings import ExifFinding, Finding, FormatFinding, Tag, VirusFinding

FORMAT = "FileFormatMetadata"
VIRUS = "VirusScanMetadata"
EXIF = "ExifMetadata"

#: the field of an entry where METS lacks a whole section
MISSING_SECTION = "(Missing section)"
NOT_IN_METS = "field does not exist in METS"
NOT_IN_DEPOSIT = "field does not exist in deposit"

#: tags that change with every look at a file, or tell of the tool's surroundings
VOLATILE = frozenset(
    {
        "FileAccessDateTime",
        "FileAccessDate",
        "FileInodeChangeDateTime",
        "FileInodeChangeDate",
        "Directory",
        "FilePermissions",
        "ExifToolVersionNumber",
        "ExifToolVersion",
        "RawOutput",
    }
)

_SPACE = re.compile(r"\s+")
#: what XML cannot carry, and so METS has U+FFFD for
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: names that no element of METS can have
_UNNAMEABLE = re.compile(r"[0-9]|[Xx][Mm][Ll]")
#: characters of a value that METS keeps
_LONGEST_VALUE = 10_000
_UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One difference between what lies in a deposit and what METS says."""

    metadata_type: str
    field: str
    in_deposit: str | None
    in_mets: str | None

    def __str__(self) -> str:
        return f"{self.field}: {self.in_deposit} => {self.in_mets} ({self.metadata_type})"


def compare(
    path: str,
    deposit: Sequence[Finding],
    mets: DescribedFile,
    *,
    content_type: str | None = None,
    mets_path: str | None = None,
) -> list[Mismatch]:
    """All differences for one file that is both in the deposit and in METS.

    ``content_type`` is that of the file itself. Nothing is compared below ``metadata``, nor for
    the METS file (``mets_path``, and ``mets.xml`` in any case).
    """
    if path.split("/")[0] == "metadata" or path == mets_path or path.lower() == "mets.xml":
        return []
    return [
        *_formats(path, deposit, mets, content_type),
        *_viruses(merging.virus_scan(deposit), mets.virus),
        *_properties(merging.properties(deposit), mets.exif),
    ]


# ---------------------------------------------------------------------------------- formats


def _formats(
    path: str, deposit: Sequence[Finding], mets: DescribedFile, content_type: str | None
) -> Iterator[Mismatch]:
    formats = [finding for finding in deposit if isinstance(finding, FormatFinding)]
    if not formats:
        return
    if mets.pronom_key or mets.format_name or mets.digest:
        best, faults = merging.best_format(path, formats)
        for fault in faults:
            yield _differs(FORMAT, "PronomKey", fault.found, mets.pronom_key)
        if best is not None:
            if best.format_name != mets.format_name:
                yield _differs(FORMAT, "FormatName", best.format_name, mets.format_name)
            if _known(best.pronom_key) != _known(mets.pronom_key):
                yield _differs(FORMAT, "PronomKey", best.pronom_key, mets.pronom_key)
        if mets.digest:
            for digest in _other_digests(formats, mets.digest):
                yield _differs(FORMAT, "Digest", digest, mets.digest)
    types = [kind for finding in formats if (kind := finding.content_type)]
    if types:
        best_type = merging.best_content_type([*types, content_type])
        if best_type != mets.content_type:
            told = f"Best: {best_type or ''}; wf: {content_type or ''}; all: {', '.join(types)}"
            yield _differs(FORMAT, "ContentType", told, mets.content_type)


def _known(key: str | None) -> str | None:
    return None if key == _UNKNOWN else key


def _other_digests(formats: Iterable[FormatFinding], digest: str) -> Iterable[str]:
    stated = dict.fromkeys(finding.digest for finding in formats if finding.digest)
    return [each for each in stated if each != digest]


# ---------------------------------------------------------------------------------- viruses


def _viruses(deposit: VirusFinding | None, mets: VirusFinding | None) -> Iterator[Mismatch]:
    if deposit is None:
        return
    if mets is None:
        yield _differs(VIRUS, MISSING_SECTION, "(virus check)", None)
        return
    if deposit.has_virus != mets.has_virus:
        yield _differs(VIRUS, "HasVirus", str(deposit.has_virus), str(mets.has_virus))
    if _signature(deposit.found) != _signature(mets.found):
        yield _differs(VIRUS, "VirusFound", deposit.found, mets.found)
    if (deposit.definition or "").strip() != (mets.definition or "").strip():
        yield _differs(VIRUS, "VirusDefinition", deposit.definition, mets.definition)


def _signature(found: str | None) -> str:
    """The name alone: older METS holds the scanner's line with its last word."""
    return (found or "").strip().removesuffix(" FOUND").strip()


# ------------------------------------------------------------------------------- properties


def _properties(deposit: ExifFinding | None, mets: ExifFinding | None) -> Iterator[Mismatch]:
    if deposit is None:
        return
    if mets is None:
        yield _differs(EXIF, MISSING_SECTION, "(exif metadata)", None)
        return
    ours, theirs = _by_name(deposit.tags), _by_name(mets.tags)
    for name in dict.fromkeys((*ours, *theirs)):
        here, there = _unpaired(ours.get(name, []), theirs.get(name, []))
        for value, other in zip(here, there, strict=False):
            yield _differs(EXIF, name, value, other)
        for value in here[len(there) :]:
            yield _differs(EXIF, name, value, NOT_IN_METS)
        for other in there[len(here) :]:
            yield _differs(EXIF, name, NOT_IN_DEPOSIT, other)


def _by_name(tags: Iterable[Tag]) -> dict[str, list[str]]:
    """Values by name, in their order; without those that METS cannot name or that never last."""
    values: dict[str, list[str]] = {}
    for name, value in tags:
        if name not in VOLATILE and not _UNNAMEABLE.match(name):
            values.setdefault(name, []).append(value)
    return values


def _unpaired(ours: list[str], theirs: list[str]) -> tuple[list[str], list[str]]:
    """What is left of both when equal values have been paired off."""
    left: dict[str, list[str]] = {}
    for value in theirs:
        left.setdefault(_normal(value), []).append(value)
    here = []
    for value in ours:
        same = left.get(_normal(value))
        if same:
            same.pop(0)
        else:
            here.append(value)
    counts = {key: len(values) for key, values in left.items()}
    there = []
    for value in reversed(theirs):
        key = _normal(value)
        if counts[key]:
            counts[key] -= 1
            there.append(value)
    return here, there[::-1]


def _normal(value: str) -> str:
    """A value as it is compared: without case, line ends, and what XML or METS cannot carry."""
    carried = _ILLEGAL.sub("\ufffd", value[:_LONGEST_VALUE])
    return _SPACE.sub(" ", carried).strip().casefold()


def _differs(kind: str, field: str, deposit: str | None, mets: str | None) -> Mismatch:
    return Mismatch(metadata_type=kind, field=field, in_deposit=deposit, in_mets=mets)
