"""The skeleton of a METS document as plain records: its sections, files and divs.

Leaves filling them to :mod:`strongroom.mets.gather`, and how they belong together to
:mod:`strongroom.mets.assemble`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from strongroom.errors import Fault
from strongroom.mets.descriptive import Described
from strongroom.mets.premis import Facts


@dataclass(slots=True, kw_only=True)
class Location:
    """An FLocat."""

    href: str
    is_url: bool
    line: int


@dataclass(slots=True, kw_only=True)
class FileEntry:
    """A ``file`` of the fileSec, as written."""

    id: str | None
    line: int
    #: USE of the fileGrp it is in, or of the nearest one above that has it
    use: str
    deleted: bool
    #: it lies inside another file
    nested: bool
    #: its bytes are in the METS itself
    embedded: bool = False
    mimetype: str | None
    admid: str | None
    size: str | None
    checksum: str | None
    checksum_type: str | None
    locations: list[Location] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Group:
    """A ``fileGrp``, with the files and groups directly in it."""

    use: str
    files: list[FileEntry] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Pointer:
    """An ``fptr``, with the ids that it or the areas in it name."""

    line: int
    ids: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Div:
    line: int
    directory: bool
    #: verbatim; None if there is none or it is empty
    label: str | None
    id: str | None
    admid: str | None
    dmdid: str | None
    pointers: list[Pointer] = field(default_factory=list)
    children: list[Div] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class StructMap:
    #: TYPE in lower case, ``""`` if there is none
    kind: str
    roots: list[Div] = field(default_factory=list)
    #: DMDID of the first root div
    dmdid: str | None = None
    pointers: int = 0


@dataclass(slots=True, kw_only=True)
class Outline:
    label: str | None = None
    agent: str | None = None
    described: list[Described] = field(default_factory=list)
    tech: dict[str, Facts] = field(default_factory=dict)
    amd: dict[str, Facts] = field(default_factory=dict)
    #: digiprovMD, rightsMD and sourceMD
    other: dict[str, Facts] = field(default_factory=dict)
    files: list[FileEntry] = field(default_factory=list)
    files_by_id: dict[str, FileEntry] = field(default_factory=dict)
    groups_by_id: dict[str, Group] = field(default_factory=dict)
    #: the physical one alone, once there is one
    maps: list[StructMap] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
