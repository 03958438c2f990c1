"""A storage root in a folder of this machine: staging beside it, commits by renames.

Which steps a commit has lies in :mod:`strongroom.ocfl.commit`, what is repaired after a stop in
:mod:`strongroom.ocfl.recovery`.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from strongroom.errors import NotFound, StrongroomError
from strongroom.ocfl import (
    declaration,
    declared,
    evidence,
    extensions,
    local_workplace,
    recovery,
)
from strongroom.ocfl.backend import Repairs, reason
from strongroom.ocfl.extensions import Unknown
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.locks import Locks
from strongroom.ocfl.site import Site
from strongroom.ocfl.staging import Intent, Place, Staging, read_intent
from strongroom.ocfl.stored import StoredObject
from strongroom.ocfl.versions import Style
from strongroom.ocfl.workplace import Workplace
from strongroom.storage import durable, syncing
from strongroom.storage.localstore import LocalStore
from strongroom.storage.trouble import told_as

log = logging.getLogger(__name__)


class LocalBackend:
    """A :class:`~strongroom.ocfl.backend.Backend` in a folder."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def ground(self) -> Site:
        return self._site

    def free_bytes(self) -> int:
        return shutil.disk_usage(self._site.folder).free

    def is_there(self, object_id: str) -> bool:
        return self._site.object_folder(object_id).is_dir()

    def begin(
        self, object_id: str, base: StoredObject | None, attempt: str, style: Style
    ) -> Workplace:
        intent = self._intent(
            "version",
            object_id,
            attempt=attempt,
            version=base.inventory.head + 1 if base else 1,
            base=base.inventory_digest if base else None,
        )
        staging = self._site.staging
        name = f"{self._site.label(object_id)}-{attempt}"
        place = staging.claim(staging.work, name, intent)
        return local_workplace.begin(self._site, object_id, base, place, style)

    def purge(self, object_id: str) -> None:
        """One rename takes the object away; its bytes are deleted after that."""
        site = self._site
        folder = site.object_folder(object_id)
        name = f"{site.label(object_id)}-{secrets.token_hex(6)}"
        with site.hold(object_id):
            if not folder.is_dir() or not self._is_its_own(object_id):
                return
            place = site.staging.claim(site.staging.trash, name, self._intent("purge", object_id))
            syncing.sync_tree(place.folder)
            durable.sync_folder(site.staging.trash)
            durable.rename(folder, place.folder / "object")
            durable.sync_folder(place.folder)
            recovery.sync_nearest(site, folder.parent)
            recovery.prune(site, folder.parent)
        # the object is gone, whatever becomes of the trash; what cannot be deleted is swept
        with suppress(OSError):
            place.clear()

    def _is_its_own(self, object_id: str) -> bool:
        """Whether what lies in an object's place is that object, and not another with its place."""
        return evidence.is_its_own(self._site, object_id)

    def recover(self, object_id: str) -> str | None:
        return recovery.recover(self._site, object_id)

    def settle(self) -> Repairs:
        _, done, failed = self._settle(lambda _: True)
        return Repairs(done=tuple(done), failed=tuple(failed))

    def sweep(self, *, older_than: float, keep: Collection[str]) -> int:
        now = self._site.clock().timestamp()

        def stale(place: Path) -> bool:
            intent = read_intent(place)
            if intent is not None and intent.attempt in keep:
                return False
            return now - place.stat().st_mtime >= older_than

        cleared, _, failed = self._settle(stale)
        for text in failed:
            log.warning("unfinished work is left where it is: %s", text)
        return cleared

    def _settle(self, wanted: Callable[[Path], bool]) -> tuple[int, list[str], list[str]]:
        """Finish and clear left-over places, each whatever became of the others.

        How many were cleared, what was done, and what could not be.
        """
        cleared: int = 0
        told: list[str] = []
        failed: list[str] = []
        for folder in self._site.staging.places():
            try:
                if wanted(folder):
                    done = self._settle_one(folder)
                    cleared += done is not None
                    told += done or []
            except FileNotFoundError:
                continue  # another sweeper was faster
            except (StrongroomError, OSError) as error:
                failed.append(reason(error, f"unfinished work {folder.name}"))
        return cleared, told, failed

    def _settle_one(self, folder: Path) -> list[str] | None:
        """Finish and clear one place; what there is to tell, None if it is not cleared."""
        place = self._site.staging.seize(folder)
        if place is None:
            return [] if self._site.staging.clear_left_over(folder) else None
        try:
            return self._finish(place)
        finally:
            place.release()

    def _finish(self, place: Place) -> list[str]:
        intent = read_intent(place.folder)
        done = None
        if intent is not None:
            with told_as(intent.object_id):
                done = self.recover(intent.object_id)
        name = place.folder.name
        place.clear()
        return [done] if done else [f"cleared unfinished work {name}"]

    def _intent(
        self,
        purpose: str,
        object_id: str,
        *,
        attempt: str | None = None,
        version: int | None = None,
        base: str | None = None,
    ) -> Intent:
        return Intent(
            purpose=purpose,
            object_id=object_id,
            attempt=attempt,
            version=version,
            base=base,
            started=self._site.clock().isoformat(),
            owner=self._site.owner,
        )


def open_folder(
    folder: Path,
    *,
    create: bool,
    layout: Layout,
    unknown: Unknown,
    upgrade: bool,
    clock: Callable[[], datetime],
    patience: float,
) -> tuple[LocalBackend, bool]:
    """The root in a folder, and whether it was made here; see ``OcflRoot.open``."""
    folder = folder.absolute()
    store = LocalStore(folder)
    with told_as(str(folder)):
        is_new = create and not _is_root(folder)
        if is_new:
            declaration.make_folders(folder)
            declaration.create(folder, layout)
        if not folder.is_dir():
            raise NotFound(f"There is no folder '{folder}'.")
        declaration.settle(folder)
        spec, layout = declared.read(store)
        extensions.check(store, unknown)
        if upgrade and declaration.upgrade(folder):
            spec, layout = declared.read(store)
        staging = Staging(declaration.make_staging(folder))
        declaration.make_identity(staging.folder)
    site = Site(
        store=store,
        folder=folder,
        spec=spec,
        layout=layout,
        staging=staging,
        locks=Locks(staging.locks, patience=patience),
        clock=clock,
        owner=f"{socket.gethostname()} pid {os.getpid()}",
    )
    return LocalBackend(site), is_new


def _is_root(folder: Path) -> bool:
    return folder.is_dir() and any(p.name.startswith("0=ocfl") for p in folder.iterdir())
