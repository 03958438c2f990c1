"""An object as it lies in a storage root: its inventory, and its bytes, never served unproved.

The inventory is read by the reader's rule (a writer may be between the inventory and its sidecar);
repairs are left to :mod:`strongroom.ocfl.recovery`.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from strongroom.errors import Damaged, Fault, NotFound
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl import metadata
from strongroom.ocfl.inventory import Inventory

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

INVENTORY = "inventory.json"
#: seconds to wait before each look at an inventory that is not there or not as its sidecar says:
#: a writer may be between two renames
_LOOKS = (0.0, 0.002, 0.005, 0.02, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFolder:
    """The folder of an object, whose content paths are known from elsewhere.

    Reading content through it needs no inventory.
    """

    id: str
    #: where it lies
    folder: Path
    #: the algorithm of its content digests
    algorithm: str

    def open(self, content_path: str) -> BinaryIO:
        """The file at a content path, unbuffered.

        Damaged if it is missing or no file, or (``missing-object``) the whole object is missing:
        who knows content paths knows that there is, or just was, an object.
        """
        path = f"{self.folder}/{content_path}"
        try:
            descriptor = os.open(path, metadata.READ)
        except (FileNotFoundError, NotADirectoryError) as error:
            if not self.folder.is_dir():
                raise self._object_missing() from error
            raise self._missing(content_path) from error
        except OSError as error:
            raise self.refused(content_path, error) from error
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise self._missing(content_path, metadata.kind(mode))
        return cast(BinaryIO, _Content(descriptor, self, content_path))

    def size(self, content_path: str) -> int:
        """Bytes of the file at a content path."""
        with self.open(content_path) as stream:
            return os.fstat(stream.fileno()).st_size

    def _object_missing(self) -> Damaged:
        what = f"'{self.id}' is missing from storage."
        return Damaged(
            f"{what} Restore it from a copy.",
            code="missing-object",
            faults=[Fault(code="missing-object", message=what, path=self.id)],
            operator=f"expected at {self.folder}",
        )

    def _missing(self, content_path: str, found: str | None = None) -> Damaged:
        what = (
            f"'{content_path}' of '{self.id}' is missing from storage."
            if found is None
            else f"'{content_path}' of '{self.id}' is {found} in storage and no regular file."
        )
        return Damaged(
            f"{what} Restore it from a copy.",
            code="missing-content",
            faults=[
                Fault(
                    code="missing-content",
                    message=what,
                    path=content_path,
                    expected="a regular file",
                    found=found,
                )
            ],
            operator=f"expected at {self.folder / content_path}",
        )

    def refused(self, content_path: str, error: OSError) -> Damaged | OSError:
        """What to raise where the system refuses to open or read a content file."""
        if error.errno == errno.ELOOP:
            return self._missing(content_path, "a symbolic link")
        if error.errno == errno.ENXIO:
            return self._missing(content_path, "a socket or a device")
        path = self.folder / content_path
        return metadata.unreadable(
            error, path, f"'{self.id}'", name=content_path, code="unreadable-content"
        )


class _Content(io.FileIO):
    """A content file open for reading, which tells refusals of the disk as damage."""

    def __init__(self, descriptor: int, stored: ObjectFolder, content_path: str) -> None:
        super().__init__(descriptor, "rb")
        self._stored = stored
        self._content_path = content_path

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes, all that are left without it; Damaged (``unreadable-content``)."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        try:
            return os.read(self.fileno(), size)
        except OSError as error:
            raise self._stored.refused(self._content_path, error) from error

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The same, into a buffer."""
        try:
            return os.readv(self.fileno(), [buffer])
        except OSError as error:
            raise self._stored.refused(self._content_path, error) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject(ObjectFolder):
    """One object, as it was when its inventory was read."""

    #: the object's folder relative to the root, with slashes
    path: str
    inventory: Inventory
    #: digest of the root inventory's bytes (lower-case hex, by the object's algorithm)
    inventory_digest: str

    def read_bytes(self, logical: str, version: int | None = None) -> bytes:
        """A small file whole, proved by its digest; NotFound if the version does not have it."""
        digest = self.inventory.logical(version).get(logical)
        if digest is None:
            raise NotFound(f"'{self.id}' has no file '{logical}' in that version.")
        content_path = self.inventory.content_path(digest)
        with self.open(content_path) as stream:
            data = stream.read()
        found = hashlib.new(self.inventory.digest_algorithm, data).hexdigest()
        if found != digest:
            raise wrong_digest(self, content_path, digest, found)
        return data


def wrong_digest(stored: ObjectFolder, content_path: str, expected: str, found: str) -> Damaged:
    return Damaged(
        f"'{content_path}' of '{stored.id}' is damaged: its bytes are not those that were stored. "
        "Restore it from a copy.",
        code="digest-mismatch",
        faults=[
            Fault(
                code="digest-mismatch",
                message="The stored bytes do not have the digest that the inventory says.",
                path=content_path,
                expected=expected,
                found=found,
            )
        ],
        operator=f"the file is {stored.folder / content_path}",
    )


# ------------------------------------------------------------------------- the reader's rule


