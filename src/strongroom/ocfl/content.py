"""The content of a version in the making: files copied into staging, each proved as it is copied.

Every file is read once; its digest and size are those of exactly the bytes that were stored.
Content that the object has already is read and proved, but not stored a second time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom.errors import Fault
from strongroom.ocfl.content_paths import ContentPaths
from strongroom.storage import copying, durable
from strongroom.storage.copying import SourceFailed
from strongroom.storage.protocols import OpenFile
from strongroom.storage.trouble import unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file for a version: where it goes, where it comes from, and what it should be."""

    logical: str
    #: what :class:`~strongroom.storage.protocols.OpenFile` is opened by, and faults name
    source: str
    #: expected SHA-256 (lower-case hex) and size (bytes); None if nobody knows
    sha256: str | None = None
    size: int | None = None


class NewContent:
    """The folder ``vN/content`` of a version that is being made."""

    def __init__(self, folder: Path, prefix: str, algorithm: str, known: Collection[str]) -> None:
        """``folder`` is the content folder, not made yet; ``prefix`` its place in the object
        (``v2/content``); ``known`` are the digests of content that the object has."""
        self._folder = str(folder)
        self._prefix = prefix
        self._algorithm = algorithm
        self._known = known
        self._names = ContentPaths()
        self._folders: set[str] = set()
        #: digest -> path below the content folder, for what was stored
        self._stored: dict[str, str] = {}
        #: digest -> bytes, for all that was read
        self.sizes: dict[str, int] = {}

    @property
    def manifest(self) -> Mapping[str, str]:
        """Digest -> content path of what was stored."""
        return {digest: f"{self._prefix}/{path}" for digest, path in self._stored.items()}

    def has(self, digest: str) -> bool:
        """Whether the object, or this version, has content with this digest."""
        return digest in self._known or digest in self._stored

    def put(self, logical: str, data: bytes) -> str:
        """Store these bytes; their digest."""
        digest = hashlib.new(self._algorithm, data).hexdigest()
        self._keep(logical, digest, data)
        return digest

    def take(
        self, file: NewFile, source: OpenFile, tick: Callable[[int], None] | None
    ) -> str | list[Fault]:
        """Read a file and store what is new of it; its digest, or all that is wrong with it.

        OSErrors are those of the storage side only.
        """
        sha256 = hashlib.sha256()
        by_object = sha256 if self._algorithm == "sha256" else hashlib.new(self._algorithm)
        hashers = [sha256] if by_object is sha256 else [sha256, by_object]
        placed: list[str] = []
        # content that is there already is read for proof only
        expected_known = by_object is sha256 and file.sha256 is not None and self.has(file.sha256)
        try:
            absorbed = copying.absorb(
                source.stream,
                source.entry.size,
                hashers,
                None if expected_known else lambda: self._place(file.logical, placed),
                tick,
            )
        except SourceFailed as failure:
            self._remove(placed)
            return [unreadable(failure.cause, file.source)]
        except BaseException:
            self._remove(placed)
            raise
        digest = by_object.hexdigest()
        faults = _faults(file, source, sha256.hexdigest(), absorbed.size)
        if faults:
            self._remove(placed)
            return faults
        if absorbed.data is not None:
            self._keep(file.logical, digest, absorbed.data)
        else:
            self.sizes[digest] = absorbed.size
            if self.has(digest):
                self._remove(placed)
            else:
                self._stored[digest] = placed[0]
        return digest

    def keep_only(self, digests: Collection[str]) -> None:
        """Drop what no file of the version uses (E107), and folders without content (E024)."""
        dropped = [digest for digest in self._stored if digest not in digests]
        self._remove([self._stored.pop(digest) for digest in dropped])
        for digest in self.sizes.keys() - digests:
            del self.sizes[digest]
        used = {""} if self._stored else set()
        for path in self._stored.values():
            folder = path.rpartition("/")[0]
            while folder not in used:
                used.add(folder)
                folder = folder.rpartition("/")[0]
        for folder in sorted(self._folders - used, reverse=True):
            durable.remove_folder(f"{self._folder}/{folder}")
            self._folders.remove(folder)

    def _keep(self, logical: str, digest: str, data: bytes) -> None:
        self.sizes[digest] = len(data)
        if not self.has(digest):
            placed: list[str] = []
            try:
                durable.write_new(self._place(logical, placed), data)
            except BaseException:
                self._remove(placed)
                raise
            self._stored[digest] = placed[0]

    def _place(self, logical: str, placed: list[str]) -> str:
        """A free path on disk for new content, whose folder is there; noted in ``placed``."""
        relative = self._names.place(logical)
        folder = relative.rpartition("/")[0]
        if folder not in self._folders:
            self._make_folders(folder)
        placed.append(relative)
        return f"{self._folder}/{relative}"

    def _make_folders(self, folder: str) -> None:
        missing = []
        while folder not in self._folders:
            missing.append(folder)
            if folder == "":
                break
            folder = folder.rpartition("/")[0]
        for path in reversed(missing):
            durable.make_folder(f"{self._folder}/{path}" if path else self._folder)
            self._folders.add(path)

    def _remove(self, placed: list[str]) -> None:
        for path in placed:
            if os.path.lexists(f"{self._folder}/{path}"):
                durable.unlink(f"{self._folder}/{path}")


def _faults(file: NewFile, source: OpenFile, sha256: str, size: int) -> list[Fault]:
    """All in which the bytes that were read differ from what they should be."""
    faults = []
    if not source.unchanged():
        faults.append(
            Fault(
                code="changed-file",
                message="The file was changed while it was read. Let its writer end first.",
                path=file.source,
            )
        )
    if file.size is not None and file.size != size:
        faults.append(
            Fault(
                code="size-mismatch",
                message="The file does not have the size that was stated.",
                path=file.source,
                expected=str(file.size),
                found=str(size),
            )
        )
    if file.sha256 is not None and file.sha256.lower() != sha256:
        faults.append(
            Fault(
                code="digest-mismatch",
                message="The file does not have the SHA-256 that was stated.",
                path=file.source,
                expected=file.sha256,
                found=sha256,
            )
        )
    return faults
