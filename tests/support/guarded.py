"""A server with authentication on, the issuer whose tokens it accepts, and keys for it.

What may be done with them is left to the tests.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from strongroom.db.engine import open_database
from strongroom.domain.grants import read_scope
from strongroom.domain.times import utc_now
from strongroom.services import keys
from support import issuer_process, postgres
from support.server import Server, environment, free_port
from support.workflow import NO_TLS

AUDIENCE = "api://strongroom"


class Issuer:
    """The issuer's process."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, verify=NO_TLS
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Issuer:
        program = Path(issuer_process.__file__)
        self._process = subprocess.Popen(
            [sys.executable, str(program), str(self.port)], env=environment({})
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if self._http.get("/asked").status_code == 200:
                    self._http.get("/keys")
                    return self
            assert self._process.poll() is None, "the issuer has died"
            time.sleep(0.05)
        raise AssertionError("the issuer did not start")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims with changes; None takes one away. Times are seconds from now."""
        now = time.time()
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "u-1", "iat": -5, "nbf": -5, "exp": 300}
        claims = {**good, **changes}
        return {
            name: int(now + value) if name in ("iat", "nbf", "exp") and _number(value) else value
            for name, value in claims.items()
            if value is not None
        }

    def token(
        self, kind: str = "RS256", *, header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token that this issuer signs."""
        document = {"claims": self.claims(**claims), "kind": kind, "header": dict(header or {})}
        answer = self._http.post("/sign", json=document)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["token"]
        return found

    def client_token(self) -> str:
        """A token that a client gets for its own id and secret."""
        form = {
            "grant_type": "client_credentials",
            "client_id": issuer_process.CLIENT,
            "client_secret": issuer_process.SECRET,
            "scope": AUDIENCE,
        }
        found: str = self._http.post("/token", data=form).json()["access_token"]
        return found

    def rotate(self) -> None:
        assert self._http.post("/rotate").status_code == 200

    def keys(self) -> dict[str, dict[str, Any]]:
        """What the issuer publishes, by kid."""
        return {key["kid"]: key for key in self._http.get("/keys").json()["keys"]}

    def asked(self) -> int:
        """How often its keys were fetched."""
        found: int = self._http.get("/asked").json()["keys"]
        return found


class Guarded:
    """A server that asks who one is; without an issuer it knows keys alone."""

    def __init__(self, server: Server, issuer: Issuer | None = None) -> None:
        self.server = server
        self.url = server.url
        self._issuer = issuer

    @property
    def issuer(self) -> Issuer:
        """Whose tokens it accepts."""
        assert self._issuer is not None
        return self._issuer

    def key(
        self,
        *scopes: str,
        name: str | None = None,
        names_agents: bool = False,
        lifetime: timedelta | None = timedelta(days=1),
    ) -> str:
        """A new API key."""
        return self.named_key(*scopes, name=name, names_agents=names_agents, lifetime=lifetime)[1]

    def named_key(
        self,
        *scopes: str,
        name: str | None = None,
        names_agents: bool = False,
        lifetime: timedelta | None = timedelta(days=1),
    ) -> tuple[str, str]:
        """The id of a new API key, and the key."""
        wanted = keys.NewKey(
            name=name or f"key-{secrets.token_hex(4)}",
            agent=None,
            scopes=[read_scope(scope) for scope in scopes],
            names_agents=names_agents,
            lifetime=lifetime,
        )
        with self._database() as db:
            key, text = keys.create(db, utc_now, wanted)
        return key.id, text

    def revoke(self, key_id: str) -> None:
        with self._database() as db:
            keys.revoke(db, utc_now, key_id)

    def _database(self) -> Any:
        told = postgres.environment_for(self.server.data)
        url = told.get("STRONGROOM_DATABASE", f"sqlite:///{self.server.data}/strongroom.db")
        return contextlib.closing(open_database(url))

    def client(self, proof: str | None, *, identity: str | None = None) -> httpx.Client:
        """A client that sends this proof, from an address of its own."""
        headers = {"Authorization": f"Bearer {proof}"} if proof else {}
        if identity is not None:
            headers["X-Client-Identity"] = identity
        address = "127." + ".".join(str(1 + secrets.randbelow(250)) for _ in range(3))
        return httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=60,
            transport=httpx.HTTPTransport(verify=NO_TLS, local_address=address),
            trust_env=False,
        )

    def user(self, name: str, *, groups: Sequence[str] = ()) -> httpx.Client:
        """A client of a person."""
        return self.client(
            self.issuer.token(preferred_username=name, sub=name, groups=list(groups))
        )


def settings_of(issuer: Issuer) -> dict[str, str]:
    """The environment of a server that accepts the tokens of an issuer."""
    return {
        "STRONGROOM_AUTHENTICATION": "on",
        "STRONGROOM_OIDC_ISSUERS": issuer.url,
        "STRONGROOM_OIDC_AUDIENCE": AUDIENCE,
    }


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
