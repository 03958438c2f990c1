"""Objects of any length into a bucket: read once, hashed on the way, sent in parts side by side.

Memory holds a handful of parts. Nothing is seen at the key before :meth:`PartsUpload.finish`; what
a stopped process leaves of its parts is the store's to clear (a lifecycle rule), or a sweep's.
"""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from strongroom.errors import StrongroomError, Unavailable
from strongroom.storage.s3.bucket import ANY, Bucket, Condition
from strongroom.storage.s3.trouble import ConditionFailed, told

#: bytes of a part; the store's own least is 5 MiB
SMALLEST = 8 << 20
#: parts that an upload can have
MOST_PARTS = 10_000
#: bytes of the largest object
LARGEST = 5 << 40
#: bytes up to which an object is sent, or copied, by one request
ONE_REQUEST = 16 << 20
#: parts under way
_DEPTH = 4


def part_size(size: int | None) -> int:
    """Bytes of each part of an object of this size (None: nobody knows)."""
    if size is None:
        return 64 << 20
    even = -(-size // MOST_PARTS)
    return max(SMALLEST, -(-even // (1 << 20)) * (1 << 20))


@dataclass(frozen=True, slots=True)
class _Part:
    number: int
    etag: str
    sha256: str
    size: int
    #: whether the store itself told that it has these bytes
    proved: bool


class PartsUpload:
    """One object on its way; not for several threads at once."""

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        *,
        size: int | None,
        content_type: str | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        """``size`` is how many bytes it is thought to have."""
        self._bucket = bucket
        self._key = key
        self._part = part_size(size)
        self._buffer = bytearray()
        self._count: int = 0
        self._size: int = 0
        self._waiting: deque[Future[_Part]] = deque()
        self._done: list[_Part] = []
        self._pool = ThreadPoolExecutor(_DEPTH, thread_name_prefix="strongroom-parts")
        self._open = threading.Event()
        asked = {"ContentType": content_type} if content_type is not None else {}
        answer = bucket.patiently(
            key,
            lambda: bucket.client.create_multipart_upload(
                Bucket=bucket.name,
                Key=key,
                ChecksumAlgorithm="SHA256",
                Metadata=metadata or {},
                **asked,  # type: ignore[arg-type]
            ),
        )
        self._id = answer["UploadId"]
        self._open.set()

    def write(self, data: bytes | memoryview) -> None:
        """Take further bytes."""
        self._buffer += data
        while len(self._buffer) >= self._part:
            self._send(bytes(memoryview(self._buffer)[: self._part]))
            del self._buffer[: self._part]

    def _send(self, data: bytes) -> None:
        self._count += 1
        if self._count > MOST_PARTS:
            raise Unavailable(
                f"'{self._key}' has more bytes than was announced, and than can be sent so.",
                code="storage-unavailable",
            )
        self._size += len(data)
        while len(self._waiting) >= _DEPTH:
            self._done.append(self._waiting.popleft().result())
        self._waiting.append(self._pool.submit(self._put, self._count, data))

    def _put(self, number: int, data: bytes) -> _Part:
        sha256 = b64encode(hashlib.sha256(data).digest()).decode()
        answer = self._bucket.patiently(
            self._key,
            lambda: self._bucket.unhurried.upload_part(
                Bucket=self._bucket.name,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                Body=data,
                ChecksumSHA256=sha256,
            ),
        )
        etag = answer["ETag"]
        proved = answer.get("ChecksumSHA256") == sha256 or (
            etag.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()
        )
        return _Part(number, etag, sha256 if "ChecksumSHA256" in answer else "", len(data), proved)

    def finish(self, condition: Condition = ANY) -> tuple[str, bool]:
        """Put the object in its place: its ETag, and whether the store has told of every part.

        ConditionFailed if the condition does not hold; FileNotFoundError if the upload was swept.
        """
        if self._buffer or not self._count:
            self._send(bytes(self._buffer))
            self._buffer.clear()
        while self._waiting:
            self._done.append(self._waiting.popleft().result())
        parts: list[Any] = [
            {"PartNumber": part.number, "ETag": part.etag}
            | ({"ChecksumSHA256": part.sha256} if part.sha256 else {})
            for part in self._done
        ]
        try:
            answer = self._bucket.patiently(
                self._key,
                lambda: self._bucket.unhurried.complete_multipart_upload(
                    Bucket=self._bucket.name,
                    Key=self._key,
                    UploadId=self._id,
                    MultipartUpload={"Parts": parts},
                    **condition.arguments(),
                ),
            )
            etag = str(answer["ETag"])
        except (FileNotFoundError, ConditionFailed, StrongroomError):
            # it may have been carried out, and the answer lost
            etag = self._carried_out() or ""
            if not etag:
                raise
        self._open.clear()
        self._pool.shutdown()
        return etag, all(part.proved for part in self._done)

    def _carried_out(self) -> str | None:
        """The ETag of the object if it is there as it was sent."""
        found = self._bucket.head(self._key, checksum=False)
        if found is None or found.size != self._size:
            return None
        digests = b"".join(
            bytes.fromhex(part.etag.strip('"'))
            for part in self._done
            if len(part.etag.strip('"')) == 32
        )
        whole = hashlib.md5(digests, usedforsecurity=False).hexdigest()
        return found.etag if found.etag.strip('"') == f"{whole}-{len(self._done)}" else None

    def abort(self) -> None:
        """Throw away what came so far; harmless after finish, and twice."""
        if self._open.is_set():
            self._open.clear()
            self._pool.shutdown(cancel_futures=True)
            with suppress(StrongroomError, FileNotFoundError), told(self._key):
                self._bucket.client.abort_multipart_upload(
                    Bucket=self._bucket.name, Key=self._key, UploadId=self._id
                )
