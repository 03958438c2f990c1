"""One new version of an object in the making: nothing is seen of it before its commit.

Files come in, the inventory is built once, everything is made durable and checked; then the commit.
Where the version lies meanwhile, and how it becomes visible, is the business of the
:class:`~strongroom.ocfl.workplace.Workplace`, which differs from storage to storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Self

from strongroom.errors import BadRequest, Fault, NotFound
from strongroom.ocfl import paths, stored, versions
from strongroom.ocfl import plan as plans
from strongroom.ocfl.adding import Adding
from strongroom.ocfl.content import Outcome
from strongroom.ocfl.inventory import Inventory, serialise
from strongroom.ocfl.paths import LogicalPath, StoragePath
from strongroom.ocfl.plan import NewFile, Plan
from strongroom.ocfl.stored import StoredObject
from strongroom.ocfl.versions import Style
from strongroom.ocfl.workplace import Workplace
from strongroom.storage.protocols import Folders, OpenFile, Store
from strongroom.storage.trouble import told_as

__all__ = ["Draft", "NewFile"]


class Draft:
    """A version being built; used as a context, it is discarded unless it was committed.

    Made by :meth:`strongroom.ocfl.root.OcflRoot.draft`. Not for several threads at once.
    """

    def __init__(
        self,
        object_id: str,
        base: StoredObject | None,
        *,
        workplace: Workplace,
        style: Style,
        store: Store,
        path: StoragePath,
    ) -> None:
        """``path`` is where the object lies, or will lie, in the ``store``."""
        inventory = base.inventory if base else None
        self._base = base
        self._work = workplace
        self._content = workplace.content
        self._style = style
        self._store = store
        self._path = path
        self.object_id = object_id
        #: number of the version that this will be
        self.number = inventory.head + 1 if inventory else 1
        self._state = inventory.logical() if inventory else {}
        self._prepared: Inventory | None = None
        self._digest = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.discard()

    @property
    def state(self) -> dict[LogicalPath, str]:
        """Logical path -> digest, as the version will be; a copy."""
        return dict(self._state)

    @property
    def sizes(self) -> dict[str, int]:
        """Digest -> bytes, for all that was added."""
        return dict(self._content.sizes)

    # --------------------------------------------------------------------------------- changing

    def apply(
        self,
        plan: Plan,
        open_source: Callable[[str], OpenFile],
        *,
        folders: Folders | None = None,
        remote: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Fault]:
        """Make the changes of a plan; all that is wrong with it, or else with its files.

        A plan that cannot be changes nothing. Files are copied in one pass each: read, hashed,
        compared, stored if they are new; what is wrong with any of them is collected
        (``digest-mismatch``, ``size-mismatch``, ``changed-file``, ``missing-file``,
        ``unreadable-file`` and what ``open_source`` says), and such files are not added.
        Where ``folders`` are those that the sources lie in, many small files are read at once;
        ``remote`` says that each source is a journey to a store.
        ``progress`` hears the files and bytes that are done so far; where ``cancelled`` says so
        the work ends early, with a fault ``cancelled``. Raises OutOfSpace where the disk is full.
        """
        self._open_for_changes()
        state, faults = plans.rearranged(plan, self._state, self._content.has)
        if faults:
            return faults
        self._state = state
        return self.add_files(
            plan.adds,
            open_source,
            folders=folders,
            remote=remote,
            progress=progress,
            cancelled=cancelled,
        )

    def add_files(
        self,
        files: Iterable[NewFile],
        open_source: Callable[[str], OpenFile],
        *,
        folders: Folders | None = None,
        remote: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Fault]:
        """Copy files in, as :meth:`apply` does, from however many."""
        self._open_for_changes()
        batches = self._work.batches(folders) if folders is not None else None
        adding = Adding(
            self._take, progress, cancelled, batches, remote=remote or self._work.is_remote
        )
        added, faults = adding.run(files, open_source)
        self._state.update({paths.logical(path): digest for path, digest in added.items()})
        return faults

    def _take(self, file: NewFile, source: OpenFile, tick: Callable[[int], None]) -> Outcome:
        try:
            paths.logical(file.logical)
        except BadRequest as error:
            return list(error.faults)
        return self._content.take(file, source, tick)

    def add_bytes(self, logical: str, data: bytes) -> str:
        """Add a small file from memory, in place of what the path was; its digest."""
        self._open_for_changes()
        path = paths.logical(logical)
        with told_as(logical):
            digest = self._content.put(logical, data)
        self._state[path] = digest
        return digest

    def remove(self, logical: str) -> None:
        """Leave a file out of the version; NotFound if it is not in it."""
        self._open_for_changes()
        if self._state.pop(LogicalPath(logical), None) is None:
            raise NotFound(f"'{self.object_id}' has no file '{logical}' to remove.")

    # ----------------------------------------------------------------------- prepare and commit

    def prepare(
        self,
        *,
        created: datetime,
        user_name: str,
        user_address: str | None = None,
        message: str | None = None,
    ) -> str:
        """Complete the version in staging, sync it, and check it; the new inventory's digest.

        After this nothing about it can change. Unprocessable if its paths are in each other's way.
        """
        self._open_for_changes()
        versions.check_state(self._state)
        with told_as(self.object_id):
            self._content.keep_only(set(self._state.values()))
            self._work.ahead()
            inventory = versions.following(
                self.object_id,
                self._base.inventory if self._base else None,
                style=self._style,
                state=self._state,
                stored=self._content.manifest,
                fixity=self._content.fixity(),
                created=created,
                user_name=user_name,
                user_address=user_address,
                message=message,
            )
            data = serialise(inventory)
            self._digest = stored.digest_of(data, inventory)
            self._work.complete(inventory, data, self._digest)
        self._prepared = inventory
        return self._digest

    def commit(self) -> StoredObject:
        """Make the prepared version part of the object; the object as it is then.

        Conflict (``version-conflict``) if it is no longer as it was, or another writer won: then
        nothing has changed. Unavailable if its lock is not free in time; commit may be tried again.
        """
        inventory = self._prepared
        if inventory is None:
            raise ValueError("a draft must be prepared before it is committed")
        with told_as(self.object_id):
            self._work.publish(self._base, inventory, self._digest)
            # the version exists, whatever becomes of its staging; what cannot be cleared is swept
            with suppress(OSError):
                self.discard()
        return StoredObject(
            id=self.object_id,
            store=self._store,
            algorithm=inventory.digest_algorithm,
            path=self._path,
            inventory=inventory,
            inventory_digest=self._digest,
        )

    def discard(self) -> None:
        """Throw away what is in staging; harmless after a commit, and twice."""
        self._work.clear()

    def _open_for_changes(self) -> None:
        if self._prepared is not None or not self._work.is_open:
            raise ValueError("a draft cannot be changed once it is prepared or discarded")
