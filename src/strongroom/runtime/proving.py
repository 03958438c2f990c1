"""How callers prove who they are, as settings say.

Loaded by servers with authentication, and to rotate keys: it brings cryptography along.
"""

from __future__ import annotations

import logging

from strongroom import config
from strongroom.auth.issuers import Issuer
from strongroom.auth.signing import SigningKeys
from strongroom.auth.verify import Accepted, Verifier
from strongroom.config import Settings
from strongroom.domain.times import utc_now
from strongroom.services.authentication import Authentication

log = logging.getLogger(__name__)

#: file in the data folder with the keys that sign tokens
TOKEN_KEYS = "token-keys.json"  # noqa: S105


def authentication(settings: Settings) -> Authentication:
    """All that proves callers, with the keys of this data folder."""
    issuers = config.listed(settings.oidc_issuers)
    audiences = config.listed(settings.oidc_audience)
    signer = SigningKeys(settings.data / TOKEN_KEYS)
    own = settings.public_url
    accepted = {url: Accepted(keys=Issuer(url), audiences=audiences) for url in issuers}
    accepted[own] = Accepted(keys=signer, audiences=[own])
    clients = config.listed(settings.identity_clients)
    if settings.host.strip("[]") not in config.LOOPBACK and own.startswith("http://"):
        log.warning(
            "clients send tokens and keys to %s without encryption; put a proxy with TLS in front "
            "and set public_url to its https address",
            own,
        )
    return Authentication(
        tokens=Verifier(issuers=accepted, skew=settings.clock_skew),
        signer=signer,
        own_issuer=own,
        lifetime=settings.token_lifetime,
        trusted_clients=None
        if clients == ["*"]
        else frozenset(client for client in clients if client != "none"),
    )


def rotate_token_keys(settings: Settings) -> str:
    """Sign tokens with a new key from now on; its id."""
    return SigningKeys(settings.data / TOKEN_KEYS).rotate(utc_now())
