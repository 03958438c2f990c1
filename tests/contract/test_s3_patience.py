"""How long requests wait for a store: those of users soon end, but not where stores take long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from strongroom.errors import Unavailable
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.connection import Endpoint, for_users
from strongroom.storage.s3.parts import PartsUpload
from strongroom.storage.s3.reading import AheadFile
from support.ports import free_port
from support.s3_proxy import Answer, Request, S3Proxy
from support.s3_server import S3Server

#: seconds: what users wait for an answer, and what the store takes
READ, TAKES = 0.25, 0.5


@dataclass
class Slow:
    """Stands before the store, and takes its time."""

    seconds: float = 0.0
    #: requests that came to it
    asked: int = 0

    def __call__(self, request: Request, forward: Callable[[Request], Answer]) -> Answer:
        self.asked += 1
        time.sleep(self.seconds)
        return forward(request)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def hurried(bucket: Bucket, s3: S3Server, slow: Slow) -> Iterator[Bucket]:
    with S3Proxy(s3.endpoint, slow) as proxy:
        yield Bucket(bucket.name, Endpoint(url=proxy.endpoint, patience=for_users(READ)))


def test_reading_ends_soon(hurried: Bucket, slow: Slow) -> None:
    hurried.put("key", b"text")
    slow.seconds = TAKES
    for ask in (hurried.get, hurried.head, hurried.any_below):
        slow.asked = 0
        start = time.monotonic()
        with pytest.raises(Unavailable) as told:
            ask("key")
        # seconds, and not the minute of a job; a busy machine takes its time, too
        assert READ <= time.monotonic() - start < 20 * READ
        assert slow.asked == 1, "a store that hangs is given no second time"
        assert told.value.retryable
    slow.seconds = 0.0
    assert hurried.get("key")[0] == b"text"


def test_what_a_store_takes_long_for_is_waited_for(hurried: Bucket, slow: Slow) -> None:
    hurried.put("source", b"bytes")
    upload = PartsUpload(hurried, "parts", size=3)
    slow.seconds = TAKES
    hurried.put("put", b"text")
    hurried.copy(hurried, "source", "copy", etag=None)
    upload.write(b"abc")
    upload.finish()
    slow.seconds = 0.0
    assert [listed.key for listed in hurried.listing("")] == ["copy", "parts", "put", "source"]


def test_a_large_object_of_a_store_that_is_down(bucket: Bucket) -> None:
    """The requests that read ahead are not begun again and again."""
    bucket.put("large", bytes(1 << 20))
    found = bucket.head("large")
    assert found is not None
    nobody = Endpoint(url=f"http://127.0.0.1:{free_port()}", patience=for_users(READ))
    start = time.monotonic()
    behind = AheadFile(Bucket(bucket.name, nobody), found)
    with behind as stream, pytest.raises(Unavailable, match="cannot be reached"):
        stream.read(10)
    assert time.monotonic() - start < 4
