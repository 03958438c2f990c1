"""Proofs of who asks: renewed in time, sent to the server alone, and shown to nobody."""

from __future__ import annotations

import base64
import hashlib
import logging
import ssl
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from strongroom.client import ApiKey, Client, ClientCredentials, Retry, Tokens, Unreachable
from strongroom.client.digests import Digest
from strongroom.client.errors import NotAuthenticated, NotNow, UpstreamFailed
from strongroom.client.links import Link
from strongroom.errors import BadRequest
from strongroom.wire.resources import Binary
from support.flaky import DROP, Asked, Flaky, Said, flaky

SECRET = "sr_k1_very-secret"
SIGNATURE = "X-Amz-Signature=0123456789abcdef"


class Issuer:
    """Gives numbered tokens for one client, and answers to those that still count."""

    def __init__(self) -> None:
        self.given = 0
        self.counts: set[str] = set()
        self.lock = threading.Lock()

    def __call__(self, asked: Asked) -> Said:
        sent = asked.headers.get("authorization", "")
        if asked.path == "/v1/token":
            wanted = base64.b64encode(f"k1:{SECRET}".encode()).decode()
            if sent != f"Basic {wanted}" or asked.body != b"grant_type=client_credentials":
                refusal = {"error": "invalid_client", "error_description": "The key is wrong."}
                return Said(status=401, body=msgspec.json.encode(refusal))
            with self.lock:
                self.given += 1
                token = f"token-{self.given}"
            self.counts.add(f"Bearer {token}")
            answer = {"access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": ""}
            return Said(body=msgspec.json.encode(answer))
        if sent not in self.counts:
            return Said(status=401, body=b'{"code": "bad-token", "detail": "It has ended."}')
        return Said(body=b'{"id": "http://x/deposits/one"}')


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def server(issuer: Issuer) -> Iterator[Flaky]:
    with flaky(issuer) as running:
        yield running


def paths(server: Flaky) -> list[str]:
    return [asked.path for asked in server.asked]


def test_a_token_is_fetched_once_and_again_before_its_end(server, issuer):
    now = [0.0]
    proof = ClientCredentials("k1", SECRET, clock=lambda: now[0])
    with Client(server.url, auth=proof) as client:
        client.deposits.get("one")
        now[0] = 839.0
        client.deposits.get("one")
        assert paths(server) == ["/v1/token", "/deposits/one", "/deposits/one"]
        now[0] = 841.0
        client.deposits.get("one")
    assert paths(server)[3:] == ["/v1/token", "/deposits/one"]
    assert server.asked[-1].headers["authorization"] == "Bearer token-2"


def test_a_token_that_is_refused_is_renewed_one_time(server, issuer):
    with Client(server.url, auth=ClientCredentials("k1", SECRET)) as client:
        client.deposits.get("one")
        issuer.counts.clear()
        # a body can be sent again, and nothing was done by what was refused
        client.deposits.patch("one", name="New")
        assert issuer.given == 2
        server.steps = [Said(status=401), Said(body=server.answer(token_request()).body)]
        server.steps.append(Said(status=401))
        with pytest.raises(NotAuthenticated):
            client.deposits.get("one")
    assert paths(server)[-3:] == ["/deposits/one", "/v1/token", "/deposits/one"]


def token_request() -> Asked:
    basic = base64.b64encode(f"k1:{SECRET}".encode()).decode()
    return Asked(
        method="POST",
        path="/v1/token",
        headers={"authorization": f"Basic {basic}"},
        body=b"grant_type=client_credentials",
    )


def test_many_threads_fetch_one_token(server, issuer):
    proof = ClientCredentials("k1", SECRET)
    with Client(server.url, auth=proof) as client, ThreadPoolExecutor(8) as pool:
        list(pool.map(client.deposits.get, ["one"] * 24))
    assert issuer.given == 1
    assert len(server.asked) == 25


def test_tokens_of_an_issuer_are_asked_for_when_one_is_refused(server, issuer):
    tokens = iter(["old", "new"])
    issuer.counts.add("Bearer new")
    with Client(server.url, auth=Tokens(lambda: next(tokens))) as client:
        client.deposits.get("one")
        client.deposits.get("one")
    assert len(server.asked) == 3


def test_a_wrong_secret_is_told_in_the_words_of_the_server(server):
    client = Client(server.url, auth=ClientCredentials("k1", "sr_wrong"))
    with client, pytest.raises(NotAuthenticated, match="The key is wrong") as caught:
        client.deposits.get("one")
    assert caught.value.problem == "invalid_client"
    assert paths(server) == ["/v1/token"]


@pytest.mark.parametrize(
    ("step", "error"),
    [(DROP, Unreachable), (Said(status=503), NotNow), (Said(status=502), UpstreamFailed)],
)
def test_a_token_is_not_asked_for_twice(server, step, error):
    server.steps = [step]
    client = Client(server.url, auth=ClientCredentials("k1", SECRET))
    with client, pytest.raises(error):
        client.deposits.get("one")
    assert paths(server) == ["/v1/token"]


