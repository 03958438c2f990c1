"""The edge of the server: hosts, correlation ids, JSON in, unknown paths, documents."""

from __future__ import annotations

import json
import re
import socket

import httpx
import pytest

from support import raw, workflow
from support.server import Server
from support.shapes import assert_problem
from support.workflow import make_deposit, ok


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost.evil.example", "169.254.169.254", ""]
)
def test_a_foreign_host_is_refused(server: Server, host: str) -> None:
    for method, path in (("GET", "/repository"), ("POST", "/deposits"), ("GET", "/deposits")):
        headers = {"Host": host.format(port=server.port)}
        answer = raw.request(server.port, method, path, headers=headers)
        if host:
            assert_problem(answer, 403)
        else:
            assert answer.status_code in (400, 403)


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "LOCALHOST:{port}"])
def test_own_hosts_are_served_and_do_not_change_ids(server: Server, host: str) -> None:
    answer = raw.request(
        server.port, "GET", "/repository", headers={"Host": host.format(port=server.port)}
    )
    assert answer.status_code == 200
    assert answer.json()["id"] == f"{server.url}/repository/"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("http://localhost:{port}", 201),
        ("http://127.0.0.1:{port}", 201),
    ],
)
def test_a_foreign_origin_is_refused(
    server: Server, client: httpx.Client, origin: str, status: int
) -> None:
    headers = {"Origin": origin.format(port=server.port)}
    answer = client.post("/deposits", json={}, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert_problem(answer, 403)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Host: localhost"], 200),
        ([], 400),
        (["Host: evil.example@localhost"], 400),
        (["Host: localhost", "Host: localhost"], 400),
        (["Host: localhost", "Origin: http://evil.example", "Origin: http://localhost"], 403),
        (["Host: localhost", "Origin: http://localhost", "Origin: http://evil.example"], 403),
    ],
)
def test_odd_hosts_and_several_origins(server: Server, lines: list[str], status: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = ["GET /deposits HTTP/1.1", *lines, "Connection: close", "", ""]
        connection.sendall("\r\n".join(head).encode())
        answer = connection.makefile("rb").readline()
    assert answer.split()[1] == str(status).encode()


@pytest.mark.parametrize("path", ["/deposits", "/nothing/here", "/repository/nothing-here"])
def test_the_correlation_id_is_echoed_when_it_is_harmless(client: httpx.Client, path: str) -> None:
    sent = "Job-42:a_b.c"
    answer = client.get(path, headers={"x-correlation-id": sent})
    assert answer.headers["x-correlation-id"] == sent


@pytest.mark.parametrize("sent", ["x" * 129, "a b<script>", "a\tb", "é", "", '"><x'])
def test_a_harmful_correlation_id_is_replaced(server: Server, sent: str) -> None:
    headers = {"x-correlation-id": sent}
    answer = raw.request(server.port, "GET", "/nothing", headers=headers)
    found = answer.headers["x-correlation-id"]
    assert found != sent
    assert re.fullmatch(r"[0-9a-f-]{32,36}", found)


def test_each_request_without_a_correlation_id_gets_one(client: httpx.Client) -> None:
    found = {client.get("/deposits").headers["x-correlation-id"] for _ in range(3)}
    assert len(found) == 3


@pytest.mark.parametrize(
    "path", ["/", "/health", "/deposits", "/repository", "/nothing", "/openapi.json", "/docs"]
)
def test_nosniff_everywhere(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.contract("16.16", "16.26")
@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/content/some/file.txt",
        "/content",
        "/deposits/kx7m2tq9ahwd/unknown",
        "/v1",
        "/storage-api/nothing",
        "/storage-api/agents",
        "/activity",
        "/%00",
        "/etc/passwd",
    ],
)
def test_unknown_paths_are_404(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path), (404, 400) if "%" in path else 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/deposits", {"GET", "POST"}),
        ("DELETE", "/deposits", {"GET", "POST"}),
        ("POST", "/deposits/kx7m2tq9ahwd", {"GET", "PATCH", "DELETE"}),
        ("GET", "/deposits/kx7m2tq9ahwd/lock", {"POST", "DELETE"}),
        ("POST", "/deposits/kx7m2tq9ahwd/activate", {"PUT"}),
        ("POST", "/agents", {"GET"}),
        ("POST", "/health", {"GET"}),
        ("PUT", "/activity/archivalgroups/collection", {"GET", "POST"}),
        ("POST", "/storage-api/content/x", {"GET"}),
    ],
)
def test_a_wrong_method_is_405_with_allow(
    client: httpx.Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.request(method, path)
    assert_problem(answer, 405)
    assert allowed <= {word.strip() for word in answer.headers["allow"].split(",")}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/deposits",
        "/agents",
        "/openapi.json",
        "/docs",
        "/problems",
        "/activity/archivalgroups/collection",
        "/storage-api/",
        "/storage-api/health",
        "/storage-api/activity/importjobs/collection",
        "/deposits/kx7m2tq9ahwd",
        "/deposits/kx7m2tq9ahwd/mets",
        "/nothing",
    ],
)
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "link", "content-security-policy"):
        assert head.headers.get(name) == got.headers.get(name)


