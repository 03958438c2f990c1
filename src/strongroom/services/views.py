"""What services answer: domain values joined with what a client needs beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from strongroom.domain.deposits import Deposit
from strongroom.domain.importjob import ImportJob, Job, Outcome
from strongroom.domain.resources import Event, Group, Member, Node, Version
from strongroom.domain.viruses import InfectedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositView:
    deposit: Deposit
    #: URI of the working area, with a trailing slash
    files: str
    #: whether an Archival Group lies at the deposit's path
    group_exists: bool
    #: quoted ETag of the METS file; None without METS or where it was not computed
    mets_etag: str | None = None
    #: id of the export that fills, or has filled, its working area; None where it was not looked up
    export: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositPage:
    deposits: tuple[DepositView, ...]
    page: int
    page_size: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffView:
    """A job as the server proposes it."""

    job: ImportJob
    deposit: Deposit
    #: URI of the deposit's files; origins are relative to it
    files: str
    #: who asked, and when
    agent: str
    created: datetime
    #: the version the difference was made against
    source_version: Version | None
    #: files to add or patch in which a virus was found
    infected: tuple[InfectedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job and how it went."""

    job: Job
    #: what it did; only after it completed
    outcome: Outcome | None = None
    #: versions by number, for the dates and agents of the outcome's members
    versions: Mapping[int, Version] = field(default_factory=dict)
    #: for imports: infected files that the job was told to take
    allowed: tuple[InfectedFile, ...] = ()
    #: for exports: URI of the deposit's files, and the files that were copied
    destination: str | None = None
    exported: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerView:
    """The root, or a Container outside groups, with its immediate children."""

    #: None for the root of the repository
    node: Node | None
    #: living Containers and Archival Groups, sorted by path
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A Binary or Container inside a group, at one version of it."""

    group: Node
    object_path: str
    member: Member
    #: immediate children, if it is a Container
    children: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes that can be read, whole or in part."""

    size: int
    content_type: str
    #: SHA-256, lower-case hex; None where it is not known
    digest: str | None
    #: file name for a download
    name: str
    modified: datetime | None
    #: ``read(start, length)`` yields exactly ``length`` bytes in chunks; a read of the whole is
    #: verified while it flows and raises Damaged before its last chunk if the digest differs
    read: Callable[[int, int], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    events: tuple[Event, ...]
    #: events in the whole stream
    total: int


ResourceView = ContainerView | Group | MemberView
