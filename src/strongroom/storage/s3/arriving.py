"""Files on their way into an area in a bucket: hashed first, seen only when they are whole.

A small file is sent by one request at the end, a large one in parts as it comes. Nothing is seen
at its key before its digest was compared, and one object takes the place of another at once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from strongroom.errors import Unavailable
from strongroom.storage.incoming import check_arrived, replaced_meanwhile
from strongroom.storage.protocols import FileEntry
from strongroom.storage.s3.bucket import ANY, Bucket, Condition
from strongroom.storage.s3.entries import name_metadata, signature
from strongroom.storage.s3.parts import ONE_REQUEST, PartsUpload
from strongroom.storage.s3.reading import AheadFile
from strongroom.storage.s3.trouble import ConditionFailed

_CHUNK = 1 << 20


class S3Upload:
    """A file being written; implements :class:`~strongroom.storage.protocols.Upload`."""

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        path: str,
        *,
        size: int | None,
        content_type: str | None,
        name: str | None,
        check: Callable[[], None],
    ) -> None:
        """``check`` is asked at the end once more whether a file can be at the path at all."""
        self._bucket = bucket
        self._key = key
        self._path = path
        self._expected = size
        self._content_type = content_type
        self._name = name
        self._check = check
        self._hasher = hashlib.sha256()
        self._size = 0
        self._buffer = bytearray()
        self._parts: PartsUpload | None = None

    def write(self, chunk: bytes | memoryview) -> None:
        """Take further bytes; if that fails, the upload is thrown away."""
        self._hasher.update(chunk)
        self._size += len(chunk)
        try:
            if self._parts is None:
                self._buffer += chunk
                if len(self._buffer) > ONE_REQUEST:
                    self._parts = self._begin_parts()
                    self._parts.write(bytes(self._buffer))
                    self._buffer.clear()
            else:
                self._parts.write(chunk)
        except BaseException:
            self.abort()
            raise

    def _begin_parts(self) -> PartsUpload:
        return PartsUpload(
            self._bucket,
            self._key,
            size=self._expected,
            content_type=self._content_type,
            metadata=name_metadata(self._name),
        )

    def finish(
        self,
        *,
        sha256: str | None = None,
        size: int | None = None,
        replacing: FileEntry | None = None,
    ) -> tuple[FileEntry, str]:
        """Put the file in its place; see the protocol."""
        digest = self._hasher.hexdigest()
        try:
            check_arrived(self._path, digest, self._size, sha256, size)
            self._check()
            condition = ANY if replacing is None else Condition(etag=replacing.etag)
            etag = self._send(condition, digest)
        except ConditionFailed:
            self.abort()
            raise replaced_meanwhile(self._path) from None
        except BaseException:
            self.abort()
            raise
        self._parts = None
        entry = stored(self._path, self._size, etag, digest, self._content_type, self._name)
        return entry, digest

    def _send(self, condition: Condition, digest: str) -> str:
        if self._parts is None:
            return self._bucket.put(
                self._key,
                bytes(self._buffer),
                condition,
                content_type=self._content_type,
                metadata=name_metadata(self._name),
            )
        return finish_parts(self._parts, self._bucket, self._key, digest, condition)

    def abort(self) -> None:
        """Throw away what came so far; harmless after finish, and twice."""
        parts, self._parts = self._parts, None
        self._buffer = bytearray()
        if parts is not None:
            parts.abort()


def stored(
    path: str, size: int, etag: str, digest: str, content_type: str | None, name: str | None
) -> FileEntry:
    """The entry of an object that was just stored, as we know it to be."""
    return FileEntry(
        path=path,
        size=size,
        signature=signature(size, etag),
        changed_ns=time.time_ns(),
        etag=etag,
        sha256=digest,
        content_type=content_type,
        name=name,
    )


def finish_parts(
    parts: PartsUpload, bucket: Bucket, key: str, digest: str, condition: Condition = ANY
) -> str:
    """Put an object in its place that was sent in parts; its ETag.

    Where the store has told nothing of some part, the whole is read once and hashed.
    """
    etag, proved = parts.finish(condition)
    if not proved and hashed(bucket, key, etag) not in (None, digest):
        bucket.delete(key, Condition(etag=etag))
        raise Unavailable(
            "The store does not hold what it was given. Look at it with 'storage doctor'.",
            code="storage-unavailable",
            operator=f"the key is {key}",
        )
    return etag


def hashed(bucket: Bucket, key: str, etag: str) -> str | None:
    """SHA-256 of an object by its bytes; None if another is in its place by now."""
    found = bucket.head(key, checksum=False)
    if found is None or found.etag != etag:
        return None
    hasher = hashlib.sha256()
    with AheadFile(bucket, found) as stream:
        while data := stream.read(_CHUNK):
            hasher.update(data)
    return hasher.hexdigest()
