"""JSON Web Tokens (RFC 7519, RFC 8725): who signed one, for whom, until when, and whom it names.

What a caller may do is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from jwt import exceptions

from strongroom.auth.jwks import ALGORITHMS, PublicKey
from strongroom.domain.agents import is_agent_name
from strongroom.errors import Unauthenticated

MAX_TOKEN = 16 << 10  # characters
#: keys of one issuer that are tried for a token which names none
_TRIED = 8
#: groups and roles of one token that are looked at
_MOST_GROUPS = 500

#: claims that name a person, the first that is there counts
NAMES = (
    "preferred_username",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "name",
)
_CLIENTS = ("azp", "appid", "client_id", "cid")


class KeySource(Protocol):
    """Where an issuer's keys are found."""

    def find(self, kid: str | None, algorithm: str) -> list[PublicKey]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token that was proved says."""

    issuer: str
    subject: str | None
    #: the program that it was issued to, for itself; None where it may stand for a person
    client: str | None
    #: the person it names; None for machines
    name: str | None
    groups: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An issuer whose tokens are accepted, and for whom they must be meant."""

    keys: KeySource
    audiences: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    #: by the exact value of ``iss``
    issuers: Mapping[str, Accepted]
    #: seconds by which clocks may differ
    skew: int

    def verify(self, token: str) -> Claims:
        """What the token says; Unauthenticated (``bad-token``) with the reason."""
        if len(token) > MAX_TOKEN:
            raise _refused(f"has more than {MAX_TOKEN} characters")
        header, issuer = _unproved(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise _refused(f"is not signed with one of {', '.join(ALGORITHMS)}")
        if "crit" in header:
            raise _refused("has a critical header that is not understood")
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise _refused("names its key by something that is no text")
        accepted = self.issuers.get(issuer)
        if accepted is None:
            raise _refused("comes from an issuer that is not accepted here")
        keys = accepted.keys.find(kid, algorithm)[:_TRIED]
        if not keys:
            raise _refused("is signed with a key that its issuer does not have")
        return _claims(self._proved(token, keys, issuer, accepted.audiences))

    def _proved(
        self, token: str, keys: Sequence[PublicKey], issuer: str, audiences: Sequence[str]
    ) -> dict[str, Any]:
        for key in keys:
            try:
                found: dict[str, Any] = jwt.decode(
                    token,
                    key.key,
                    algorithms=[key.algorithm],
                    audience=list(audiences),
                    issuer=issuer,
                    leeway=self.skew,
                    options={"require": ["exp", "iss", "aud"]},
                )
            except exceptions.InvalidSignatureError:
                continue
            except exceptions.PyJWTError as error:
                raise _refused(_reason(error)) from error
            except (ValueError, TypeError, OverflowError, RecursionError) as error:
                raise _refused("cannot be read") from error
            return found
        raise _refused("has a signature that is not its issuer's")


def _unproved(token: str) -> tuple[dict[str, Any], str]:
    """The header, and the issuer a token says it comes from; nothing of it is proved yet."""
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (exceptions.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise _refused("is no JSON Web Token") from error
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise _refused("names no issuer")
    return header, issuer


def _claims(claims: Mapping[str, Any]) -> Claims:
    groups: set[str] = set()
    for claim in ("groups", "roles"):
        value = claims.get(claim)
        if isinstance(value, list):
            groups.update(item for item in value[:_MOST_GROUPS] if isinstance(item, str) and item)
    return Claims(
        issuer=claims["iss"],
        subject=_text(claims.get("sub")),
        client=_machine(claims),
        name=_name(claims),
        groups=frozenset(groups),
    )


def _machine(claims: Mapping[str, Any]) -> str | None:
    """The client that a token was issued to for itself, where the token shows that it was.

    A person's token names a client too; without the person's name it must not pass for that
    client. Issuers show the difference each in their own way.
    """
    client = next((text for claim in _CLIENTS if (text := _text(claims.get(claim)))), None)
    subject = claims.get("sub")
    if client is None:
        return None
    itself = (
        subject is None  # people always have one
        or subject in (client, f"{client}@clients")  # RFC 9068, section 2.2; Auth0
        or claims.get("idtyp") == "app"  # Entra ID
        or (subject == claims.get("oid") and "scp" not in claims)  # Entra ID
        or claims.get("gty") == "client-credentials"  # Auth0
    )
    return client if itself else None


def _name(claims: Mapping[str, Any]) -> str | None:
    """The person that a token names; who has a name that cannot be used is no machine for it."""
    for claim in NAMES:
        value = claims.get(claim)
        if value is None or value == "":
            continue
        name = value.strip() if isinstance(value, str) else ""
        if not is_agent_name(name):
            raise _refused(
                f"names its holder ({claim}) by something that cannot be recorded: 1 to 255 "
                "printable characters without slash are needed"
            )
        return name
    return None


def _text(value: object) -> str | None:
    usable = isinstance(value, str) and value.isprintable() and 0 < len(value) <= 300
    return value if usable else None  # type: ignore[return-value]


def _reason(error: exceptions.PyJWTError) -> str:
    if isinstance(error, exceptions.ExpiredSignatureError):
        return "has expired"
    if isinstance(error, exceptions.ImmatureSignatureError):
        return "is not valid yet"
    if isinstance(error, exceptions.MissingRequiredClaimError):
        return f"lacks the claim {error.claim}"
    if isinstance(error, exceptions.InvalidAudienceError):
        return "is meant for another audience"
    return "cannot be accepted"


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(f"The token {reason}.", code="bad-token", challenge="invalid_token")
