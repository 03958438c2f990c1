"""The ASGI application in front of the router: what holds for every request and every answer.

Checks Host and Origin, gives each request its correlation id, finds the surface and the route from
the raw path, folds query names, and answers every error as a problem. Routes do the rest.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote
from uuid import uuid4

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from strongroom.api import problems, queries
from strongroom.api.guards import Hosts, authority, safe_correlation
from strongroom.api.routing import STORAGE_PREFIX, Routes, Surfaces
from strongroom.errors import StrongroomError

#: what stands before the path in a request target that is a whole URI
_ABSOLUTE = re.compile(r"[A-Za-z]+://[^/?#]*")

log = logging.getLogger(__name__)


def new_correlation() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    router: ASGIApp
    hosts: Hosts
    surfaces: Surfaces
    preservation: Routes
    storage: Routes
    #: names of query parameters by their lower case
    query_names: Mapping[str, str]
    mint_correlation: Callable[[], str] = new_correlation
    #: whether answers are for one caller alone, so that no shared cache may keep them
    private: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._answer(scope, receive, send)
        else:
            # the server's lifespan messages; there are no WebSocket routes
            await self.router(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        correlation = safe_correlation(_text(headers, b"x-correlation-id"))
        correlation = correlation or self.mint_correlation()
        scope.setdefault("state", {})["correlation_id"] = correlation
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = [
                    *message["headers"],
                    (b"x-correlation-id", correlation.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
                if self.private and not any(name == b"cache-control" for name, _ in headers):
                    # caches know of Authorization, and nothing of X-API-KEY
                    headers.append((b"cache-control", b"private"))
                message["headers"] = headers
            await send(message)

        try:
            known = self._route(scope)
            methods = sorted({*known, "HEAD"} if "GET" in known else known)
            if scope["method"] == "OPTIONS":
                await _send(stamped, 204, {"Allow": ", ".join(methods)}, b"")
            elif scope["method"] not in methods:
                allow = {"Allow": ", ".join(methods)}
                raise HTTPException(status_code=405, headers=allow)
            elif scope["method"] not in known:
                # a HEAD of what only knows GET; the server keeps its own scope, as it was asked
                asked = cast("HTTPScope", {**scope, "method": "GET"})
                await self.router(asked, receive, _without_body(stamped))
            else:
                await self.router(scope, receive, stamped)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
            if started:
                # too late for a status: an answer that is left unfinished makes the server close
                # the connection, so no client takes the part for the whole
                _log_broken(error, correlation)
                return
            await send_problem(error, correlation, stamped, with_body=scope["method"] != "HEAD")

    def _route(self, scope: HTTPScope) -> tuple[str, ...]:
        """Point the scope at the route the request means, and tell its methods.

        Raises what forbids the request.
        """
        raw = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
        raw = raw.partition("?")[0]
        host = authority(_all(scope, b"host"), raw, scope["http_version"])
        self.hosts.check(host, _all(scope, b"origin"))
        if not raw.startswith("/") and (absolute := _ABSOLUTE.match(raw)):
            raw = raw[absolute.end() :]
        on_storage, rest = self.surfaces.locate(raw, host or "")
        match = (self.storage if on_storage else self.preservation).fold(rest)
        if match is None:
            raise HTTPException(status_code=404)
        path = STORAGE_PREFIX + match.path.rstrip("/") if on_storage else match.path
        scope["path"] = path
        scope["raw_path"] = quote(path, safe="/*").encode()
        scope["query_string"] = queries.fold(scope["query_string"], self.query_names)
        return match.methods


def _without_body(send: Send) -> Send:
    """Sends the head of an answer as it is, and of its body only the end."""

    async def bare(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
        elif not message.get("more_body", False):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return bare


def _log_broken(error: Exception, correlation: str) -> None:
    """Litestar wraps what broke an answer; damage that is known needs no traceback."""
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    known = cause.message if isinstance(cause, StrongroomError) else None
    log.error(
        "answer broken off%s (correlation id %s)",
        f": {known}" if known else "",
        correlation,
        exc_info=None if known else cause,
    )


def _all(scope: HTTPScope, name: bytes) -> list[str]:
    """Every header of that name; a mapping would keep one, and who sends two means to mislead."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


async def send_problem(error: Exception, correlation: str, send: Send, *, with_body: bool) -> None:
    """Send an error as a problem; a HEAD gets its headers alone."""
    answer = problems.answer(error, correlation)
    body = answer.encode()
    headers = {
        **answer.headers,
        "Content-Type": answer.media_type,
        "Content-Length": str(len(body)),
    }
    await _send(send, answer.status, headers, body if with_body else b"")


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
