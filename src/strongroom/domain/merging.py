"""Several findings about one file made one: its digest, format, content type, virus scan, tags.

Sources that contradict each other are told as faults, each with its value; none of them is
believed for that. Where findings come from is the business of ``mets``, ``bagit`` and ``tools``.
Source: contract mets.md 4.8, 4.9.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from strongroom.domain.content_types import GENERIC, guess
from strongroom.domain.findings import (
    DigestFinding,
    ExifFinding,
    Finding,
    FormatFinding,
    VirusFinding,
)
from strongroom.errors import Fault

#: the source of what is derived from a file's name and bytes alone
SYNTHETIC = "Synthetic"
#: what clients write where they do not know the type
NOT_IDENTIFIED = "dlip/not-identified"


class BestFormat(NamedTuple):
    #: None if there is none, or if the sources contradict each other
    finding: FormatFinding | None
    faults: tuple[Fault, ...] = ()


class AgreedDigest(NamedTuple):
    #: SHA-256 that all sources agree on; None if there is none or they do not
    digest: str | None
    faults: tuple[Fault, ...] = ()


def best_format(
    path: str,
    findings: Iterable[Finding],
    *,
    content_type: str | None = None,
    digest: str | None = None,
    size: int | None = None,
    modified: datetime | None = None,
) -> BestFormat:
    """What all findings together say of the format of a file.

    For a file below ``metadata`` that no tool looked at, a finding is made of the file's own
    ``content_type``, ``digest``, ``size`` and ``modified``.
    """
    formats = [finding for finding in findings if isinstance(finding, FormatFinding)]
    if not formats:
        if not _is_metadata(path):
            return BestFormat(None)
        return BestFormat(
            FormatFinding(
                source=SYNTHETIC,
                timestamp=modified,
                digest=digest,
                size=size,
                content_type=_named_type(path, content_type),
            )
        )
    if len(formats) == 1:
        return BestFormat(formats[0])
    keys = {finding.pronom_key for finding in formats if (finding.pronom_key or "").strip()}
    if len(keys) > 1:
        return BestFormat(None, (_ambiguous(path, formats),))
    return BestFormat(_merged(formats))


def _merged(formats: list[FormatFinding]) -> FormatFinding:
    moments = [finding.timestamp for finding in formats if finding.timestamp is not None]
    return FormatFinding(
        source=",".join(dict.fromkeys(finding.source for finding in formats)),
        timestamp=max(moments, default=None),
        digest=_first(finding.digest for finding in formats),
        size=next((finding.size for finding in formats if finding.size is not None), None),
        pronom_key=_first(finding.pronom_key for finding in formats),
        format_name=_first(finding.format_name for finding in formats),
        content_type=_first(finding.content_type for finding in formats),
        original_name=_first(finding.original_name for finding in formats),
        storage_location=_first(finding.storage_location for finding in formats),
    )


def _ambiguous(path: str, formats: list[FormatFinding]) -> Fault:
    return Fault(
        code="several-formats",
        message="Tools give this file different formats, so none of them counts.",
        path=path,
        found="; ".join(f"{finding.source}: {finding.pronom_key}" for finding in formats),
    )


def _named_type(path: str, content_type: str | None) -> str | None:
    """The file's own type; one guessed from its name where that says nothing."""
    if content_type and content_type not in (GENERIC[0], NOT_IDENTIFIED):
        return content_type
    return guess(path) or content_type


def _is_metadata(path: str) -> bool:
    bare = path.removeprefix("data/")
    return bare == "metadata" or bare.startswith("metadata/")


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value and value.strip()), None)


def told_types(findings: Iterable[Finding]) -> list[str]:
    """The content types that findings name, but for those that say nothing."""
    return [
        finding.content_type
        for finding in findings
        if isinstance(finding, FormatFinding)
        and finding.content_type
        and finding.content_type not in (*GENERIC, NOT_IDENTIFIED)
    ]


def best_content_type(types: Iterable[str | None]) -> str | None:
    """The one content type that several sources stand for; None if there is no such."""
    found = {text for kind in types if kind and (text := kind.strip())} - {NOT_IDENTIFIED}
    for generic in GENERIC:
        if len(found) > 1:
            found.discard(generic)
    if len(found) == 1:
        return found.pop()
    by_kind: dict[str, list[str]] = {}
    for kind in found:
        by_kind.setdefault(kind.partition("/")[0], []).append(kind)
    applications = by_kind.get("application", [])
    if len(applications) == 1:
        for kind in ("image", "video", "audio"):
            if len(by_kind.get(kind, ())) == 1:
                return by_kind[kind][0]
        if len(found) == 2 and len(by_kind.get("text", ())) == 1:
            return {"text/rtf": "text/rtf", "text/xml": "application/xml"}.get(by_kind["text"][0])
    if found == {"application/rtf", "application/msword"}:
        return "application/rtf"
    return None


def digest_of(
    path: str, findings: Iterable[Finding], *, stated: Iterable[tuple[str, str | None]] = ()
) -> AgreedDigest:
    """The SHA-256 that all sources agree on; a fault naming each of them if they do not.

    ``stated`` are further sources with what they say, such as ``("METS", …)`` or the bytes.
    """
    said = [
        *(
            (finding.source, finding.digest)
            for finding in findings
            if isinstance(finding, DigestFinding | FormatFinding)
        ),
        *stated,
    ]
    values = [(source, digest.lower()) for source, digest in said if digest]
    distinct = {digest for _, digest in values}
    if len(distinct) > 1:
        return AgreedDigest(
            None,
            (
                Fault(
                    code="digest-mismatch",
                    message=f"Digests for {path} are not all the same.",
                    path=path,
                    expected="the same SHA-256 from every source",
                    found="; ".join(f"{source}: {digest}" for source, digest in values),
                ),
            ),
        )
    return AgreedDigest(distinct.pop() if distinct else None)


def virus_scan(findings: Iterable[Finding]) -> VirusFinding | None:
    """The scan that counts: one that found a virus before others, then the latest."""
    scans = [finding for finding in findings if isinstance(finding, VirusFinding)]
    return max(
        scans,
        key=lambda scan: (scan.has_virus, scan.timestamp.timestamp() if scan.timestamp else 0.0),
        default=None,
    )


def properties(findings: Iterable[Finding]) -> ExifFinding | None:
    """The first that a tool read of the file."""
    return next((finding for finding in findings if isinstance(finding, ExifFinding)), None)