def test_the_connection_can_be_used_after_a_head(server: Server) -> None:
    """A body after a HEAD would be taken for the next answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        for end in ("", "Connection: close\r\n"):
            head = f"HEAD /docs HTTP/1.1\r\nHost: localhost\r\n{end}\r\n"
            connection.sendall(head.encode())
        answers = connection.makefile("rb").read()
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.endswith(b"\r\n\r\n") and b"<html" not in answers


@pytest.mark.parametrize("path", ["/deposits/kx7m2tq9ahwd/lock", "/deposits/kx7m2tq9ahwd/activate"])
def test_head_is_405_where_get_is(client: httpx.Client, path: str) -> None:
    assert client.head(path).status_code == client.get(path).status_code == 405


# ------------------------------------------------------------------------------- JSON in


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"{", ""),
        (b'{"archivalGroupName": "x"', ""),
        (b'{"archivalGroupName": "x",}', ""),
        (b"{'archivalGroupName': 'x'}", ""),
        (b'{"archivalGroupName": "x"} // comment', ""),
        (b'{"archivalGroupName": "\xff\xfe"}', ""),
        (b"\xef\xbb\xbf[]", ""),
        (b"null", ""),
        (b"[]", ""),
        (b'"text"', ""),
        (b"17", ""),
        (b'{"archivalGroupName": 17}', "archivalGroupName"),
        (b'{"ARCHIVALGROUPNAME": 17}', "archivalGroupName"),
        (b'{"submissionText": ["x"]}', "submissionText"),
        (b'{"archivalGroup": {}}', "archivalGroup"),
        (b'{"archivalGroup": true}', "archivalGroup"),
        (b"[" * 100_000, ""),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, ""),
    ],
    ids=range(18),
)
def test_bad_json_is_refused_with_a_reason(client: httpx.Client, body: bytes, names: str) -> None:
    before = client.get("/deposits").json()["total"]
    answer = client.post("/deposits", content=body, headers={"Content-Type": "application/json"})
    if body == b"null":
        # no body at all is accepted, and so may be its JSON spelling
        assert answer.status_code in (201, 400)
        return
    problem = assert_problem(answer, 400)
    assert names.lower() in json.dumps(problem).lower()
    assert client.get("/deposits").json()["total"] == before


def test_unknown_deep_properties_do_no_harm(client: httpx.Client) -> None:
    deep: object = 1
    for _ in range(60):
        deep = {"x": [deep]}
    assert ok(client.post("/deposits", json={"deep": deep, "archivalGroupName": "N"}), 201)


def test_a_body_that_is_announced_too_long_is_refused_before_it_comes(server: Server) -> None:
    """No byte of the body is ever sent, so an answer that waited for it would not come."""
    answer = raw.request(
        server.port,
        "POST",
        "/deposits",
        headers={"Content-Type": "application/json", "Content-Length": str(120 << 20)},
    )
    assert_problem(answer, 413)


@pytest.mark.parametrize(
    "media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"]
)
@pytest.mark.parametrize("path", ["/deposits", "/deposits/export", "/deposits/from-identifier"])
def test_another_content_type_is_415(client: httpx.Client, path: str, media: str) -> None:
    answer = client.post(path, content=b"{}", headers={"Content-Type": media})
    assert_problem(answer, 415)


@pytest.mark.parametrize(
    "media",
    ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"],
)
def test_json_content_types_are_accepted(client: httpx.Client, media: str) -> None:
    ok(client.post("/deposits", content=b"{}", headers={"Content-Type": media}), 201)


def test_json_goes_out_as_utf_8(client: httpx.Client) -> None:
    answer = client.post("/deposits", json={"archivalGroupName": "Gödel 📚"})
    assert answer.headers["content-type"].replace(" ", "").lower() in (
        "application/json",
        "application/json;charset=utf-8",
    )
    assert "Gödel 📚".encode() in answer.content


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "application/json"])
def test_any_accept_header_gets_json(client: httpx.Client, accept: str) -> None:
    ok(client.get("/deposits", headers={"Accept": accept})).json()
    assert_problem(client.get("/deposits/kx7m2tq9ahwd", headers={"Accept": accept}), 404)


# -------------------------------------------------------------------------------- agents


@pytest.mark.parametrize("name", ["a/b", "x" * 256, "a\tb", "ctrl\x01", " ", "a/../b"])
def test_a_bad_identity_is_refused(server: Server, name: str) -> None:
    answer = raw.request(
        server.port, "POST", "/deposits", headers={"X-Client-Identity": name}, body=b""
    )
    assert answer.status_code == 400 or (
        # a blank or control character may be dropped by the HTTP parser before we see it
        name != name.strip() or "\x01" in name
    ), answer.text


@pytest.mark.parametrize("name", ["goobi", "first.last@example.org", "Two Words", "x" * 255])
def test_an_identity_names_the_agent(server: Server, name: str) -> None:
    with workflow.connect(server.url, identity=name) as own:
        deposit = make_deposit(own)
    assert workflow.decoded(deposit["createdBy"], f"{server.url}/agents") == name


# ----------------------------------------------------------------------------- documents


def test_health_and_hello(client: httpx.Client) -> None:
    for path in ("/health", "/Health", "/storage-api/health"):
        answer = ok(client.get(path))
        assert answer.text == "Healthy"
        assert answer.headers["content-type"].startswith("text/plain")
    assert ok(client.get("/")).headers["content-type"].startswith("text/plain")


def test_the_openapi_document_tells_the_routes(client: httpx.Client) -> None:
    document = ok(client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    paths = {path.lower() for path in document["paths"]}
    for start in (
        "/deposits",
        "/deposits/{",
        "/deposits/export",
        "/deposits/from-identifier",
        "/repository/{",
        "/ocfl/storagemap/{",
        "/activity/archivalgroups/collection",
        "/v1/deposits/{",
    ):
        assert any(path.startswith(start) for path in paths), start
    post = document["paths"]["/deposits"]["post"]
    assert {"201", "400", "409"} <= set(post["responses"])


def test_the_docs_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    answer = ok(client.get("/docs", follow_redirects=True))
    page = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in answer.headers
    foreign = re.findall(r"""(?:src|href)\s*=\s*["'](?:https?:)?//[^"']+""", page)
    assert not foreign
    for asset in re.findall(r"""<(?:script|link)[^>]+(?:src|href)=["']([^"']+)""", page):
        ok(client.get(str(httpx.URL(str(answer.url)).join(asset))))


def test_problem_types_lead_to_a_page(client: httpx.Client) -> None:
    problem = assert_problem(client.get("/deposits/kx7m2tq9ahwd"), 404)
    page = ok(client.get(problem["type"]))
    assert problem["type"].rpartition("/")[2] in page.text


@pytest.mark.contract("17.24")
@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("{room}/free", 200),
        ("{room}/book", 200),
        ("{room}/absent/free", 409),
        ("{room}/book/inside", 409),
        ("{room}/folder", 409),
        ("{room}/gone", 410),
        ("{room}/a~b", 400),
        ("{room}/a%2Fb", 400),
    ],
)
def test_validation_of_a_group_path(
    client: httpx.Client, room: str, group: str, place: str, status: int
) -> None:
    workflow.preserve_book(client, group, pages=1)
    workflow.make_container(client, f"{room}/folder")
    workflow.make_container(client, f"{room}/gone")
    ok(client.delete(f"/repository/{room}/gone"), 204)
    for base in ("/validation/archivalgroup", "/storage-api/import/test-path"):
        answer = client.get(f"{base}/{place.format(room=room)}")
        if status == 200:
            body = ok(answer).json()
            assert body["type"] == "ArchivalGroup"
            assert body["containers"] == []
        else:
            assert_problem(answer, status)
