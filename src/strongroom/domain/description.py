"""What a METS file says about a deposit, free of XML."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.domain.findings import ExifFinding, VirusFinding
from strongroom.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedFile:
    """One file that a METS describes. None means: METS does not say."""

    #: as written in METS, cleaned (no ``./``, no doubled slashes), relative to the content root
    path: str
    name: str | None = None
    content_type: str | None = None
    #: bytes; 0 is a size, None is silence
    size: int | None = None
    #: SHA-256, lower-case hex
    digest: str | None = None
    pronom_key: str | None = None
    format_name: str | None = None
    original_name: str | None = None
    storage_location: str | None = None
    virus: VirusFinding | None = None
    exif: ExifFinding | None = None
    #: its own, not those that it inherits
    access_conditions: tuple[str, ...] = ()
    #: an absolute URI
    rights_statement: str | None = None
    #: ids in the XML: of its div, and of its administrative section as the reference spells it
    div_id: str | None = None
    admin_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedFolder:
    path: str
    name: str | None = None
    #: the path is a guess from labels (an empty folder without ``originalName``)
    guessed: bool = False
    original_name: str | None = None
    storage_location: str | None = None
    access_conditions: tuple[str, ...] = ()
    rights_statement: str | None = None
    div_id: str | None = None
    admin_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A METS file, read."""

    title: str | None = None
    agent: str | None = None
    #: whether it was written by the platform itself and may be edited by it
    editable: bool = False
    files: tuple[DescribedFile, ...] = ()
    folders: tuple[DescribedFolder, ...] = ()
    #: entries that cannot be tied to a path: dangling ids, external or escaping hrefs
    untied: tuple[Fault, ...] = ()
    #: anything else worth telling; never a reason to refuse
    warnings: tuple[Fault, ...] = ()
    access_conditions: tuple[str, ...] = ()
    rights_statement: str | None = None
