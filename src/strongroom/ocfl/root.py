"""An OCFL storage root on a local file system: where objects are read, changed and repaired.

https://ocfl.io/1.1/spec/#storage-root. This is the door to the engine; what happens behind it lies
in the modules beside this one.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from strongroom.errors import BadRequest, Conflict, Damaged, NotFound, StrongroomError
from strongroom.ocfl import declaration, extensions, layouts, local_workplace, recovery, walk
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.extensions import Unknown
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.locks import Locks
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.reading import ObjectFolder
from strongroom.ocfl.site import Site
from strongroom.ocfl.staging import Intent, Place, Staging, read_intent
from strongroom.ocfl.stored import StoredObject
from strongroom.ocfl.versions import style_of
from strongroom.storage import durable, syncing
from strongroom.storage.trouble import told_as

log = logging.getLogger(__name__)

_ATTEMPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """What a repair of a whole root came to, in words for people."""

    done: tuple[str, ...]
    #: what cannot be repaired without a copy, or a person; it is left as it is
    failed: tuple[str, ...]


class OcflRoot:
    """A storage root; safe to share between threads."""

    def __init__(self, site: Site, *, is_new: bool = False) -> None:
        self._site = site
        #: whether the root was made when it was opened here
        self.is_new = is_new

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        create: bool = True,
        layout: Layout = layouts.DEFAULT,
        unknown: Unknown = Unknown.WARN,
        upgrade: bool = False,
        clock: Callable[[], datetime] = _utc_now,
        patience: float = 60.0,
    ) -> Self:
        """The storage root in a folder; ``create`` makes one where there is nothing.

        A root that has no identity yet gets one, whether it is made here or not. ``layout`` is for
        a new root; another has its own. ``unknown`` says what to do about extensions that are not
        known here; ``upgrade`` lifts a root of OCFL 1.0 to 1.1.

        ``clock`` gives aware UTC, ``patience`` is how long (seconds) to wait for an object's lock.
        Unprocessable if the folder holds something else, or a root that cannot be followed;
        NotFound if there is no root and none is to be made.
        """
        folder = folder.absolute()
        with told_as(str(folder)):
            is_new = create and not _is_root(folder)
            if is_new:
                declaration.make_folders(folder)
                declaration.create(folder, layout)
            if not folder.is_dir():
                raise NotFound(f"There is no folder '{folder}'.")
            declaration.settle(folder)
            spec, layout = declaration.read(folder)
            extensions.check(folder, unknown)
            if upgrade and declaration.upgrade(folder):
                spec, layout = declaration.read(folder)
            staging = Staging(declaration.make_staging(folder))
            declaration.make_identity(staging.folder)
        return cls(
            Site(
                folder=folder,
                spec=spec,
                layout=layout,
                staging=staging,
                locks=Locks(staging.locks, patience=patience),
                clock=clock,
                owner=f"{socket.gethostname()} pid {os.getpid()}",
            ),
            is_new=is_new,
        )

    # --------------------------------------------------------------------------------- reading

    @property
    def folder(self) -> Path:
        return self._site.folder

    @property
    def uri(self) -> str:
        """``file:///…/``, percent-encoded."""
        return self._site.folder.as_uri().rstrip("/") + "/"

    def identity(self) -> str | None:
        """32 hex digits that no other root has, read anew; they go with the root when it is moved.

        None if they, or the whole root, are not there any more (a disk was unmounted). Damaged if
        they cannot be read.
        """
        return declaration.read_identity(self._site.folder)

    @property
    def spec(self) -> str:
        """Version of the OCFL specification that the root follows."""
        return self._site.spec

    def object_path(self, object_id: str) -> StoragePath:
        """Where an object lies (or would lie), relative to the root."""
        return self._site.object_path(object_id)

    def exists(self, object_id: str) -> bool:
        return self._site.object_folder(object_id).is_dir() and self._is_its_own(object_id)

    def read(self, object_id: str) -> StoredObject:
        """The object as it is now; NotFound, or Damaged if its inventory cannot be trusted."""
        with told_as(object_id):
            return self._site.load(object_id)

    def folder_of(self, object_id: str, *, algorithm: str = "sha256") -> ObjectFolder:
        """An object's folder, to read content whose paths are known; nothing is read yet."""
        return ObjectFolder(
            id=object_id,
            store=self._site.store,
            path=self._site.object_path(object_id),
            algorithm=algorithm,
        )

    def objects(self) -> Iterator[StoredObject | Damaged]:
        """Every object, in a stable order, and an error for each that is damaged."""
        return walk.objects(self._site)

    def free_bytes(self) -> int:
        """Bytes that can still be written."""
        return shutil.disk_usage(self._site.folder).free

    # -------------------------------------------------------------------------------- changing

    def draft(
        self,
        object_id: str,
        *,
        base: StoredObject | None,
        attempt: str,
        algorithm: str = "sha256",
        fixity: Collection[str] = (),
        upgrade: bool = False,
    ) -> Draft:
        """A new version of an object, to be built: of ``base``, or v1 of a new one.

        ``attempt`` names the work; a dead attempt of that name is thrown away. BadRequest if it is
        no plain name, Conflict (``attempt-in-use``) if it is alive.
        ``algorithm`` addresses the content of a new object; ``fixity`` names algorithms of further
        digests to keep of new content; ``upgrade`` lifts an older object to the specification of
        its root. Unprocessable if one of these cannot be.
        """
        if not _ATTEMPT.fullmatch(attempt):
            raise BadRequest(f"'{attempt[:100]}' cannot name an attempt: use letters and digits.")
        if base is not None and base.id != object_id:
            raise Conflict(f"A draft of '{object_id}' cannot be based on '{base.id}'.")
        style = style_of(
            base.inventory if base else None,
            spec=self._site.spec,
            algorithm=algorithm,
            fixity=fixity,
            upgrade=upgrade,
        )
        intent = self._intent(
            "version",
            object_id,
            attempt=attempt,
            version=base.inventory.head + 1 if base else 1,
            base=base.inventory_digest if base else None,
        )
        staging = self._site.staging
        with told_as(object_id):
            place = staging.claim(staging.work, f"{self._key(object_id)}-{attempt}", intent)
            workplace = local_workplace.begin(self._site, object_id, base, place, style)
        return Draft(
            object_id,
            base,
            workplace=workplace,
            style=style,
            store=self._site.store,
            path=self._site.object_path(object_id),
        )

    def purge(self, object_id: str) -> None:
        """Remove an object and all its versions for ever; harmless if it is gone.

        One rename takes it away; its bytes are deleted after that.
        """
        site = self._site
        folder = site.object_folder(object_id)
        name = f"{self._key(object_id)}-{secrets.token_hex(6)}"
        with told_as(object_id), site.hold(object_id):
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
        """Whether what lies in an object's place is that object, and not another with its place.

        Damaged if that cannot be told in a layout in which it must be.
        """
        site = self._site
        if site.layout.one_to_one:
            return True
        return recovery.id_at(site.store, site.object_path(object_id)) == object_id

    # ------------------------------------------------------------------------------- repairing

    def recover(self, object_id: str) -> str | None:
        """Repair what a stopped writer left of an object; what was done, None if nothing was.

        Damaged if it cannot be repaired without a copy.
        """
        with told_as(object_id):
            return recovery.recover(self._site, object_id)

    def recover_all(self, *, every: bool = False) -> list[str]:
        """Repair every object that unfinished work points to, and clear that work away.

        Each stop of a writer leaves such work, so this is complete, and costs nothing when nothing
        is wrong. ``every`` looks at all objects of the root besides, for roots that others wrote.
        What cannot be repaired is told in the list, too, and its work is left where it is.
        """
        repairs = self.repair(every=every)
        return [*repairs.done, *repairs.failed]

    def repair(self, *, every: bool = False) -> Repairs:
        """The same, with what could not be repaired told apart."""
        _, done, failed = self._settle(lambda _: True)
        if every:
            for found in walk.places(self._site.store):
                try:
                    if isinstance(found, Damaged):
                        raise found
                    done += self._recover_at(found)
                except NotFound:
                    continue  # purged meanwhile
                except (StrongroomError, OSError) as error:
                    failed.append(_reason(error, "the storage root"))
        return Repairs(done=tuple(done), failed=tuple(failed))

    def sweep(self, *, older_than: float, keep: Collection[str] = ()) -> int:
        """Clear unfinished work whose owner is dead, older than so many seconds; how many.

        Attempts in ``keep`` are left alone. Objects that the work had reached are repaired first.
        """
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
                failed.append(_reason(error, f"unfinished work {folder.name}"))
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
        done = self.recover(intent.object_id) if intent is not None else None
        name = place.folder.name
        place.clear()
        return [done] if done else [f"cleared unfinished work {name}"]

    def _recover_at(self, path: StoragePath) -> list[str]:
        """Repair whatever object lies in a folder; what was done."""
        object_id = recovery.id_at(self._site.store, path)
        walk.check_place(self._site, object_id, path)
        done = self.recover(object_id)
        return [done] if done else []

    def _key(self, object_id: str) -> str:
        """The start of the names of all places for an object."""
        return self._site.object_path(object_id).rpartition("/")[2][:32]

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


def _reason(error: StrongroomError | OSError, about: str) -> str:
    """Why something could not be repaired, as one text that names it."""
    return error.message if isinstance(error, StrongroomError) else f"{about}: {error}"


def _is_root(folder: Path) -> bool:
    return folder.is_dir() and any(p.name.startswith("0=ocfl") for p in folder.iterdir())
