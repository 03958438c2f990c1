"""Receives the bytes of one file and hands them on in large pieces, without holding them all.

Where they go, and whether they may, is the upload's business; nothing is seen of a file before its
last byte came and its size and digest proved right.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from anyio import CancelScope, to_thread
from litestar.types import Receive

from strongroom.errors import BadRequest

#: bytes that are gathered before a worker thread writes them
GATHER = 1 << 20


class Stored(Protocol):
    """A file that is in its place."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...


class Sink(Protocol):
    """What an upload must be able to do; its promises are those of ``storage.protocols``."""

    def write(self, chunk: bytes | memoryview) -> None: ...
    def finish(
        self, *, sha256: str | None = None, size: int | None = None
    ) -> tuple[Stored, str]: ...
    def abort(self) -> None: ...


async def receive_into(
    sink: Sink, receive: Receive, *, sha256: str | None, size: int | None
) -> tuple[Stored, str]:
    """Write the whole body and finish; the stored file and its SHA-256.

    Whatever goes wrong, and if the client goes away (BadRequest ``incomplete-body``), the upload is
    thrown away.
    """
    done = False
    try:
        async for piece in _pieces(receive):
            await to_thread.run_sync(sink.write, piece)
        found = await to_thread.run_sync(lambda: sink.finish(sha256=sha256, size=size))
        done = True
        return found
    finally:
        if not done:
            with CancelScope(shield=True):
                await to_thread.run_sync(sink.abort)


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """The body in pieces of at least GATHER bytes, the last one apart."""
    gathered: list[bytes] = []
    held = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(
                "The connection ended before the whole file had come.", code="incomplete-body"
            )
        if message["type"] != "http.request":
            continue
        chunk = message.get("body", b"")
        if chunk:
            gathered.append(chunk)
            held += len(chunk)
        more = message.get("more_body", False)
        if held >= GATHER or (held and not more):
            yield b"".join(gathered)
            gathered.clear()
            held = 0
