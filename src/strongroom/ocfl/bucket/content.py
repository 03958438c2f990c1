"""The content of a version in the making, in a bucket: at keys that no other attempt ever uses.

Where the source is an object of the same store, the store copies it by itself and says what
SHA-256 it has; else the bytes pass through here once. Either way, what is stored is proved before
any inventory can name it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import BinaryIO

from strongroom.errors import Fault, Unavailable
from strongroom.ocfl import digests
from strongroom.ocfl.content import Outcome, Tick
from strongroom.ocfl.holdings import Holdings, faults
from strongroom.ocfl.paths import ContentPath
from strongroom.ocfl.plan import NewFile
from strongroom.storage import copying
from strongroom.storage.copying import Hasher, SourceFailed
from strongroom.storage.protocols import OpenFile
from strongroom.storage.s3 import abandoned
from strongroom.storage.s3.bucket import ANY, NEW, Bucket
from strongroom.storage.s3.parts import PartsUpload
from strongroom.storage.s3.reading import AheadFile, StaleObject
from strongroom.storage.s3.source import ObjectSource
from strongroom.storage.s3.trouble import ConditionFailed
from strongroom.storage.trouble import unreadable

#: bytes up to which a file is held in memory and sent by one request
SMALL = 8 << 20
#: bytes up to which a store copies by one request
ONE_COPY = 5 * 1000**3
_CHUNK = 1 << 20


class BucketContent:
    """A :class:`~strongroom.ocfl.workplace.Content` below ``vN/content/{nonce}/``."""

    def __init__(
        self,
        bucket: Bucket,
        prefix: str,
        version: str,
        directory: str,
        nonce: str,
        algorithm: str,
        *,
        known: Collection[str],
        fixity: Collection[str],
    ) -> None:
        """``prefix`` is that of the object's keys."""
        self._bucket = bucket
        self._prefix = prefix
        self._folder = f"{prefix}{version}/{directory}/"
        self._nonce = nonce
        self._book = Holdings(version, directory, algorithm, known=known, fixity=fixity)
        self.sizes = self._book.sizes
        #: places to which something was sent, of which it is not known (yet) whether it is used
        self._doubtful: set[str] = set()
        self._in_parts = False
        #: bytes that passed through this process
        self.passed: int = 0

    @property
    def manifest(self) -> Mapping[str, ContentPath]:
        return self._book.manifest

    def fixity(self) -> Mapping[str, Mapping[str, list[ContentPath]]]:
        return self._book.fixity()

    def has(self, digest: str) -> bool:
        return self._book.has(digest)

    def put(self, logical: str, data: bytes) -> str:
        found = {
            name: digests.of(name, data)
            for name in (self._book.algorithm, *self._book.further_algorithms)
        }
        self._keep(logical, found, data)
        return found[self._book.algorithm]

    def take(self, file: NewFile, source: OpenFile, tick: Tick) -> Outcome:
        try:
            if isinstance(source, ObjectSource) and self._copies(source):
                return self._take_object(file, source, tick)
            return self._take_stream(file, source, tick)
        except SourceFailed as failure:
            return [_failed(file, failure.cause)]

    def keep_only(self, used_digests: Collection[str]) -> None:
        self._delete([*self._book.drop_unused(used_digests), *self._doubtful])

    # ------------------------------------------------------------------------ copied by the store

    def _copies(self, source: ObjectSource) -> bool:
        """Whether the store can copy a source, and SHA-256 is all that has to be known of it."""
        return (
            source.bucket.endpoint == self._bucket.endpoint
            and source.found.size <= ONE_COPY
            and self._book.algorithm == "sha256"
            and not self._book.further_algorithms
        )

    def _take_object(self, file: NewFile, source: ObjectSource, tick: Tick) -> Outcome:
        expected = file.expected()
        if expected.keys() - {"sha256"}:
            return self._take_stream(file, source, tick)
        wanted = expected.get("sha256", "")
        place = None if self.has(wanted) else self._place(file.logical)
        try:
            if place is None:
                # there already: the store's own word for the source is proof enough
                found = source.vouched()
            else:
                found = self._bucket.copy(
                    source.bucket, source.found.key, self._key(place), etag=source.found.etag
                ).sha256
        except ConditionFailed:
            return [_failed(file, StaleObject(source.found.key))]
        except FileNotFoundError as error:
            return [_failed(file, error)]
        if found is None and place is not None:
            there = self._bucket.head(self._key(place))
            found = there.sha256 if there else None
        if found is None:
            # a store that takes no SHA-256 of what it is given, or copies
            self._delete([place] if place else [])
            return self._take_stream(file, source, tick)
        return self._noted(file, source, expected, found, place, tick)

    def _noted(
        self,
        file: NewFile,
        source: ObjectSource,
        expected: Mapping[str, str],
        sha256: str,
        place: str | None,
        tick: Tick,
    ) -> Outcome:
        size = source.found.size
        wrong = list(faults(file, expected, {"sha256": sha256}, size, unchanged=True))
        used = not wrong and self._book.note({"sha256": sha256}, size, place)
        if place is not None:
            self._settle(place, used=used)
        tick(size)
        return wrong or sha256

    # --------------------------------------------------------------------------- read once by us

    def _take_stream(self, file: NewFile, source: OpenFile, tick: Tick) -> Outcome:
        expected = file.expected()
        hashers: dict[str, Hasher] = {
            name: digests.new(name)
            for name in dict.fromkeys(
                (self._book.algorithm, *self._book.further_algorithms, *expected)
            )
        }
        known = self.has(expected.get(self._book.algorithm, ""))
        first = _read_up_to(source.stream, SMALL + 1)
        if len(first) <= SMALL or known:
            size = _hash_all(first, source.stream, hashers, tick)
            self.passed += size
            found = {name: hasher.hexdigest() for name, hasher in hashers.items()}
            wrong = list(faults(file, expected, found, size, unchanged=source.unchanged()))
            if wrong:
                return wrong
            if len(first) <= SMALL:
                self._keep(file.logical, found, first)
            elif self.has(found[self._book.algorithm]):
                self._book.note(found, size, None)
            return found[self._book.algorithm]
        return self._send_large(file, source, first, hashers, expected, tick)

    def _send_large(
        self,
        file: NewFile,
        source: OpenFile,
        first: bytes,
        hashers: Mapping[str, Hasher],
        expected: Mapping[str, str],
        tick: Tick,
    ) -> Outcome:
        place = self._place(file.logical)
        key = self._key(place)
        self._in_parts = True
        upload = PartsUpload(self._bucket, key, size=max(source.entry.size, len(first)))
        try:
            size = _hash_all(first, source.stream, hashers, tick, upload.write)
            self.passed += size
            found = {name: hasher.hexdigest() for name, hasher in hashers.items()}
            wrong = list(faults(file, expected, found, size, unchanged=source.unchanged()))
            if wrong:
                return wrong
            _, proved = upload.finish(NEW)
        finally:
            upload.abort()
        if not proved:
            self._read_again(key, found)
        self._settle(place, used=self._book.note(found, size, place))
        return found[self._book.algorithm]

    def _read_again(self, key: str, found: Mapping[str, str]) -> None:
        """Prove what was stored where the store has told nothing of the bytes it received."""
        there = self._bucket.head(key, checksum=False)
        if there is not None:
            hasher = digests.new(self._book.algorithm)
            with AheadFile(self._bucket, there) as stream:
                while data := stream.read(_CHUNK):
                    hasher.update(data)
            if hasher.hexdigest() == found[self._book.algorithm]:
                return
        raise Unavailable(
            "The store does not hold what it was given. Look at it with 'storage doctor'.",
            code="storage-unavailable",
            operator=f"the key is {key}",
        )

    def _keep(self, logical: str, found: Mapping[str, str], data: bytes) -> None:
        if self.has(found[self._book.algorithm]):
            self._book.note(found, len(data), None)
            return
        place = self._place(logical)
        self._bucket.put(self._key(place), data, NEW)
        self._settle(place, used=self._book.note(found, len(data), place))

    # ------------------------------------------------------------------------------------- places

    def _place(self, logical: str) -> str:
        place = f"{self._nonce}/{self._book.place(logical)}"
        self._doubtful.add(place)
        return place

    def _settle(self, place: str, *, used: bool) -> None:
        """What was sent to a place is used, or goes."""
        if used:
            self._doubtful.discard(place)
        else:
            self._delete([place])

    def _key(self, place: str) -> str:
        return self._folder + place

    def _delete(self, places: list[str]) -> None:
        if len(places) == 1:
            self._bucket.delete(self._key(places[0]), ANY)
        elif places:
            self._bucket.delete_all(map(self._key, places))
        self._doubtful.difference_update(places)

    def clear(self, *, spared: Collection[str]) -> None:
        """Remove all that this attempt has stored, whether it was noted or not.

        ``spared`` are content paths that the object names.
        """
        stored = [entry.key for entry in self._bucket.listing(f"{self._folder}{self._nonce}/")]
        start = len(self._prefix)
        self._bucket.delete_all([key for key in stored if key[start:] not in spared])
        self.abort_uploads()

    def abort_uploads(self) -> None:
        """Let the store forget uploads that were begun, and of whose beginning no answer came."""
        if self._in_parts:
            abandoned.abort(self._bucket, f"{self._folder}{self._nonce}/", math.inf)


