"""Who asks: tokens of a real issuer, API keys, tokens of our own, and everything that is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from strongroom.api.attempts import BURST
from strongroom.auth.issuers import BURST as REFRESHES
from strongroom.domain import api_keys
from strongroom.runtime.proving import TOKEN_KEYS
from support import workflow
from support.guarded import Guarded, Issuer, settings_of
from support.issuer_process import CLIENT, KINDS
from support.server import Server, run_command
from support.shapes import assert_problem

PUBLIC = ("/", "/health", "/docs", "/openapi.json", "/problems", "/storage-api/health", "/v1/jwks")
PERSON = {"preferred_username": "ann@example.org"}


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server of this module alone, with the default role, and one client that is trusted."""
    folder = tmp_path_factory.mktemp("apart")
    with Issuer() as issuer:
        settings = {**settings_of(issuer), "STRONGROOM_IDENTITY_CLIENTS": "portal, other"}
        server = Server(folder / "data", folder / "server.log", env=settings)
        try:
            yield Guarded(server.start(), issuer)
            server.stop()
        finally:
            server.kill()


def me(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = workflow.ok(client.get("/v1/me")).json()
    return found


def assert_refused(answer: httpx.Response, *words: str, error: str | None) -> None:
    """401 with a problem, and a challenge as RFC 6750 has it."""
    assert_problem(answer, 401, *words)
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="strongroom"')
    assert (f'error="{error}"' in challenge) if error else ("error" not in challenge)


# --------------------------------------------------------------------------------- without proof


def test_without_proof_only_what_is_public_is_answered(guarded: Guarded) -> None:
    with guarded.client(None) as client:
        for path in PUBLIC:
            workflow.ok(client.get(path))
        for path in ("/deposits", "/repository/", "/agents", "/v1/me", "/storage-api/content/x"):
            assert_refused(client.get(path), "Say who you are", error=None)
        assert client.head("/repository/").status_code == 401


@pytest.mark.contract("17.27")
def test_a_name_alone_proves_nothing(guarded: Guarded) -> None:
    with guarded.client(None, identity="ann@example.org") as client:
        assert_refused(client.post("/deposits", json={}), error=None)


def test_other_schemes_are_refused(guarded: Guarded) -> None:
    with guarded.client(None) as client:
        for value in ("Basic YTpi", "Bearer", "Bearer a b", "Bearer \xe4"):
            headers = [(b"authorization", value.encode("latin-1"))]
            assert_refused(client.get("/v1/me", headers=headers), "Bearer", error="invalid_request")


def test_two_proofs_are_refused(guarded: Guarded) -> None:
    key = guarded.key("curator")
    with guarded.client(key) as client:
        answer = client.get("/v1/me", headers={"X-API-KEY": key})
        assert_refused(answer, "not both", error="invalid_request")
        twice = [("Authorization", f"Bearer {key}"), ("Authorization", "Bearer x")]
        with guarded.client(None) as plain:
            assert_refused(
                plain.get("/v1/me", headers=twice), "more than once", error="invalid_request"
            )


# ----------------------------------------------------------------------------- tokens of an issuer


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_of_the_issuer_are_accepted(guarded: Guarded, kind: str) -> None:
    with guarded.client(guarded.issuer.token(kind, **PERSON)) as client:
        found = me(client)
    assert found["agent"] == "ann@example.org"
    assert found["kind"] == "user"
    assert f"sub:{guarded.issuer.url}#u-1" in found["subjects"]


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "a@b", "name": "Ann B"}, "a@b"),
        ({"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "x", "name": "y"}, "x"),
        ({"name": "Ann Ägren"}, "Ann Ägren"),
        ({"preferred_username": "", "name": "Ann"}, "Ann"),
        ({"preferred_username": "a@b", "aud": ["other", "api://strongroom"]}, "a@b"),
    ],
)
def test_the_first_claim_that_names_a_person_counts(
    guarded: Guarded, claims: dict[str, Any], name: str
) -> None:
    token = guarded.issuer.token(**claims)
    with guarded.client(token, identity="someone else") as client:
        assert me(client)["agent"] == name


def test_clocks_may_differ_a_little(guarded: Guarded) -> None:
    for changes in ({"exp": -30}, {"nbf": 30, "iat": 30}):
        with guarded.client(guarded.issuer.token(**PERSON, **changes)) as client:
            assert me(client)["agent"] == "ann@example.org"


