"""Many files into an area in a bucket at once: copied by the store itself, or read and sent by us.

Each is proved by its SHA-256 before it counts. Outcomes come in the order of the files.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from threading import BoundedSemaphore
from typing import BinaryIO

from strongroom.errors import BadRequest, Conflict, Fault, Unprocessable
from strongroom.storage.incoming import as_fault, mismatches, replaced_meanwhile
from strongroom.storage.protocols import CopyIn, FileEntry
from strongroom.storage.s3.arriving import finish_parts, hashed, stored
from strongroom.storage.s3.bucket import Bucket, Condition
from strongroom.storage.s3.entries import name_metadata
from strongroom.storage.s3.names import Names
from strongroom.storage.s3.parts import ONE_REQUEST, PartsUpload
from strongroom.storage.s3.store import S3Store
from strongroom.storage.s3.trouble import ConditionFailed
from strongroom.storage.trouble import unreadable

#: files under way at once, and of those that are not small
WORKERS, _LARGE_WORKERS = 16, 4
#: bytes of a small file; a large one may take fifty times as much memory
_SMALL = 1 << 20
#: outcomes that wait for one before them
_WINDOW = 64
_CHUNK = 1 << 20
#: bytes of the largest object that a store copies by one request
LARGEST_COPY = 5 << 30

Outcome = FileEntry | Fault


def copy_in(bucket: Bucket, names: Names, files: Iterable[CopyIn]) -> Iterator[tuple[str, Outcome]]:
    """Copy files in; for each its entry, or what is wrong with it.

    ``names`` are those that are taken; files are added to them.
    """
    work = _Work(bucket)
    waiting: deque[tuple[str, Future[Outcome] | Fault]] = deque()
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="strongroom-copy-in")
    try:
        for file in files:
            if len(waiting) >= _WINDOW:
                yield _first(waiting)
            try:
                key, replaces = names.take(file.path)
            except (BadRequest, Conflict) as error:
                waiting.append((file.path, as_fault(error, file.path)))
            else:
                future = pool.submit(work.copy, file, key, replaces)
                waiting.append((file.path, future))
        while waiting:
            yield _first(waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _first(waiting: deque[tuple[str, Future[Outcome] | Fault]]) -> tuple[str, Outcome]:
    path, outcome = waiting.popleft()
    return path, outcome if isinstance(outcome, Fault) else outcome.result()


class _Work:
    """What the threads share."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._large = BoundedSemaphore(_LARGE_WORKERS)

    def copy(self, file: CopyIn, key: str, replaces: bool) -> Outcome:
        """Bring one file in; ``replaces`` says that something is at its key."""
        try:
            # what a store copies is seen before it is proved, so it may take nobody's place
            if not replaces and (copied := self._copy_inside(file, key)) is not None:
                return copied
            with self._large if file.size > _SMALL else nullcontext(), file.open() as stream:
                return self._send(file, key, stream)
        except (BadRequest, Conflict, Unprocessable) as error:
            return as_fault(error, file.path)

    def _copy_inside(self, file: CopyIn, key: str) -> Outcome | None:
        """A copy by the store; None where it cannot, and bytes have to be read."""
        source = file.store
        if (
            not isinstance(source, S3Store)
            or source.bucket.endpoint != self._bucket.endpoint
            or file.size > LARGEST_COPY
        ):
            return None
        try:
            copied = self._bucket.copy(
                source.bucket,
                source.key(file.place),
                key,
                etag=None,
                content_type=file.content_type,
                metadata=name_metadata(file.name),
            )
        except (FileNotFoundError, ConditionFailed):
            return None  # opening it tells what is wrong
        digest = copied.sha256
        if digest is None:
            found = self._bucket.head(key)
            same = found is not None and found.etag == copied.etag
            digest = (found.sha256 if found and same else None) or hashed(
                self._bucket, key, copied.etag
            )
        if digest is None:
            return replaced_meanwhile(file.path).faults[0]
        faults = mismatches(file.path, digest, file.size, file.sha256, None)
        if faults:
            with suppress(ConditionFailed):  # unless somebody has put another in its place
                self._bucket.delete(key, Condition(etag=copied.etag))
            return faults[0]
        return stored(file.path, file.size, copied.etag, file.sha256, file.content_type, file.name)

    def _send(self, file: CopyIn, key: str, stream: BinaryIO) -> Outcome:
        hasher = hashlib.sha256()
        size = 0
        data = bytearray()
        parts: PartsUpload | None = None
        try:
            while True:
                try:
                    chunk = stream.read(_CHUNK)
                except OSError as error:
                    return unreadable(error, file.path)
                if not chunk:
                    break
                hasher.update(chunk)
                size += len(chunk)
                if parts is None and len(data) + len(chunk) > ONE_REQUEST:
                    parts = self._begin_parts(file, key)
                    parts.write(bytes(data))
                    data = bytearray()
                if parts is None:
                    data += chunk
                else:
                    parts.write(chunk)
            digest = hasher.hexdigest()
            faults = mismatches(file.path, digest, size, file.sha256, file.size)
            if faults:
                return faults[0]
            if parts is None:
                etag = self._bucket.put(
                    key,
                    bytes(data),
                    content_type=file.content_type,
                    metadata=name_metadata(file.name),
                )
            else:
                etag = finish_parts(parts, self._bucket, key, digest)
        finally:
            if parts is not None:
                parts.abort()
        return stored(file.path, size, etag, digest, file.content_type, file.name)

    def _begin_parts(self, file: CopyIn, key: str) -> PartsUpload:
        return PartsUpload(
            self._bucket,
            key,
            size=file.size,
            content_type=file.content_type,
            metadata=name_metadata(file.name),
        )
