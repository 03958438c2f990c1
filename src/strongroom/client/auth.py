"""By what a client proves who it is: an API key, a token, or tokens that it fetches for itself.

None of these shows its secret when it is printed. Where a proof is sent to is the transport's
affair.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote_plus

from strongroom.errors import BadRequest
from strongroom.wire.grants import TokenAnswer

#: asks the server's token endpoint, with the value of ``Authorization``
AskForToken = Callable[[str], TokenAnswer]


class Proof(Protocol):
    """What a client sends as ``Authorization``; shared between threads."""

    def authorization(self, ask: AskForToken) -> str:
        """The value of the header for the next request."""

    def refused(self, value: str) -> bool:
        """The server said 401 to this value; whether another one may be better."""


class ApiKey:
    """An API key, or a token that somebody else keeps fresh."""

    def __init__(self, key: str) -> None:
        self._value = f"Bearer {_checked(key, 'The API key')}"

    def authorization(self, ask: AskForToken) -> str:
        return self._value

    def refused(self, value: str) -> bool:
        return False

    def __repr__(self) -> str:
        return "ApiKey(…)"


class _Renewed:
    """A value that is fetched, and fetched anew once the server has refused it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value: str | None = None

    def refused(self, value: str) -> bool:
        with self._lock:
            if self._value == value:
                self._value = None
        return True


class Tokens(_Renewed):
    """Tokens of an issuer, which ``fetch`` gets; it is called again once a token was refused."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        super().__init__()
        self._fetch = fetch

    def authorization(self, ask: AskForToken) -> str:
        with self._lock:
            if self._value is None:
                self._value = f"Bearer {_checked(self._fetch(), 'The token')}"
            return self._value

    def __repr__(self) -> str:
        return "Tokens(…)"


class ClientCredentials(_Renewed):
    """The id of an API key and the key, exchanged for tokens at the server itself.

    A token is used until shortly before its end, and fetched anew then or when it is refused.
    """

    def __init__(
        self, client_id: str, secret: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        pair = f"{quote_plus(client_id)}:{quote_plus(_checked(secret, 'The secret'))}"
        self.client_id = client_id
        self._basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._clock = clock
        self._until = 0.0

    def authorization(self, ask: AskForToken) -> str:
        # others wait meanwhile, so that many threads fetch one token
        with self._lock:
            if self._value is None or self._clock() >= self._until:
                begun = self._clock()
                token = ask(self._basic)
                self._value = f"Bearer {token.access_token}"
                # a request that begins before the end should arrive before it
                self._until = begun + token.expires_in - min(60.0, token.expires_in / 5)
            return self._value

    def __repr__(self) -> str:
        return f"ClientCredentials({self.client_id!r}, …)"


def _checked(secret: str, what: str) -> str:
    if not secret or not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise BadRequest(f"{what} is empty or holds a character that none has.", code="bad-key")
    return secret
