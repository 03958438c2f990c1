"""The repository in its OCFL root: Containers, Archival Groups and tombstones as objects.

Reads give domain values; writes make new versions of objects. The index, jobs and events are the
business of others: this room alone knows how a resource looks in storage.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Kind, Member, Node
from strongroom.errors import Conflict, Damaged, Fault, NotFound
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.plan import NewFile, Plan
from strongroom.ocfl.reading import ObjectFolder
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.repository.document import DOCUMENT, FORMAT, Document, encode
from strongroom.repository.history import document_at, members_at, node
from strongroom.repository.ids import object_id
from strongroom.repository.plan import VersionPlan
from strongroom.storage.protocols import Folders, OpenFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who makes a version, as OCFL records it."""

    #: short agent name
    name: str
    #: URI of the agent
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a group held at one of its versions."""

    members: Mapping[MemberPath, Member]
    name: str | None
    mets: MemberPath | None


#: how many groups' pasts are kept in memory
KEPT_PASTS = 4


class Repository:
    """All preserved objects of one OCFL storage root."""

    def __init__(self, root: OcflRoot) -> None:
        self.root = root
        self._past: OrderedDict[tuple[str, str, int], Past] = OrderedDict()
        self._lock = Lock()

    # ------------------------------------------------------------------------------ reading

    def find(self, path: RepositoryPath) -> StoredObject | None:
        """The object at a path, tombstones included; None if there is none."""
        try:
            return self.root.read(object_id(path))
        except NotFound:
            return None

    def object_path(self, path: RepositoryPath) -> str:
        """Where the object at a path lies in the root, with slashes."""
        return self.root.object_path(object_id(path))

    def folder_of(self, path: RepositoryPath) -> ObjectFolder:
        """The folder of an object, for reading content whose place the index knows."""
        return self.root.folder_of(object_id(path))

    def objects(self) -> Iterator[StoredObject | Damaged]:
        """Every object in the root, in a stable order; damaged ones as errors."""
        return self.root.objects()

    def past(self, node: Node, number: int) -> Past:
        """A group, known to the index, as it was at one of its versions, from storage alone.

        The last few that were asked for are kept, for as long as the group has the same versions.
        """
        key = (node.path, node.inventory_digest, number)
        with self._lock:
            if key in self._past:
                self._past.move_to_end(key)
                return self._past[key]
        stored = self.find(node.path)
        if stored is None:
            raise Damaged(
                f"The object of /repository/{node.path} is missing from storage. Is the OCFL root "
                "in its place? Restore the object from a copy.",
                code="missing-object",
            )
        document = document_at(stored, number)
        past = Past(
            members={p: m for p, m in members_at(stored, number).items() if not m.deleted},
            name=document.name,
            mets=MemberPath(document.mets) if document.mets else None,
        )
        with self._lock:
            self._past[key] = past
            while len(self._past) > KEPT_PASTS:
                self._past.popitem(last=False)
        return past

    # ------------------------------------------------------------------------------- groups

    def stage(
        self,
        path: RepositoryPath,
        plan: VersionPlan,
        *,
        base: StoredObject | None,
        attempt: str,
        open_source: Callable[[str], OpenFile],
        folders: Folders | None = None,
        remote: bool = False,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Draft, list[Fault]]:
        """Copy and verify all that the plan's version needs; nothing is visible yet.

        Returns the draft and everything that was wrong with the bytes. A draft with faults must be
        discarded.
        """
        draft = self.root.draft(object_id(path), base=base, attempt=attempt)
        try:
            faults = draft.apply(
                Plan(
                    removes=plan.removes,
                    adds=tuple(
                        NewFile(logical=c.path, source=c.origin, sha256=c.digest, size=c.size)
                        for c in plan.copies
                    ),
                ),
                open_source,
                folders=folders,
                remote=remote,
                progress=progress,
                cancelled=cancelled,
            )
            if not faults:
                draft.add_bytes(DOCUMENT, encode(plan.document))
        except BaseException:
            draft.discard()
            raise
        return draft, faults

    def commit(
        self, draft: Draft, *, created: datetime, author: Author, message: str
    ) -> StoredObject:
        """Make the staged version durable and visible; Conflict if another writer was first."""
        draft.prepare(
            created=created, user_name=author.name, user_address=author.address, message=message
        )
        return draft.commit()

    # --------------------------------------------------------------------------- containers

    def create_container(
        self,
        path: RepositoryPath,
        *,
        name: str | None,
        created: datetime,
        author: Author,
        attempt: str,
    ) -> Node:
        """A new Container outside groups. Conflict if any object, even a tombstone, is there."""
        document = Document(format=FORMAT, type=Kind.CONTAINER, name=name)
        draft = self.root.draft(object_id(path), base=None, attempt=attempt)
        return self._write_document(draft, document, created, author, "Create Container")

    def bury_container(
        self, path: RepositoryPath, *, created: datetime, author: Author, attempt: str
    ) -> Node:
        """Leave a tombstone: a version of the Container that says it is deleted."""
        base = self.root.read(object_id(path))
        old = document_at(base)
        if old.type is not Kind.CONTAINER or old.deleted:
            raise Conflict(f"There is no living Container at /repository/{path}.")
        document = Document(
            format=FORMAT,
            type=Kind.CONTAINER,
            name=old.name,
            other_names=old.other_names,
            deleted=True,
        )
        latest = base.inventory.versions[base.inventory.head].created
        created = max(created, latest + timedelta(milliseconds=1))
        draft = self.root.draft(object_id(path), base=base, attempt=attempt)
        return self._write_document(draft, document, created, author, "Delete Container")

    def purge_container(self, path: RepositoryPath) -> None:
        """Remove a Container or its tombstone with all its versions; harmless if it is gone."""
        self.root.purge(object_id(path))

    def _write_document(
        self, draft: Draft, document: Document, created: datetime, author: Author, message: str
    ) -> Node:
        try:
            draft.add_bytes(DOCUMENT, encode(document))
            return node(self.commit(draft, created=created, author=author, message=message))
        except BaseException:
            draft.discard()
            raise

    # ----------------------------------------------------------------------------- recovery

    def recover(self, path: RepositoryPath) -> str | None:
        """Repair what a killed writer may have left at a path; what was done, if anything."""
        return self.root.recover(object_id(path))

    def sweep(self, *, older_than: float, keep: Iterable[str] = ()) -> int:
        """Remove staging of attempts that are over; how many. ``older_than`` is in seconds."""
        return self.root.sweep(older_than=older_than, keep=set(keep))
