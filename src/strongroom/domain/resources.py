"""What the repository holds: Containers, Archival Groups, their versions and their members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from strongroom.domain.paths import MemberPath, RepositoryPath, slug


class Kind(StrEnum):
    """The ``type`` of a resource, as clients read it."""

    ROOT = "RepositoryRoot"
    CONTAINER = "Container"
    GROUP = "ArchivalGroup"
    BINARY = "Binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an object: a Container outside groups, or an Archival Group."""

    number: int
    #: UTC, millisecond precision; unique in the whole repository for Archival Groups
    created: datetime
    #: short name of the agent
    agent: str
    #: id of the import job that made it, of its deposit, and when the job was received
    job: str | None = None
    deposit: str | None = None
    received: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Container outside groups, or an Archival Group, or the tombstone of a Container."""

    path: RepositoryPath
    kind: Kind
    #: display name as given; None shows the slug
    name: str | None
    #: further names from older data
    other_names: tuple[str, ...] = ()
    #: all versions, oldest first
    versions: tuple[Version, ...]
    deleted: bool = False
    #: path of the METS file in a group, if it has one
    mets: MemberPath | None = None
    #: SHA-256 (lower-case hex) of the root inventory this was read from
    inventory_digest: str = ""

    @property
    def head(self) -> Version:
        return self.versions[-1]

    @property
    def display_name(self) -> str:
        return self.name or slug(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A Binary or a Container inside an Archival Group, at one version of it."""

    path: MemberPath
    kind: Kind
    name: str | None = None
    #: for Binaries only
    content_type: str = ""
    #: bytes
    size: int = 0
    #: SHA-256, lower-case hex
    digest: str = ""
    #: where the bytes lie, relative to the OCFL object's root
    content_path: str = ""
    #: numbers of the versions in which it came (last) and changed last
    created: int
    modified: int
    #: a tombstone: it was there once, and is not in this version
    deleted: bool = False

    @property
    def display_name(self) -> str:
        return self.name or slug(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """An Archival Group with all its living members at one of its versions."""

    node: Node
    #: the version that was asked for
    version: Version
    members: Mapping[MemberPath, Member] = field(default_factory=dict)
    #: place of the object in the OCFL root, with slashes
    object_path: str = ""
    #: the group's name and METS path at that version
    name: str | None = None
    mets: MemberPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the activity stream."""

    end: datetime
    #: ``Create`` or ``Update``
    type: str
    group: RepositoryPath
    #: id of the import job behind it; None for a pushed event
    job: str | None = None
    #: when that job was received
    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanges:
    """How the members of a group differ between one version and the next."""

    #: the version that made the changes
    version: int
    #: new and changed members, whole
    put: tuple[Member, ...] = ()
    #: members that are there no more and leave a tombstone
    removed: tuple[MemberPath, ...] = ()
