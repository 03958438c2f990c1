"""The whole HTTP edge over stand-ins for the services: what only the edge decides."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote

import pytest
from litestar.testing import TestClient

from strongroom.api.app import create_app
from strongroom.api.settings import EdgeSettings
from strongroom.domain.deposits import Deposit
from strongroom.domain.importjob import Job, JobKind
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.resources import Kind, Node, Version
from strongroom.errors import (
    BadRequest,
    Conflict,
    Damaged,
    Fault,
    Forbidden,
    Gone,
    NotFound,
    OutOfSpace,
    StrongroomError,
    TooLarge,
    Unavailable,
    Unprocessable,
    UpstreamFailed,
    UpstreamTimeout,
)
from strongroom.services import (
    browse,
    containers,
    content,
    deposits,
    exports,
    files,
    health,
    imports,
    large,
    listings,
    revisions,
)
from strongroom.services.context import Context, Roots
from strongroom.services.views import ContainerView, Content, DepositPage, DepositView, JobView

WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
PUBLIC = "http://pres.example"
STORAGE = f"{PUBLIC}/storage-api"
DATA = b"some bytes"


def context() -> Context:
    fake = SimpleNamespace(
        root_uri="file:///ocfl/",
        storage_type="FileSystem",
        roots=Roots(public=PUBLIC, storage=STORAGE),
    )
    return cast("Context", fake)


def client_for(**settings: Any) -> TestClient[Any]:
    values: dict[str, Any] = {"public": PUBLIC, "storage": STORAGE, **settings}
    app = create_app(context(), settings=EdgeSettings(**values))
    return TestClient(app, base_url=PUBLIC, raise_server_exceptions=False)


@pytest.fixture(autouse=True)
def plain_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has a state of its own, and nothing is told in pieces."""
    monkeypatch.setattr(revisions, "look", Calls())
    monkeypatch.setattr(large, "group", Calls())
    monkeypatch.setattr(listings, "in_group", Calls())
    monkeypatch.setattr(listings, "page", Calls())


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Any]]:
    with client_for() as found:
        yield found


def view(**changes: Any) -> DepositView:
    values: dict[str, Any] = {
        "id": "kx7m2tq9ahwd",
        "created": WHEN,
        "created_by": "goobi",
        "modified": WHEN,
        "modified_by": "goobi",
        **changes,
    }
    return DepositView(deposit=Deposit(**values), files="file:///w/", group_exists=False)


def some_content(**changes: Any) -> Content:
    def read(start: int, length: int) -> Iterator[bytes]:
        yield DATA[start : start + length]

    values: dict[str, Any] = {
        "size": len(DATA),
        "content_type": "text/html",
        "digest": sha256(DATA).hexdigest(),
        "name": "é.html",
        "modified": WHEN,
        "read": read,
        **changes,
    }
    return Content(**values)


class Calls(list[tuple[Any, ...]]):
    """Stands in for a service: keeps its arguments (without the context) and answers."""

    def __init__(self, answer: Any = None) -> None:
        super().__init__()
        self._answer = answer

    def __call__(self, _ctx: Context, *arguments: Any, **named: Any) -> Any:
        self.append((*arguments, named) if named else arguments)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


# ------------------------------------------------------------------------ every answer


@pytest.mark.parametrize("path", ["/", "/nope", "/deposits?page=x", "/openapi.json"])
def test_every_answer_has_a_correlation_id_and_is_not_sniffed(
    client: TestClient[Any], path: str
) -> None:
    answer = client.get(path, headers={"x-correlation-id": "abc-1"})
    assert answer.headers["x-correlation-id"] == "abc-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    minted = client.get(path, headers={"x-correlation-id": "<evil> \x01"}).headers[
        "x-correlation-id"
    ]
    assert "evil" not in minted and len(minted) == 36


