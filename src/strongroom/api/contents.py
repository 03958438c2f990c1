"""Bytes as an HTTP answer: conditions, ranges, digests, and headers that keep them harmless.

A small file is read and verified whole before the first byte is sent. Of a large one the beginning
is read before the answer starts, so that a store which is away can be told; it is verified while it
flows, and if it proves damaged the answer is left unfinished, so that the connection breaks.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from anyio import create_task_group, to_thread
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from strongroom.api import digest_fields, ranges
from strongroom.api.ranges import Span
from strongroom.errors import Damaged, Fault
from strongroom.services.views import Content

#: bytes up to which a file is read whole before the answer starts
SMALL = 1 << 20

#: the headers of requests that are heeded here, and those of answers, for the description
CONDITIONS = ("Range", "If-None-Match", "If-Range")
FILE = ("ETag", "Content-Disposition", "Content-Digest", "Repr-Digest")

#: whatever the bytes are, a browser shall run nothing in them (``nosniff`` is on every answer)
_HARMLESS = {"Content-Security-Policy": "sandbox; default-src 'none'"}


@dataclass(frozen=True, slots=True)
class Part:
    """Literal bytes, then a span of the file."""

    before: bytes = b""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer, decided but not read yet."""

    status: int
    headers: Mapping[str, str]
    parts: tuple[Part, ...] = ()

    @property
    def length(self) -> int:
        return sum(len(part.before) + (part.span.length if part.span else 0) for part in self.parts)


def plan(
    content: Content,
    method: str,
    request: Mapping[str, str],
    *,
    etag: str | None = None,
    boundary: Callable[[], str] = lambda: secrets.token_hex(16),
) -> Plan:
    """What to answer to GET or HEAD; ``request`` holds the request's headers by lower-case name.

    ``etag`` is the quoted SHA-256 unless given. Raises 416 where no range lies inside the file.
    """
    etag = etag or (None if content.digest is None else f'"{content.digest}"')
    headers = _standing_headers(content, etag)
    if ranges.unchanged(request.get("if-none-match"), etag):
        return Plan(304, headers)
    media_type = _safe_media_type(content.content_type)
    whole = Span(0, content.size)
    spans = None
    if method == "GET" and ranges.range_applies(request.get("if-range"), etag):
        spans = ranges.requested(request.get("range"), content.size)
    if spans is None:
        parts = (Part(span=whole),) if content.size else ()
        extra = {"Content-Type": media_type}
        if content.digest is not None:
            extra["Content-Digest"] = digest_fields.write(content.digest)
        return Plan(200, {**headers, **extra}, parts)
    if not spans:
        raise HTTPException(
            status_code=416,
            detail=f"No part of the range lies inside the file, which has {content.size} bytes.",
            headers={"Content-Range": f"bytes */{content.size}"},
        )
    if len(spans) == 1:
        extra = {
            "Content-Type": media_type,
            "Content-Range": spans[0].content_range(content.size),
        }
        return Plan(206, {**headers, **extra}, (Part(span=spans[0]),))
    line = boundary()
    return Plan(
        206,
        {**headers, "Content-Type": f"multipart/byteranges; boundary={line}"},
        (
            *(
                Part(
                    before=(
                        f"\r\n--{line}\r\nContent-Type: {media_type}\r\n"
                        f"Content-Range: {span.content_range(content.size)}\r\n\r\n"
                    ).encode("latin-1"),
                    span=span,
                )
                for span in spans
            ),
            Part(before=f"\r\n--{line}--\r\n".encode("latin-1")),
        ),
    )


def _standing_headers(content: Content, etag: str | None) -> dict[str, str]:
    headers = {
        **_HARMLESS,
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(content.name),
    }
    if etag is not None:
        headers["ETag"] = etag
    if content.digest is not None:
        headers["Repr-Digest"] = digest_fields.write(content.digest)
    if content.modified is not None:
        headers["Last-Modified"] = format_datetime(content.modified.replace(microsecond=0), True)
    return headers


