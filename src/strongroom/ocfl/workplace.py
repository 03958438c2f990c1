"""Where a version is made until it is committed: what every kind of storage must offer for that.

Which one a draft gets is decided by the storage that its root lies in. What goes into a version,
and what its inventory says, is the same for all and lies in :mod:`strongroom.ocfl.draft`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from strongroom.ocfl.batches import Batches
from strongroom.ocfl.content import Outcome, Tick
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import ContentPath
from strongroom.ocfl.plan import NewFile
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.protocols import Folders, OpenFile


class Content(Protocol):
    """The new content of a version; safe to share between threads."""

    #: digest -> bytes, for all that was read
    sizes: dict[str, int]

    @property
    def manifest(self) -> Mapping[str, ContentPath]:
        """Digest -> content path of what was stored."""

    def fixity(self) -> Mapping[str, Mapping[str, list[ContentPath]]]:
        """Algorithm -> digest -> content paths of what was stored."""

    def has(self, digest: str) -> bool:
        """Whether the object, or this version, has content with this digest."""

    def put(self, logical: str, data: bytes) -> str:
        """Store these bytes; their digest."""

    def take(self, file: NewFile, source: OpenFile, tick: Tick) -> Outcome:
        """Read a file and store what is new of it; its digest, or all that is wrong with it."""

    def keep_only(self, used_digests: Collection[str]) -> None:
        """Drop what no file of the version uses (E107)."""


class Workplace(Protocol):
    """One version in the making."""

    @property
    def content(self) -> Content: ...

    @property
    def is_remote(self) -> bool:
        """Whether each file is a journey, so that many should be under way at once."""

    @property
    def is_open(self) -> bool:
        """Whether it is neither cleared nor taken by another."""

    def batches(self, folders: Folders) -> Batches | None:
        """A quicker way in for many small files of these folders; None if there is none here."""

    def ahead(self) -> None:
        """No more content comes: the storage may get on with what it has."""

    def complete(self, inventory: Inventory, data: bytes, digest: str) -> None:
        """Store the inventory (``data``, with its digest) and make all durable.

        Damaged (``staging-changed``) if what lies there is not what the inventory says.
        """

    def publish(self, base: StoredObject | None, inventory: Inventory, digest: str) -> None:
        """Make the completed version part of its object; Conflict if another writer won."""

    def clear(self) -> None:
        """Throw away what is left of the work; harmless after a commit, and twice."""
