"""Containers with very many children: whole, in pages, and inside Archival Groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from support import rows, samples, workflow
from support.server import Server
from support.workflow import Json, ok

MANY = 2_500


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with very many Containers in one; their rows are written, not what lies behind."""
    folder = tmp_path_factory.mktemp("many")
    server = Server(folder / "data", folder / "log")
    try:
        server.start()
        with workflow.connect(server.url) as client:
            workflow.make_container(client, "room")
            workflow.make_container(client, "room/first")
            with rows.changed(server.data) as raw:
                ((kept,),) = raw.execute("SELECT id FROM nodes WHERE path = 'room/first'")
                for number in range(MANY - 1):
                    name = f"room/c({number:05d})" if number % 2 else f"room/c{number:05d}"
                    ((node,),) = raw.execute(
                        "INSERT INTO nodes (path, parent, kind, name, other_names, deleted, "
                        "inventory_digest) VALUES (?, 'room', 'Container', ?, '[]', ?, ?) "
                        "RETURNING id",
                        *(name, f"Name {number}", False, str(number)),
                    )
                    raw.execute(
                        "INSERT INTO versions SELECT CAST(? AS BIGINT), number, created, agent, "
                        "job, deposit, received FROM versions WHERE node = ?",
                        *(node, kept),
                    )
            yield client
        server.stop()
    finally:
        server.kill()


def ids(container: Json) -> list[str]:
    return [child["id"] for child in container["containers"]]


def links(answer: httpx.Response) -> dict[str, str]:
    return {rel: uri for uri, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["link"])}


def test_everything_is_answered_without_pages(many: httpx.Client) -> None:
    answer = ok(many.get("/repository/room"))
    whole = answer.json()
    assert len(whole["containers"]) == MANY
    assert ids(whole) == sorted(ids(whole))
    assert list(whole) == [
        "id",
        "type",
        "name",
        "partOf",
        "containers",
        "binaries",
        "created",
        "createdBy",
        "lastModified",
        "lastModifiedBy",
    ]
    first = ok(many.get(ids(whole)[7])).json()
    del first["partOf"]
    assert whole["containers"][7] == first
    assert answer.headers["x-preservation-resource-type"] == "Container"
    assert "link" not in answer.headers


def test_pages_hold_everything_once(many: httpx.Client) -> None:
    whole = ids(ok(many.get("/repository/room")).json())
    answer = ok(many.get("/repository/room", params={"pageSize": 700}))
    found = ids(answer.json())
    assert links(answer).keys() == {"first", "next", "last"}
    while "next" in links(answer):
        answer = ok(many.get(links(answer)["next"]))
        found += ids(answer.json())
    assert found == whole
    assert links(answer).keys() == {"first", "prev", "last"}
    beyond = ok(many.get("/repository/room", params={"page": 99, "pageSize": 700}))
    assert ids(beyond.json()) == []
    tags = {
        ok(many.get("/repository/room", params={"page": page})).headers["etag"] for page in (1, 2)
    }
    assert len(tags) == 2
    default = ok(many.get("/repository/room", params={"page": 2}))
    assert ids(default.json()) == whole[100:200]


def test_the_root_has_pages_too(many: httpx.Client) -> None:
    answer = ok(many.get("/repository/", params={"page": 1, "pageSize": 1}))
    assert answer.json()["type"] == "RepositoryRoot"
    assert links(answer)["last"].endswith("/repository/?page=1&pageSize=1")


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"page": "x"}, {"pageSize": 0}, {"pageSize": 1001}, {"page": -1}]
)
def test_pages_that_cannot_be(many: httpx.Client, query: Json) -> None:
    assert ok(many.get("/repository/room", params=query), 400).json()["code"] == "bad-page"


def test_a_full_folder_of_a_group(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with workflow.connect(server.url) as client:
        group = f"{server.url}/repository/full"
        files = {f"objects/p {n:04d}.txt": b"%d" % n for n in range(1_100)}
        files["objects/inner/x.txt"] = b"x"
        workflow.preserve(client, group, samples.with_mets(files))
        whole = workflow.load(client, group)
        (objects,) = [c for c in whole["containers"] if c["id"].endswith("/objects")]
        answer = ok(client.get(objects["id"]))
        alone = answer.json()
        assert alone.pop("partOf") == group
        assert [b["id"] for b in alone["binaries"]] == [b["id"] for b in objects["binaries"]]
        assert alone["binaries"] == objects["binaries"]
        assert [c["id"] for c in alone["containers"]] == [f"{objects['id']}/inner"]
        assert alone["containers"][0]["binaries"] == []
        named = ok(client.get(objects["id"], params={"version": "v1"})).json()
        del named["partOf"]
        assert named == alone
        assert answer.headers["x-preservation-resource-type"] == "Container"