def part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def unsigned(issuer: Issuer, algorithm: str, **claims: Any) -> str:
    header = part({"alg": algorithm, "typ": "JWT", "kid": next(iter(issuer.keys()))})
    return f"{header}.{part({**issuer.claims(**PERSON), **claims})}."


def confused(issuer: Issuer, *, pem: bool) -> str:
    """HS256 with the issuer's public key as the shared secret."""
    entry = next(key for kid, key in issuer.keys().items() if kid.startswith("RS256"))
    secret = json.dumps(entry).encode()
    if pem:
        secret = jwt.PyJWK(entry).key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    signing = f"{part({'alg': 'HS256', 'kid': entry['kid']})}.{part(issuer.claims(**PERSON))}"
    signature = hmac.new(secret, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def of_an_attacker(issuer: Issuer, **header: Any) -> str:
    """A token with good claims and the attacker's own key, which the header points to."""
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    entry = jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key(), as_dict=True)
    header = {k: (entry if v == "own key" else v) for k, v in header.items()}
    return jwt.encode(issuer.claims(**PERSON), own, algorithm="RS256", headers=header)


def tampered(issuer: Issuer) -> str:
    header, _, signature = issuer.token(**PERSON).split(".")
    return f"{header}.{part(issuer.claims(preferred_username='root'))}.{signature}"


