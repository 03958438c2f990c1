"""An object as it lies in a storage root: its inventory, and its bytes, never served unproved.

The inventory is read by the reader's rule (a writer may be between the inventory and its sidecar);
repairs are left to :mod:`strongroom.ocfl.recovery`.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from strongroom.errors import Damaged, Fault, NotFound
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl.inventory import Inventory
from strongroom.storage.trouble import told_as

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
        """The file at a content path, unbuffered; Damaged if it is missing or no file."""
        path = f"{self.folder}/{content_path}"
        with told_as(content_path):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except (FileNotFoundError, NotADirectoryError) as error:
                self._still_there()
                raise self._missing(content_path) from error
            except OSError as error:
                if Path(path).is_symlink():
                    raise self._missing(content_path) from error
                raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise self._missing(content_path)
        return cast(BinaryIO, io.FileIO(descriptor, "rb"))

    def size(self, content_path: str) -> int:
        """Bytes of the file at a content path."""
        with self.open(content_path) as stream:
            return os.fstat(stream.fileno()).st_size

    def _still_there(self) -> None:
        """NotFound if the whole object is gone (purged since it was read)."""
        if not self.folder.is_dir():
            raise NotFound(f"'{self.id}' is not there any more.")

    def _missing(self, content_path: str) -> Damaged:
        return Damaged(
            f"'{content_path}' of '{self.id}' is missing from storage. Restore it from a copy.",
            code="missing-content",
            faults=[
                Fault(
                    code="missing-content",
                    message="A file that the inventory names is not there, or is no regular file.",
                    path=content_path,
                )
            ],
            operator=f"expected at {self.folder / content_path}",
        )


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


def load(folder: Path, path: str) -> StoredObject:
    """The object in a folder.

    NotFound if there is none. Damaged if its root inventory matches neither its sidecar nor the
    copy in its newest version: nothing is served from such an inventory.
    """
    data = None
    for wait in _LOOKS:
        time.sleep(wait)
        data = _read_root_inventory(folder)
        if data is None:
            if _nothing_in(folder):
                raise NotFound(f"There is no object at '{path}'.")
            continue
        inventory = inventories.parse(data)
        digest = digest_of(data, inventory)
        if read_sidecar(folder, inventory) == digest:
            break
    else:
        if data is None:
            raise Damaged(
                f"The object at '{path}' has no inventory. Restore it from a copy.",
                code="bad-inventory",
                operator=f"the object is {folder}",
            )
        # a writer died between inventory and sidecar: the version's own pair must speak for it
        if not matches_copy(folder, data, inventory):
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


def _read_root_inventory(folder: Path) -> bytes | None:
    try:
        return (folder / INVENTORY).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _nothing_in(folder: Path) -> bool:
    """Whether there is no object; it may have come, or be going, since it was looked for."""
    try:
        return not any(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return True


def digest_of(data: bytes, inventory: Inventory) -> str:
    """The digest of an inventory's bytes, by the object's algorithm."""
    return hashlib.new(inventory.digest_algorithm, data).hexdigest()


def sidecar_name(algorithm: str) -> str:
    return f"{INVENTORY}.{algorithm}"


def sidecar(digest: str) -> bytes:
    """What stands in the sidecar of an inventory with this digest."""
    return f"{digest}  {INVENTORY}\n".encode()


def read_sidecar(folder: Path, inventory: Inventory) -> str | None:
    """The digest in the sidecar beside an inventory; None if there is none that can be read."""
    try:
        data = (folder / sidecar_name(inventory.digest_algorithm)).read_bytes()
    except FileNotFoundError:
        return None
    words = data.decode("ascii", "replace").split()
    return words[0].lower() if len(words) == 2 and words[1] == INVENTORY else None


def matches_copy(folder: Path, data: bytes, inventory: Inventory) -> bool:
    """Whether these bytes equal the newest version's inventory, and that its own sidecar."""
    version = folder / inventory.version_folder(inventory.head)
    try:
        copy = (version / INVENTORY).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return copy == data and read_sidecar(version, inventory) == digest_of(data, inventory)


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
    stored: ObjectFolder, content_path: str, start: int, length: int, chunk: int = 1 << 20
) -> Iterator[bytes]:
    """``length`` bytes from ``start`` on, in chunks; Damaged if the file ends before.

    A part cannot be proved by the digest of the whole: that is for checks of the whole store.
    """
    with stored.open(content_path) as stream:
        stream.seek(start)
        left = length
        while left > 0:
            data = stream.read(min(chunk, left))
            if not data:
                raise Damaged(
                    f"'{content_path}' of '{stored.id}' ends after {stream.tell()} bytes, before "
                    f"the {start + length} that were asked for. Restore it from a copy.",
                    code="size-mismatch",
                )
            left -= len(data)
            yield data
