"""Grants, callers and explanations as JSON, beside the contract; tokens as RFC 6749 has them."""

from __future__ import annotations

from msgspec import Struct

from strongroom.wire.base import Shape


class Grant(Shape):
    #: null for those that configuration or a key makes
    id: str | None
    #: ``*``, ``agent:NAME``, ``client:ID``, ``group:NAME``, ``sub:ISSUER#SUBJECT`` or ``key:ID``
    subject: str
    role: str
    #: with a slash in front; ``/`` is the whole repository
    path: str
    #: ``table``, ``file``, ``settings`` or ``key``
    source: str
    created: str | None
    created_by: str | None


class GrantIn(Shape):
    subject: str | None = None
    role: str | None = None
    path: str | None = None


class Me(Shape):
    """Whoever asks, and what that one may do."""

    agent: str
    #: ``user``, ``client``, ``key``; ``local`` while authentication is off
    kind: str
    #: which grants are its own
    subjects: list[str]
    grants: list[Grant]


class ConsideredGrant(Shape):
    grant: Grant
    applies: bool
    because: str


class Explanation(Shape):
    agent: str
    subjects: list[str]
    action: str
    path: str
    allowed: bool
    because: str
    considered: list[ConsideredGrant]


class TokenAnswer(Struct):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: str
    #: seconds
    expires_in: int
    #: roles and paths
    scope: str


class TokenRefusal(Struct):
    """RFC 6749, section 5.2."""

    error: str
    error_description: str


class IssuerMetadata(Struct, omit_defaults=True):
    """RFC 8414."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    response_types_supported: list[str]


class KeySet(Struct):
    """RFC 7517."""

    keys: list[dict[str, str]]
