"""A small OIDC issuer as a program of its own: discovery, keys, tokens for clients, rotation.

``python issuer_process.py PORT``. Beside what an issuer has, ``POST /sign`` signs whatever a test
asks for, and ``POST /rotate`` replaces all keys; ``GET /asked`` counts what was fetched.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

CLIENT, SECRET = "digitiser", "a secret of the client"
KINDS = ("RS256", "ES256", "EdDSA")


class Keys:
    def __init__(self) -> None:
        self.generation = 0
        self.private: dict[str, Any] = {}
        self.asked = {"configuration": 0, "keys": 0}
        self.rotate()

    def rotate(self) -> None:
        self.generation += 1
        self.private = {
            "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        }
        #: for encryption alone, and too short: neither may prove anything
        self.encryption = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.short = rsa.generate_private_key(public_exponent=65537, key_size=1024)

    def kid(self, kind: str) -> str:
        return f"{kind}-{self.generation}"

    def published(self) -> dict[str, Any]:
        algorithms = get_default_algorithms()
        entries = []
        for kind in KINDS:
            entry = algorithms[kind].to_jwk(self.private[kind].public_key(), as_dict=True)
            entries.append({**entry, "kid": self.kid(kind), "use": "sig", "alg": kind})
        for kid, key, use in (("enc", self.encryption, "enc"), ("short", self.short, "sig")):
            entry = algorithms["RS256"].to_jwk(key.public_key(), as_dict=True)
            entries.append({**entry, "kid": kid, "use": use})
        secret = base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
        entries.append({"kty": "oct", "k": secret, "kid": "shared", "use": "sig"})
        return {"keys": entries}

    def sign(self, claims: dict[str, Any], kind: str, header: dict[str, Any]) -> str:
        if kind in ("enc", "short"):
            key = self.encryption if kind == "enc" else self.short
            return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kind, **header})
        if kind == "shared":
            return jwt.encode(claims, b"k" * 32, algorithm="HS256", headers={"kid": "shared"})
        headers = {"kid": self.kid(kind), **header}
        return jwt.encode(claims, self.private[kind], algorithm=kind, headers=headers)


class Handler(BaseHTTPRequestHandler):
    keys: Keys
    url: str

    def log_message(self, *_: Any) -> None:
        return

    def do_GET(self) -> None:
        if self.path == "/.well-known/openid-configuration":
            self.keys.asked["configuration"] += 1
            self.answer(
                {
                    "issuer": self.url,
                    "jwks_uri": f"{self.url}/keys",
                    "token_endpoint": f"{self.url}/token",
                }
            )
        elif self.path == "/keys":
            self.keys.asked["keys"] += 1
            self.answer(self.keys.published())
        elif self.path == "/asked":
            self.answer(self.keys.asked)
        else:
            self.answer({"error": "not found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/sign":
            sent = json.loads(body)
            token = self.keys.sign(sent["claims"], sent["kind"], sent["header"])
            self.answer({"token": token})
        elif self.path == "/rotate":
            self.keys.rotate()
            self.answer({})
        elif self.path == "/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            good = form.get("client_id") == CLIENT and form.get("client_secret") == SECRET
            if not good or form.get("grant_type") != "client_credentials":
                self.answer({"error": "invalid_client"}, 401)
                return
            now = int(time.time())
            claims = {"iss": self.url, "aud": form["scope"], "sub": CLIENT, "azp": CLIENT}
            times = {"iat": now, "nbf": now, "exp": now + 300}
            token = self.keys.sign({**claims, **times}, "RS256", {})
            self.answer({"access_token": token, "token_type": "Bearer", "expires_in": 300})
        else:
            self.answer({"error": "not found"}, 404)

    def answer(self, document: Any, status: int = 200) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    port = int(sys.argv[1])
    Handler.keys, Handler.url = Keys(), f"http://localhost:{port}"
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