def disposition(name: str) -> str:
    """``attachment`` with the name in ASCII and, where that loses something, by RFC 8187."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    value = f'attachment; filename="{plain}"'
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
    return value


def _safe_media_type(text: str) -> str:
    """A stored content type if it can be a header; it came from a client."""
    harmless = text and len(text) <= 255 and "/" in text and text.isascii() and text.isprintable()
    return text if harmless else "application/octet-stream"


# ------------------------------------------------------------------------ sending


class _Sending(ASGIResponse):
    """A plan on its way to the client. Made in a worker thread, since small files are read here."""

    def __init__(self, content: Content, decided: Plan, *, head: bool) -> None:
        headers = dict(decided.headers)
        if decided.status != 304:
            headers["Content-Length"] = str(decided.length)
        # what Litestar calls a HEAD response here is one whose body and length are our own affair
        super().__init__(status_code=decided.status, headers=headers, is_head_response=True)
        self._content = content
        self._parts = () if head else decided.parts
        self._whole: bytes | None = None
        self._begun: Iterator[bytes] | None = None
        if content.size <= SMALL and self._parts:
            self._whole = b"".join(content.read(0, content.size))
            if len(self._whole) != content.size:
                raise _cut_short(content, content.size, len(self._whole))
        elif spans := [part.span for part in self._parts if part.span is not None]:
            self._begun = _begun(content.read(spans[0].start, spans[0].length))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.start_response(send)
        if self._whole is None and self._parts:
            await self._stream(receive, send)
            return
        whole = self._whole or b""
        body = b"".join(part.before + _slice(whole, part.span) for part in self._parts)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _stream(self, receive: Receive, send: Send) -> None:
        """Send the parts, chunk by chunk; stop reading once the client is gone."""
        failures: list[Exception] = []
        async with create_task_group() as tasks:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            try:
                for part in self._parts:
                    if part.before:
                        await _send_more(send, part.before)
                    if part.span is not None:
                        await self._send_span(part.span, send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except Exception as error:  # noqa: BLE001 - raised again once the watcher has ended
                failures.append(error)
            tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]

    async def _send_span(self, span: Span, send: Send) -> None:
        chunks, self._begun = self._begun, None
        if chunks is None:
            chunks = await to_thread.run_sync(self._content.read, span.start, span.length)
        sent = 0
        try:
            while (chunk := await to_thread.run_sync(next, chunks, None)) is not None:
                sent += len(chunk)
                await _send_more(send, chunk)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        if sent != span.length:
            raise _cut_short(self._content, span.length, sent)


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, of which the first was read."""
    first = next(chunks, None)

    def all_of_them() -> Iterator[bytes]:
        if first is not None:
            yield first
            yield from chunks

    return all_of_them()


async def _send_more(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


def _slice(whole: bytes, span: Span | None) -> bytes:
    return b"" if span is None else whole[span.start : span.start + span.length]


def _cut_short(content: Content, wanted: int, found: int) -> Damaged:
    return Damaged(
        f"'{content.name}' does not have the bytes that its record says.",
        code="wrong-length",
        faults=[
            Fault(
                code="wrong-length",
                message="The file is shorter or longer than recorded.",
                path=content.name,
                expected=f"{wanted} bytes",
                found=f"{found} bytes",
            )
        ],
    )


class ContentResponse(Response[None]):
    """What a handler returns for an answer that is ready; :func:`respond` makes it of bytes."""

    def __init__(self, sending: ASGIResponse) -> None:
        super().__init__(None)
        self._sending = sending

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **_: Any
    ) -> ASGIResponse:
        return self._sending


def respond(
    content: Content,
    method: str,
    request: Mapping[str, str],
    *,
    etag: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> ContentResponse:
    """The answer to GET or HEAD of some bytes; see :func:`plan`. Call it in a worker thread.

    ``extra`` headers go with it, whatever the answer is.
    """
    decided = plan(content, method, request, etag=etag)
    if extra:
        decided = replace(decided, headers={**decided.headers, **extra})
    return ContentResponse(_Sending(content, decided, head=method == "HEAD"))
