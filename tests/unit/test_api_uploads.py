"""Uploads: gathered into large pieces, finished once, thrown away whenever anything goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest

from strongroom.api.uploads import GATHER, receive_into
from strongroom.errors import BadRequest, Unprocessable


@dataclass
class Entry:
    path: str
    size: int


class Sink:
    """Keeps what is written, and how it ended."""

    def __init__(self, failing_after: int | None = None) -> None:
        self.pieces: list[bytes] = []
        self.asked: tuple[str | None, int | None] | None = None
        self.aborted = False
        self._failing_after = failing_after

    def write(self, chunk: bytes | memoryview) -> None:
        if self._failing_after is not None and len(self.pieces) >= self._failing_after:
            raise OSError(28, "no space")
        self.pieces.append(bytes(chunk))

    def finish(self, *, sha256: str | None = None, size: int | None = None) -> tuple[Entry, str]:
        self.asked = (sha256, size)
        if sha256 not in (None, self.digest):
            raise Unprocessable("another digest", code="digest-mismatch")
        return Entry("a", len(self.data)), self.digest

    def abort(self) -> None:
        self.aborted = True

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


def upload(sink: Sink, messages: Iterable[Any], **expected: Any) -> tuple[Any, str]:
    queue = iter(messages)

    async def receive() -> Any:
        return next(queue)

    wanted = {"sha256": None, "size": None, **expected}
    return asyncio.run(receive_into(sink, receive, **wanted))


def chunks(*parts: bytes) -> list[Any]:
    return [
        {"type": "http.request", "body": part, "more_body": n < len(parts) - 1}
        for n, part in enumerate(parts)
    ]


def test_small_chunks_are_gathered() -> None:
    sink = Sink()
    parts = [bytes([n % 251]) * 65_536 for n in range(40)]
    entry, digest = upload(sink, chunks(*parts), size=40 * 65_536)
    assert sink.data == b"".join(parts)
    assert (entry.size, digest) == (40 * 65_536, sink.digest)
    assert [len(piece) for piece in sink.pieces] == [GATHER, GATHER, 8 * 65_536]
    assert sink.asked == (None, 40 * 65_536)
    assert not sink.aborted


def test_an_empty_file_is_a_file() -> None:
    sink = Sink()
    entry, digest = upload(sink, chunks(b""))
    assert (entry.size, digest, sink.pieces) == (0, sha256(b"").hexdigest(), [])


def test_a_client_that_goes_away_leaves_nothing() -> None:
    sink = Sink()
    with pytest.raises(BadRequest) as gone:
        upload(sink, [*chunks(b"a" * GATHER, b"")[:1], {"type": "http.disconnect"}])
    assert gone.value.problem == "incomplete-body"
    assert sink.aborted and sink.asked is None


def test_a_full_disk_leaves_nothing() -> None:
    sink = Sink(failing_after=1)
    with pytest.raises(OSError, match="no space"):
        upload(sink, chunks(b"a" * GATHER, b"b" * GATHER))
    assert sink.aborted and sink.asked is None


def test_another_digest_leaves_nothing() -> None:
    sink = Sink()
    with pytest.raises(Unprocessable):
        upload(sink, chunks(b"abc"), sha256="0" * 64)
    assert sink.aborted


def test_a_cancelled_request_leaves_nothing() -> None:
    sink = Sink()

    async def run() -> None:
        async def receive() -> Any:
            await asyncio.sleep(3600)

        task = asyncio.create_task(receive_into(sink, receive, sha256=None, size=None))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert sink.aborted
