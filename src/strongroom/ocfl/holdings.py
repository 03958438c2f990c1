"""What is known of the new content of a version: digests, places, sizes; safe to share by threads.

Where the bytes are, and how they get there, is left to the content of each kind of storage.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping

from strongroom.errors import Fault
from strongroom.ocfl import paths
from strongroom.ocfl.content_paths import ContentPaths
from strongroom.ocfl.paths import ContentPath
from strongroom.ocfl.plan import NewFile

_SPELLED = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}


class Holdings:
    """The book of one version's new content."""

    def __init__(
        self,
        version: str,
        directory: str,
        algorithm: str,
        *,
        known: Collection[str],
        fixity: Collection[str],
    ) -> None:
        """``version`` and ``directory`` are names of folders; ``known`` are the digests of content
        that the object has, ``fixity`` the algorithms of further digests to take of what is new."""
        self._version, self._directory = version, directory
        self.algorithm = algorithm
        self._known = known
        self.further_algorithms = tuple(name for name in fixity if name != algorithm)
        self._lock = threading.Lock()
        self._names = ContentPaths()
        #: digest -> place, relative to the content folder, for what was stored
        self._stored: dict[str, str] = {}
        #: digest -> further digests by algorithm, for what was stored
        self._further: dict[str, dict[str, str]] = {}
        #: digest -> bytes, for all that was read
        self.sizes: dict[str, int] = {}

    @property
    def manifest(self) -> dict[str, ContentPath]:
        """Digest -> content path of what was stored."""
        return {
            digest: paths.content_below(self._version, self._directory, place)
            for digest, place in self._stored.items()
        }

    def fixity(self) -> dict[str, dict[str, list[ContentPath]]]:
        """Algorithm -> digest -> content paths of what was stored."""
        result: dict[str, dict[str, list[ContentPath]]] = {
            name: {} for name in self.further_algorithms
        }
        for digest, path in self.manifest.items() if result else ():
            for name in self.further_algorithms:
                result[name].setdefault(self._further[digest][name], []).append(path)
        return result

    def has(self, digest: str) -> bool:
        """Whether the object, or this version, has content with this digest."""
        return digest in self._known or digest in self._stored

    def place(self, logical: str) -> str:
        """A free place for new content, relative to the content folder."""
        with self._lock:
            return self._names.place(logical)

    def note(self, found: Mapping[str, str], size: int, place: str | None) -> bool:
        """Note what was read, and where it was stored, if it was.

        False if another thread has stored the same content meanwhile: then this place is not used.
        """
        digest = found[self.algorithm]
        with self._lock:
            self.sizes[digest] = size
            if place is None:
                return True
            if self.has(digest):
                return False
            self._stored[digest] = place
            if self.further_algorithms:
                self._further[digest] = {name: found[name] for name in self.further_algorithms}
            return True

    def note_all(self, stored: Iterable[tuple[str, str, int]]) -> list[str]:
        """Note many at once, by nothing but their digest: place (``""``: it was read for proof
        only), digest, size. The places that are not used, as with :meth:`note`."""
        superfluous = []
        with self._lock:
            for place, digest, size in stored:
                self.sizes[digest] = size
                if place and self.has(digest):
                    superfluous.append(place)
                elif place:
                    self._stored[digest] = place
        return superfluous

    def places(self) -> Iterable[str]:
        """Where everything that was stored is, relative to the content folder."""
        return self._stored.values()

    def __len__(self) -> int:
        """How many files were stored."""
        return len(self._stored)

    def drop_unused(self, used_digests: Collection[str]) -> list[str]:
        """Forget what no file of the version uses; the places that are free then."""
        dropped = [digest for digest in self._stored if digest not in used_digests]
        for digest in self.sizes.keys() - used_digests:
            del self.sizes[digest]
        return [self._stored.pop(digest) for digest in dropped]


def faults(
    file: NewFile,
    expected: Mapping[str, str],
    found: Mapping[str, str],
    size: int,
    *,
    unchanged: bool,
) -> Iterable[Fault]:
    """All in which the bytes that were read differ from what they should be."""
    if not unchanged:
        yield Fault(
            code="changed-file",
            message="The file was changed while it was read. Let its writer end first.",
            path=file.source,
        )
    if file.size is not None and file.size != size:
        yield Fault(
            code="size-mismatch",
            message="The file does not have the size that was stated.",
            path=file.source,
            expected=str(file.size),
            found=str(size),
        )
    for name, digest in expected.items():
        if digest != found[name]:
            yield Fault(
                code="digest-mismatch",
                message=f"The file does not have the {_SPELLED.get(name, name)} that was stated.",
                path=file.source,
                expected=digest,
                found=found[name],
            )
