"""One conversation with a server: requests out, answers or typed errors back, retries between.

It knows methods, statuses and JSON; which paths exist and what they mean is for the modules that
use it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from strongroom.client import errors
from strongroom.errors import BadRequest

T = TypeVar("T")

#: methods that may be sent again although the first may have been carried out (RFC 9110, 9.2.2)
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
#: answers that say "not now"
AGAIN = frozenset({502, 503, 504})

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How patiently a failed request is tried again."""

    #: times in all, the first included
    attempts: int = 5
    #: seconds before the second try; doubled each time
    first: float = 0.2
    #: seconds at most between two tries, whatever the server asks for
    longest: float = 10.0


class Transport:
    """A connection pool to one server; safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        *,
        identity: str | None = None,
        api_key: str | None = None,
        timeout: float = 600.0,
        retry: Retry | None = None,
        sleep: Callable[[float], None] = time.sleep,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        """``timeout`` is the seconds between two signs of life; connecting gets ten at most."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadRequest(
                f"'{base_url}' is no address of a server; expected http://host:port.",
                code="bad-server",
            )
        if identity is not None and not (identity.isascii() and identity.isprintable()):
            raise BadRequest(
                "An identity may only hold printable ASCII characters.", code="bad-identity"
            )
        headers = {"X-Client-Identity": identity} if identity else {}
        if api_key:
            if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
                raise BadRequest("The API key holds a character that none has.", code="bad-key")
            headers["Authorization"] = f"Bearer {api_key}"
        self.base_url = base_url.rstrip("/")
        self._retry = retry or Retry()
        self._sleep = sleep
        self._http = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=min(10.0, timeout), pool=None),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
            # a proxy for the outer world has no way to this machine's own services
            trust_env=parts.hostname not in _LOOPBACK,
            transport=wire,
        )

    def close(self) -> None:
        self._http.close()

    def url(self, path: str) -> str:
        """An absolute URL is left alone; a path is put below the server's address."""
        return path if "://" in path else self.base_url + path

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        again: bool | None = None,
    ) -> httpx.Response:
        """Send and read the whole answer; ``body`` becomes JSON.

        ``again`` says whether a request that may have arrived may be sent twice (default: if the
        method is idempotent). Raises an :class:`~strongroom.client.errors.ApiError` for every
        status from 400 up, and :class:`~strongroom.client.errors.Unreachable`.
        """
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if content is None else {"Content-Type": "application/json"}

        def once() -> httpx.Response:
            return check(
                self._http.request(
                    method, self.url(path), params=params, content=content, headers=headers
                )
            )

        return self.patiently(once, again=method in IDEMPOTENT if again is None else again)

    def json(
        self,
        method: str,
        path: str,
        type: type[T],  # noqa: A002 - as in msgspec
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        again: bool | None = None,
    ) -> T:
        """As :meth:`request`, with the answer decoded; BadAnswer if it has another shape."""
        answer = self.request(method, path, params=params, body=body, again=again)
        return decode(answer.content, type, url=str(answer.url))

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str], chunks: Callable[[], Body]
    ) -> httpx.Response:
        """Send a body that can be produced anew for each try."""

        def once() -> httpx.Response:
            return check(
                self._http.request(method, self.url(path), content=chunks(), headers=headers)
            )

        return self.patiently(once, again=True)

    def receive(
        self, path: str, *, params: Mapping[str, str] | None, take: Callable[[httpx.Response], T]
    ) -> T:
        """GET, and let ``take`` read the stream; it is called again when the stream breaks."""

        def once() -> T:
            with self._http.stream(
                "GET", self.url(path), params=params, headers={"Accept-Encoding": "identity"}
            ) as answer:
                if answer.status_code >= 400:
                    answer.read()
                return take(check(answer))

        return self.patiently(once, again=True)

    def patiently(self, once: Callable[[], T], *, again: bool) -> T:
        """Call until it succeeds, fails for good, or patience ends.

        A connection that was never made is always tried again; one that broke, and "not now", only
        if ``again``.
        """
        attempt = 1
        while True:
            last = attempt >= self._retry.attempts
            try:
                return once()
            except httpx.TransportError as error:
                unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if last or not (again or unsent):
                    raise errors.Unreachable(self._no_answer(error)) from error
                pause = self._pause(attempt)
            except NotNow as answer:
                if last or not again:
                    raise answer.error from None
                pause = max(self._pause(attempt), min(answer.after, self._retry.longest))
            self._sleep(pause)
            attempt += 1

    def _pause(self, attempt: int) -> float:
        return min(self._retry.first * 2.0 ** (attempt - 1), self._retry.longest)

    def _no_answer(self, error: httpx.TransportError) -> str:
        what = str(error) or type(error).__name__
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return (
                f"No server answers at {self.base_url} ({what}). "
                "Is it running ('strongroom serve'), and is --server right?"
            )
        return f"The connection to {self.base_url} broke before the answer was complete ({what})."


Body = bytes | Iterable[bytes]


class NotNow(Exception):
    """An answer that asks to be tried again, and the seconds it asks to wait."""

    def __init__(self, error: errors.ApiError, after: float) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


def check(answer: httpx.Response) -> httpx.Response:
    """The answer, unless its status is an error."""
    if answer.status_code < 400:
        return answer
    error = errors.from_answer(
        answer.status_code, answer.content, method=answer.request.method, url=str(answer.url)
    )
    if answer.status_code in AGAIN:
        after = answer.headers.get("Retry-After", "")
        raise NotNow(error, float(after) if after.isdecimal() else 0.0)
    raise error


def decode(body: bytes, type: type[T], *, url: str) -> T:  # noqa: A002 - as in msgspec
    """JSON as a wire shape."""
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.MsgspecError as error:
        raise errors.BadAnswer(
            f"{url} answered something that is no {type.__name__}: {error}. "
            "Is --server a Strongroom server, of a version that fits?"
        ) from error