BAD: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "expired": (lambda i: i.token(**PERSON, exp=-90), "has expired"),
    "not yet valid": (lambda i: i.token(**PERSON, nbf=90), "not valid yet"),
    "issued in the future": (lambda i: i.token(**PERSON, iat=900), "not valid yet"),
    "without expiry": (lambda i: i.token(**PERSON, exp=None), "lacks the claim exp"),
    "expiry that is no number": (lambda i: i.token(**PERSON, exp="soon"), "The token"),
    "expiry beyond all numbers": (lambda i: unsigned(i, "RS256", exp=float("inf")), "The token"),
    "for others": (lambda i: i.token(**PERSON, aud="api://other"), "another audience"),
    "for nobody": (lambda i: i.token(**PERSON, aud=None), "lacks the claim aud"),
    "for none of a list": (lambda i: i.token(**PERSON, aud=[]), "The token"),
    "of another issuer": (lambda i: i.token(**PERSON, iss="https://evil.example"), "not accepted"),
    "of the issuer with a slash": (lambda i: i.token(**PERSON, iss=i.url + "/"), "not accepted"),
    "of no issuer": (lambda i: i.token(**PERSON, iss=None), "names no issuer"),
    "issuer that is a list": (lambda i: unsigned(i, "RS256", iss=[i.url]), "The token"),
    "alg none": (lambda i: unsigned(i, "none"), "not signed with one of"),
    "alg None": (lambda i: unsigned(i, "NoNe"), "not signed with one of"),
    "no signature": (lambda i: unsigned(i, "RS256"), "The token"),
    "HS256 with the public PEM": (lambda i: confused(i, pem=True), "not signed with one of"),
    "HS256 with the public JWK": (lambda i: confused(i, pem=False), "not signed with one of"),
    "HS256 with a published secret": (lambda i: i.token("shared", **PERSON), "not signed with"),
    "key for encryption": (lambda i: i.token("enc", **PERSON), "does not have"),
    "short key": (lambda i: i.token("short", **PERSON), "does not have"),
    "another algorithm than the key's": (
        lambda i: i.token("ES256", **PERSON, header={"kid": "RS256-1"}),
        "does not have",
    ),
    "unknown key": (lambda i: of_an_attacker(i, kid="x"), "does not have"),
    "known kid": (lambda i: of_an_attacker(i, kid=next(iter(i.keys()))), "signature"),
    "no kid": (lambda i: of_an_attacker(i), "signature"),
    "kid that leads to a file": (lambda i: of_an_attacker(i, kid="../../dev/null"), "not have"),
    "kid that is SQL": (lambda i: of_an_attacker(i, kid="' OR 1=1 --"), "does not have"),
    "key in the header": (lambda i: of_an_attacker(i, kid="x", jwk="own key"), "not have"),
    "address of keys": (lambda i: of_an_attacker(i, kid="x", jku="http://localhost:1/"), "not"),
    "address of a certificate": (lambda i: of_an_attacker(i, x5u="http://localhost:1/"), "sig"),
    "critical header": (lambda i: i.token(**PERSON, header={"crit": ["x"], "x": 1}), "The token"),
    "changed on the way": (tampered, "signature"),
    "cut short": (lambda i: i.token(**PERSON)[:-8], "The token"),
    "no token at all": (lambda _: "xyz", "no JSON Web Token"),
    "dots alone": (lambda _: "...", "no JSON Web Token"),
    "lists for parts": (lambda _: f"{part([])}.{part([])}.x", "no JSON Web Token"),
    "deep": (lambda _: f"{part({'alg': 'RS256'})}.{'W' * 4000}.x", "no JSON Web Token"),
    "huge": (lambda i: i.token(**PERSON, padding="x" * 13_000), "more than"),
    "no person and no client": (lambda i: i.token(sub=None), "neither a person nor a machine"),
    "a person's, without the name": (lambda i: i.token(azp=CLIENT), "neither a person nor a"),
    "a person's of Entra ID": (
        lambda i: i.token(appid=CLIENT, sub="s", oid="o", scp="access"),
        "neither a person nor a machine",
    ),
    "a name with a slash": (lambda i: i.token(name="Ann/IT"), "cannot be recorded"),
    "a name that is a list": (lambda i: i.token(preferred_username=["root"]), "recorded"),
    "a name of two lines": (lambda i: i.token(name="Ann\nroot"), "cannot be recorded"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_tokens_are_refused(guarded: Guarded, what: str) -> None:
    make, words = BAD[what]
    token = make(guarded.issuer)
    # the header must not make a machine of a person whose name cannot be used
    with guarded.client(token, identity="root") as client:
        answer = client.get("/v1/me")
    assert_refused(answer, words, error="invalid_token")
    assert token not in answer.text


def test_new_keys_are_fetched_but_unknown_ones_do_not_make_us_ask_without_end(
    apart: Guarded,
) -> None:
    with apart.client(apart.issuer.token(**PERSON)) as client:
        assert me(client)["agent"] == "ann@example.org"
    apart.issuer.rotate()
    before = apart.issuer.asked()
    for kind in KINDS:
        with apart.client(apart.issuer.token(kind, **PERSON)) as client:
            assert me(client)["agent"] == "ann@example.org"
    assert apart.issuer.asked() - before == 1
    with apart.client(None) as client:
        for number in range(3 * REFRESHES):
            token = of_an_attacker(apart.issuer, kid=f"unknown-{number}")
            answer = client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in (401, 429)
    assert apart.issuer.asked() - before <= REFRESHES + 1


# -------------------------------------------------------------------------------------- machines


def test_a_machine_says_for_whom_it_acts(guarded: Guarded) -> None:
    token = guarded.issuer.client_token()
    with guarded.client(token, identity="reading.room@example.org") as client:
        found = me(client)
    assert (found["agent"], found["kind"]) == ("reading.room@example.org", "client")
    # it has its own grants, not those of whom it names
    assert f"client:{CLIENT}" in found["subjects"]
    assert "agent:reading.room@example.org" not in found["subjects"]


@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "c", "sub": "c"},
        {"cid": "c", "sub": "c", "scp": ["x"]},
        {"azp": "c", "sub": "c@clients", "gty": "client-credentials"},
        {"appid": "c", "sub": "service-principal", "oid": "service-principal"},
        {"azp": "c", "sub": "s", "oid": "o", "idtyp": "app"},
        {"client_id": "c", "sub": None},
    ],
)
def test_machines_of_several_issuers_are_known(guarded: Guarded, claims: dict[str, Any]) -> None:
    with guarded.client(guarded.issuer.token(**claims), identity="ann") as client:
        found = me(client)
    assert (found["agent"], found["kind"]) == ("ann", "client")
    assert "client:c" in found["subjects"]


def test_a_machine_that_does_not_say_so_is_told_in_plain_text(guarded: Guarded) -> None:
    with guarded.client(guarded.issuer.client_token()) as client:
        answer = client.get("/deposits")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")
    assert "X-Client-Identity" in answer.text
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="strongroom"'


def test_names_of_agents_can_be_left_to_clients_that_are_trusted(apart: Guarded) -> None:
    with apart.client(apart.issuer.token(azp="portal", sub="portal"), identity="ann") as client:
        assert me(client)["agent"] == "ann"
        # what everyone may do who proved to be someone: all that an application does
        deposit = workflow.make_deposit(client)
        assert deposit["createdBy"] == f"{apart.url}/agents/ann"
    with apart.client(apart.issuer.client_token(), identity="ann") as client:
        assert_problem(client.get("/v1/me"), 403, "may not act for 'ann'")
    with apart.client(apart.issuer.client_token()) as client:
        assert me(client)["agent"] == CLIENT


# -------------------------------------------------------------------------------------- API keys


