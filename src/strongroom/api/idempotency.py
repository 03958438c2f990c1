"""The header ``Idempotency-Key`` on requests that make something: the same one is carried out once.

Wraps the routes whose operation says so. A key belongs to who sends it, with the method and path
that it is sent to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from strongroom.api.edge import CALLER
from strongroom.api.gate import Gate
from strongroom.api.operation import KEY, Operation
from strongroom.domain.grants import Caller
from strongroom.errors import BadRequest, Fault
from strongroom.services import replays
from strongroom.services.context import Context
from strongroom.services.replays import Replay

HEADER = "Idempotency-Key"
MAX_KEY = 255
#: bytes of an answer that is kept; answers of these routes have a few thousand
MAX_KEPT = 1 << 20

#: headers of an answer that belong to it, whenever it is given
_KEPT_HEADERS = frozenset({b"content-type", b"location", b"etag"})


def middleware(ctx: Context, max_body: int, gates: Sequence[Gate]) -> Callable[[ASGIApp], ASGIApp]:
    """What Litestar wraps its routes in; ``max_body`` is the largest body that any accepts.

    Routes ask the ``gates`` only after this, and an answer that was kept is for its caller alone.
    """

    def wrap(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            key = _key(scope) if scope["type"] == ScopeType.HTTP else None
            if key is None:
                await app(scope, receive, send)
                return
            connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
            for gate in gates:
                await gate(connection, scope["route_handler"])
            await _once(ctx, app, cast("HTTPScope", scope), receive, send, key, max_body)

        return answer

    return wrap


def _key(scope: Scope) -> str | None:
    """The client's key, where there is one and the route heeds it. Raises BadRequest."""
    sent = [v for k, v in scope["headers"] if k == HEADER.lower().encode()]
    operation = scope["route_handler"].opt.get(KEY) if "route_handler" in scope else None
    if not sent or not isinstance(operation, Operation) or not operation.once:
        return None
    if len(sent) == 1 and 0 < len(sent[0]) <= MAX_KEY and all(0x21 <= b <= 0x7E for b in sent[0]):
        return sent[0].decode("ascii")
    raise BadRequest(
        f"The header {HEADER} cannot be used.",
        code="bad-idempotency-key",
        faults=[
            Fault(
                code="bad-idempotency-key",
                message="The key cannot be used.",
                path=HEADER,
                expected=f"one key of 1 to {MAX_KEY} visible ASCII characters",
                found=sent[0][:80].decode("latin-1"),
            )
        ],
    )


async def _once(
    ctx: Context,
    app: ASGIApp,
    scope: HTTPScope,
    receive: Receive,
    send: Send,
    sent: str,
    max_body: int,
) -> None:
    messages, digest, whole = await _read(receive, max_body)
    replayed = _again(messages, receive)
    if not whole:
        # broken off, or larger than any route takes: the route says so
        await app(scope, replayed, send)
        return
    key = _scoped(scope, sent)
    before = await to_thread.run_sync(replays.begin, ctx, key, digest)
    if before is not None:
        await _replay(before, send)
        return
    kept = _Kept(send)
    try:
        await app(scope, replayed, kept)
        if kept.succeeded:
            await to_thread.run_sync(
                replays.finish, ctx, key, kept.status, kept.headers, bytes(kept.body)
            )
            await kept.release()
    finally:
        if not kept.succeeded:
            await to_thread.run_sync(replays.drop, ctx, key)


async def _read(receive: Receive, max_body: int) -> tuple[list[Any], str, bool]:
    """The messages of a body, its digest, and whether that was all of it."""
    messages: list[Any] = []
    digest, size = hashlib.sha256(), 0
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request":
            return messages, "", False
        body = message.get("body", b"")
        digest.update(body)
        size += len(body)
        if size > max_body:
            return messages, "", False
        if not message.get("more_body", False):
            return messages, digest.hexdigest(), True


def _again(messages: list[Any], receive: Receive) -> Receive:
    """Messages that were read already, and then those that follow."""

    async def read() -> Any:
        return messages.pop(0) if messages else await receive()

    return read


def _scoped(scope: HTTPScope, key: str) -> str:
    headers = dict(scope["headers"])
    caller: Caller | None = scope["state"].get(CALLER)
    who = headers.get(b"x-client-identity", b"")
    if caller is not None:
        who = "\0".join((caller.kind, caller.name, *sorted(caller.subjects))).encode()
    parts = (
        who,
        scope["method"].encode(),
        scope["path"].encode(),
        scope["query_string"],
        key.encode(),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


class _Kept:
    """Holds an answer that says that something was done, until it is kept; passes others on.

    So a client that has the answer can rely on getting it again.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self._held: list[Message] = []

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300 and len(self.body) <= MAX_KEPT

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message["headers"]
                if name.lower() in _KEPT_HEADERS
            ]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
        self._held.append(message)
        if not self.succeeded:
            await self.release()

    async def release(self) -> None:
        """Send what was held."""
        held, self._held = self._held, []
        for message in held:
            await self._send(message)


async def _replay(before: Replay, send: Callable[[Message], Awaitable[None]]) -> None:
    headers = [
        *before.headers,
        ("content-length", str(len(before.body))),
        ("idempotency-replayed", "true"),
    ]
    if before.status == 204:
        headers = [pair for pair in headers if pair[0] != "content-length"]
    await send(
        {
            "type": "http.response.start",
            "status": before.status,
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers],
        }
    )
    await send({"type": "http.response.body", "body": before.body, "more_body": False})
