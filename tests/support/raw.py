"""HTTP without any client's kindness: the request target goes out byte for byte.

For paths with ``..``, doubled slashes and stray escapes that a good client would tidy up, and for
bodies that break off.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    status_code: int
    headers: http.client.HTTPMessage
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


class _Unkind(http.client.HTTPConnection):
    """Sends a request line as it is; text beyond ASCII goes out as UTF-8."""

    def _validate_path(self, url: str) -> None:
        pass

    def _encode_request(self, request: str) -> bytes:
        return request.encode()


def request(
    port: int,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    connection = _Unkind("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": f"localhost:{port}", **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Length", str(len(body)))
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(status_code=answer.status, headers=answer.headers, content=answer.read())
    finally:
        connection.close()


def break_off(port: int, head: str, part: bytes) -> None:
    """Send a request's head and a part of its body, then hang up."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + part)
