"""The bytes of an object, never served unproved: whole files by their digest, parts by their size.

Content is found by content paths that come from an inventory, or from an index made of one. What
an inventory says, and whether it can be trusted, is left to :mod:`strongroom.ocfl.stored`.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from strongroom.errors import Damaged, Fault
from strongroom.ocfl import metadata, paths
from strongroom.ocfl.paths import ContentPath, StoragePath
from strongroom.storage.protocols import NotAFile, Store

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFolder:
    """The folder of an object, whose content paths are known from elsewhere.

    Reading content through it needs no inventory.
    """

    id: str
    store: Store
    path: StoragePath
    #: the algorithm of its content digests
    algorithm: str

    def open(self, content_path: ContentPath) -> BinaryIO:
        """The file at a content path, unbuffered.

        Damaged if it is missing or no file, or (``missing-object``) the whole object is missing:
        who knows content paths knows that there is, or just was, an object.
        """
        try:
            stream = self.store.open(paths.below(self.path, content_path))
        except (FileNotFoundError, NotADirectoryError) as error:
            if not self.is_there():
                raise self._object_missing() from error
            raise self._missing(content_path) from error
        except OSError as error:
            raise self.refused(content_path, error) from error
        return cast(BinaryIO, _Content(stream, self, content_path))

    def size(self, content_path: ContentPath) -> int:
        """Bytes of the file at a content path."""
        with self.open(content_path) as stream:
            return stream.seek(0, os.SEEK_END)

    def is_there(self) -> bool:
        try:
            self.store.children(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def place(self, content_path: str) -> str:
        """Where operators find a file of the object."""
        return self.store.place(paths.below(self.path, content_path))

    def _object_missing(self) -> Damaged:
        what = f"'{self.id}' is missing from storage."
        return Damaged(
            f"{what} Restore it from a copy.",
            code="missing-object",
            faults=[Fault(code="missing-object", message=what, path=self.id)],
            operator=f"expected at {self.store.place(self.path)}",
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
            operator=f"expected at {self.place(content_path)}",
        )

    def refused(self, content_path: str, error: OSError) -> Damaged | OSError:
        """What to raise where the system refuses to open or read a content file."""
        if isinstance(error, NotAFile):
            return self._missing(content_path, error.found)
        return metadata.unreadable(
            error,
            self.place(content_path),
            f"'{self.id}'",
            name=content_path,
            code="unreadable-content",
        )


class _Content(io.RawIOBase):
    """A content file open for reading, which tells refusals of the disk as damage."""

    def __init__(self, stream: BinaryIO, folder: ObjectFolder, content_path: str) -> None:
        self._stream = stream
        self._folder = folder
        self._content_path = content_path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes, all that are left without it; Damaged (``unreadable-content``)."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_CHUNK), b""))
        try:
            return self._stream.read(size)
        except OSError as error:
            raise self._folder.refused(self._content_path, error) from error

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The same, into a buffer."""
        try:
            return cast(io.FileIO, self._stream).readinto(buffer) or 0
        except OSError as error:
            raise self._folder.refused(self._content_path, error) from error

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        self._stream.close()
        super().close()


def wrong_digest(folder: ObjectFolder, content_path: str, expected: str, found: str) -> Damaged:
    return Damaged(
        f"'{content_path}' of '{folder.id}' is damaged: its bytes are not those that were stored. "
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
        operator=f"the file is {folder.place(content_path)}",
    )


def verified_chunks(
    folder: ObjectFolder,
    content_path: ContentPath,
    digest: str,
    chunk: int = _CHUNK,
    *,
    size: int | None = None,
) -> Iterator[bytes]:
    """The whole file in chunks; Damaged instead of its last chunk if the digest differs.

    ``digest`` is lower-case hex by the object's algorithm, ``chunk`` in bytes. A file of at most
    one chunk is so proved before its first byte goes out. Who announces ``size`` bytes must say so
    here: with fewer than there are, the last chunk is one that nobody waits for.
    """
    hasher = hashlib.new(folder.algorithm)
    with folder.open(content_path) as stream:
        if size is not None:
            found = stream.seek(0, os.SEEK_END)
            if found != size:
                raise _wrong_size(folder, content_path, size, found)
            stream.seek(0)
        held = b""
        while data := stream.read(chunk):
            hasher.update(data)
            if held:
                yield held
            held = data
        if hasher.hexdigest() != digest.lower():
            raise wrong_digest(folder, content_path, digest, hasher.hexdigest())
        if held:
            yield held


def read_range(
    folder: ObjectFolder,
    content_path: ContentPath,
    start: int,
    length: int,
    chunk: int = _CHUNK,
    *,
    size: int | None = None,
) -> Iterator[bytes]:
    """``length`` bytes from ``start`` on, in chunks; Damaged if the file ends before.

    A part cannot be proved by the digest of the whole: that is for checks of the whole store. But
    where ``size``, the bytes of the whole file, is known and wrong, Damaged comes before any byte.
    """
    with folder.open(content_path) as stream:
        found = stream.seek(0, os.SEEK_END)
        if size is not None and found != size:
            raise _wrong_size(folder, content_path, size, found)
        stream.seek(start)
        left = length
        while left > 0:
            data = stream.read(min(chunk, left))
            if not data:
                raise _ends_early(folder, content_path, start + length, found)
            left -= len(data)
            yield data


def _wrong_size(folder: ObjectFolder, content_path: str, expected: int, found: int) -> Damaged:
    what = f"'{content_path}' of '{folder.id}' has {found} bytes instead of {expected}."
    return _size_mismatch(folder, content_path, what, expected, found)


def _ends_early(folder: ObjectFolder, content_path: str, wanted: int, found: int) -> Damaged:
    what = (
        f"'{content_path}' of '{folder.id}' ends after {found} bytes, before the {wanted} that "
        "were asked for."
    )
    return _size_mismatch(folder, content_path, what, wanted, found)


def _size_mismatch(
    folder: ObjectFolder, content_path: str, what: str, expected: int, found: int
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
        operator=f"the file is {folder.place(content_path)}",
    )
