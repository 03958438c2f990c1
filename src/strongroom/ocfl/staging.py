"""Places for unfinished work inside a storage root, each with a note of whose work it is.

A place is ``work/{name}/`` or ``trash/{name}/`` with an ``intent.json`` that its owner keeps locked
while it lives; a place that nobody locks is left over. What to do about the object a left-over
place was for is decided in :mod:`strongroom.ocfl.recovery`.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from strongroom.errors import Conflict
from strongroom.ocfl import metadata
from strongroom.ocfl.locks import try_lock
from strongroom.storage import durable
from strongroom.storage.removal import remove_tree

_INTENT = "intent.json"
_TRIES, _PAUSE = 20, 0.005  # seconds


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a place is for, so that whoever finds it knows which object to look at."""

    #: ``version`` or ``purge``
    purpose: str
    object_id: str = msgspec.field(name="object")
    attempt: str | None = None
    #: number of the version that is being made, and digest of the inventory it is based on
    version: int | None = None
    base: str | None = None
    #: RFC 3339
    started: str
    #: host and process, for people
    owner: str
    format: int = 1


class Place:
    """A folder for one piece of work, owned by this process until it is closed or dies."""

    def __init__(self, folder: Path, descriptor: int, trash: Path) -> None:
        self.folder = folder
        self._descriptor = descriptor
        self._trash = trash

    @property
    def lock(self) -> int:
        """A descriptor: whoever holds it open keeps the place from being taken for left over."""
        return self._descriptor

    def release(self) -> None:
        """Give up the ownership; the place stays."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def clear(self) -> None:
        """Throw the place away, and release it; harmless if that was done."""
        if self._descriptor >= 0:
            try:
                _discard(self.folder, self._trash)
            finally:
                self.release()

    def __del__(self) -> None:
        self.release()


class Staging:
    """The staging area of a storage root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.trash = folder / "trash"
        self.locks = folder / "locks"
        self.aside = folder / "aside"

    def claim(self, parent: Path, name: str, intent: Intent) -> Place:
        """A new place that this process owns.

        A left-over place of the same name is thrown away; Conflict if its owner is alive.
        """
        folder = parent / name
        for _ in range(_TRIES):
            descriptor = self._try_claim(folder)
            if descriptor is not None:
                durable.write(descriptor, msgspec.json.encode(intent) + b"\n")
                return Place(folder, descriptor, self.trash)
        raise Conflict(
            f"'{intent.object_id}' is being worked on under the same name ({name}).",
            code="attempt-in-use",
            operator=f"the work lies in {folder}",
        )

    def _try_claim(self, folder: Path) -> int | None:
        try:
            durable.make_folder(folder)
        except FileExistsError:
            if not self.clear_left_over(folder):
                time.sleep(_PAUSE)
            return None
        # a sweeper may take the folder for left over until the lock is held: then begin again
        try:
            descriptor = durable.create(folder / _INTENT)
        except FileNotFoundError:
            return None
        if try_lock(descriptor) and _is_at(descriptor, folder / _INTENT):
            return descriptor
        os.close(descriptor)
        return None

    def seize(self, folder: Path) -> Place | None:
        """The ownership of a left-over place; None if its owner is alive or it has no intent."""
        path = folder / _INTENT
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        if try_lock(descriptor) and _is_at(descriptor, path):
            return Place(folder, descriptor, self.trash)
        os.close(descriptor)
        return None

    def clear_left_over(self, folder: Path) -> bool:
        """Throw a place away unless it is owned; whether it is gone."""
        place = self.seize(folder)
        if place is not None:
            place.clear()
            return True
        # without an intent there was never anything in it, or all is deleted but the folder
        try:
            durable.remove_folder(folder)
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            if os.path.lexists(folder / _INTENT):
                return False
            # the intent comes first and goes last, so only a power cut can have taken it alone
            _discard(folder, self.trash)
        return True

    def places(self) -> Iterator[Path]:
        """All places, in the order of their names; first work, then trash."""
        for parent in (self.work, self.trash):
            yield from sorted(path for path in parent.iterdir() if path.is_dir())


def read_intent(folder: Path) -> Intent | None:
    """What a place is for; None if its owner died before saying so (then nothing was begun).

    Damaged if it cannot be read.
    """
    data = metadata.read(folder / _INTENT, f"the unfinished work {folder.name}")
    try:
        return None if data is None else msgspec.json.decode(data, type=Intent)
    except msgspec.DecodeError:
        return None


def _discard(folder: Path, trash: Path) -> None:
    """Delete a place; after a stop in between it is in the trash, whole or in part."""
    if folder.parent != trash:
        target = trash / f"{folder.name[:80]}-{os.urandom(6).hex()}"
        try:
            durable.rename(folder, target)
        except FileNotFoundError:
            return
        folder = target
    # the intent goes last: as long as it is there, its lock says whose place this is
    remove_tree(folder, last=_INTENT)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one at ``path`` now."""
    try:
        there = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev)