def test_a_key_is_sent_either_way(guarded: Guarded) -> None:
    key_id, key = guarded.named_key("reader:/a", "depositor:/b", name="scanner 3")
    with guarded.client(key) as client:
        found = me(client)
    with guarded.client(None) as client:
        other = workflow.ok(client.get("/v1/me", headers={"X-API-KEY": key})).json()
    assert found == other
    assert (found["agent"], found["kind"]) == ("scanner 3", "key")
    assert found["subjects"] == [f"key:{key_id}"]
    assert [(g["role"], g["path"]) for g in found["grants"]] == [
        ("reader", "/a"),
        ("depositor", "/b"),
    ]


def test_keys_that_do_not_count_are_refused_in_the_same_words(guarded: Guarded) -> None:
    revoked_id, revoked = guarded.named_key("curator")
    with guarded.client(revoked) as client:
        me(client)
        guarded.revoke(revoked_id)
        answers = [client.get("/v1/me")]
    expired = guarded.key("curator", lifetime=timedelta(seconds=-1))
    of_another_server = api_keys.mint()[1]
    for key in (expired, of_another_server):
        with guarded.client(key) as client:
            answers.append(client.get("/v1/me"))
    for answer in answers:
        assert_refused(answer, "not known, has expired, or was revoked", error="invalid_token")
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_a_mistyped_key_is_told_from_an_unknown_one(guarded: Guarded) -> None:
    key = guarded.key("curator")
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    for text in (wrong, key[:-1], key + "x", "sr_", "sr_" + "x" * 5000):
        with guarded.client(text) as client:
            assert_refused(client.get("/v1/me"), "This is no API key", error="invalid_token")


def test_a_key_acts_for_others_only_if_it_was_made_to(guarded: Guarded) -> None:
    key = guarded.key("curator", name="portal")
    with guarded.client(key, identity="portal") as client:
        assert me(client)["agent"] == "portal"
    with guarded.client(key, identity="director") as client:
        answer = client.post("/deposits", json={})
        assert assert_problem(answer, 403)["code"] == "identity-not-allowed"
    with guarded.client(guarded.key("curator", names_agents=True), identity="ann") as client:
        assert workflow.make_deposit(client)["createdBy"] == f"{guarded.url}/agents/ann"


def test_no_shared_cache_may_keep_what_one_caller_gets(
    guarded: Guarded, client: httpx.Client
) -> None:
    headers = {"X-API-KEY": guarded.key("reader")}
    with guarded.client(None) as caller:
        for path in ("/repository/", "/deposits", "/nothing"):
            answer = caller.get(path, headers=headers)
            assert answer.headers.get_list("Cache-Control") == ["private"], path
    # where nobody is asked, everyone gets the same
    assert "Cache-Control" not in client.get("/repository/").headers


# ----------------------------------------------------------------------------- tokens of our own


def ask(client: httpx.Client, form: Any, **more: Any) -> httpx.Response:
    return client.post("/v1/token", data=form, **more)


def test_a_key_is_exchanged_for_a_token(guarded: Guarded) -> None:
    key_id, key = guarded.named_key("reader:/a", name="harvester")
    grant = {"grant_type": "client_credentials"}
    with guarded.client(None) as client:
        form = {**grant, "client_id": key_id, "client_secret": key, "scope": "api://x/.default"}
        answers = [ask(client, form), ask(client, grant, auth=(key_id, key))]
    for answer in answers:
        found = workflow.ok(answer).json()
        assert answer.headers["Cache-Control"] == "no-store"
        assert (found["token_type"], found["expires_in"]) == ("Bearer", 900)
        assert found["scope"] == "reader:/a"
        with guarded.client(found["access_token"]) as client:
            shown = me(client)
        assert (shown["agent"], shown["subjects"]) == ("harvester", [f"key:{key_id}"])
    # others can prove it, with what is published
    with guarded.client(None) as client:
        metadata = client.get("/.well-known/oauth-authorization-server").json()
        published = client.get(metadata["jwks_uri"]).json()
    assert metadata["issuer"] == guarded.url
    assert metadata["token_endpoint"] == f"{guarded.url}/v1/token"
    assert all("d" not in entry for entry in published["keys"])
    key_set = jwt.PyJWKSet.from_dict(published)
    header = jwt.get_unverified_header(found["access_token"])
    claims = jwt.decode(
        found["access_token"],
        key_set[header["kid"]].key,
        algorithms=["ES256"],
        audience=guarded.url,
        issuer=guarded.url,
    )
    assert claims["client_id"] == key_id
    assert header["typ"] == "at+jwt"
    # and it is worth no more than the key
    guarded.revoke(key_id)
    with guarded.client(found["access_token"]) as client:
        assert_refused(client.get("/v1/me"), "revoked", error="invalid_token")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "a", "client_secret": "sr_x"},
            401,
            "invalid_client",
        ),
    ],
)
def test_bad_requests_for_tokens(
    guarded: Guarded, form: dict[str, str], status: int, error: str
) -> None:
    with guarded.client(None) as client:
        answer = ask(client, form or {"x": "y"})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.headers.get("WWW-Authenticate") == 'Basic realm="strongroom"') == (status == 401)


