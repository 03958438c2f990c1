"""Objects as streams: from any place on, taken up again where a connection broke off.

Every byte of a stream is of one object: where another was put in its place meanwhile, reading ends
in an OSError (``ESTALE``). Digests are left to whoever reads.
"""

from __future__ import annotations

import errno
import io
import os
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import urllib3.exceptions
from botocore.exceptions import BotoCoreError, HTTPClientError

from strongroom.storage.s3.bucket import Bucket, Listed
from strongroom.storage.s3.trouble import ConditionFailed, OutOfRange, unreachable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: how often a stream is taken up again, and seconds before the first time
_RESUMES, _PAUSE = 4, 0.1
#: bytes of one request of a stream that is read ahead, and how many are under way
PART = 8 << 20
DEPTH = 4

_BROKEN = (BotoCoreError, HTTPClientError, urllib3.exceptions.HTTPError, OSError)


class _SeekableObject(io.RawIOBase):
    """Where reading of one object has come to; how its bytes come is for subclasses to say."""

    #: the object that is read
    found: Listed

    def __init__(self) -> None:
        self._position = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self.found.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        position = start + offset
        if position < 0:
            raise OSError(errno.EINVAL, "a place before the beginning")
        if position != self._position:
            self._position = position
            self._moved()
        return position

    def _moved(self) -> None:
        """Forget what was under way: the next read is at another place."""
        raise NotImplementedError

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """As ``read``, into a buffer."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)


class ObjectFile(_SeekableObject):
    """An object open for reading, by one request for each place that is read from."""

    def __init__(self, bucket: Bucket, key: str, found: Listed | None = None) -> None:
        """``found`` is the one object to be read, if it is known; nothing is asked for then.

        FileNotFoundError if there is no such key.
        """
        super().__init__()
        self._bucket = bucket
        self._body: IO[bytes] | None = None
        if found is None:
            self._body, found = bucket.open(key)
        self.found = found

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes, all that are left without it."""
        left = self.size - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        for number in range(_RESUMES + 1):
            if wanted <= 0:
                return b""
            try:
                data = self._at_position().read(wanted)
            except _BROKEN as error:
                self._drop()
                if number == _RESUMES or isinstance(error, StaleObject | FileNotFoundError):
                    raise self._told(error) from error
            else:
                if data:
                    self._position += len(data)
                    return data
                self._drop()  # it ended too early, without a word
            time.sleep(_PAUSE * 2**number)
        raise unreachable(EOFError("the answer ended too early"))

    def _told(self, error: Exception) -> Exception:
        if isinstance(error, StaleObject | FileNotFoundError):
            return error
        return unreachable(error)

    def _moved(self) -> None:
        self._drop()

    def _at_position(self) -> IO[bytes]:
        if self._body is None:
            self._body = open_part(self._bucket, self.found, self._position)
        return self._body

    def _drop(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            with suppress(Exception):
                body.close()

    def close(self) -> None:
        self._drop()
        super().close()


class StaleObject(OSError):
    """Another object was put in the place of the one that is being read."""

    def __init__(self, key: str) -> None:
        super().__init__(errno.ESTALE, "it was replaced while it was read", key)


def open_part(bucket: Bucket, found: Listed, start: int) -> IO[bytes]:
    """The bytes of just this object from ``start`` on."""
    try:
        return bucket.open(found.key, start=start, etag=found.etag)[0]
    except (ConditionFailed, OutOfRange):
        raise StaleObject(found.key) from None


class AheadFile(_SeekableObject):
    """A large object, read ahead by several requests at once, from wherever reading begins.

    At most ``DEPTH + 1`` parts of ``PART`` bytes are in memory. The further it is read without a
    jump, the more is asked for ahead.
    """

    def __init__(self, bucket: Bucket, found: Listed) -> None:
        super().__init__()
        self._bucket = bucket
        self.found = found
        self._next = 0
        self._pool = ThreadPoolExecutor(DEPTH, thread_name_prefix="strongroom-ahead")
        self._waiting: deque[Future[bytes]] = deque()
        self._part = memoryview(b"")
        self._depth = 1

    def _moved(self) -> None:
        for part in self._waiting:
            part.cancel()
        self._waiting.clear()
        self._part = memoryview(b"")
        self._next = self._position
        self._depth = 1

    def _ask(self) -> None:
        while len(self._waiting) < self._depth and self._next < self.found.size:
            self._waiting.append(self._pool.submit(self._fetch, self._next))
            self._next += PART

    def _fetch(self, start: int) -> bytes:
        """One part; asked for again, from its beginning, if the answer breaks off.

        A store that does not answer at all is asked again by the client, and not here once more.
        """
        size = min(PART, self.found.size - start)
        for number in range(_RESUMES + 1):
            try:
                body = self._bucket.range(self.found, start, size)
            except (ConditionFailed, OutOfRange):
                raise StaleObject(self.found.key) from None
            except FileNotFoundError:
                raise
            except _BROKEN as error:
                if number == _RESUMES:
                    raise unreachable(error) from error
            else:
                if len(body) == size:
                    return body
            time.sleep(_PAUSE * 2**number)
        raise unreachable(EOFError("the answers ended too early"))

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to ``size`` bytes, all that are left without it."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(PART), b""))
        if not self._part:
            self._ask()
            if not self._waiting:
                return b""
            self._part = memoryview(self._waiting.popleft().result())
            self._depth = min(DEPTH, self._depth + 1)
            self._ask()
        data, self._part = self._part[:size], self._part[size:]
        self._position += len(data)
        return bytes(data)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._waiting.clear()
        super().close()