def load(folder: Path, path: str, owner: str | None = None) -> StoredObject:
    """The object in a folder; ``path`` is the folder's, relative to the root.

    ``owner`` is what messages call the object. NotFound if there is none. Damaged if its root
    inventory or sidecar cannot be read, or matches neither its sidecar nor the copy in its newest
    version: nothing is served from such an inventory.
    """
    owner = owner or f"the object at '{path}'"
    data = None
    for wait in _LOOKS:
        time.sleep(wait)
        data = metadata.read(folder / INVENTORY, owner)
        if data is None:
            if _nothing_in(folder, owner):
                raise NotFound(f"There is no object at '{path}'.")
            continue
        inventory = inventories.parse(data)
        digest = digest_of(data, inventory)
        if read_sidecar(folder, inventory, owner) == digest:
            break
    else:
        if data is None:
            raise Damaged(
                f"The object at '{path}' has no inventory. Restore it from a copy.",
                code="bad-inventory",
                operator=f"the object is {folder}",
            )
        # a writer died between inventory and sidecar: the version's own pair must speak for it
        if not _matches_copy(folder, data, inventory, owner):
            raise Damaged(
                f"The inventory of '{inventory.id}' matches neither its sidecar nor the copy in "
                "its newest version, so nothing in the object can be trusted. "
                "Restore it from a copy.",
                code="bad-inventory",
                operator=f"the object is {folder}",
            )
    return StoredObject(
        id=inventory.id,
        folder=folder,
        algorithm=inventory.digest_algorithm,
        path=path,
        inventory=inventory,
        inventory_digest=digest,
    )


def _nothing_in(folder: Path, owner: str) -> bool:
    """Whether there is no object; it may have come, or be going, since it was looked for."""
    try:
        return not any(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise metadata.unreadable(error, folder, owner) from error


def digest_of(data: bytes, inventory: Inventory) -> str:
    """The digest of an inventory's bytes, by the object's algorithm."""
    return hashlib.new(inventory.digest_algorithm, data).hexdigest()


def sidecar_name(algorithm: str) -> str:
    return f"{INVENTORY}.{algorithm}"


def sidecar(digest: str) -> bytes:
    """What stands in the sidecar of an inventory with this digest."""
    return f"{digest}  {INVENTORY}\n".encode()


def read_sidecar(folder: Path, inventory: Inventory, owner: str) -> str | None:
    """The digest in the sidecar beside an inventory; None if there is none, or it says nothing.

    Damaged if it cannot be read.
    """
    return said_by_sidecar(folder, inventory.digest_algorithm, owner)


def said_by_sidecar(folder: Path, algorithm: str, owner: str) -> str | None:
    """The same, for an object whose inventory cannot be read."""
    data = metadata.read(folder / sidecar_name(algorithm), owner)
    if data is None:
        return None
    words = data.decode("ascii", "replace").split()
    return words[0].lower() if len(words) == 2 and words[1] == INVENTORY else None


def _matches_copy(folder: Path, data: bytes, inventory: Inventory, owner: str) -> bool:
    """Whether these bytes equal the newest version's inventory, and that its own sidecar."""
    name = inventory.version_folder(inventory.head)
    version, owner = folder / name, f"{name} of {owner}"
    copy = metadata.read(version / INVENTORY, owner)
    return copy == data and read_sidecar(version, inventory, owner) == digest_of(data, inventory)


# ----------------------------------------------------------------------------- reading content


def verified_chunks(
    stored: ObjectFolder, content_path: str, digest: str, chunk: int = 1 << 20
) -> Iterator[bytes]:
    """The whole file in chunks; Damaged instead of its last chunk if the digest differs.

    ``digest`` is lower-case hex by the object's algorithm, ``chunk`` in bytes. A file of at most
    one chunk is so proved before its first byte goes out.
    """
    hasher = hashlib.new(stored.algorithm)
    with stored.open(content_path) as stream:
        held = b""
        while data := stream.read(chunk):
            hasher.update(data)
            if held:
                yield held
            held = data
        if hasher.hexdigest() != digest.lower():
            raise wrong_digest(stored, content_path, digest, hasher.hexdigest())
        if held:
            yield held


def read_range(
    stored: ObjectFolder,
    content_path: str,
    start: int,
    length: int,
    chunk: int = 1 << 20,
    *,
    size: int | None = None,
) -> Iterator[bytes]:
    """``length`` bytes from ``start`` on, in chunks; Damaged if the file ends before.

    A part cannot be proved by the digest of the whole: that is for checks of the whole store. But
    where ``size``, the bytes of the whole file, is known and wrong, Damaged comes before any byte.
    """
    with stored.open(content_path) as stream:
        found = os.fstat(stream.fileno()).st_size
        if size is not None and found != size:
            raise _wrong_size(stored, content_path, size, found)
        stream.seek(start)
        left = length
        while left > 0:
            data = stream.read(min(chunk, left))
            if not data:
                raise _ends_early(stored, content_path, start + length, stream.tell())
            left -= len(data)
            yield data


def _wrong_size(stored: ObjectFolder, content_path: str, expected: int, found: int) -> Damaged:
    what = f"'{content_path}' of '{stored.id}' has {found} bytes instead of {expected}."
    return _size_mismatch(stored, content_path, what, expected, found)


def _ends_early(stored: ObjectFolder, content_path: str, wanted: int, found: int) -> Damaged:
    what = (
        f"'{content_path}' of '{stored.id}' ends after {found} bytes, before the {wanted} that "
        "were asked for."
    )
    return _size_mismatch(stored, content_path, what, wanted, found)


def _size_mismatch(
    stored: ObjectFolder, content_path: str, what: str, expected: int, found: int
) -> Damaged:
    return Damaged(
        f"{what} Restore it from a copy.",
        code="size-mismatch",
        faults=[
            Fault(
                code="size-mismatch",
                message=what,
                path=content_path,
                expected=str(expected),
                found=str(found),
            )
        ],
        operator=f"the file is {stored.folder / content_path}",
    )
