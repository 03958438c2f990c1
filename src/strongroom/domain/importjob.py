"""Import jobs as data: what is to change in an Archival Group, and how that went.

A job is made by :mod:`strongroom.domain.diff` or written by a client; either way it is checked by
:mod:`strongroom.domain.check` and becomes a complete job, in which nothing is left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Member
from strongroom.errors import Fault


class JobStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "completedWithErrors"

    @property
    def terminal(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED)


class JobKind(StrEnum):
    IMPORT = "import"
    EXPORT = "export"
    #: tools run over the files of a deposit
    PIPELINE = "pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryItem:
    """A Binary in a job. Fields that a list does not need stay None."""

    path: MemberPath
    name: str | None = None
    content_type: str | None = None
    #: bytes
    size: int | None = None
    #: SHA-256, lower-case hex
    digest: str | None = None
    #: path of the bytes, relative to the root of the deposit's files; in a job without a deposit
    #: their URI
    origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerItem:
    path: MemberPath
    name: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """The difference between an Archival Group and what it shall become."""

    group: RepositoryPath
    group_name: str | None = None
    is_update: bool = False
    #: number of the version the difference was made against; None for a new group
    source_version: int | None = None
    #: path of the METS file among the members, where known
    mets: MemberPath | None = None
    containers_to_add: tuple[ContainerItem, ...] = ()
    binaries_to_add: tuple[BinaryItem, ...] = ()
    containers_to_delete: tuple[ContainerItem, ...] = ()
    binaries_to_delete: tuple[BinaryItem, ...] = ()
    binaries_to_patch: tuple[BinaryItem, ...] = ()
    containers_to_rename: tuple[ContainerItem, ...] = ()
    binaries_to_rename: tuple[BinaryItem, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(True for _ in self.items())

    def items(self) -> Iterator[tuple[str, BinaryItem | ContainerItem]]:
        """Every item with the name of its list, in the order of the wire."""
        for name in LISTS:
            for item in getattr(self, name):
                yield name, item


#: the seven lists of a job
LISTS = (
    "containers_to_add",
    "binaries_to_add",
    "containers_to_delete",
    "binaries_to_delete",
    "binaries_to_patch",
    "containers_to_rename",
    "binaries_to_rename",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running job has come."""

    #: ``planning``, ``copying`` or ``committing``
    phase: str
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a job says of itself that has no deposit to say it."""

    #: who submitted it, whoever it is for
    caller: str
    #: who makes the version that an import makes
    author: str | None = None
    #: URI of the folder that an export fills, with a slash at its end
    destination: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An import, an export or a run of tools as the queue keeps it."""

    id: str
    kind: JobKind
    #: empty for jobs of the Storage API, which have none
    deposit: str
    #: empty for a run of tools over a deposit without a group
    group: RepositoryPath
    status: JobStatus = JobStatus.WAITING
    #: the complete job; None for exports and runs of tools
    plan: ImportJob | None = None
    #: the id the client sent, and ``originalId`` if the job had one
    import_job: str | None = None
    original_import_job: str | None = None
    created: datetime
    created_by: str
    begun: datetime | None = None
    finished: datetime | None = None
    source_version: int | None = None
    new_version: int | None = None
    errors: tuple[Fault, ...] = ()
    progress: Progress | None = None
    #: how often a worker has begun it
    attempts: int = 0
    #: of a job without a deposit
    terms: Terms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a completed job did, list by list, as the members were right after it."""

    containers_added: tuple[Member, ...] = ()
    binaries_added: tuple[Member, ...] = ()
    containers_deleted: tuple[Member, ...] = ()
    binaries_deleted: tuple[Member, ...] = ()
    binaries_patched: tuple[Member, ...] = ()
    binaries_renamed: tuple[Member, ...] = ()
    containers_renamed: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRequest:
    """One entry of a list of a job as a client wrote it; nothing is checked yet."""

    id: str | None = None
    name: str | None = None
    origin: str | None = None
    content_type: str | None = None
    size: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A job as a client wrote it: URIs as sent, nothing checked yet."""

    id: str | None = None
    original_id: str | None = None
    deposit: str | None = None
    archival_group: str | None = None
    archival_group_name: str | None = None
    is_update: bool | None = None
    #: ``vN`` or a memento timestamp; None means the head at the time of posting
    source_version: str | None = None
    #: paths of infected files that are to be taken all the same
    allow_infected: tuple[str, ...] = ()
    #: by the names in LISTS
    lists: Mapping[str, tuple[ItemRequest, ...]] = field(default_factory=dict)
