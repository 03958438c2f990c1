"""From an import job to the next version of an OCFL object: what to copy, what its document says.

Pure: nothing is read or written here. The job must be legal (:mod:`strongroom.domain.check`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from strongroom.domain.importjob import ImportJob
from strongroom.domain.paths import MemberPath, ancestors, slug
from strongroom.domain.resources import Kind, Member
from strongroom.repository.document import (
    FORMAT,
    BinaryEntry,
    ContainerEntry,
    Document,
    stamp,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Bytes to bring from the deposit into the object."""

    path: MemberPath
    origin: str
    #: SHA-256, lower-case hex, and bytes, as the job states them
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPlan:
    """The next version of a group."""

    copies: tuple[Copy, ...]
    removes: tuple[MemberPath, ...]
    document: Document
    #: whether anything differs from the version before
    changes: bool


def plan(
    job: ImportJob,
    members: Mapping[MemberPath, Member],
    *,
    old: Document | None,
    job_id: str,
    deposit: str | None,
    received: datetime,
) -> VersionPlan:
    """The version that ``job`` makes of the living ``members`` of the head."""
    containers = {
        p: ContainerEntry(name=m.name) for p, m in members.items() if m.kind is Kind.CONTAINER
    }
    binaries = {
        p: BinaryEntry(name=m.name, content_type=m.content_type, size=m.size)
        for p, m in members.items()
        if m.kind is Kind.BINARY
    }
    for gone in job.containers_to_delete:
        containers.pop(gone.path, None)
    for removed in job.binaries_to_delete:
        # the folder stays when its last file goes, unless the job deletes it too
        binaries.pop(removed.path, None)
    for folder in job.containers_to_add:
        containers[folder.path] = ContainerEntry(name=given_name(folder.path, folder.name))
    copies = []
    for item in job.binaries_to_add + job.binaries_to_patch:
        if item.origin is None or item.digest is None or item.size is None:
            raise ValueError(f"the job leaves {item.path} incomplete")
        before = binaries.get(item.path)
        binaries[item.path] = BinaryEntry(
            # a patch names a Binary only where it has no name; to change one is a rename
            name=(before.name if before else None) or given_name(item.path, item.name),
            content_type=item.content_type
            or (before.content_type if before else "application/octet-stream"),
            size=item.size,
        )
        copies.append(Copy(path=item.path, origin=item.origin, digest=item.digest, size=item.size))
        for up in ancestors(item.path):
            containers.setdefault(MemberPath(up), ContainerEntry())
    for rename in job.containers_to_rename:
        containers[rename.path] = ContainerEntry(name=given_name(rename.path, rename.name))
    for renamed in job.binaries_to_rename:
        entry = binaries[renamed.path]
        binaries[renamed.path] = BinaryEntry(
            name=given_name(renamed.path, renamed.name),
            content_type=entry.content_type,
            size=entry.size,
        )
    mets = job.mets if job.mets in binaries else (old.mets if old else None)
    document = Document(
        format=FORMAT,
        type=Kind.GROUP,
        name=job.group_name or (old.name if old else None),
        other_names=old.other_names if old else (),
        mets=mets if mets in binaries else None,
        job=job_id,
        deposit=deposit,
        received=stamp(received),
        containers={str(p): entry for p, entry in containers.items()},
        binaries={str(p): entry for p, entry in binaries.items()},
    )
    digests = {p: m.digest for p, m in members.items()}
    changes = (
        old is None
        or any(digests.get(copy.path) != copy.digest for copy in copies)
        or _facts(document) != _old_facts(old, members)
    )
    return VersionPlan(
        copies=tuple(copies),
        removes=tuple(item.path for item in job.binaries_to_delete),
        document=document,
        changes=changes,
    )


def given_name(path: str, name: str | None) -> str | None:
    """The display name to keep: none where it is blank or just the last segment of the path."""
    if name is None or not name.strip() or name == slug(path):
        return None
    return name


def _facts(document: Document) -> tuple[object, ...]:
    return (
        document.name,
        document.mets,
        {path: entry.name for path, entry in document.containers.items()},
        {
            path: (entry.name, entry.content_type, entry.size)
            for path, entry in document.binaries.items()
        },
    )


def _old_facts(old: Document, members: Mapping[MemberPath, Member]) -> tuple[object, ...]:
    return (
        old.name,
        old.mets,
        {str(p): m.name for p, m in members.items() if m.kind is Kind.CONTAINER},
        {
            str(p): (m.name, m.content_type, m.size)
            for p, m in members.items()
            if m.kind is Kind.BINARY
        },
    )
