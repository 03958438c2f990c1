"""Deposits from catalogue identifiers: a table file, and an HTTP identity service."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from support import workflow
from support.server import Server, free_port, run_command
from support.shapes import assert_problem, assert_shape
from support.workflow import local, make_container, ok

RECORDS = {
    "372705": {"repositoryuri": "https://old.example/repository/cc/ids/item-1", "title": "One"},
    "a b/c?d&é": {"repositoryuri": "https://old.example/repository/ids/odd", "title": "Odd"},
    "no-path": {"title": "No path"},
    "bad-path": {"repositoryuri": "https://old.example/repository/ids/a b~c", "title": "Bad"},
}


class Identities(BaseHTTPRequestHandler):
    """An identity service of the shape that the contract describes."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/v1/ids":
            found = RECORDS.get(query["q"])
            hits = [found] if found else []
            if query["q"] == "many":
                hits = [
                    {"repositoryuri": f"https://old.example/repository/ids/m{n}", "title": f"M{n}"}
                    for n in range(2)
                ]
            answer: object = {"results": hits} if query["s"] == "wrapped" else hits
            self.reply(200, json.dumps(answer).encode())
            return
        value = unquote(parts.path.removeprefix("/api/v1/ids/"))
        if value == "slow":
            time.sleep(3)
        if value == "broken":
            self.reply(500, b"stack trace with secrets")
        elif value == "garbage":
            self.reply(200, b"<html>not json</html>")
        elif self.headers.get("X-API-KEY") != "top-secret-key":
            self.reply(401, b"{}")
        elif value in RECORDS:
            self.reply(200, json.dumps(RECORDS[value]).encode())
        else:
            self.reply(404, b"{}")

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def identities() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Identities)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture(scope="module")
def resolving(
    tmp_path_factory: pytest.TempPathFactory, identities: str
) -> Iterator[tuple[Server, httpx.Client]]:
    """A server with resolvers of every kind."""
    folder = tmp_path_factory.mktemp("identifiers")
    (folder / "catalogue.csv").write_text(
        "schema,value,path,name,template\n"
        "catalogue,MS 17,ids/ms-17,The seventeenth manuscript,RootLevel\n"
        "catalogue,MS 18,ids/ms-18,,\n"
        "catalogue,twice,ids/first,First,\n"
        "catalogue,twice,ids/second,Second,\n"
        "other,MS 19,ids/ms-19,Other schema,\n",
        encoding="utf-8",
    )
    (folder / "table.json").write_text(
        json.dumps([{"schema": "json", "value": "ü-1", "path": "ids/json-1", "name": "Ünicode"}]),
        encoding="utf-8",
    )
    config = folder / "identifiers.toml"
    config.write_text(
        f"""
[schemas.catalogue]
table = "catalogue.csv"

[schemas.json]
table = "table.json"

[schemas.id]
service = "{identities}/"
fields = {{ path = "repositoryuri", name = "title" }}
repository_root = "https://old.example/repository/"
replace = {{ "cc/" = "" }}
header = {{ name = "X-API-KEY", env = "IDENTITY_API_KEY" }}
timeout = 1.0

[schemas.irn]
service = "{identities}"
repository_root = "https://old.example/repository/"

[schemas.wrapped]
service = "{identities}"
results = "results"
repository_root = "https://old.example/repository/"

[schemas.dead]
service = "http://127.0.0.1:{free_port()}"
path = "/api/v1/ids/{{value}}"
"""
    )
    server = Server(
        folder / "data",
        folder / "server.log",
        env={"STRONGROOM_IDENTIFIERS": str(config), "IDENTITY_API_KEY": "top-secret-key"},
    )
    try:
        server.start()
        with workflow.connect(server.url) as client:
            make_container(client, "ids")
            yield server, client
    finally:
        server.kill()


@pytest.fixture
def ask(resolving: tuple[Server, httpx.Client]) -> Callable[..., httpx.Response]:
    def post(schema: str, value: str, **more: object) -> httpx.Response:
        body = {"schema": schema, "value": value, **more}
        return resolving[1].post("/deposits/from-identifier", json=body)

    return post


