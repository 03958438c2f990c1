"""Public keys of issuers (JWK sets, RFC 7517): read, and chosen for a token.

Only keys for signatures of the three algorithms that are accepted ever come out of here, so that
what a token says of its own algorithm can never make a key mean something else.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

#: signatures that are accepted; HMAC is not among them, nor is "none"
ALGORITHMS = ("RS256", "ES256", "EdDSA")

#: by type and curve of a key, the one algorithm that it is for
_BY_KIND = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}

MIN_RSA = 2048  # bits
#: keys of one set that are looked at
_MOST = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    kid: str | None
    algorithm: str
    #: as the library of tokens takes it
    key: Any


def read(body: bytes) -> tuple[PublicKey, ...]:
    """The usable keys of a JWK set; ValueError for what is none."""
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("there is no list 'keys'")
    found = (_key(entry) for entry in entries[:_MOST] if isinstance(entry, dict))
    return tuple(key for key in found if key is not None)


def _key(entry: Mapping[str, Any]) -> PublicKey | None:
    family, curve, kid = entry.get("kty"), entry.get("crv"), entry.get("kid")
    if not isinstance(family, str) or not (curve is None or isinstance(curve, str)):
        return None
    algorithm = _BY_KIND.get((family, None if family == "RSA" else curve))
    if (
        algorithm is None
        or entry.get("use", "sig") != "sig"
        or entry.get("alg", algorithm) != algorithm
        or not (kid is None or isinstance(kid, str))
        or "d" in entry  # a private key that lies open proves nothing
    ):
        return None
    try:
        key = jwt.PyJWK(dict(entry), algorithm=algorithm).key
    except (jwt.exceptions.PyJWTError, ValueError, TypeError, KeyError) as error:
        log.warning("a key of an issuer cannot be read: %s", error)
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA:
        log.warning("a key of an issuer has only %d bits", key.key_size)
        return None
    return PublicKey(kid=kid, algorithm=algorithm, key=key)


def choose(keys: Iterable[PublicKey], kid: str | None, algorithm: str) -> list[PublicKey]:
    """The keys that may have signed a token; all of the algorithm's where it names none."""
    return [key for key in keys if key.algorithm == algorithm and (kid is None or key.kid == kid)]
