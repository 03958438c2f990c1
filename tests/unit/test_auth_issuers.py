"""Keys of an issuer: what is asked, how often, and which answers are not believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from strongroom.auth import issuers, jwks
from strongroom.auth.issuers import Issuer, is_safe
from strongroom.errors import Unavailable

URL = "https://issuer.example/tenant"
CONFIGURATION = f"{URL}/.well-known/openid-configuration"
KEYS = "https://keys.example/set"


def entry(kid: str) -> dict[str, Any]:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**ECAlgorithm.to_jwk(public, as_dict=True), "kid": kid}


class World:
    """An issuer that answers what a test says, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[str] = []
        self.configuration: Any = {"issuer": URL, "jwks_uri": KEYS}
        self.kids = ["one"]
        self.answer: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
        self.issuer = Issuer(URL, clock=lambda: self.now, wire=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if (made := self.answer(request)) is not None:
            return made
        if str(request.url) == CONFIGURATION:
            return httpx.Response(200, json=self.configuration)
        return httpx.Response(200, json={"keys": [entry(kid) for kid in self.kids]})

    def has(self, kid: str) -> bool:
        return bool(self.issuer.find(kid, "ES256"))


@pytest.fixture
def world() -> World:
    return World()


def test_keys_are_fetched_once_and_kept_for_an_hour(world: World) -> None:
    assert all(world.has("one") for _ in range(10))
    assert world.asked == [CONFIGURATION, KEYS]
    world.now += issuers.FRESH + 1
    assert world.has("one")
    assert len(world.asked) == 4


def test_an_unknown_key_makes_us_ask_again_but_only_so_often(world: World) -> None:
    assert world.has("one")
    world.kids = ["two"]
    assert world.has("two")
    assert not world.has("one")
    for _ in range(100):
        assert not world.has("three")
    fetches = len(world.asked) // 2
    assert fetches == 1 + issuers.BURST
    world.now += issuers.REFILL + 1
    world.kids = ["three"]
    assert world.has("three")
    assert not world.has("four")
    assert len(world.asked) // 2 == fetches + 1


def test_a_dead_issuer_is_survived_for_a_day(world: World) -> None:
    assert world.has("one")
    world.answer = lambda _: httpx.Response(500)
    world.now += issuers.FRESH + 1
    assert world.has("one")
    count = len(world.asked)
    assert world.has("one")  # it is not asked for each request
    assert len(world.asked) == count
    world.now += issuers.STALE
    with pytest.raises(Unavailable):
        world.has("one")
    world.answer = lambda _: None
    world.now += issuers.PAUSE + 1
    assert world.has("one")


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


UNUSABLE: dict[str, Callable[[World], None]] = {
    "no answer": lambda w: setattr(w, "answer", broken),
    "an error": lambda w: setattr(w, "answer", lambda _: httpx.Response(404)),
    "a redirect": lambda w: setattr(
        w, "answer", lambda _: httpx.Response(302, headers={"Location": KEYS})
    ),
    "no JSON": lambda w: setattr(w, "answer", lambda _: httpx.Response(200, text="<html>")),
    "deep JSON": lambda w: setattr(w, "answer", lambda _: httpx.Response(200, text="[" * 100_000)),
    "too long": lambda w: setattr(
        w, "answer", lambda _: httpx.Response(200, text=" " * (issuers.MAX_DOCUMENT + 1))
    ),
    "another issuer's": lambda w: w.configuration.update(issuer="https://evil.example"),
    "a slash more": lambda w: w.configuration.update(issuer=URL + "/"),
    "no issuer": lambda w: w.configuration.pop("issuer"),
    "a list": lambda w: setattr(w, "configuration", [1]),
    "keys over http": lambda w: w.configuration.update(jwks_uri="http://keys.example/set"),
    "keys on this machine": lambda w: w.configuration.update(jwks_uri="http://127.0.0.1:1/"),
    "keys in a file": lambda w: w.configuration.update(jwks_uri="file:///etc/passwd"),
    "keys nowhere": lambda w: w.configuration.update(jwks_uri=7),
    "keys that are none": lambda w: setattr(
        w,
        "answer",
        lambda r: httpx.Response(200, json={"x": 1}) if str(r.url) == KEYS else None,
    ),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_answers_that_cannot_be_used(
    world: World, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    UNUSABLE[what](world)
    with pytest.raises(Unavailable) as error:
        world.has("one")
    assert error.value.problem == "issuer-unreachable"
    assert URL in caplog.text
    count = len(world.asked)
    for _ in range(10):
        with pytest.raises(Unavailable):
            world.has("one")
    assert len(world.asked) == count


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x", True),
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("http://a.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost@evil.example", False),
        ("ftp://a.example", False),
        ("https:///x", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_only_safe_addresses_are_asked(url: str, safe: bool) -> None:
    assert is_safe(url) == safe


def test_only_public_keys_for_accepted_signatures_are_taken() -> None:
    long, short = (
        rsa.generate_private_key(public_exponent=65537, key_size=size) for size in (2048, 1024)
    )
    good = RSAAlgorithm.to_jwk(long.public_key(), as_dict=True)
    good.pop("key_ops", None)
    entries = [
        {**good, "kid": "good"},
        {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "other", "alg": "RS512"},
        {**good, "kid": 7},
        {**good, "kid": "broken", "n": "%%%"},
        {**RSAAlgorithm.to_jwk(long, as_dict=True), "kid": "private"},
        {**RSAAlgorithm.to_jwk(short.public_key(), as_dict=True), "kid": "short"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "EC", "crv": "P-521", "kid": "curve"},
        {"kty": ["RSA"], "kid": "list"},
        "text",
        entry("ec"),
    ]
    found = jwks.read(json.dumps({"keys": entries}).encode())
    assert [(key.kid, key.algorithm) for key in found] == [("good", "RS256"), ("ec", "ES256")]
    assert isinstance(jwt.PyJWK({**good, "kid": "x"}).key, rsa.RSAPublicKey)
