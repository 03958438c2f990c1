"""Requests to a store, seen and spoiled where they leave this process.

Everything that speaks to a store goes through one method of botocore's. What is done to a request
is decided by the tests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from botocore.retries.standard import ExponentialBackoff
from urllib3 import HTTPHeaderDict

from strongroom.storage.s3 import bucket, connection, prepared, sending

_SEND = URLLib3Session.send

#: gets the number of a request (from 1), the request, and what sends it; gives the answer
Spoil = Callable[[int, AWSPreparedRequest, Callable[[], AWSResponse]], AWSResponse]


@dataclass
class Count:
    """Requests that were seen."""

    requests: list[str]

    def __len__(self) -> int:
        return len(self.requests)


@contextmanager
def spoiled(spoil: Spoil) -> Iterator[Count]:
    """Let every request, of whichever thread, go through ``spoil``."""
    count = Count([])
    lock = threading.Lock()

    def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        with lock:
            count.requests.append(said(request))
            number = len(count)
        return spoil(number, request, lambda: _SEND(session, request))

    URLLib3Session.send = send
    try:
        yield count
    finally:
        URLLib3Session.send = _SEND


def said(request: AWSPreparedRequest) -> str:
    """A request in a line: method, key, sub-resource."""
    parts = urlsplit(request.url)
    query = "&".join(part for part in parts.query.split("&") if not part.startswith("X-Amz-"))
    return f"{request.method} {parts.path}" + (f"?{query}" if query else "")


def conditional(request: AWSPreparedRequest) -> bool:
    return any(name.lower() in ("if-match", "if-none-match") for name in request.headers)


def answer(request: AWSPreparedRequest, status: int, code: str) -> AWSResponse:
    """What a store answers that does not do as it was asked."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    if request.method == "HEAD":
        body = b""
    headers = HTTPHeaderDict({"content-type": "application/xml", "content-length": str(len(body))})
    return AWSResponse(request.url, status, headers, _Raw(body))


class _Raw:
    """As much of an answer's body as botocore wants."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, *_: Any, **__: Any) -> bytes:
        body, self._body = self._body, b""
        return body

    def close(self) -> None: ...


def without_pauses(monkeypatch: Any) -> None:
    """Retries as often as ever, but at once."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    monkeypatch.setattr(prepared, "_PAUSE", 0.0)
    monkeypatch.setattr(bucket, "_PAUSE", 0.0)


def leave_connections(endpoint: connection.Endpoint) -> None:
    """In a forked child: do not speak on connections that the parent has, too."""
    connection.connect(endpoint)._endpoint.http_session._manager.clear()
    sending._session.cache_clear()
