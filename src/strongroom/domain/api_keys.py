"""API keys: how they are written, told from other texts, and compared with what is kept of them.

A key is ``sr_`` + id (12 characters) + ``_`` + secret (43) + checksum (6). The prefix lets scanners
find keys that were published by mistake, the checksum tells a mistyped key from an unknown one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime

from strongroom.domain import ids
from strongroom.domain.grants import Grant, Role, Source
from strongroom.domain.paths import RepositoryPath

PREFIX = "sr_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: 43 digits of 62 values are 256 bits
_SECRET = 43
_CHECK = 6
_KEY = re.compile(r"sr_([a-z2-9]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept: without the secret."""

    id: str
    #: what people call it
    name: str
    #: the agent under whose name is recorded what it does
    agent: str
    #: SHA-256 of the whole key, lower-case hex
    digest: str
    #: what it may do, and where
    scopes: tuple[tuple[Role, RepositoryPath], ...]
    #: whether ``X-Client-Identity`` may name other agents
    names_agents: bool
    created: datetime
    #: None: never
    expires: datetime | None = None
    revoked: datetime | None = None
    #: to the minute
    last_used: datetime | None = None

    @property
    def subject(self) -> str:
        return f"key:{self.id}"

    def fault(self, now: datetime) -> str | None:
        """Why it cannot be used; None if it can."""
        if self.revoked is not None:
            return f"was revoked at {self.revoked.isoformat()}"
        if self.expires is not None and self.expires <= now:
            return f"expired at {self.expires.isoformat()}"
        return None


def mint() -> tuple[str, str]:
    """The id of a new key, and the key itself, which is told once."""
    key_id = ids.mint()
    start = f"{PREFIX}{key_id}_" + "".join(secrets.choice(_DIGITS) for _ in range(_SECRET))
    return key_id, start + _checksum(start)


def id_of(key: str) -> str | None:
    """The id that a key states; None for what cannot be a key."""
    match = _KEY.fullmatch(key)
    if match is None or _checksum(key[:-_CHECK]) != match[3]:
        return None
    return match[1]


def digest(key: str) -> str:
    """What is kept of a key; with 256 random bits in it, a fast hash is as good as a slow one."""
    return hashlib.sha256(key.encode()).hexdigest()


def matches(key: str, kept: ApiKey) -> bool:
    """Whether it is the key of which ``kept`` holds the hash; takes the same time if it is not."""
    return hmac.compare_digest(digest(key), kept.digest)


def scopes(kept: ApiKey) -> tuple[Grant, ...]:
    """What a key may do, as grants of its own."""
    return tuple(
        Grant(subject=kept.subject, role=role, path=path, source=Source.KEY)
        for role, path in kept.scopes
    )


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