def test_the_proof_and_the_name_stay_with_the_server(server, issuer):
    stated = Digest(3, hashlib.sha256(b"abc").hexdigest()).header
    with flaky(lambda _: Said(body=b"abc", headers={"Repr-Digest": stated})) as bucket:
        issuer.counts.add(f"Bearer {SECRET}")
        with Client(server.url, "goobi", api_key=SECRET) as client:
            client.deposits.get("one")
            url = f"{bucket.url}/b/k?{SIGNATURE}"
            link = Link(path="a", method="PUT", url=url, headers={"x-amz-a": "1"}, expires=None)
            client.links.put(link, b"abc")
            there = Binary(id="x", content=f"{bucket.url}/storage-api/content/a", size=3)
            assert client.content.read(there) == b"abc"
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.asked[0].headers["x-client-identity"] == "goobi"
    assert len(bucket.asked) == 2
    for asked in bucket.asked:
        assert not {"authorization", "x-client-identity"} & asked.headers.keys()
    assert bucket.asked[0].headers["x-amz-a"] == "1"


def test_who_is_asked_elsewhere_says_what_to_do(server, issuer):
    with flaky(lambda _: Said(status=401)) as other:
        there = Binary(id="x", content=f"{other.url}/storage-api/content/a", size=3)
        client = Client(server.url, api_key=SECRET)
        with client, pytest.raises(NotAuthenticated) as caught:
            client.content.read(there)
        assert "storage_url" in caught.value.__notes__[0]
        client = Client(server.url, api_key=SECRET, storage_url=f"{other.url}/s")
        with client, pytest.raises(NotAuthenticated):
            client.content.read(there)
    assert "authorization" not in other.asked[0].headers
    assert other.asked[1].headers["authorization"] == f"Bearer {SECRET}"
    assert other.asked[1].path == "/s/content/a"


@pytest.mark.parametrize("outcome", ["well", "dropped", "refused", "moved", "nonsense"])
def test_no_secret_is_shown(server, outcome, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    steps = {
        "well": Said(),
        "dropped": DROP,
        "refused": Said(status=403, body=b""),
        "moved": Said(status=301, headers={"Location": "http://x.example/?of-elsewhere"}),
        "nonsense": Said(body=b"<html>"),
    }
    shown = []
    retry = Retry(attempts=2, first=0.001)
    link = Link(
        path="a", method="PUT", url=f"{server.url}/b/k?{SIGNATURE}", headers={}, expires=None
    )
    read = Link(
        path="a", method="GET", url=f"{server.url}/b/k?{SIGNATURE}", headers={}, expires=None
    )
    for proof in (ApiKey(SECRET), Tokens(lambda: SECRET), ClientCredentials("k1", SECRET)):
        with Client(server.url, auth=proof, retry=retry) as client:
            for call in (
                lambda c: c.deposits.get("one"),
                lambda c: c.links.put(link, b"abc"),
                lambda c: c.links.get(read, tmp_path / "a"),
            ):
                server.steps = [steps[outcome]] * 2
                try:
                    call(client)
                except Exception as error:
                    shown += [repr(error), *traceback.format_exception(error)]
            shown += [repr(thing) for thing in (client, client.transport, proof, link, read)]
    text = caplog.text + "".join(shown) + "".join(str(r.__dict__) for r in caplog.records)
    assert "HTTP Request" in text or outcome == "dropped"
    assert "of-elsewhere" not in "".join(shown)
    assert SECRET not in text
    assert SIGNATURE not in text
    assert base64.b64encode(f"k1:{SECRET}".encode()).decode() not in text
    assert "token-1" not in text


@pytest.mark.parametrize(
    "url",
    ["http://name:pass-word@server.test", "http://name@server.test", "http://server.test/?k=s"],
)
def test_an_address_with_a_secret_is_refused_without_showing_it(url):
    with pytest.raises(BadRequest) as caught:
        Client(url)
    assert "pass-word" not in str(caught.value) and "k=s" not in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "ä-key", "line\n", ""])
@pytest.mark.parametrize("make", [ApiKey, lambda key: ClientCredentials("k1", key)])
def test_a_key_that_is_none_is_refused_without_showing_it(make, key):
    with pytest.raises(BadRequest, match="holds a character that none has") as caught:
        make(key)
    assert not key or key not in str(caught.value)


def test_one_proof_is_enough():
    with pytest.raises(BadRequest, match="not both"):
        Client("http://server.test", api_key="k", auth=ApiKey("k"))


def test_a_certificate_that_nobody_vouches_for_gets_no_request(issuer, tmp_path):
    issuer.counts.add(f"Bearer {SECRET}")
    served, trusting = certificates(tmp_path)
    with flaky(issuer, tls=served) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        retry = Retry(attempts=1)
        client = Client(url, api_key=SECRET, retry=retry)
        with client, pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            client.deposits.get("one")
        assert server.asked == []
        with Client(url, api_key=SECRET, retry=retry, tls=trusting) as client:
            client.deposits.get("one")
        # another name than that in the certificate
        client = Client(url.replace("localhost", "127.0.0.1"), retry=retry, tls=trusting)
        with client, pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            client.deposits.get("one")
    assert len(server.asked) == 1


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server for ``localhost`` shows, and what trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(folder / "cert", folder / "key")
    return served, ssl.create_default_context(cafile=str(folder / "cert"))
