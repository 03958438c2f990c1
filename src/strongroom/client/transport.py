"""One conversation with a server: requests out, answers or typed errors back, retries between.

It knows methods, statuses and JSON, and who may see the proof; which paths exist and what they mean
is for the modules that use it.
"""

from __future__ import annotations

import copy
import logging
import random
import secrets
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from strongroom import __version__
from strongroom.client import errors
from strongroom.client.addresses import Secret, bare, checked, origin, root
from strongroom.client.auth import Proof
from strongroom.client.errors import ApiError
from strongroom.client.retry import BUSY, Retry, retry_after
from strongroom.errors import BadRequest
from strongroom.wire.grants import TokenAnswer

T = TypeVar("T")
Body = bytes | Iterable[bytes]

#: methods that may be sent again although the first may have been carried out (RFC 9110, 9.2.2)
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
#: under which a POST may be sent again as well
KEY = "Idempotency-Key"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: after these nothing has arrived
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

log = logging.getLogger(__name__)


class Transport:
    """A connection pool to one server; safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        *,
        identity: str | None = None,
        proof: Proof | None = None,
        trusted: Iterable[str] = (),
        timeout: float = 600.0,
        retry: Retry | None = None,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        """``timeout`` is the seconds between two signs of life; connecting gets ten at most.

        ``trusted`` are further addresses to which the proof is sent. ``tls`` replaces the system's
        certificates and rules, not the verification.
        """
        self.base_url = checked(base_url)
        if identity is not None and not (identity.isascii() and identity.isprintable()):
            raise BadRequest(
                "An identity may only hold printable ASCII characters.", code="bad-identity"
            )
        self._identity = identity
        self._proof = proof
        self._trusted = {origin(self.base_url), *(origin(checked(url)) for url in trusted)}
        self._main = self.base_url
        self.retry = retry or Retry()
        self.sleep = sleep
        self._chance = chance
        self._timeout = timeout
        self._http = httpx.Client(
            headers={"User-Agent": f"strongroom-client/{__version__}"},
            timeout=httpx.Timeout(timeout, connect=min(10.0, timeout)),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
            verify=True if tls is None else tls,
            # a proxy for the outer world has no way to this machine's own services
            trust_env=urlsplit(self.base_url).hostname not in _LOOPBACK,
            transport=wire,
        )

    def at(self, base_url: str) -> Transport:
        """The same connections, for paths below another address of the same server."""
        other = copy.copy(self)
        other.base_url = checked(base_url)
        return other

    def close(self) -> None:
        self._http.close()

    def url(self, path: str) -> str:
        """An absolute URL is left alone; a path is put below the server's address."""
        return path if "://" in path else self.base_url + path

    # ------------------------------------------------------------------- whole answers

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        again: bool | None = None,
    ) -> httpx.Response:
        """Send and read the whole answer; ``body`` becomes JSON.

        ``again`` says whether a request that may have arrived may be sent twice (default: if the
        method is idempotent). Raises an :class:`~strongroom.client.errors.ApiError` for every
        status from 400 up, and :class:`~strongroom.client.errors.Unreachable`.
        """
        content = None if body is None else msgspec.json.encode(body)
        more = dict(headers or {})
        if content is not None:
            more["Content-Type"] = "application/json"
        repeatable = method in IDEMPOTENT if again is None else again
        return self._send(method, path, params, more, lambda: content, again=repeatable)

    def once(self, path: str, *, body: object = None, key: str | None = None) -> httpx.Response:
        """POST something that the server does once, however often it is sent.

        ``key`` is the Idempotency-Key, for programs that remember what they have asked for; by
        default each call has one of its own.
        """
        headers = {KEY: key or secrets.token_urlsafe(24)}
        return self.request("POST", path, body=body, headers=headers, again=True)

    def json(
        self,
        method: str,
        path: str,
        type: type[T],  # noqa: A002 - as in msgspec
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        again: bool | None = None,
    ) -> T:
        """As :meth:`request`, with the answer decoded; BadAnswer if it has another shape."""
        return decoded(
            self.request(method, path, params=params, body=body, headers=headers, again=again), type
        )

    def delete(self, path: str, *, params: Mapping[str, str] | None = None) -> None:
        """DELETE; what is gone after a try whose answer was lost counts as deleted by it."""
        try:
            self.request("DELETE", path, params=params)
        except (errors.NotThere, errors.Tombstone) as error:
            if not error.repeated:
                raise

    # ------------------------------------------------------------------------- streams

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        chunks: Callable[[], Body],
        secret: bool = False,
    ) -> httpx.Response:
        """Send a body that can be produced anew for each try; a ``secret`` URL is shown nowhere."""
        return self._send(method, path, None, headers, chunks, again=True, secret=secret)

    def receive(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        take: Callable[[httpx.Response], T],
        secret: bool = False,
    ) -> T:
        """GET, and let ``take`` read the stream; it is called again when the stream breaks."""

        def once() -> T:
            with closing(self._open(path, params, headers, secret)) as answer:
                return take(answer)

        return self.patiently(once, again=True, what=f"GET {bare(self.url(path))}")

    def opened(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """GET, with the body still to be read by the caller, who also closes it."""

        def once() -> httpx.Response:
            return self._open(path, params, headers, secret=False)

        return self.patiently(once, again=True, what=f"GET {bare(self.url(path))}")

    def _open(
        self,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        secret: bool,
    ) -> httpx.Response:
        # compressed bytes would have neither the length nor the ranges that are asked for
        more = {"Accept-Encoding": "identity", **(headers or {})}
        request, proof = self._request("GET", path, params, more, None, secret)
        answer = self._http.send(request, stream=True)
        if answer.status_code >= 300:
            with closing(answer):
                answer.read()
        return self._checked(answer, proof)

    # ------------------------------------------------------------------------ one try

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        body: Callable[[], Body | None],
        *,
        again: bool,
        secret: bool = False,
    ) -> httpx.Response:
        def once() -> httpx.Response:
            request, proof = self._request(method, path, params, headers, body(), secret)
            return self._checked(self._http.send(request), proof)

        return self.patiently(once, again=again, what=f"{method} {bare(self.url(path))}")

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        content: Body | None,
        secret: bool,
    ) -> tuple[httpx.Request, str | None]:
        """A request, and the proof that goes with it."""
        url = self.url(path)
        known = _server(url) in self._trusted
        more: dict[str, str] = {}
        proof = self._proof.authorization(self._token) if known and self._proof else None
        if known and self._identity:
            more["X-Client-Identity"] = self._identity
        if proof:
            more["Authorization"] = proof
        request = self._http.build_request(
            method, url, params=params, content=content, headers={**more, **(headers or {})}
        )
        if secret:
            request.url = Secret(request.url)
        return request, proof

    def _checked(self, answer: httpx.Response, proof: str | None) -> httpx.Response:
        """The answer, unless its status is an error."""
        if answer.is_success or answer.status_code == 304:
            return answer
        if answer.status_code < 400:
            raise errors.BadAnswer(
                f"{bare(str(answer.url))} leads elsewhere, to "
                f"'{bare(answer.headers.get('Location', '?'))}'. Give that server's own address."
            )
        error = errors.from_answer(
            answer.status_code,
            answer.content,
            method=answer.request.method,
            url=bare(str(answer.url)),
            retry_after=retry_after(answer.headers.get("Retry-After"), datetime.now(UTC)),
            plain=answer.headers.get("Content-Type", "").startswith("text/plain"),
        )
        if answer.status_code == 401 and self._proof:
            if proof and self._proof.refused(proof):
                raise _Renewable(error)
            if not proof and origin(str(answer.url)) not in self._trusted:
                error.add_note(
                    f"The proof of who asks was not sent, since {root(str(answer.url))} is not the "
                    "address that was given. If it belongs to the server, give it as storage_url "
                    "(--storage-url)."
                )
        raise error

    def _token(self, basic: str) -> TokenAnswer:
        """Client credentials (RFC 6749, 4.4); sent again only if it never arrived."""

        def once() -> httpx.Response:
            answer = self._http.post(
                f"{self._main}/v1/token",
                content=b"grant_type=client_credentials",
                headers={
                    "Authorization": basic,
                    "Content-Type": "application/x-www-form-urlencoded",
                },
            )
            return self._checked(answer, None)

        try:
            answer = self.patiently(once, again=False, what=f"POST {self._main}/v1/token")
        except ApiError as error:
            raise _Final(error) from None
        return decoded(answer, TokenAnswer)

    # --------------------------------------------------------------------- more tries

    def patiently(self, once: Callable[[], T], *, again: bool, what: str) -> T:
        """Call until it succeeds, fails for good, or patience ends.

        A connection that was never made is always tried again; one that broke, and "not now", only
        if ``again``. A proof that was refused is renewed one time. What an earlier try is still
        doing is waited for, for as long as the server may be silent.
        """
        attempt, busy, waited = 1, 0, 0.0
        uncertain, renewed = False, False
        while True:
            try:
                return once()
            except _Final as refused:
                raise refused.error from None
            except _Renewable as refused:
                if renewed:
                    raise refused.error from None
                renewed = True
                continue
            except httpx.TransportError as failure:
                unsent = isinstance(failure, _UNSENT)
                if attempt >= self.retry.attempts or not (again or unsent):
                    raise errors.Unreachable(_no_answer(what, failure)) from failure
                uncertain, why = uncertain or not unsent, type(failure).__name__
                attempt += 1
                pause = self.pause(attempt - 1)
            except httpx.DecodingError as failure:
                raise errors.BadAnswer(f"The answer to {what} cannot be read.") from failure
            except ApiError as refusal:
                refusal.repeated = uncertain
                if not again:
                    raise
                uncertain, why = True, str(refusal.status)
                if refusal.problem == BUSY:
                    # an earlier try is on its way; giving up would lose what it makes
                    busy += 1
                    pause = self.pause(busy)
                    waited += pause
                    if waited > self._timeout:
                        raise
                elif attempt < self.retry.attempts and self.retry.waits_for(refusal):
                    attempt += 1
                    pause = self.pause(attempt - 1, refusal.retry_after)
                else:
                    raise
            log.info("%s: %s; it is tried again in %.1f s", what, why, pause)
            self.sleep(pause)

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Seconds before the next try."""
        return self.retry.pause(attempt, self._chance(), asked)


def _server(url: str) -> str:
    """The server that a URL leads to; BadAnswer for one that no request can be sent to."""
    try:
        parts = httpx.URL(url)
        if parts.scheme in ("http", "https") and parts.host:
            return origin(url)
    except (httpx.InvalidURL, ValueError):
        pass
    raise errors.BadAnswer(f"'{bare(url)}' is no address that can be asked.")


class _Refused(Exception):
    def __init__(self, error: ApiError) -> None:
        super().__init__(str(error))
        self.error = error


class _Renewable(_Refused):
    """401 to a proof of which there may be a fresh one."""


class _Final(_Refused):
    """No token was to be had; the request that needed it does not ask again."""


def _no_answer(what: str, error: httpx.TransportError) -> str:
    why = str(error) or type(error).__name__
    server = root(what.partition(" ")[2])
    if isinstance(error, _UNSENT):
        return (
            f"No server answers at {server} ({why}). "
            "Is it running ('strongroom serve'), and is its address (--server) right?"
        )
    return f"The connection to {server} broke before the answer was complete ({why})."


def decoded(answer: httpx.Response, type: type[T]) -> T:  # noqa: A002 - as in msgspec
    """The JSON of an answer as a wire shape."""
    return decode(answer.content, type, url=bare(str(answer.url)))


def decode(body: bytes, type: type[T], *, url: str) -> T:  # noqa: A002 - as in msgspec
    """JSON as a wire shape; members that it does not know are passed over."""
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.MsgspecError as error:
        name = getattr(type, "__name__", str(type))
        raise errors.BadAnswer(
            f"{url} answered something that is no {name}: {error}. "
            "Is this the address of a Strongroom server, of a version that fits?"
        ) from error
