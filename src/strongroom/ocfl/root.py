"""An OCFL storage root: where objects are read, changed and repaired.

https://ocfl.io/1.1/spec/#storage-root. This is the door to the engine; what happens behind it lies
in the modules beside this one, and in those of the kind of storage that the root lies in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from strongroom.errors import BadRequest, Conflict, Damaged, NotFound, StrongroomError
from strongroom.ocfl import declared, evidence, finding, layouts, local_backend, walk
from strongroom.ocfl.backend import Backend, Repairs, reason
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.extensions import Unknown
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.reading import ObjectFolder
from strongroom.ocfl.site import Site
from strongroom.ocfl.stored import StoredObject
from strongroom.ocfl.versions import style_of
from strongroom.storage.trouble import told_as

if TYPE_CHECKING:
    from strongroom.storage.s3.store import S3Store

__all__ = ["OcflRoot", "Repairs"]

_ATTEMPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class OcflRoot:
    """A storage root; safe to share between threads."""

    def __init__(self, backend: Backend, *, is_new: bool = False) -> None:
        self._backend = backend
        self._ground = backend.ground
        #: whether the root was made when it was opened here
        self.is_new = is_new

    @classmethod
    def open(
        cls,
        place: Path | S3Store,
        *,
        create: bool = True,
        layout: Layout = layouts.DEFAULT,
        unknown: Unknown = Unknown.WARN,
        upgrade: bool = False,
        clock: Callable[[], datetime] = _utc_now,
        patience: float = 60.0,
        single_writer: bool = False,
    ) -> Self:
        """The storage root in a folder or bucket; ``create`` makes one where there is nothing.

        A root that has no identity yet gets one, whether it is made here or not. ``layout`` is for
        a new root; another has its own. ``unknown`` says what to do about extensions that are not
        known here; ``upgrade`` lifts a root of OCFL 1.0 to 1.1.

        ``clock`` gives aware UTC, ``patience`` is how long (seconds) to wait for an object's lock.
        ``single_writer`` is the operator's word that nobody else writes to a bucket, for a store
        that heeds no conditions. Unprocessable if the place holds something else, or a root that
        cannot be followed; NotFound if there is no root and none is to be made.
        """
        if not isinstance(place, Path):
            # what speaks to stores is loaded only where there is one
            from strongroom.ocfl.bucket.backend import open_bucket

            in_bucket, is_new = open_bucket(
                place,
                create=create,
                layout=layout,
                unknown=unknown,
                upgrade=upgrade,
                clock=clock,
                single_writer=single_writer,
            )
            return cls(in_bucket, is_new=is_new)
        backend, is_new = local_backend.open_folder(
            place,
            create=create,
            layout=layout,
            unknown=unknown,
            upgrade=upgrade,
            clock=clock,
            patience=patience,
        )
        return cls(backend, is_new=is_new)

    # --------------------------------------------------------------------------------- reading

    @property
    def folder(self) -> Path:
        """Where it lies on this machine; ValueError if it does not."""
        if not isinstance(self._ground, Site):
            raise ValueError(f"{self.uri} is no folder")
        return self._ground.folder

    @property
    def uri(self) -> str:
        """``file:///…/`` or ``s3://…/``, percent-encoded."""
        return self._ground.store.uri

    def place(self, path: str = "") -> str:
        """What operators call the root, or something in it."""
        return self._ground.store.place(path)

    def identity(self) -> str | None:
        """32 hex digits that no other root has, read anew; they go with the root when it is moved.

        None if they, or the whole root, are not there any more (a disk was unmounted). Damaged if
        they cannot be read.
        """
        return declared.read_identity(self._ground.store)

    @property
    def spec(self) -> str:
        """Version of the OCFL specification that the root follows."""
        return self._ground.spec

    def object_path(self, object_id: str) -> StoragePath:
        """Where an object lies (or would lie), relative to the root."""
        return self._ground.object_path(object_id)

    def exists(self, object_id: str) -> bool:
        return self._backend.is_there(object_id) and evidence.is_its_own(self._ground, object_id)

    def read(self, object_id: str) -> StoredObject:
        """The object as it is now; NotFound, or Damaged if its inventory cannot be trusted."""
        with told_as(object_id):
            return self._ground.load(object_id)

    def folder_of(self, object_id: str, *, algorithm: str = "sha256") -> ObjectFolder:
        """An object's folder, to read content whose paths are known; nothing is read yet."""
        return ObjectFolder(
            id=object_id,
            store=self._ground.store,
            path=self._ground.object_path(object_id),
            algorithm=algorithm,
        )

    def objects(self) -> Iterator[StoredObject | Damaged]:
        """Every object, in a stable order, and an error for each that is damaged."""
        return walk.objects(self._ground)

    def free_bytes(self) -> int:
        """Bytes that can still be written."""
        return self._backend.free_bytes()

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
            spec=self._ground.spec,
            algorithm=algorithm,
            fixity=fixity,
            upgrade=upgrade,
        )
        with told_as(object_id):
            workplace = self._backend.begin(object_id, base, attempt, style)
        return Draft(
            object_id,
            base,
            workplace=workplace,
            style=style,
            store=self._ground.store,
            path=self._ground.object_path(object_id),
        )

    def purge(self, object_id: str) -> None:
        """Remove an object and all its versions for ever; harmless if it is gone.

        One step takes it away; its bytes are deleted after that.
        """
        with told_as(object_id):
            self._backend.purge(object_id)

    # ------------------------------------------------------------------------------- repairing

    def recover(self, object_id: str) -> str | None:
        """Repair what a stopped writer left of an object; what was done, None if nothing was.

        Damaged if it cannot be repaired without a copy.
        """
        with told_as(object_id):
            return self._backend.recover(object_id)

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
        repairs = self._backend.settle()
        if not every:
            return repairs
        done, failed = list(repairs.done), list(repairs.failed)
        for found in finding.places(self._ground.store):
            try:
                if isinstance(found, Damaged):
                    raise found
                done += self._recover_at(found)
            except NotFound:
                continue  # purged meanwhile
            except (StrongroomError, OSError) as error:
                failed.append(reason(error, "the storage root"))
        return Repairs(done=tuple(done), failed=tuple(failed))

    def _recover_at(self, path: StoragePath) -> list[str]:
        """Repair whatever object lies in a folder; what was done."""
        object_id = evidence.id_at(self._ground.store, path)
        walk.check_place(self._ground, object_id, path)
        done = self.recover(object_id)
        return [done] if done else []

    def sweep(self, *, older_than: float, keep: Collection[str] = ()) -> int:
        """Clear unfinished work whose owner is dead, older than so many seconds; how many.

        Attempts in ``keep`` are left alone. Objects that the work had reached are repaired first.
        """
        return self._backend.sweep(older_than=older_than, keep=keep)
