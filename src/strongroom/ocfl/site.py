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
from strongroom.storage.localstore import LocalStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A storage root on a local file system."""

    folder: Path
    #: version of the OCFL specification; objects that are made follow it too
    spec: str
    layout: Layout
    staging: Staging
    locks: Locks
    #: aware UTC
    clock: Callable[[], datetime]
    #: host and process, as intents name them
    owner: str

    @property
    def store(self) -> LocalStore:
        """The same folder, for reading."""
        return LocalStore(self.folder)

    def object_path(self, object_id: str) -> StoragePath:
        return StoragePath(self.layout.object_path(object_id))

    def object_folder(self, object_id: str) -> Path:
        return self.folder / self.object_path(object_id)

    def hold(self, object_id: str) -> AbstractContextManager[None]:
        """The lock of an object's place, which in some layouts other ids may have, too."""
        return self.locks.hold(self.object_path(object_id), about=object_id)

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
                operator=f"the object is {self.folder / path}",
            )
        return found
