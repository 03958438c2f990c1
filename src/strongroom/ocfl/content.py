"""The content of a version in the making: files copied into staging, each proved as it is copied.

Every file is read once; its digests and size are those of exactly the bytes that were stored.
Content that the object has already is read and proved, but not stored a second time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from strongroom.errors import Fault
from strongroom.ocfl import digests, paths
from strongroom.ocfl.content_paths import ContentPaths
from strongroom.ocfl.paths import ContentPath
from strongroom.ocfl.plan import NewFile
from strongroom.storage import copying, durable
from strongroom.storage.copying import SourceFailed
from strongroom.storage.protocols import OpenFile
from strongroom.storage.trouble import unreadable

#: hears of every further number of bytes
Tick = Callable[[int], None]
#: the digest of a file that was taken in, or all that is wrong with it
Outcome = str | list[Fault]

_SPELLED = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}


class NewContent:
    """The folder ``vN/content`` of a version that is being made; safe to share between threads."""

    def __init__(
        self,
        version: Path,
        directory: str,
        algorithm: str,
        *,
        known: Collection[str],
        fixity: Collection[str],
    ) -> None:
        """``version`` is the version's folder, ``directory`` the name of the content folder in it,
        which is not made yet; ``known`` are the digests of content that the object has, ``fixity``
        the algorithms of further digests to take of what is stored."""
        self._folder = f"{version}/{directory}"
        self._version, self._directory = version.name, directory
        self.algorithm = algorithm
        self._known = known
        self._fixity = [name for name in fixity if name != algorithm]
        self._lock = threading.Lock()
        self._names = ContentPaths()
        self._folders: set[str] = set()
        #: digest -> path below the content folder, for what was stored
        self._stored: dict[str, str] = {}
        #: digest -> further digests by algorithm, for what was stored
        self._further: dict[str, dict[str, str]] = {}
        #: digest -> bytes, for all that was read
        self.sizes: dict[str, int] = {}

    @property
    def manifest(self) -> dict[str, ContentPath]:
        """Digest -> content path of what was stored."""
        return {
            digest: paths.content_below(self._version, self._directory, path)
            for digest, path in self._stored.items()
        }

    def __len__(self) -> int:
        """How many files were stored."""
        return len(self._stored)

    def fixity(self) -> dict[str, dict[str, list[ContentPath]]]:
        """Algorithm -> digest -> content paths of what was stored."""
        result: dict[str, dict[str, list[ContentPath]]] = {name: {} for name in self._fixity}
        for digest, path in self.manifest.items() if result else ():
            for name in self._fixity:
                result[name].setdefault(self._further[digest][name], []).append(path)
        return result

    def has(self, digest: str) -> bool:
        """Whether the object, or this version, has content with this digest."""
        return digest in self._known or digest in self._stored

    def put(self, logical: str, data: bytes) -> str:
        """Store these bytes; their digest."""
        found = {name: digests.of(name, data) for name in (self.algorithm, *self._fixity)}
        self._keep(logical, found, data)
        return found[self.algorithm]

    def take(self, file: NewFile, source: OpenFile, tick: Tick) -> Outcome:
        """Read a file and store what is new of it; its digest, or all that is wrong with it.

        OSErrors are those of the storage side only.
        """
        expected = file.expected()
        hashers = {
            name: digests.new(name)
            for name in dict.fromkeys((self.algorithm, *self._fixity, *expected))
        }
        placed: list[str] = []
        # content that is there already is read for proof only
        expected_known = self.has(expected.get(self.algorithm, ""))
        try:
            absorbed = copying.absorb(
                source.stream,
                source.entry.size,
                tuple(hashers.values()),
                None if expected_known else lambda: self._place(file.logical, placed),
                tick,
            )
        except SourceFailed as failure:
            self._remove(placed)
            return [unreadable(failure.cause, file.source)]
        except BaseException:
            self._remove(placed)
            raise
        found = {name: hasher.hexdigest() for name, hasher in hashers.items()}
        faults = _faults(file, source, expected, found, absorbed.size)
        if faults:
            self._remove(placed)
            return faults
        if absorbed.data is not None:
            self._keep(file.logical, found, absorbed.data)
        else:
            self._finish(found, absorbed.size, placed)
        return found[self.algorithm]

    # ------------------------------------------------------------ content that others will write

    def takes_promises(self) -> bool:
        """Whether SHA-256 is all that has to be known of a file before it is read."""
        return self.algorithm == "sha256" and not self._fixity

    def folder(self, relative: str) -> str:
        """Where a folder of the content, ``""`` for all of it, lies on disk."""
        return f"{self._folder}/{relative}" if relative else self._folder

    def promise(self, logical: str, digest: str) -> str:
        """The place, relative to the content folder, for a file that will have this digest.

        Its folder is there. Empty if the content is there already, and is to be proved only.
        """
        if self.has(digest):
            return ""
        placed: list[str] = []
        self._place(logical, placed)
        return placed[0]

    def keep_promises(self, kept: Iterable[tuple[str, str, int]]) -> None:
        """Exactly the bytes that were promised are there now: place, digest, size of each."""
        superfluous = []
        with self._lock:
            for relative, digest, size in kept:
                self.sizes[digest] = size
                if relative and self.has(digest):
                    superfluous.append(relative)
                elif relative:
                    self._stored[digest] = relative
        self._remove(superfluous)

    def break_promise(self, relative: str) -> None:
        """They will not come; nothing remains of them."""
        if relative:
            self._remove([relative])

    def keep_only(self, used_digests: Collection[str]) -> None:
        """Drop what no file of the version uses (E107), and folders without content (E024)."""
        dropped = [digest for digest in self._stored if digest not in used_digests]
        self._remove([self._stored.pop(digest) for digest in dropped])
        for digest in self.sizes.keys() - used_digests:
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

    def _keep(self, logical: str, found: Mapping[str, str], data: bytes) -> None:
        placed: list[str] = []
        if not self.has(found[self.algorithm]):
            try:
                durable.write_new(self._place(logical, placed), data)
            except BaseException:
                self._remove(placed)
                raise
        self._finish(found, len(data), placed)

    def _finish(self, found: Mapping[str, str], size: int, placed: list[str]) -> None:
        """Note what was stored; another thread may have stored the same content meanwhile."""
        digest = found[self.algorithm]
        with self._lock:
            self.sizes[digest] = size
            new = not self.has(digest) and bool(placed)
            if new:
                self._stored[digest] = placed[0]
                if self._fixity:
                    self._further[digest] = {name: found[name] for name in self._fixity}
        if not new:
            self._remove(placed)

    def _place(self, logical: str, placed: list[str]) -> str:
        """A free path on disk for new content, whose folder is there; noted in ``placed``."""
        with self._lock:
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


def _faults(
    file: NewFile,
    source: OpenFile,
    expected: Mapping[str, str],
    found: Mapping[str, str],
    size: int,
) -> list[Fault]:
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
    faults += [
        Fault(
            code="digest-mismatch",
            message=f"The file does not have the {_SPELLED.get(name, name)} that was stated.",
            path=file.source,
            expected=digest,
            found=found[name],
        )
        for name, digest in expected.items()
        if digest != found[name]
    ]
    return faults
