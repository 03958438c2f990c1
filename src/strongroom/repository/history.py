"""Members of an Archival Group and how they came to be, derived from its versions.

Whatever the index knows of a group is derived here, version by version, both right after an import
and when the index is rebuilt, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from strongroom.domain.paths import MemberPath, ancestors
from strongroom.domain.resources import Kind, Member, MemberChanges, Node, Version
from strongroom.errors import Damaged
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.stored import StoredObject
from strongroom.repository.document import (
    DOCUMENT,
    RESERVED,
    BinaryEntry,
    ContainerEntry,
    Document,
    decode,
)
from strongroom.repository.ids import repository_path

_NO_CONTAINER = ContainerEntry()


def document_at(stored: StoredObject, version: int | None = None) -> Document:
    """The resource document of one version (default: the head)."""
    return decode(stored.read_bytes(DOCUMENT, version), stored.id)


def living(inventory: Inventory, document: Document, number: int) -> dict[MemberPath, Member]:
    """Every member of one version, as if it had come in that version."""
    members: dict[MemberPath, Member] = {}
    containers: dict[str, ContainerEntry] = dict(document.containers)
    places: dict[str, str] = {}
    for logical, digest in inventory.logical(number).items():
        if logical.startswith(RESERVED):
            continue
        entry = document.binaries.get(logical)
        if entry is None:
            raise Damaged(
                f"{DOCUMENT} of the object {inventory.id} says nothing of '{logical}', "
                f"which version v{number} holds.",
                code="bad-resource-document",
            )
        content_path = places.get(digest)
        if content_path is None:
            content_path = places[digest] = inventory.content_path(digest)
        members[MemberPath(logical)] = _binary(logical, entry, digest, content_path, number)
        for up in ancestors(logical):
            if up in containers:
                break
            containers[up] = _NO_CONTAINER
    for path, container in containers.items():
        members[MemberPath(path)] = Member(
            path=MemberPath(path),
            kind=Kind.CONTAINER,
            name=container.name,
            created=number,
            modified=number,
        )
        for up in ancestors(path):
            if up in containers:
                break
            members.setdefault(
                MemberPath(up),
                Member(path=MemberPath(up), kind=Kind.CONTAINER, created=number, modified=number),
            )
    return members


def _binary(path: str, entry: BinaryEntry, digest: str, content_path: str, number: int) -> Member:
    return Member(
        path=MemberPath(path),
        kind=Kind.BINARY,
        name=entry.name,
        content_type=entry.content_type,
        size=entry.size,
        digest=digest,
        content_path=content_path,
        created=number,
        modified=number,
    )


def advance(
    before: Mapping[MemberPath, Member], now: Mapping[MemberPath, Member], number: int
) -> MemberChanges:
    """What version ``number`` changed, where ``before`` may hold tombstones and ``now`` none."""
    put = []
    for path, member in now.items():
        old = before.get(path)
        if old is None or old.deleted or old.kind is not member.kind:
            put.append(member)
        elif replace(old, created=number, modified=number) != member:
            put.append(replace(member, created=old.created))
    removed = [path for path, old in before.items() if not old.deleted and path not in now]
    return MemberChanges(version=number, put=tuple(put), removed=tuple(removed))


def merge(members: dict[MemberPath, Member], changes: MemberChanges) -> None:
    """Carry changes out on a dictionary, as the index carries them out on its rows."""
    for member in changes.put:
        members[member.path] = member
    for path in changes.removed:
        members[path] = replace(members[path], deleted=True, modified=changes.version)


def members_at(stored: StoredObject, version: int | None = None) -> dict[MemberPath, Member]:
    """All members at a version (default: the head), tombstones included."""
    members: dict[MemberPath, Member] = {}
    for number in range(1, (version or stored.inventory.head) + 1):
        now = living(stored.inventory, document_at(stored, number), number)
        merge(members, advance(members, now, number))
    return members


def versions(stored: StoredObject, known: tuple[Version, ...] = ()) -> tuple[Version, ...]:
    """All versions of an object, oldest first; those ``known`` already are not read again."""
    found = list(known[: stored.inventory.head])
    for number in range(len(found) + 1, stored.inventory.head + 1):
        entry = stored.inventory.versions[number]
        document = document_at(stored, number)
        found.append(
            Version(
                number=number,
                created=entry.created,
                agent=entry.user_name or "unknown",
                job=document.job,
                deposit=document.deposit,
                received=document.received_at,
            )
        )
    return tuple(found)


def node(stored: StoredObject, known: Node | None = None) -> Node:
    """The Container, Archival Group or tombstone that an OCFL object stands for.

    ``known`` is the same object at an earlier version; its versions are taken over.
    """
    path = repository_path(stored.id)
    if path is None:
        raise Damaged(
            f"The object {stored.id} has an id that stands for no repository path.",
            code="foreign-object",
        )
    document = document_at(stored)
    return Node(
        path=path,
        kind=document.type,
        name=document.name,
        other_names=document.other_names,
        versions=versions(stored, known.versions if known else ()),
        deleted=document.deleted,
        mets=MemberPath(document.mets) if document.mets else None,
        inventory_digest=stored.inventory_digest,
    )
