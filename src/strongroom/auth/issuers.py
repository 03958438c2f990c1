"""An OIDC issuer: discovered, its keys fetched, kept for a while, fetched anew when they change.

Asks only the addresses that the configuration and the issuer's own discovery document name, over
TLS (or on this machine), without following redirects. Source: OpenID Connect Discovery 1.0,
section 4; RFC 7517.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from strongroom.auth import jwks
from strongroom.auth.jwks import PublicKey
from strongroom.errors import Unavailable

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

#: seconds for which keys are believed without asking again
FRESH = 3600.0
#: seconds for which they are still used while the issuer does not answer
STALE = 24 * 3600.0
#: unknown keys may make us ask this often at once, and once more after so many seconds each
BURST, REFILL = 5, 30.0
#: seconds after which a question that failed is asked again
PAUSE = 5.0
TIMEOUT = 5.0  # seconds
MAX_DOCUMENT = 1 << 20  # bytes

log = logging.getLogger(__name__)


class IssuerTrouble(Exception):
    """The issuer cannot be asked, or answers what cannot be used; the text is for operators."""


class Issuer:
    """The keys of one issuer; safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url
        self._clock = clock
        self._http = httpx.Client(
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=urlsplit(url).hostname not in LOOPBACK,
            transport=wire,
            headers={"Accept": "application/json"},
        )
        self._lock = threading.Lock()
        self._keys: tuple[PublicKey, ...] | None = None
        self._fetched = 0.0
        self._tries = float(BURST)
        self._counted = clock()
        self._failed: float | None = None

    def close(self) -> None:
        self._http.close()

    def find(self, kid: str | None, algorithm: str) -> list[PublicKey]:
        """The keys that may have signed a token; none if the issuer has no such key.

        Unavailable (``issuer-unreachable``) while nothing is known of the issuer.
        """
        keys = self._known()
        found = jwks.choose(keys, kid, algorithm)
        if not found and self._refresh_for_unknown():
            found = jwks.choose(self._known(), kid, algorithm)
        return found

    def _known(self) -> tuple[PublicKey, ...]:
        now = self._clock()
        keys = self._keys
        if keys is not None and now - self._fetched < FRESH:
            return keys
        if keys is not None:
            # others go on with what is known, while one asks
            if self._lock.acquire(blocking=False):
                try:
                    self._fetch(now)
                finally:
                    self._lock.release()
            if self._keys is not None and now - self._fetched < STALE:
                return self._keys
            raise self._unreachable()
        with self._lock:
            if self._keys is None:
                self._fetch(now)
            if self._keys is None:
                raise self._unreachable()
            return self._keys

    def _refresh_for_unknown(self) -> bool:
        """Ask anew, because a token names a key that is not known; whether it was done.

        Anyone can make up such tokens, so it is done only so often.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            now = self._clock()
            self._tries = min(float(BURST), self._tries + (now - self._counted) / REFILL)
            self._counted = now
            if self._tries < 1.0:
                log.warning("%s is not asked for keys again so soon", self.url)
                return False
            self._tries -= 1.0
            return self._fetch(now)
        finally:
            self._lock.release()

    def _fetch(self, now: float) -> bool:
        if self._failed is not None and now - self._failed < PAUSE:
            return False
        try:
            self._keys = self._download()
        except IssuerTrouble as error:
            self._failed = self._clock()
            log.error("the keys of the issuer %s cannot be fetched: %s", self.url, error)
            return False
        self._failed, self._fetched = None, self._clock()
        log.info("fetched %d keys of the issuer %s", len(self._keys), self.url)
        return True

    def _download(self) -> tuple[PublicKey, ...]:
        place = self.url.rstrip("/") + "/.well-known/openid-configuration"
        try:
            document = json.loads(self._get(place))
        except (ValueError, RecursionError) as error:
            raise IssuerTrouble(f"{place} holds no JSON: {error}") from error
        if not isinstance(document, dict) or document.get("issuer") != self.url:
            stated = document.get("issuer") if isinstance(document, dict) else None
            raise IssuerTrouble(
                f"{place} is the document of the issuer {str(stated)[:200]!r}, not of {self.url!r}"
            )
        where = document.get("jwks_uri")
        if not isinstance(where, str) or not is_safe(where):
            raise IssuerTrouble(f"jwks_uri is {str(where)[:200]!r}, which is no https URL")
        if not is_loopback(self.url) and is_loopback(where):
            raise IssuerTrouble(f"jwks_uri is {where[:200]!r}, on this machine")
        try:
            return jwks.read(self._get(where))
        except ValueError as error:
            raise IssuerTrouble(f"{where[:200]} holds no set of keys: {error}") from error

    def _get(self, url: str) -> bytes:
        deadline = self._clock() + 2 * TIMEOUT
        body = bytearray()
        try:
            with self._http.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise IssuerTrouble(f"{url} answers with status {answer.status_code}")
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > MAX_DOCUMENT or self._clock() > deadline:
                        raise IssuerTrouble(f"{url} is too long, or comes too slowly")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise IssuerTrouble(f"{url}: {str(error) or type(error).__name__}") from error
        return bytes(body)

    def _unreachable(self) -> Unavailable:
        return Unavailable(
            "The issuer of the token cannot be asked for its keys now; try again in a moment.",
            code="issuer-unreachable",
            operator=f"no keys of {self.url}",
        )


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def is_safe(url: str) -> bool:
    """Whether an address may be asked: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
