"""The keys with which this server signs tokens of its own: kept in one file, and rotated.

Tokens are ES256 (RFC 7518), short, and meant for this server alone. A key that was replaced is
published until no token of it can be alive.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from strongroom.auth import jwks
from strongroom.auth.jwks import PublicKey
from strongroom.domain import ids
from strongroom.domain.times import iso, parse_iso
from strongroom.errors import StrongroomError
from strongroom.storage import durable

ALGORITHM = "ES256"
#: how long a key is published after it was replaced; longer than any token lives
PUBLISHED = timedelta(days=2)
MAX_LIFETIME = 24 * 3600  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    kid: str
    created: datetime
    #: None while it signs
    retired: datetime | None
    pem: str

    def public(self) -> dict[str, Any]:
        private = serialization.load_pem_private_key(self.pem.encode(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError(f"the key {self.kid} is none of an elliptic curve")
        entry = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        return {**entry, "kid": self.kid, "use": "sig", "alg": ALGORITHM}


class SigningKeys:
    """The file of keys; safe to share between threads, and with commands that rotate them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: list[_Key] = []
        self._public: tuple[PublicKey, ...] = ()

    def sign(self, claims: dict[str, Any], now: datetime) -> str:
        """A token with these claims, of the type of RFC 9068."""
        key = next(key for key in self._load(now) if key.retired is None)
        return jwt.encode(
            claims, key.pem, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": "at+jwt"}
        )

    def find(self, kid: str | None, algorithm: str) -> list[PublicKey]:
        """The keys that may have signed a token of ours."""
        with self._lock:
            if not self._path.exists():
                return []
            self._read()
            return jwks.choose(self._public, kid, algorithm)

    def published(self, now: datetime) -> dict[str, Any]:
        """The JWK set for others; the public halves only."""
        return {"keys": [key.public() for key in self._load(now)]}

    def rotate(self, now: datetime) -> str:
        """Sign with a new key from now on; its id. Keys that are long out of use are dropped."""
        with self._lock:
            if self._path.exists():
                self._read()
            kept = [
                _Key(kid=k.kid, created=k.created, retired=k.retired or now, pem=k.pem)
                for k in self._keys
                if k.retired is None or k.retired + PUBLISHED > now
            ]
            fresh = _new(now)
            self._write([fresh, *kept], replace=True)
            self._read()
            return fresh.kid

    def _load(self, now: datetime) -> list[_Key]:
        with self._lock:
            if not self._path.exists():
                self._write([_new(now)], replace=False)
            self._read()
            return self._keys

    def _read(self) -> None:
        """Look into the file if it has changed. StrongroomError if others could read it."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                seen = (status.st_ino, status.st_mtime_ns, status.st_size)
                if status.st_mode & 0o077:
                    raise StrongroomError(
                        f"{self._path} holds the keys that sign tokens, and others than its owner "
                        "may read or write it. Set its mode to 0600, and rotate the keys "
                        "('strongroom keys rotate').",
                        code="signing-keys",
                    )
                if seen == self._seen:
                    return
                document = json.loads(file.read())
            self._keys = [
                _Key(
                    kid=entry["kid"],
                    created=parse_iso(entry["created"]),
                    retired=parse_iso(entry["retired"]) if entry["retired"] else None,
                    pem=entry["pem"],
                )
                for entry in document["keys"]
            ]
            listed = {"keys": [key.public() for key in self._keys]}
            self._public = jwks.read(json.dumps(listed).encode())
            self._seen = seen
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StrongroomError(
                "The keys that sign tokens cannot be read.",
                code="signing-keys",
                operator=f"{self._path}: {type(error).__name__}; if it is damaged, remove it: a "
                "new one is made, and tokens that were issued before are refused",
            ) from error

    def _write(self, keys: list[_Key], *, replace: bool) -> None:
        body = json.dumps(
            {
                "format": 1,
                "keys": [
                    {
                        "kid": key.kid,
                        "created": iso(key.created),
                        "retired": iso(key.retired) if key.retired else None,
                        "pem": key.pem,
                    }
                    for key in keys
                ],
            },
            indent=2,
        ).encode()
        durable.make_folders(self._path.parent)
        # mode 0600 from the first moment
        descriptor, temporary = tempfile.mkstemp(prefix=".token-keys-", dir=self._path.parent)
        try:
            try:
                durable.write(descriptor, body)
                durable.sync_file(descriptor)
            finally:
                os.close(descriptor)
            if replace:
                durable.rename(temporary, self._path)
            else:
                durable.rename_new(temporary, self._path)
            durable.sync_folder(self._path.parent)
        except FileExistsError:
            # another process was first, and its keys are as good
            durable.unlink(temporary)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _new(now: datetime) -> _Key:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _Key(kid=ids.mint(), created=now, retired=None, pem=pem.decode())