def _failed(file: NewFile, error: OSError) -> Fault:
    if isinstance(error, FileNotFoundError):
        return Fault(
            code="missing-file", message="The file is not there (any more).", path=file.source
        )
    if isinstance(error, StaleObject):
        return Fault(
            code="changed-file",
            message="The file was changed while it was read. Let its writer end first.",
            path=file.source,
        )
    return unreadable(error, file.source)


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """The first bytes of a stream, fewer only if it ends before."""
    found = bytearray()
    try:
        while len(found) < size and (data := stream.read(min(_CHUNK, size - len(found)))):
            found += data
    except OSError as error:
        raise SourceFailed(error) from error
    return bytes(found)


def _hash_all(
    first: bytes,
    stream: BinaryIO,
    hashers: Mapping[str, Hasher],
    tick: Tick,
    write: Callable[[memoryview], None] | None = None,
) -> int:
    """Feed the hashers with ``first`` and all that is left in a stream; the bytes in all."""
    buffer = memoryview(bytearray(_CHUNK))
    data, total = memoryview(first), 0
    while True:
        for hasher in hashers.values():
            hasher.update(data)
        if write is not None:
            write(data)
        total += len(data)
        tick(len(data))
        size = copying.fill(stream, buffer)
        if size == 0:
            return total
        data = buffer[:size]
