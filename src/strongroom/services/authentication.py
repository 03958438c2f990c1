"""Who is asking: tokens and API keys turned into callers, and keys into tokens of our own.

Tokens are read by :mod:`strongroom.auth`; what a caller may do is :mod:`authority`'s.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from strongroom.db import api_keys as key_rows
from strongroom.domain import api_keys
from strongroom.domain.api_keys import ApiKey
from strongroom.domain.grants import Caller, CallerKind
from strongroom.domain.times import to_millis
from strongroom.errors import Forbidden, Unauthenticated, Unavailable
from strongroom.services.context import Context

log = logging.getLogger(__name__)


class TokenClaims(Protocol):
    """What a token that was proved says."""

    @property
    def issuer(self) -> str: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def client(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def groups(self) -> frozenset[str]: ...


class Tokens(Protocol):
    """Proves tokens. Raises Unauthenticated, or Unavailable while an issuer cannot be asked."""

    def verify(self, token: str) -> TokenClaims: ...


class Signer(Protocol):
    """Signs tokens of our own, and publishes what proves them."""

    def sign(self, claims: dict[str, Any], now: datetime) -> str: ...

    def published(self, now: datetime) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How callers prove who they are; there is none while authentication is off."""

    tokens: Tokens
    signer: Signer
    #: ``iss`` and ``aud`` of our own tokens
    own_issuer: str
    #: seconds that they live
    lifetime: int
    #: ids of clients that may say for whom they act; None: any client may
    trusted_clients: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request brings."""

    #: a token or an API key
    bearer: str | None = None
    api_key: str | None = None
    #: whom ``X-Client-Identity`` names, if it can be a name
    identity: str | None = None


def authenticate(ctx: Context, how: Authentication, given: Credentials) -> Caller:
    """Whoever asks. Unauthenticated; Forbidden where a client names others and may not."""
    if given.bearer is not None and given.api_key is not None:
        raise Unauthenticated(
            "Send one proof of who you are: Authorization or X-API-KEY, not both.",
            code="two-proofs",
            challenge="invalid_request",
        )
    key = given.api_key
    if key is None and given.bearer is not None and given.bearer.startswith(api_keys.PREFIX):
        key = given.bearer
    if key is not None:
        return _of_key(ctx, _proved_key(ctx, key), given.identity)
    if given.bearer is None:
        raise Unauthenticated(
            "Say who you are: send 'Authorization: Bearer TOKEN-OR-API-KEY'.",
            code="unauthenticated",
        )
    claims = how.tokens.verify(given.bearer)
    if claims.issuer == how.own_issuer:
        kept = _kept(ctx, claims.client or "")
        if kept is None or kept.fault(ctx.clock()):
            raise _bad_key("the key behind the token", kept, ctx.clock())
        return _of_key(ctx, kept, given.identity)
    return _of_token(how, claims, given.identity)


def issue(ctx: Context, how: Authentication, client: str, secret: str) -> Mapping[str, Any]:
    """The answer to a client that exchanges its API key for a token (RFC 6749, section 4.4).

    Unauthenticated if it is not the client's key.
    """
    kept = _proved_key(ctx, secret)
    if kept.id != client:
        raise _bad_key(f"client_id {client[:50]!r}", kept, ctx.clock())
    now = ctx.clock()
    issued = to_millis(now) // 1000
    claims = {
        "iss": how.own_issuer,
        "aud": how.own_issuer,
        "sub": kept.id,
        "client_id": kept.id,
        "iat": issued,
        "nbf": issued,
        "exp": issued + how.lifetime,
        "jti": secrets.token_hex(16),
    }
    return {
        "access_token": how.signer.sign(claims, now),
        "token_type": "Bearer",
        "expires_in": how.lifetime,
        "scope": " ".join(f"{role}:/{path}" for role, path in kept.scopes),
    }


# ------------------------------------------------------------------------------------- tokens


def _of_token(how: Authentication, claims: TokenClaims, identity: str | None) -> Caller:
    """A person whom the token names, whatever the header says; or a machine."""
    groups = {f"group:{name}" for name in claims.groups}
    if claims.subject is not None:
        groups.add(f"sub:{claims.issuer}#{claims.subject}")
    if claims.name is not None:
        return Caller(
            name=claims.name,
            kind=CallerKind.USER,
            named_by_proof=True,
            subjects=frozenset({f"agent:{claims.name}", *groups}),
        )
    if claims.client is None:
        raise Unauthenticated(
            "The token names neither a person nor a machine: it has none of the claims "
            "preferred_username and name (ask for the scope 'profile'), and was not issued to a "
            "client for itself.",
            code="bad-token",
            challenge="invalid_token",
        )
    subjects = frozenset({f"client:{claims.client}", *groups})
    trusted = how.trusted_clients is None or claims.client in how.trusted_clients
    if identity is not None and not trusted and identity != claims.client:
        raise _may_not_name(f"The client {claims.client}", identity)
    if identity is None and trusted:
        # existing clients know this text/plain
        raise Unauthenticated(
            "The token names no user: send the header X-Client-Identity with the name of the "
            "agent that you act for.",
            code="no-identity",
        )
    return Caller(
        name=identity or claims.client,
        kind=CallerKind.CLIENT,
        named_by_proof=not trusted,
        subjects=subjects,
    )


# --------------------------------------------------------------------------------------- keys


def _of_key(ctx: Context, key: ApiKey, identity: str | None) -> Caller:
    name = key.agent
    if identity is not None and identity != key.agent:
        if not key.names_agents:
            raise _may_not_name(f"The API key {key.id}", identity)
        name = identity
    now = ctx.clock()
    if key.last_used is None or now - key.last_used > key_rows.EXACTNESS:
        _note_use(ctx, key.id, now)
    return Caller(
        name=name,
        kind=CallerKind.KEY,
        named_by_proof=name == key.agent and not key.names_agents,
        subjects=frozenset({key.subject}),
        scopes=api_keys.scopes(key),
    )


def _note_use(ctx: Context, key_id: str, now: datetime) -> None:
    """Record when a key was used; a database that is busy is no reason to refuse the request."""
    try:
        with ctx.db.write() as c:
            key_rows.used(c, key_id, now)
    except Unavailable as error:
        log.warning("the use of key %s was not noted: %s", key_id, error.message)


def _proved_key(ctx: Context, text: str) -> ApiKey:
    """The key that a text is, if it can be used."""
    key_id = api_keys.id_of(text)
    if key_id is None:
        raise Unauthenticated(
            "This is no API key: a character is wrong, or some are missing.",
            code="bad-key",
            challenge="invalid_token",
        )
    kept = _kept(ctx, key_id)
    if kept is None or not api_keys.matches(text, kept) or kept.fault(ctx.clock()):
        raise _bad_key(f"key {key_id}", kept, ctx.clock())
    return kept


def _kept(ctx: Context, key_id: str) -> ApiKey | None:
    with ctx.db.read() as c:
        return key_rows.get(c, key_id)


def _bad_key(what: str, kept: ApiKey | None, now: datetime) -> Unauthenticated:
    """One text for every reason; which it was is for the log."""
    reason = "is not known" if kept is None else kept.fault(now) or "is another one"
    return Unauthenticated(
        "The API key is not known, has expired, or was revoked.",
        code="bad-key",
        challenge="invalid_token",
        operator=f"{what} {reason}",
    )


def _may_not_name(who: str, identity: str) -> Forbidden:
    return Forbidden(
        f"{who} may not act for '{identity}'; leave the header X-Client-Identity out.",
        code="identity-not-allowed",
    )
