"""What a request brings to prove who asks: read from its headers, not yet proved.

Nothing here is ever logged or echoed.
"""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.api import guards
from strongroom.errors import Unauthenticated
from strongroom.services.authentication import Credentials

Headers = Iterable[tuple[bytes, bytes]]


def read(headers: Headers) -> Credentials:
    """The credentials in raw headers. Unauthenticated for what cannot be read; BadRequest for a
    name that no agent can have.
    """
    headers = list(headers)
    sent_proof = authorization(headers)
    sent = agent_header(headers)
    return Credentials(
        bearer=None if sent_proof is None else _bearer(sent_proof),
        api_key=_one(headers, b"x-api-key"),
        identity=None if sent is None else guards.agent_name(sent),
    )


def authorization(headers: Headers) -> str | None:
    """The header ``Authorization``, whatever its scheme."""
    return _one(headers, b"authorization")


def agent_header(headers: Headers) -> str | None:
    """``X-Client-Identity``; header values are bytes, and clients beyond ASCII mean UTF-8."""
    raw = _one(headers, b"x-client-identity")
    if raw is None:
        return None
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _bearer(value: str) -> str:
    scheme, _, token = value.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or not token.isascii() or " " in token:
        raise Unauthenticated(
            "Authorization must have the form 'Bearer TOKEN-OR-API-KEY'.",
            code="bad-authorization",
            challenge="invalid_request",
        )
    return token


def _one(headers: Headers, name: bytes) -> str | None:
    """The value of a header; who sends it twice means to mislead."""
    found = [value for key, value in headers if key.lower() == name]
    if len(found) > 1:
        raise Unauthenticated(
            f"The header {name.decode()} is sent more than once.",
            code="two-proofs",
            challenge="invalid_request",
        )
    return found[0].decode("latin-1") if found else None
