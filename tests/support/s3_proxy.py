"""A proxy before a real S3 server that spoils what passes, as tests tell it to.

It passes on bytes and headers as they are, ``Host`` included, so that signatures stay good.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

#: headers of a connection, not of a message
_HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length"))


@dataclass(frozen=True)
class Request:
    """What a client sent; headers by lower-case names."""

    method: str
    #: path and query, as they were sent
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}


@dataclass(frozen=True)
class Answer:
    """What the server answers; headers by lower-case names."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Lost(Exception):
    """Raised by what spoils: the connection breaks off without an answer."""


#: gets a request and the way to the real server; its answer is what the client gets
Spoil = Callable[[Request, Callable[[Request], Answer]], Answer]


class S3Proxy:
    """A context manager; ``endpoint`` is where clients go."""

    def __init__(self, target: str, spoil: Spoil) -> None:
        """``target`` is the root of the real server."""
        self._target = urlsplit(target).netloc
        self.spoil = spoil
        self.requests: list[Request] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # headers and body are two writes, and the second shall not wait
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                # whoever waits was told to go on by BaseHTTPRequestHandler
                headers.pop("expect", None)
                request = Request(self.command, self.path, headers, self.rfile.read(size))
                proxy.requests.append(request)
                try:
                    answer = proxy.spoil(request, proxy.forward)
                except Lost:
                    self.close_connection = True
                    return
                self.send_response_only(answer.status)
                for name, value in answer.headers.items():
                    if name not in _HOP or (name == "content-length" and self.command == "HEAD"):
                        self.send_header(name, value)
                if self.command != "HEAD" and answer.status not in (204, 304):
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

            def log_message(self, *_: object) -> None:
                pass

        class Many(ThreadingHTTPServer):
            # racers come all at once
            request_queue_size = 64

        self._server = Many(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def forward(self, request: Request) -> Answer:
        """What the real server answers."""
        connection = HTTPConnection(self._target, timeout=60)
        try:
            connection.putrequest(
                request.method, request.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in request.headers.items():
                if name not in ("connection", "content-length"):
                    connection.putheader(name, value)
            connection.putheader("content-length", str(len(request.body)))
            connection.endheaders(request.body)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read())
        finally:
            connection.close()

    def __enter__(self) -> S3Proxy:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def without(request: Request, *names: str) -> Request:
    """The request without some headers; only unsigned ones can be left out of a sound request."""
    return replace(
        request, headers={name: v for name, v in request.headers.items() if name not in names}
    )
