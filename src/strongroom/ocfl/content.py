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
from strongroom.ocfl import digests
from strongroom.ocfl.holdings import Holdings, faults
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
        self._book = Holdings(version.name, directory, algorithm, known=known, fixity=fixity)
        self.algorithm = algorithm
        self._algorithms = (algorithm, *self._book.further_algorithms)
        self._making = threading.Lock()
        self._folders: set[str] = set()
        self.sizes = self._book.sizes

    @property
    def manifest(self) -> dict[str, ContentPath]:
        return self._book.manifest

    def __len__(self) -> int:
        """How many files were stored."""
        return len(self._book)

    def fixity(self) -> dict[str, dict[str, list[ContentPath]]]:
        return self._book.fixity()

    def has(self, digest: str) -> bool:
        return self._book.has(digest)

    def put(self, logical: str, data: bytes) -> str:
        """Store these bytes; their digest."""
        found = {name: digests.of(name, data) for name in self._algorithms}
        self._keep(logical, found, data)
        return found[self.algorithm]

    def take(self, file: NewFile, source: OpenFile, tick: Tick) -> Outcome:
        """Read a file and store what is new of it; its digest, or all that is wrong with it.

        OSErrors are those of the storage side only.
        """
        expected = file.expected()
        hashers = {
            name: digests.new(name) for name in dict.fromkeys((*self._algorithms, *expected))
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
        wrong = list(faults(file, expected, found, absorbed.size, unchanged=source.unchanged()))
        if wrong:
            self._remove(placed)
            return wrong
        if absorbed.data is not None:
            self._keep(file.logical, found, absorbed.data)
        else:
            self._finish(found, absorbed.size, placed)
        return found[self.algorithm]

    # ------------------------------------------------------------ content that others will write

    def takes_promises(self) -> bool:
        """Whether SHA-256 is all that has to be known of a file before it is read."""
        return self._algorithms == ("sha256",)

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
        self._remove(self._book.note_all(kept))

    def break_promise(self, relative: str) -> None:
        """They will not come; nothing remains of them."""
        if relative:
            self._remove([relative])

    def keep_only(self, used_digests: Collection[str]) -> None:
        """Drop what no file of the version uses (E107), and folders without content (E024)."""
        self._remove(self._book.drop_unused(used_digests))
        used = {""} if len(self) else set()
        for path in self._book.places():
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
        if not self._book.note(found, size, placed[0] if placed else None):
            self._remove(placed)

    def _place(self, logical: str, placed: list[str]) -> str:
        """A free path on disk for new content, whose folder is there; noted in ``placed``."""
        relative = self._book.place(logical)
        folder = relative.rpartition("/")[0]
        if folder not in self._folders:
            with self._making:
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
