"""What a METS says of one file: its sections, its attributes and its label made into one value.

Leaves finding them to :mod:`strongroom.mets.assemble`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.domain.description import DescribedFile
from strongroom.domain.digests import normal
from strongroom.domain.findings import ExifFinding
from strongroom.errors import Fault
from strongroom.mets.events import latest
from strongroom.mets.faults import fault
from strongroom.mets.names import NOT_IDENTIFIED
from strongroom.mets.outline import FileEntry
from strongroom.mets.premis import NOTHING, Facts, parse_size, says_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    file: DescribedFile
    #: SHA-256 digests that contradict the one of ``file``
    other_digests: tuple[str, ...] = ()
    warnings: tuple[Fault, ...] = ()


def state(path: str, entry: FileEntry, sections: Sequence[Facts], name: str | None) -> Statement:
    """PREMIS counts before the attributes of ``file``; what is wrong with either is a warning."""
    warnings: list[Fault] = []

    def warn(
        code: str, message: str, expected: str | None = None, found: str | None = None
    ) -> None:
        warnings.append(
            fault(code, message, line=entry.line, path=path, expected=expected, found=found)
        )

    digests = next((facts.digests for facts in sections if facts.digests), ())
    odd = next((facts.odd_digest for facts in sections if facts.odd_digest), None)
    if entry.checksum is not None and says_sha256(entry.checksum_type):
        attribute = normal(entry.checksum)
        if attribute is not None:
            digests = tuple(dict.fromkeys((*digests, attribute)))
        else:
            odd = odd or entry.checksum
    if odd is not None:
        warn("digest-not-sha256", "A digest called SHA-256 is none", "64 hexadecimal digits", odd)
    if len(digests) > 1:
        warn("digest-conflict", "Different SHA-256 digests are stated", digests[0], digests[1])

    size = next((facts.size for facts in sections if facts.size is not None), None)
    odd_size = next((facts.odd_size for facts in sections if facts.odd_size), None)
    if entry.size is not None:
        attribute_size = parse_size(entry.size)
        if attribute_size is None:
            odd_size = odd_size or entry.size
        elif size is None:
            size = attribute_size
        elif size != attribute_size:
            warn(
                "size-conflict",
                "PREMIS and the SIZE attribute differ; PREMIS counts",
                str(size),
                str(attribute_size),
            )
    if odd_size is not None:
        warn("bad-size", "A size is no number of bytes", found=odd_size)

    formats = next((f for f in sections if f.pronom_key), None) or next(
        (f for f in sections if f.format_name), NOTHING
    )
    return Statement(
        file=DescribedFile(
            path=path,
            name=name,
            content_type=_content_type(entry.mimetype),
            size=size,
            digest=digests[0] if digests else None,
            pronom_key=formats.pronom_key,
            format_name=formats.format_name,
            original_name=next((f.original_name for f in sections if f.original_name), None),
            storage_location=next(
                (f.storage_location for f in sections if f.storage_location), None
            ),
            virus=functools.reduce(latest, (f.virus for f in sections), None),
            exif=_exif(sections),
        ),
        other_digests=digests[1:],
        warnings=tuple(warnings),
    )


def _exif(sections: Sequence[Facts]) -> ExifFinding | None:
    tags = next((facts.exif for facts in sections if facts.exif), ())
    return ExifFinding(source="METS", tags=tags) if tags else None


def _content_type(mimetype: str | None) -> str | None:
    text = (mimetype or "").strip()
    return None if text in ("", NOT_IDENTIFIED) else text