def test_no_such_path_and_no_such_method(client: TestClient[Any]) -> None:
    missing = client.get("/nope")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json; charset=utf-8"
    problem = missing.json()
    assert (problem["title"], problem["status"]) == ("Status 404", 404)
    assert problem["instance"] == missing.headers["x-correlation-id"]
    assert client.get(problem["type"]).status_code == 200
    wrong = client.delete("/deposits")
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert wrong.json()["code"] == "method-not-allowed"
    options = client.options("/deposits")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert client.get("/content/a").status_code == 404


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_foreign_hosts_and_origins(client: TestClient[Any], headers: dict[str, str]) -> None:
    assert client.get("/", headers=headers).status_code == 403
    assert client.get("/nope", headers=headers).status_code == 403
    with client_for(loopback_only=False) as open_to_all:
        assert open_to_all.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (BadRequest, 400),
        (Forbidden, 403),
        (NotFound, 404),
        (Gone, 410),
        (Conflict, 409),
        (Unprocessable, 422),
        (TooLarge, 413),
        (UpstreamFailed, 502),
        (UpstreamTimeout, 504),
        (Unavailable, 503),
        (OutOfSpace, 507),
        (Damaged, 500),
    ],
)
def test_errors_become_problems(
    client: TestClient[Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: type[StrongroomError],
    status: int,
) -> None:
    faults = [Fault(code="a-code", message=f"m{n}", path="p", expected="e") for n in range(3)]
    error = kind("what is wrong", code="a-code", faults=faults, operator="password=secret")
    monkeypatch.setattr(deposits, "get", Calls(error))
    answer = client.get("/deposits/x")
    problem = answer.json()
    assert answer.status_code == status
    assert (problem["detail"], problem["code"]) == ("what is wrong", "a-code")
    assert problem["type"] == "/problems/a-code"
    assert problem["retryable"] is kind.retryable
    assert [fault["message"] for fault in problem["errors"]] == ["m0", "m1", "m2"]
    assert "secret" not in answer.text
    assert "secret" in caplog.text and answer.headers["x-correlation-id"] in caplog.text


def test_the_unexpected_shows_no_internals(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deposits, "get", Calls(RuntimeError("at /srv/secret.py")))
    answer = client.get("/deposits/x")
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert answer.headers["x-correlation-id"] in record.getMessage()
    assert "secret" in caplog.text


# ------------------------------------------------------------------------ bodies


def test_no_body_null_and_an_empty_object_create_a_deposit(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(view())
    monkeypatch.setattr(deposits, "create", calls)
    json = {"content-type": "application/json"}
    answers = [
        client.post("/deposits"),
        client.post("/deposits", content=b"{}", headers=json),
        client.post("/deposits", content=b" null", headers=json),
    ]
    for answer in answers:
        assert answer.status_code == 201
        assert answer.headers["location"] == "/deposits/kx7m2tq9ahwd"
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.json()["id"] == f"{PUBLIC}/deposits/kx7m2tq9ahwd"
    assert calls == [("dlipdev", deposits.New())] * 3


def test_a_body_reaches_the_service(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(view())
    monkeypatch.setattr(deposits, "create", calls)
    monkeypatch.setattr(deposits, "patch", calls)
    sent = {
        "ArchivalGroup": "g",
        "archivalGroupName": "n",
        "SUBMISSIONTEXT": "s",
        "template": "bagit",
        "id": "ignored",
    }
    client.post("/Deposits/", json=sent, headers={"X-Client-Identity": "A. Person"})
    client.patch("/deposits/kx", json={"archived": "2026-01-01"})
    (agent, new), (_, deposit, changes) = calls
    assert agent == "A. Person"
    assert (new.archival_group, new.group_name, new.submission_text) == ("g", "n", "s")
    assert new.template == "BagIt"
    assert (deposit, changes.archived) == ("kx", "2026-01-01")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=UTF-8", 201),
        ("application/ld+json", 201),
        ("text/json", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-16", 415),
        (None, 415),
    ],
)
def test_bodies_are_json(
    client: TestClient[Any],
    monkeypatch: pytest.MonkeyPatch,
    content_type: str | None,
    status: int,
) -> None:
    monkeypatch.setattr(deposits, "create", Calls(view()))
    headers = {} if content_type is None else {"content-type": content_type}
    assert client.post("/deposits", content=b"{}", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"id":', "malformed-json"),
        (b'{"x":' * 100_000, "malformed-json"),
        (b"[" * 100_000, "wrong-type"),
        (b'{"isUpdate":"true"}', "wrong-type"),
        (b'{"binariesToAdd":[{"size":"x"}]}', "bad-job"),
        (b"", "missing-body"),
        (b"null", "missing-body"),
    ],
)
def test_bad_bodies(client: TestClient[Any], body: bytes, code: str) -> None:
    json = {"content-type": "application/json"}
    answer = client.post("/deposits/x/importJobs", content=body, headers=json)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_body_has_a_limit() -> None:
    with client_for(max_json=100) as client:
        json = {"content-type": "application/json"}
        answer = client.post("/deposits", content=b" " * 101, headers=json)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")

        def chunked() -> Iterator[bytes]:
            yield b" " * 60
            yield b" " * 60

        assert client.post("/deposits", content=chunked(), headers=json).status_code == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/deposits"),
        ("POST", "/deposits/from-identifier"),
        ("POST", "/deposits/export"),
        ("PATCH", "/deposits/x"),
        ("PUT", "/repository/a"),
        ("PUT", "/storage-api/repository/a"),
        ("POST", "/activity/archivalgroups/collection"),
    ],
)
def test_small_bodies_have_a_small_limit(client: TestClient[Any], method: str, path: str) -> None:
    headers = {"content-type": "application/json"}
    long = {**headers, "content-length": str((1 << 20) + 1)}
    answer = client.request(method, path, content=b"{" + b" " * (1 << 20), headers=long)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")

    def chunked() -> Iterator[bytes]:
        for _ in range(17):
            yield b" " * (1 << 16)

    answer = client.request(method, path, content=chunked(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_an_import_job_is_larger_than_other_bodies(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "submit", Calls(import_view()))
    body = b'{"id":"x"' + b" " * (2 << 20) + b"}"
    json = {"content-type": "application/json"}
    assert client.post("/deposits/x/importJobs", content=body, headers=json).status_code == 201
    with client_for(max_json=1000) as strict:
        answer = strict.post("/deposits/x/importJobs", content=body, headers=json)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("name", ["a/b", " ", "x" * 256, "a\tb"])
def test_a_bad_agent(client: TestClient[Any], name: str) -> None:
    answer = client.post("/deposits", headers={"X-Client-Identity": name})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-identity")


def test_an_agent_beyond_ascii(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(view())
    monkeypatch.setattr(deposits, "create", calls)
    client.post("/deposits", headers={b"X-Client-Identity": "Jürgen".encode()})
    client.post("/deposits", headers={b"X-Client-Identity": "Jürgen".encode("latin-1")})
    assert [call[0] for call in calls] == ["Jürgen", "Jürgen"]


# ------------------------------------------------------------------------ routes


def test_the_list_reads_its_query_and_links_its_pages(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(DepositPage(deposits=(view(),), page=2, page_size=1, total=3))
    monkeypatch.setattr(deposits, "query", calls)
    answer = client.get("/deposits?Query.Page=2&PAGESIZE=1&CreatedBy=a%20b&showAll=True")
    assert answer.status_code == 200
    (question,) = calls[0]
    assert (question.page, question.page_size, question.created_by) == (2, 1, "a b")
    assert question.show_all is True
    body = answer.json()
    assert (body["page"], body["pageSize"], body["total"]) == (2, 1, 3)
    assert body["deposits"][0]["createdBy"] == f"{PUBLIC}/agents/goobi"
    links = answer.headers["link"]
    for name, page in (("first", 1), ("prev", 1), ("next", 3), ("last", 3)):
        assert f'page={page}&pageSize=1&createdBy=a+b&showAll=True>; rel="{name}"' in links


@pytest.mark.parametrize(
    ("query", "force"), [("", False), ("?force=true", True), ("?Force=True", True)]
)
def test_locking(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch, query: str, force: bool
) -> None:
    calls = Calls()
    monkeypatch.setattr(deposits, "lock", calls)
    assert client.post(f"/deposits/x/lock{query}").status_code == 204
    assert calls == [("dlipdev", "x", {"force": force})]


def test_a_flag_that_is_none_names_itself(client: TestClient[Any]) -> None:
    answer = client.post("/deposits/x/lock?force=maybe")
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert (fault["path"], fault["expected"]) == ("force", "true or false")


def container(path: str) -> Node:
    version = Version(number=1, created=WHEN, agent="goobi")
    return Node(path=RepositoryPath(path), kind=Kind.CONTAINER, name=None, versions=(version,))


def test_containers(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made, gone = Calls(container("maps/X y".replace(" ", "-"))), Calls()
    monkeypatch.setattr(containers, "create", made)
    monkeypatch.setattr(containers, "delete", gone)
    answer = client.put("/REPOSITORY/maps/X-y/")
    assert answer.status_code == 201
    assert answer.headers["location"] == answer.json()["id"] == f"{PUBLIC}/repository/maps/X-y"
    client.put("/repository/maps/X-y", json={"Name": "The X"})
    assert made == [("dlipdev", "maps/X-y", None), ("dlipdev", "maps/X-y", "The X")]
    answer = client.put("/storage-api/repository/maps/X-y")
    assert answer.headers["location"] == f"{STORAGE}/repository/maps/X-y"
    assert client.delete("/repository/a?Purge=True").status_code == 204
    assert client.delete("/repository/a").status_code == 204
    assert gone == [("dlipdev", "a", {"purge": True}), ("dlipdev", "a", {"purge": False})]


async def ask(method: str, raw_path: str, *headers: tuple[bytes, bytes]) -> list[Any]:
    """What the application sends for a request whose path no client library has tidied."""
    app = create_app(context(), settings=EdgeSettings(public=PUBLIC, storage=STORAGE))
    sent: list[Any] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"pres.example"), *headers],
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(cast("Any", scope), receive, send)
    return sent


@pytest.mark.parametrize(
    "raw",
    [
        "a%2Fb",
        "a%2fb",
        "a//b",
        "/a",
        "../a",
        "a/../b",
        "a/./b",
        "a/%2e%2e",
        "a%00b",
        "%ff",
        "a" * 5000,
    ],
)
def test_bad_paths(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    never = Calls()
    monkeypatch.setattr(containers, "create", never)
    start, body = asyncio.run(ask("PUT", f"/repository/{raw}"))
    assert start["status"] == 400
    assert b'"code":"bad-path"' in body["body"] or b'"code":"path-too-long"' in body["body"]
    assert never == []


def test_a_request_has_one_host() -> None:
    start, _ = asyncio.run(ask("GET", "/", (b"host", b"localhost")))
    assert start["status"] == 400


def test_browsing(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(ContainerView(node=container("maps"), children=(container("maps/a"),)))
    monkeypatch.setattr(browse, "resource", calls)
    monkeypatch.setattr(browse, "kind", Calls(Kind.GROUP))
    monkeypatch.setattr(browse, "mets", Calls(None))
    full = client.get("/repository/maps")
    assert full.json()["containers"][0]["id"] == f"{PUBLIC}/repository/maps/a"
    assert full.headers["x-preservation-resource-type"] == "Container"
    light = client.get("/repository/maps?View=lightweight&version=v1").json()
    assert (light["containers"], light["id"]) == ([], f"{PUBLIC}/repository/maps")
    assert client.get("/repository/maps?view=mets").json() == full.json()
    assert client.get("/repository/maps?view=anything").json() == full.json()
    stored = client.get("/storage-api/repository/maps").json()
    assert stored["id"] == f"{STORAGE}/repository/maps"
    assert client.get("/storage-api/repository/maps?view=lightweight").status_code == 200
    assert client.get("/storage-api/repository/maps?view=mets").status_code == 400
    assert [call[1] for call in calls] == [None, "v1", None, None, None, None]
    head = client.head("/repository/maps")
    assert (head.status_code, head.content) == (200, b"")
    assert "content-length" not in head.headers
    assert head.headers["x-preservation-resource-type"] == "ArchivalGroup"


def test_head_of_a_tombstone(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "kind", Calls(Gone("it was deleted")))
    answer = client.head("/repository/x")
    assert (answer.status_code, answer.content) == (410, b"")


def test_the_mets_of_a_group(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "mets", Calls(some_content(content_type="application/xml")))
    answer = client.get("/repository/maps/a?view=METS")
    assert (answer.content, answer.headers["content-type"]) == (DATA, "application/xml")


def test_the_mets_of_a_deposit(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    found = (some_content(content_type="application/xml"), '"the-etag"')
    monkeypatch.setattr(deposits, "mets", Calls(found))
    answer = client.get("/deposits/x/mets")
    assert (answer.content, answer.headers["etag"]) == (DATA, '"the-etag"')
    assert (
        client.get("/deposits/x/mets", headers={"If-None-Match": '"the-etag"'}).status_code == 304
    )


def test_content(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(some_content())
    monkeypatch.setattr(content, "open", calls)
    answer = client.get("/storage-api/Content/maps/a/p%201.tif?version=v2")
    assert calls == [("maps/a/p 1.tif", "v2")]
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert "filename*=UTF-8''%C3%A9.html" in answer.headers["content-disposition"]
    part = client.get("/storage-api/content/a", headers={"Range": "bytes=5-"})
    assert (part.status_code, part.content) == (206, DATA[5:])
    beyond = client.get("/storage-api/content/a", headers={"Range": "bytes=500-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(DATA)}"
    head = client.head("/storage-api/content/a")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(DATA)))
    assert client.get("/storage-api/content/").status_code == 400


class Upload:
    replaces = False

    def __init__(self) -> None:
        self.data = b""

    def write(self, chunk: bytes) -> None:
        self.data += chunk

    def finish(self, *, sha256: str | None, size: int | None) -> tuple[Any, str]:
        self.asked = (sha256, size)
        return SimpleNamespace(path="objects/a", size=len(self.data)), self.digest

    def abort(self) -> None:
        raise AssertionError("an upload that ended well was thrown away")

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


def test_putting_a_file(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    upload = Upload()
    calls = Calls(upload)
    monkeypatch.setattr(files, "begin", calls)
    field = "sha-256=:aSJUiPi8V+FcfZyGUq4p/sUb+p9ueJMaF0bRsH8Z3CU=:"
    answer = client.put(
        "/v1/deposits/x/Files/objects/a%23b%20c", content=DATA, headers={"Content-Digest": field}
    )
    assert answer.status_code == 201
    assert calls == [("dlipdev", "x", "objects/a#b c", len(DATA))]
    assert upload.data == DATA
    assert upload.asked[1] == len(DATA)
    assert answer.json() == {"path": "objects/a", "size": len(DATA), "digest": upload.digest}
    upload.replaces = True
    assert client.put("/v1/deposits/x/files/a", content=DATA).status_code == 200
    for headers, status in (
        ({"Content-Digest": "nonsense"}, 400),
        ({"Content-Range": "bytes 0-1/5"}, 400),
        ({"Content-Encoding": "gzip"}, 415),
    ):
        answer = client.put("/v1/deposits/x/files/a", content=DATA, headers=headers)
        assert answer.status_code == status


def test_an_upload_is_larger_than_a_json_body_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = Upload()
    monkeypatch.setattr(files, "begin", Calls(upload))
    with client_for(max_json=10) as client:
        assert client.put("/v1/deposits/x/files/a", content=b"x" * 5000).status_code == 201
    assert len(upload.data) == 5000


def import_view(**changes: Any) -> JobView:
    job = Job(
        id="q4vd8n3yzc2p",
        kind=changes.pop("kind", JobKind.IMPORT),
        deposit="kx",
        group=RepositoryPath("maps/a"),
        created=WHEN,
        created_by="goobi",
    )
    return JobView(job=job, **changes)


def test_import_jobs(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = Calls(import_view())
    monkeypatch.setattr(imports, "submit", submitted)
    monkeypatch.setattr(imports, "cancel", Calls(import_view()))
    monkeypatch.setattr(imports, "find", Calls(import_view()))
    monkeypatch.setattr(imports, "results", Calls([]))
    answer = client.post("/deposits/kx/importJobs", json={"Id": "/deposits/kx/importjobs/diff"})
    assert answer.status_code == 201
    home = f"{PUBLIC}/deposits/kx/importjobs/results/q4vd8n3yzc2p"
    assert answer.headers["location"] == answer.json()["id"] == home
    assert submitted[0][2].id == "/deposits/kx/importjobs/diff"
    assert client.get("/deposits/kx/importjobs/results").json() == []
    assert client.post(f"/v1{home.removeprefix(PUBLIC)}/cancel").status_code == 200
    stored = client.get("/storage-api/import/results/q4vd8n3yzc2p/maps/a")
    assert stored.json()["id"] == f"{STORAGE}/import/results/q4vd8n3yzc2p/maps/a"
    assert client.get("/storage-api/import/results/q4vd8n3yzc2p/").status_code == 400


def test_an_export_by_its_storage_id(
    client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = import_view(kind=JobKind.EXPORT, destination="file:///w/", exported=("a b",))
    monkeypatch.setattr(exports, "get", Calls(found))
    body = client.get("/storage-api/export/q4vd8n3yzc2p").json()
    assert (body["id"], body["files"]) == (f"{STORAGE}/export/q4vd8n3yzc2p", ["file:///w/a%20b"])


def test_pushed_events_name_everything_that_is_wrong(client: TestClient[Any]) -> None:
    for body in ({}, {"type": "Create", "object": {"type": "Binary", "id": "http://x.example/y"}}):
        answer = client.post("/activity/archivalgroups/collection", json=body)
        assert answer.status_code == 400
        assert {fault["path"] for fault in answer.json()["errors"]} == {
            "type",
            "object.type",
            "object.id",
        }


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.0"])
def test_pages_that_cannot_be(client: TestClient[Any], page: str) -> None:
    for surface in ("/activity/archivalgroups", "/storage-api/activity/importjobs"):
        assert client.get(f"{surface}/pages/{page}").status_code == 400


def test_health(client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "check", Calls())
    for path in ("/health", "/storage-api/health"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "Healthy")
    monkeypatch.setattr(health, "check", Calls(Unavailable("the index is gone")))
    answer = client.get("/health")
    assert (answer.status_code, answer.text) == (503, "Unhealthy")


def test_a_storage_surface_on_a_host_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "open", Calls(some_content()))
    with client_for(storage="http://stor.example") as client:
        host = {"host": "stor.example"}
        assert client.get("/content/a", headers=host).content == DATA
        assert client.get("/content/a").status_code == 404
        assert client.get("/storage-api/content/a").status_code == 404
        assert "/content/{path}" in client.get("/openapi.json", headers=host).json()["paths"]
        assert "/content/{path}" not in client.get("/openapi.json").json()["paths"]


def test_pages_for_people_load_nothing_from_elsewhere(client: TestClient[Any]) -> None:
    for path in ("/docs", "/storage-api/docs", "/problems", "/problems/tombstone"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert not re.search(r"""(src|href)\s*=\s*["']?(\w+:)?//|@import|url\(""", answer.text)
    assert "url(" not in client.get("/docs/style.css").text
    assert client.get("/problems/never-heard-of").status_code == 404
    with client_for(docs=False) as bare:
        assert bare.get("/docs").status_code == bare.get("/openapi.json").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/deposits", "archivalGroupName"),
        ("POST", "/deposits/export", "submissionText"),
        ("PATCH", "/deposits/x", "submissionText"),
        ("PUT", "/repository/a", "name"),
        ("PUT", "/storage-api/repository/a", "name"),
    ],
)
def test_control_characters_reach_no_service(
    client: TestClient[Any], method: str, path: str, name: str
) -> None:
    answer = client.request(method, path, json={name: "a\x00b"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-text")
    assert [fault["path"] for fault in answer.json()["errors"]] == [name]