def test_a_key_is_no_secret_of_another_client(guarded: Guarded) -> None:
    (one, _), (_, secret) = guarded.named_key("curator"), guarded.named_key("reader")
    form = {"grant_type": "client_credentials", "client_id": one, "client_secret": secret}
    with guarded.client(None) as client:
        answer = ask(client, form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        both = ask(client, form, auth=(one, secret))
        assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
        twice = client.post(
            "/v1/token",
            content=b"grant_type=client_credentials&client_id=a&client_id=b",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
        large = ask(client, {"grant_type": "x" * 20_000})
        assert large.status_code == 413


def test_the_keys_that_sign_are_private_and_can_be_replaced(guarded: Guarded) -> None:
    key_id, key = guarded.named_key("reader", name="robot")
    form = {"grant_type": "client_credentials", "client_id": key_id, "client_secret": key}
    with guarded.client(None) as client:
        before = ask(client, form).json()["access_token"]
        file = guarded.server.data / TOKEN_KEYS
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        done = run_command("keys", "rotate", "--json", "--data", str(guarded.server.data))
        assert done.returncode == 0, done.stderr
        after = ask(client, form).json()["access_token"]
        published = {entry["kid"] for entry in client.get("/v1/jwks").json()["keys"]}
    kids = [jwt.get_unverified_header(token)["kid"] for token in (before, after)]
    assert kids[1] == json.loads(done.stdout)["kid"]
    assert set(kids) <= published
    for token in (before, after):
        with guarded.client(token) as client:
            assert me(client)["agent"] == "robot"


def test_a_token_of_ours_with_the_key_of_another_is_refused(guarded: Guarded) -> None:
    key_id, _ = guarded.named_key("curator")
    claims = {"iss": guarded.url, "aud": guarded.url, "client_id": key_id, "sub": key_id}
    token = guarded.issuer.token("ES256", **claims)
    with guarded.client(token) as client:
        assert_refused(client.get("/v1/me"), "does not have", error="invalid_token")
    # nor does the issuer's token for our own audience count
    with guarded.client(guarded.issuer.token(**PERSON, aud=guarded.url)) as client:
        assert_refused(client.get("/v1/me"), "another audience", error="invalid_token")


# ------------------------------------------------------------------------------ failures, the log


def test_many_failures_are_slowed_down_and_good_proofs_are_not(guarded: Guarded) -> None:
    with guarded.client("sr_guessed") as client:
        statuses = [client.get("/v1/me").status_code for _ in range(2 * BURST)]
        assert statuses[:BURST] == [401] * BURST
        assert statuses[-1] == 429
        assert client.get("/v1/me").headers["Retry-After"] == "5"
        good = {"Authorization": f"Bearer {guarded.key('reader')}"}
        assert client.get("/v1/me", headers=good).status_code == 200


def test_nothing_secret_is_logged(guarded: Guarded) -> None:
    key_id, key = guarded.named_key("reader:/a", name="logged")
    token = guarded.issuer.token(**PERSON)
    bad = tampered(guarded.issuer)
    for proof in (key, token, bad):
        with guarded.client(proof) as client:
            headers = {"x-correlation-id": f"seen-{proof[-6:]}"}
            client.get("/deposits", headers=headers)
    form = {"grant_type": "client_credentials", "client_id": key_id, "client_secret": key}
    with guarded.client(None) as client:
        own = ask(client, form).json()["access_token"]
        ask(client, {**form, "client_secret": key[:-1] + "-"})
    time.sleep(0.2)
    log = guarded.server.log_text()
    for secret in (key, token, bad, own, key[16:40]):
        assert secret not in log
    # but who was refused, and under which id, is
    assert "not authenticated: The token has a signature that is not its issuer's. (from" in log
    assert f"seen-{bad[-6:]}" in log
    assert "ann@example.org (user" in log
