"""What the parts of the engine share about one storage root: where it is and how it is laid out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from strongroom.errors import Damaged, NotFound
from strongroom.ocfl import stored
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.locks import Locks
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.staging import Staging
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.protocols import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A storage root, whatever it lies in."""

    #: the root, for reading
    store: Store
    #: version of the OCFL specification; objects that are made follow it too
    spec: str
    layout: Layout
    #: aware UTC
    clock: Callable[[], datetime]
    #: host and process, as intents name them
    owner: str

    def object_path(self, object_id: str) -> StoragePath:
        return StoragePath(self.layout.object_path(object_id))

    def load(self, object_id: str) -> StoredObject:
        """The object as it is now; NotFound, or Damaged if it cannot be trusted."""
        path = self.object_path(object_id)
        found = stored.load(self.store, path, f"'{object_id}'")
        if found.id != object_id:
            if not self.layout.one_to_one:
                raise NotFound(
                    f"There is no object '{object_id}'; its place in the root is taken by "
                    f"'{found.id}'."
                )
            raise Damaged(
                f"Where '{object_id}' should be lies '{found.id}'. Restore both from a copy.",
                code="wrong-object",
                operator=f"the object is {self.store.place(path)}",
            )
        return found

    def label(self, object_id: str) -> str:
        """The start of the names of all unfinished work for an object."""
        return self.object_path(object_id).rpartition("/")[2][:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Ground):
    """A storage root on a local file system."""

    folder: Path
    staging: Staging
    locks: Locks

    def object_folder(self, object_id: str) -> Path:
        return self.folder / self.object_path(object_id)

    def hold(self, object_id: str) -> AbstractContextManager[None]:
        """The lock of an object's place, which in some layouts other ids may have, too."""
        return self.locks.hold(self.object_path(object_id), about=object_id)
