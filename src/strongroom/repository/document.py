"""``.strongroom/resources.json``: what OCFL itself has no place for, versioned inside each object.

The document is deterministic (sorted keys, no blanks), so that the same facts have the same digest.
Its format is described for finders in ``docs/internals/on-disk.md``; ``format`` is its version.
Dates, digests and tombstones are not in it: they follow from the inventory.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct

from strongroom.domain.resources import Kind
from strongroom.domain.times import iso, parse_iso
from strongroom.errors import Damaged

#: logical path of the document
DOCUMENT = ".strongroom/resources.json"
#: logical paths below this folder are the server's
RESERVED = ".strongroom/"
FORMAT = 1


class ContainerEntry(Struct, omit_defaults=True, rename="camel"):
    name: str | None = None


class BinaryEntry(Struct, omit_defaults=True, rename="camel"):
    name: str | None = None
    content_type: str = "application/octet-stream"
    #: bytes
    size: int = 0


class Document(Struct, omit_defaults=True, rename="camel", kw_only=True):
    """The document of one version of one object."""

    format: int
    type: Kind
    name: str | None = None
    other_names: tuple[str, ...] = ()
    #: a tombstone
    deleted: bool = False
    #: path of the METS file among the members
    mets: str | None = None
    #: id of the import job that made this version, of its deposit, and when the job was received
    job: str | None = None
    deposit: str | None = None
    received: str | None = None
    containers: dict[str, ContainerEntry] = {}
    binaries: dict[str, BinaryEntry] = {}

    @property
    def received_at(self) -> datetime | None:
        return parse_iso(self.received) if self.received else None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Document)


def encode(document: Document) -> bytes:
    document.containers = dict(sorted(document.containers.items()))
    document.binaries = dict(sorted(document.binaries.items()))
    return _encoder.encode(document)


def decode(data: bytes, identifier: str) -> Document:
    """The document; Damaged if it is none, or of a format this version does not know."""
    try:
        document = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise Damaged(
            f"{DOCUMENT} of the object {identifier} cannot be read: {error}",
            code="bad-resource-document",
        ) from error
    if document.format != FORMAT:
        raise Damaged(
            f"{DOCUMENT} of the object {identifier} has format {document.format}; "
            f"this version of Strongroom knows format {FORMAT}. Use a newer one.",
            code="unknown-format",
        )
    return document


def stamp(moment: datetime | None) -> str | None:
    """A moment as documents carry it."""
    return iso(moment) if moment else None