@pytest.mark.parametrize(
    ("schema", "value", "path", "name"),
    [
        ("catalogue", "MS 17", "ids/ms-17", "The seventeenth manuscript"),
        ("catalogue", "MS 18", "ids/ms-18", None),
        ("json", "ü-1", "ids/json-1", "Ünicode"),
        ("id", "372705", "ids/item-1", "One"),
        ("irn", "a b/c?d&é", "ids/odd", "Odd"),
        ("wrapped", "a b/c?d&é", "ids/odd", "Odd"),
    ],
)
def test_a_known_identifier_makes_a_deposit(
    resolving: tuple[Server, httpx.Client],
    ask: Callable[..., httpx.Response],
    schema: str,
    value: str,
    path: str,
    name: str | None,
) -> None:
    server, client = resolving
    answer = ok(ask(schema, value), 201)
    deposit = answer.json()
    assert_shape("Deposit", deposit)
    assert answer.headers["location"] == "/deposits/" + deposit["id"].rpartition("/")[2]
    assert deposit["archivalGroup"] == f"{server.url}/repository/{path}"
    assert deposit["archivalGroupName"] == name
    assert schema in deposit["submissionText"]
    assert value in deposit["submissionText"]
    # the same identifier again finds the group taken by an active deposit
    assert_problem(ask(schema, value), 409)
    ok(client.delete(deposit["id"]), 204)


def test_the_template_of_the_request_or_of_the_table(
    resolving: tuple[Server, httpx.Client], ask: Callable[..., httpx.Response]
) -> None:
    client = resolving[1]
    for more, mets in (
        ({}, "mets.xml"),
        ({"template": "BagIt"}, "data/mets.xml"),
    ):
        deposit = ok(ask("catalogue", "MS 17", **more), 201).json()
        assert (local(deposit["files"]) / mets).is_file()
        ok(client.delete(deposit["id"]), 204)


def test_an_unknown_identifier_is_404(ask: Callable[..., httpx.Response]) -> None:
    for schema in ("catalogue", "json", "id", "irn", "wrapped"):
        problem = assert_problem(ask(schema, "nothing-like-it"), 404)
        assert "nothing-like-it" in problem["detail"]
    # another schema's entry in the same table does not count
    assert_problem(ask("catalogue", "MS 19"), 404)


def test_an_ambiguous_identifier_is_409_with_its_candidates(
    ask: Callable[..., httpx.Response],
) -> None:
    assert_problem(ask("catalogue", "twice"), 409, errors={"ids/first", "ids/second"})
    assert_problem(ask("irn", "many"), 409, errors={"ids/m0", "ids/m1"})


@pytest.mark.parametrize(
    ("schema", "value", "status"),
    [("dead", "x", 502), ("id", "broken", 502), ("id", "garbage", 502), ("id", "slow", 504)],
)
def test_an_unreachable_service_is_told_apart(
    resolving: tuple[Server, httpx.Client],
    ask: Callable[..., httpx.Response],
    schema: str,
    value: str,
    status: int,
) -> None:
    answer = ask(schema, value)
    assert_problem(answer, status)
    for secret in ("top-secret-key", "stack trace"):
        assert secret not in answer.text
    assert "top-secret-key" not in resolving[0].log_text()


@pytest.mark.contract("19.POST-from-identifier.400", "19.POST-from-identifier.500")
def test_a_record_that_names_no_path(ask: Callable[..., httpx.Response]) -> None:
    assert_problem(ask("id", "no-path"), (422, 502))
    assert_problem(ask("id", "bad-path"), (400, 422, 502))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schema": "catalogue"},
        {"value": "MS 17"},
        {"schema": "", "value": "MS 17"},
        {"schema": "catalogue", "value": "  "},
        {"schema": 5, "value": "MS 17"},
        {"schema": "unheard-of", "value": "MS 17"},
        {"schema": "catalogue", "value": "MS 17", "template": "Other"},
    ],
)
def test_a_bad_request_is_refused(
    resolving: tuple[Server, httpx.Client], body: dict[str, object]
) -> None:
    client = resolving[1]
    before = client.get("/deposits").json()["total"]
    problem = assert_problem(client.post("/deposits/from-identifier", json=body), 400)
    if body.get("schema") == "unheard-of":
        assert "catalogue" in json.dumps(problem)
    assert client.get("/deposits").json()["total"] == before


def test_without_resolvers_the_answer_says_so(client: httpx.Client) -> None:
    body = {"schema": "catalogue", "value": "MS 17"}
    assert_problem(client.post("/deposits/from-identifier", json=body), 400)


def test_a_bad_configuration_stops_the_start(tmp_path: Path) -> None:
    config = tmp_path / "identifiers.toml"
    config.write_text('[schemas.x]\ntable = "absent.csv"\nunheard = 1\n')
    ended = run_command(
        "serve",
        "--data",
        str(tmp_path / "data"),
        "--port",
        str(free_port()),
        env={"STRONGROOM_IDENTIFIERS": str(config)},
        timeout=30,
    )
    assert ended.returncode not in (0, -9)
    told = ended.stdout + ended.stderr
    assert "identifiers.toml" in told
    assert "unheard" in told
    assert "Traceback" not in told
