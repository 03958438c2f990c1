"""Containers outside Archival Groups: made, listed, deleted, buried and purged over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from support import raw, workflow
from support.server import Server
from support.shapes import assert_problem, assert_shape, assert_tree
from support.workflow import fresh, make_container, ok

KIND = "X-Preservation-Resource-Type"


def test_an_absent_path_is_404_for_get_and_head(client: httpx.Client, room: str) -> None:
    assert_problem(client.get(f"/repository/{room}/x"), 404)
    answer = client.head(f"/repository/{room}/x")
    assert answer.status_code == 404
    assert answer.content == b""


def test_put_without_a_body_creates_a_container(
    server: Server, client: httpx.Client, room: str
) -> None:
    answer = ok(client.put(f"/repository/{room}/library"), 201)
    body = answer.json()
    assert_shape("Container", body)
    assert body["id"] == f"{server.url}/repository/{room}/library"
    assert answer.headers["location"] == body["id"]
    assert body["type"] == "Container"
    assert body["name"] == "library"
    assert body["containers"] == []
    assert body["binaries"] == []
    assert body["createdBy"] == f"{server.url}/agents/dlipdev"
    assert body["created"].endswith("Z")
    assert ok(client.get(body["id"])).json() == body


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "slug"),
        ({"name": None}, "slug"),
        ({"name": "  "}, "slug"),
        ({"name": "Rare Books & Café 📚"}, "Rare Books & Café 📚"),
        ({"NAME": "Any case"}, "Any case"),
        ({"type": "Container", "id": "https://elsewhere.example/x", "name": "Own id"}, "Own id"),
        ({"name": "Extra", "unknown": {"deep": [1, 2]}}, "Extra"),
    ],
)
def test_only_the_name_is_read_from_the_body(
    server: Server, client: httpx.Client, room: str, body: dict[str, object], name: str
) -> None:
    made = ok(client.put(f"/repository/{room}/slug", json=body), 201).json()
    assert made["name"] == name
    assert made["id"] == f"{server.url}/repository/{room}/slug"


def test_the_maker_is_the_agent_of_the_request(server: Server, room: str) -> None:
    with workflow.connect(server.url, identity="goobi.operator@example.org") as other:
        made = make_container(other, f"{room}/x")
    agent = workflow.decoded(made["createdBy"], f"{server.url}/agents")
    assert agent == "goobi.operator@example.org"
    assert made["lastModifiedBy"] == made["createdBy"]


def test_parents_must_exist(client: httpx.Client, room: str) -> None:
    assert_problem(client.put(f"/repository/{room}/a/b"), 409)
    make_container(client, f"{room}/a")
    ok(client.put(f"/repository/{room}/a/b"), 201)


def test_an_existing_path_is_a_conflict(client: httpx.Client, room: str) -> None:
    make_container(client, f"{room}/a", "First")
    assert_problem(client.put(f"/repository/{room}/a", json={"name": "Second"}), 409)
    assert client.get(f"/repository/{room}/a").json()["name"] == "First"


def test_nothing_can_be_made_at_or_inside_a_group(
    client: httpx.Client, room: str, group: str
) -> None:
    workflow.preserve_book(client, group)
    for path in ("book", "book/new", "book/objects", "book/objects/new", "book/mets.xml/new"):
        answer = client.put(f"/repository/{room}/{path}")
        assert_problem(answer, 409)
    assert client.head(f"/repository/{room}/book/new").status_code == 404


@pytest.mark.parametrize(
    "slug",
    [
        "a%20b",
        "caf%C3%A9",
        "café",
        "a~b",
        "a:b",
        "a+b",
        "a@b",
        "a&b",
        "a,b",
        "a%23b",
        "a%3Fb",
        "a%5Cb",
        "%F0%9F%93%9A",
        "repository",
        "a%00b",
        "a%0Ab",
        "a%FFb",
        "a%2Fb",
        "a%2fb",
        "..%2Fb",
        "%2E%2E",
        ".",
        "..",
        "%20",
        "x" * 2001,
        "x" * 3000,
        ".strongroom%2Fx",
    ],
)
def test_bad_slugs_are_refused(server: Server, client: httpx.Client, room: str, slug: str) -> None:
    answer = raw.request(server.port, "PUT", f"/repository/{room}/{slug}")
    if not slug.isascii():
        assert answer.status_code == 400  # by the HTTP parser itself
    elif slug in (".", "%2E%2E", ".."):
        # a server may tidy dot segments away, but then it is another, existing path
        assert answer.status_code in (400, 404, 405, 409), answer.text
    else:
        assert_problem(answer, 400)
    assert client.get(f"/repository/{room}").json()["containers"] == []


@pytest.mark.parametrize(
    ("sent", "slug"),
    [
        ("0-9A-Za-z", "0-9A-Za-z"),
        ("(1968)_v.2", "(1968)_v.2"),
        ("%28x%29", "(x)"),
        ("100%25", "100%"),
        ("x" * 2000, "x" * 2000),
        ("%41", "A"),
        ("Repository", "Repository"),
        ("my-repository", "my-repository"),
    ],
)
def test_permitted_slugs(
    server: Server, client: httpx.Client, room: str, sent: str, slug: str
) -> None:
    made = ok(client.put(f"/repository/{room}/{sent}"), 201).json()
    assert made["name"] == slug
    assert workflow.decoded(made["id"], f"{server.url}/repository/{room}") == slug
    assert ok(client.get(made["id"])).json()["id"] == made["id"]
    assert_problem(client.put(f"/repository/{room}/{sent}"), 409)


def test_an_encoded_slash_never_reaches_another_resource(
    server: Server, client: httpx.Client, room: str
) -> None:
    make_container(client, f"{room}/a")
    make_container(client, f"{room}/a/b")
    for method in ("GET", "PUT", "DELETE"):
        answer = raw.request(server.port, method, f"/repository/{room}/a%2Fb")
        assert_problem(answer, 400)
    assert raw.request(server.port, "HEAD", f"/repository/{room}/a%2Fb").status_code == 400
    ok(client.get(f"/repository/{room}/a/b"))


@pytest.mark.parametrize("path", ["../../etc/passwd", "a/../b", "./a", "a//b", "..%2f..%2fetc"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_paths_with_dots_or_doubled_slashes_find_nothing(
    server: Server, room: str, method: str, path: str
) -> None:
    answer = raw.request(server.port, method, f"/repository/{room}/{path}")
    assert answer.status_code in (400, 404, 405, 409), answer.text
    assert b"root:" not in answer.content


def test_paths_keep_their_case_and_literals_do_not(
    server: Server, client: httpx.Client, room: str
) -> None:
    make_container(client, f"{room}/Atlas", "Upper")
    make_container(client, f"{room}/atlas", "lower")
    assert client.get(f"/repository/{room}/Atlas").json()["name"] == "Upper"
    assert client.get(f"/Repository/{room}/atlas").json()["name"] == "lower"
    assert client.get(f"/REPOSITORY/{room}/Atlas").json()["name"] == "Upper"
    assert_problem(client.get(f"/repository/{room}/ATLAS"), 404)
    assert_problem(client.get(f"/repository/{room.upper()}/atlas"), 404)


def test_a_trailing_slash_is_ignored(client: httpx.Client, room: str) -> None:
    assert ok(client.get(f"/repository/{room}/")).json() == client.get(f"/repository/{room}").json()


def test_the_root(server: Server, client: httpx.Client, room: str) -> None:
    for path in ("/repository", "/repository/", "/Repository/"):
        root = ok(client.get(path)).json()
        assert root["type"] == "RepositoryRoot"
        assert root["name"] == "repository"
        assert root["id"] == f"{server.url}/repository/"
        assert f"{server.url}/repository/{room}" in [child["id"] for child in root["containers"]]
        head = client.head(path)
        assert head.status_code == 200
        assert head.headers[KIND] == "RepositoryRoot"
    for path in ("/repository", "/repository/"):
        assert_problem(client.put(path), 400)
        assert_problem(client.delete(path), 400)


def test_a_listing_shows_immediate_children_sorted(
    server: Server, client: httpx.Client, room: str
) -> None:
    for path in ("b", "a", "C", "a/below", "a.b", "a-b"):
        make_container(client, f"{room}/{path}")
    listing = ok(client.get(f"/repository/{room}")).json()
    assert_tree(listing)
    names = [child["name"] for child in listing["containers"]]
    assert sorted(names) == sorted(["b", "a", "C", "a.b", "a-b"])
    assert all(child["containers"] == [] for child in listing["containers"])
    assert all(child["created"] and child["createdBy"] for child in listing["containers"])


def test_a_listing_shows_groups_without_their_members(
    client: httpx.Client, room: str, group: str
) -> None:
    workflow.preserve_book(client, group)
    (child,) = client.get(f"/repository/{room}").json()["containers"]
    assert child["id"] == group
    assert child["type"] == "ArchivalGroup"
    assert child["containers"] == []
    assert child["binaries"] == []
    assert "storageMap" not in child
    assert_shape("Container", child)


@pytest.mark.contract("16.14")
def test_head_names_the_type(client: httpx.Client, room: str, group: str) -> None:
    files = workflow.preserve_book(client, group)
    expected = {
        f"/repository/{room}": "Container",
        group: "ArchivalGroup",
        f"{group}/objects": "Container",
        workflow.member(group, min(files)): "Binary",
    }
    for path, kind in expected.items():
        answer = client.head(path)
        assert answer.status_code == 200, path
        assert answer.headers[KIND] == kind
        assert answer.content == b""


# ------------------------------------------------------------------------------- deletion


@pytest.mark.contract("16.14", "16.15")
def test_a_deleted_container_leaves_a_tombstone(client: httpx.Client, room: str) -> None:
    path = f"/repository/{room}/x"
    make_container(client, f"{room}/x")
    answer = ok(client.delete(path), 204)
    assert answer.content == b""
    problem = assert_problem(client.get(path), 410)
    assert f"{room}/x" in problem["detail"]
    assert client.head(path).status_code == 410
    assert_problem(client.put(path), 409)
    assert_problem(client.delete(path), 410)
    assert client.get(f"/repository/{room}").json()["containers"] == []


def test_a_purged_tombstone_makes_the_path_free(client: httpx.Client, room: str) -> None:
    path = f"/repository/{room}/x"
    make_container(client, f"{room}/x", "First")
    ok(client.delete(path), 204)
    ok(client.delete(path, params={"purge": "true"}), 204)
    assert_problem(client.get(path), 404)
    assert_problem(client.delete(path), 404)
    assert ok(client.put(path), 201).json()["name"] == "x"


@pytest.mark.parametrize("value", ["true", "True", "TRUE"])
def test_purging_an_empty_container_leaves_nothing(
    client: httpx.Client, room: str, value: str
) -> None:
    path = f"/repository/{room}/x"
    make_container(client, f"{room}/x")
    ok(client.delete(path, params={"Purge": value}), 204)
    assert_problem(client.get(path), 404)
    ok(client.put(path), 201)


@pytest.mark.contract("17.6")
@pytest.mark.parametrize("purge", ["false", "true"])
def test_what_cannot_be_deleted(client: httpx.Client, room: str, group: str, purge: str) -> None:
    files = workflow.preserve_book(client, group)
    make_container(client, f"{room}/full")
    make_container(client, f"{room}/full/child")
    query = {"purge": purge}
    assert_problem(client.delete(f"/repository/{room}/full", params=query), 400)
    assert_problem(client.delete(f"/repository/{room}", params=query), 400)
    assert_problem(client.delete(group, params=query), 400)
    assert_problem(client.delete(workflow.member(group, min(files)), params=query), 400)
    assert_problem(client.delete(f"{group}/objects", params=query), (400, 409))
    assert_problem(client.delete(f"/repository/{room}/absent", params=query), 404)
    workflow.assert_holds(client, group, files)
    ok(client.get(f"/repository/{room}/full/child"))


def test_a_purge_that_is_no_truth_value_is_refused(client: httpx.Client, room: str) -> None:
    make_container(client, f"{room}/x")
    assert_problem(client.delete(f"/repository/{room}/x", params={"purge": "maybe"}), 400)
    ok(client.get(f"/repository/{room}/x"))


# ---------------------------------------------------------------------------------- races


def test_of_racing_puts_exactly_one_creates(server: Server, room: str) -> None:
    def put(path: str) -> int:
        with workflow.connect(server.url) as racer:
            return racer.put(path).status_code

    for _ in range(5):
        path = f"/repository/{room}/{fresh()}"
        with ThreadPoolExecutor(8) as pool:
            codes = sorted(pool.map(put, [path] * 8))
        assert codes == [201] + [409] * 7


def test_a_child_and_the_deletion_of_its_parent_race_safely(server: Server, room: str) -> None:
    def call(what: tuple[str, str]) -> int:
        with workflow.connect(server.url) as racer:
            return racer.request(*what).status_code

    with workflow.connect(server.url) as client:
        for _ in range(5):
            place = f"{room}/{fresh()}"
            make_container(client, place)
            with ThreadPoolExecutor(2) as pool:
                made, deleted = pool.map(
                    call,
                    [
                        ("PUT", f"/repository/{place}/child"),
                        ("DELETE", f"/repository/{place}"),
                    ],
                )
            assert (made, deleted) in ((201, 400), (201, 409), (409, 204)), (made, deleted)
            there = client.head(f"/repository/{place}/child").status_code
            assert (there == 200) == (made == 201)


# ------------------------------------------------------------------------------ bad bodies


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b'{"name": 5}', "application/json", 400),
        (b'{"name": "a",}', "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"<x/>", "application/xml", 415),
    ],
)
def test_a_bad_body_creates_nothing(
    client: httpx.Client, room: str, body: bytes, media: str, status: int
) -> None:
    path = f"/repository/{room}/x"
    assert_problem(client.put(path, content=body, headers={"Content-Type": media}), status)
    assert_problem(client.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_methods_are_405(client: httpx.Client, room: str, method: str) -> None:
    answer = client.request(method, f"/repository/{room}")
    assert_problem(answer, 405)
    assert {"GET", "PUT", "DELETE"} <= {m.strip() for m in answer.headers["allow"].split(",")}
