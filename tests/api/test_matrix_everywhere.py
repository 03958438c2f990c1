"""The error matrix, rows that apply to every endpoint: methods, Accept, bodies and their types."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support import raw, workflow
from support.guarded import Guarded
from support.server import Server
from support.shapes import assert_problem
from support.workflow import Json

#: path below the root of a server → the methods that it knows beside HEAD and OPTIONS
KNOWN = {
    "/": "GET",
    "/test": "GET",
    "/health": "GET",
    "/agents": "GET",
    "/search": "GET",
    "/storage": "GET",
    "/storage/check-s3": "GET",
    "/storage/check-storage-s3": "GET",
    "/deposits": "GET POST",
    "/deposits/from-identifier": "POST",
    "/deposits/export": "POST",
    "/deposits/pipeline-status": "POST",
    "/deposits/archive-job": "POST",
    "{deposit}": "GET PATCH DELETE",
    "{deposit}/lock": "POST DELETE",
    "{deposit}/activate": "PUT",
    "{deposit}/deactivate": "PUT",
    "{deposit}/mets": "GET POST",
    "{deposit}/mets/delete": "POST",
    "{deposit}/filesystem": "GET",
    "{deposit}/combined": "GET",
    "{deposit}/pipeline": "POST",
    "{deposit}/pipelinerunjobs": "GET",
    "{deposit}/pipelinerunjobs/x": "GET",
    "{deposit}/importjobs": "POST",
    "{deposit}/importjobs/diff": "GET",
    "{deposit}/importjobs/results": "GET",
    "{deposit}/importjobs/results/x": "GET",
    "/depositarchivejobs/x": "GET",
    "/repository/x": "GET PUT DELETE",
    "/validation/archivalgroup/x": "GET",
    "/ocfl/storagemap/x": "GET",
    "/activity/archivalgroups/collection": "GET POST",
    "/activity/archivalgroups/pages/1": "GET",
    "/storage-api/repository/x": "GET PUT DELETE",
    "/storage-api/content/x": "GET",
    "/storage-api/import": "POST",
    "/storage-api/import/results/x/y": "GET",
    "/storage-api/import/test-path/x": "GET",
    "/storage-api/export": "POST",
    "/storage-api/export/x": "GET",
    "/storage-api/exportMetsOnly": "POST",
    "/storage-api/ocfl/storagemap/x": "GET",
    "/storage-api/activity/importjobs/collection": "GET",
    "/storage-api/activity/importjobs/pages/1": "GET",
    "/storage-api/FedoraSearch": "GET",
    "/storage-api/fedora": "GET",
    "/storage-api/storagecheck": "GET",
    "/storage-api/health": "GET",
}
#: what answers with something else than JSON
TEXTS = {"/", "/test", "/health", "/storage-api/health", "{deposit}/mets"}

#: method and path of what takes a JSON body; whether there must be one; what its root is
BODIES = {
    "POST /deposits": (False, "object"),
    "POST /deposits/export": (False, "object"),
    "POST /deposits/from-identifier": (True, "object"),
    "POST /deposits/pipeline-status": (True, "object"),
    "POST /deposits/archive-job": (True, "object"),
    "PATCH {deposit}": (True, "object"),
    "POST {deposit}/mets": (True, "array"),
    "POST {deposit}/mets/delete": (True, "object"),
    "POST {deposit}/importjobs": (True, "object"),
    "PUT /repository/made-of-nothing": (False, "object"),
    "POST /activity/archivalgroups/collection": (True, "object"),
    "PUT /storage-api/repository/made-of-nothing": (False, "object"),
    "POST /storage-api/import": (True, "object"),
    "POST /storage-api/export": (True, "object"),
    "POST /storage-api/exportMetsOnly": (True, "object"),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def deposit(client: httpx.Client) -> Iterator[Json]:
    """A deposit with METS of the platform; whatever is refused, it stays as it is."""
    made = workflow.make_deposit(client, template="RootLevel")
    shown = workflow.get(client, made["id"])
    before = client.get("/deposits?showAll=true&pageSize=500").content
    yield shown
    assert workflow.get(client, made["id"]) == shown
    assert client.get("/deposits?showAll=true&pageSize=500").content == before
    assert client.head("/repository/made-of-nothing").status_code == 404


def at(path: str, deposit: Json) -> str:
    return path.format(deposit=f"/deposits/{deposit['id'].rpartition('/')[2]}")


@pytest.mark.contract("19.everywhere.405")
def test_a_wrong_method(client: httpx.Client, deposit: Json) -> None:
    for path, known in KNOWN.items():
        for method in METHODS:
            if method in known.split():
                continue
            answer = client.request(method, at(path, deposit))
            problem = assert_problem(answer, 405, "method", "Allow")
            assert problem["type"] == "/problems/method-not-allowed"
            allowed = {word.strip() for word in answer.headers["allow"].split(",")}
            assert allowed - {"HEAD", "OPTIONS"} == set(known.split()), (method, path)


@pytest.mark.contract("19.everywhere.Accept")
@pytest.mark.parametrize("accept", ["application/xml", "text/html, image/*;q=0.5", "nonsense"])
def test_an_unsupported_accept_still_gets_json(
    client: httpx.Client, deposit: Json, accept: str
) -> None:
    for path, known in KNOWN.items():
        if "GET" not in known.split() or path in TEXTS:
            continue
        answer = client.get(at(path, deposit), headers={"Accept": accept})
        media = answer.headers["content-type"].partition(";")[0]
        good = answer.status_code < 400
        assert media == ("application/json" if good else "application/problem+json"), path
        assert answer.status_code in (200, 400, 404), (path, answer.text)
        assert answer.json() is not None


@pytest.mark.contract("19.everywhere.415")
@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data"])
def test_a_body_of_another_type(client: httpx.Client, deposit: Json, media: str) -> None:
    for name in BODIES:
        method, _, path = name.partition(" ")
        headers = {"Content-Type": media, "If-Match": deposit["metsETag"]}
        answer = client.request(method, at(path, deposit), content=b"{}", headers=headers)
        problem = assert_problem(answer, 415, media)
        assert problem["type"] == "/problems/unsupported-media-type", name


@pytest.mark.contract("19.everywhere.413")
def test_a_body_that_is_too_large(server: Server, client: httpx.Client, deposit: Json) -> None:
    """It is refused by what is announced; not a byte of it is sent."""
    for name in BODIES:
        method, _, path = name.partition(" ")
        headers = {"Content-Type": "application/json", "Content-Length": str(1 << 42)}
        answer = raw.request(server.port, method, at(path, deposit), headers=headers)
        problem = assert_problem(answer, 413, "larger")
        assert problem["type"] == "/problems/too-large", name


@pytest.mark.contract("19.everywhere.400")
def test_a_body_that_cannot_be_read(client: httpx.Client, deposit: Json) -> None:
    for name, (needed, root) in BODIES.items():
        method, _, path = name.partition(" ")
        where = at(path, deposit)
        headers = {"Content-Type": "application/json", "If-Match": deposit["metsETag"]}
        of_objects = root == "object"
        other = b"[]" if of_objects else b"{}"
        for content, code, word in (
            (b"{" if of_objects else b"[", "malformed-json", "JSON"),
            (b'{"a": 1,}' if of_objects else b'["a",]', "malformed-json", "JSON"),
            (other, "wrong-type", root),
            (b'"text"', "wrong-type", root),
        ):
            answer = client.request(method, where, content=content, headers=headers)
            problem = assert_problem(answer, 400, word)
            assert problem["code"] == code, (name, content, problem)
            assert problem["errors"][0]["message"], name
        if needed:
            answer = client.request(method, where, headers={"If-Match": deposit["metsETag"]})
            problem = assert_problem(answer, 400, "body")
            assert problem["type"] == "/problems/missing-body", name


@pytest.mark.contract("19.everywhere.400")
@pytest.mark.parametrize(
    ("method", "path", "wrong"),
    [
        ("POST", "{deposit}/lock?force=perhaps", "force"),
        ("GET", "{deposit}/filesystem?refresh=perhaps", "refresh"),
        ("DELETE", "/repository/x?purge=perhaps", "purge"),
        ("GET", "/deposits?archived=perhaps", "archived"),
    ],
)
def test_a_query_of_another_type(
    client: httpx.Client, deposit: Json, method: str, path: str, wrong: str
) -> None:
    problem = assert_problem(client.request(method, at(path, deposit)), 400, wrong, errors={wrong})
    assert problem["code"] == "bad-parameter"


@pytest.mark.contract("19.everywhere.401")
def test_a_caller_who_proves_nothing(guarded: Guarded) -> None:
    with workflow.connect(guarded.server.url, identity="ann") as nobody:
        for path, known in KNOWN.items():
            for method in known.split():
                if path in {"/", "/health", "/storage-api/health"}:
                    continue
                where = path.format(deposit="/deposits/kx7m2tq9ahwd")
                answer = nobody.request(method, where, json={})
                problem = assert_problem(answer, 401)
                assert problem["type"] == "/problems/unauthenticated", (method, path)
                assert answer.headers["www-authenticate"].startswith("Bearer"), path
