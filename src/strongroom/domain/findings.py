"""What tools, manifests and METS have found out about files: formats, viruses, tags, digests.

One value for each kind of ``metadata`` item that clients see. Where findings come from is the
business of ``mets``, ``bagit`` and ``tools``; how several are made one, of
:mod:`strongroom.domain.merging`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Tag(NamedTuple):
    """One property that a tool read from a file; names may come more than once."""

    name: str
    value: str


#: takes the tags of one file, and gives them back wherever they are kept
KeepTags = Callable[[tuple[Tag, ...]], Sequence[Tag]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFinding:
    source: str
    #: aware UTC; None if nobody says when
    timestamp: datetime | None = None
    #: SHA-256, lower-case hex
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatFinding:
    source: str
    timestamp: datetime | None = None
    #: SHA-256, lower-case hex
    digest: str | None = None
    #: bytes
    size: int | None = None
    #: ``fmt/43``; ``UNKNOWN`` where the tool looked and did not know
    pronom_key: str | None = None
    format_name: str | None = None
    content_type: str | None = None
    original_name: str | None = None
    storage_location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VirusFinding:
    source: str
    timestamp: datetime | None = None
    has_virus: bool
    #: the signature's name; None if there is none
    found: str | None = None
    #: the scanner and its definitions, as it names them
    definition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExifFinding:
    source: str
    timestamp: datetime | None = None
    #: in the tool's order
    tags: Sequence[Tag]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFinding:
    source: str
    timestamp: datetime | None = None
    original_name: str | None = None
    storage_location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFinding:
    """A report of a tool, by its place in the deposit; its text is not kept here."""

    source: str
    timestamp: datetime | None = None
    content_type: str
    #: relative to the content root
    path: str


Finding = (
    DigestFinding | FormatFinding | VirusFinding | ExifFinding | StorageFinding | OutputFinding
)
