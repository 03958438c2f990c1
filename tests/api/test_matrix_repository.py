"""The error matrix of the repository, activity and search, on both APIs, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support import matrix, samples, workflow
from support.matrix import Ground
from support.workflow import Json, fill, get, ok

KIND = "X-Preservation-Resource-Type"
PAGE = "objects/page 0001.png"

#: where the Preservation API is, and the Storage API
APIS = ("", "/storage-api")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A server with Containers, a tombstone, and a book of two versions that has lost a page."""
    with matrix.opened(tmp_path_factory.mktemp("matrix")) as opened:
        for path in ("full", "full/child", "empty", "gone"):
            workflow.make_container(opened.client, f"{opened.room}/{path}")
        ok(opened.client.delete(opened.uri("gone")), 204)
        workflow.preserve_book(opened.client, opened.uri("book"), pages=2)
        workflow.preserve_book(opened.client, opened.uri("book"), pages=1)
        yield opened


@pytest.fixture(params=APIS, ids=["preservation", "storage"])
def api(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def at(ground: Ground, api: str, path: str, route: str = "repository") -> str:
    return f"{api}/{route}/{ground.room}/{path}"


def head(ground: Ground, path: str, **query: str) -> httpx.Response:
    answer = ground.client.head(path, params=query)
    assert answer.content == b""
    return answer


# ---------------------------------------------------------------------------------------- reading


@pytest.mark.contract(
    "19.GET-repository.404", "19.Storage.GET-repository.404", "19.Storage.HEAD-repository.404"
)
@pytest.mark.parametrize(
    "path", ["absent", "full/absent", "book/absent", "book/objects/absent.png"]
)
def test_nothing_is_there(ground: Ground, api: str, path: str) -> None:
    ground.refused("GET", at(ground, api, path), 404, "no-resource", path)
    assert head(ground, at(ground, api, path)).status_code == 404


@pytest.mark.contract(
    "19.GET-repository.410", "19.Storage.GET-repository.410", "19.Storage.HEAD-repository.410"
)
@pytest.mark.parametrize("path", ["gone", "book/objects/page 0002.png"])
def test_a_tombstone_is_there(ground: Ground, api: str, path: str) -> None:
    ground.refused("GET", at(ground, api, path), 410, "tombstone", path)
    assert head(ground, at(ground, api, path)).status_code == 410


@pytest.mark.contract("19.GET-repository.400", "19.Storage.GET-repository.400")
@pytest.mark.parametrize("path", ["book", "book/objects", f"book/{PAGE}", "empty"])
def test_versions_that_cannot_be_read(ground: Ground, api: str, path: str) -> None:
    for version in ("latest", "v0", "1", "2001-01-01"):
        query = {"version": version}
        ground.refused("GET", at(ground, api, path), 400, "bad-version", version, params=query)
        assert head(ground, at(ground, api, path), **query).status_code == 400
    # and one that can be is given with every view, of whatever has versions
    for view in ({}, {"view": "lightweight"}):
        shown = ground.client.get(at(ground, api, path), params={"version": "v1", **view})
        assert ok(shown).json()["id"].endswith(workflow.encoded(path))


@pytest.mark.contract("19.GET-repository.400", "19.Storage.GET-repository.400")
def test_views(ground: Ground) -> None:
    path = at(ground, APIS[1], "book")
    for view in ("mets", "full"):
        errors = {"view"}
        query = {"view": view}
        ground.refused("GET", path, 400, "unsupported-view", view, errors=errors, params=query)
    # the Preservation API shows the whole instead
    shown = ground.client.get(at(ground, APIS[0], "book"), params={"view": "full"})
    assert ok(shown).json() == get(ground.client, ground.uri("book"))


@pytest.mark.contract("19.Storage.GET-repository.500")
@pytest.mark.parametrize("path", ["book", "book/objects", f"book/{PAGE}", "empty"])
def test_versions_that_are_not_there(ground: Ground, api: str, path: str) -> None:
    for version in ("v7", "20010101000000"):
        for view in ({}, {"view": "lightweight"}):
            query = {"version": version, **view}
            ground.refused("GET", at(ground, api, path), 404, "no-version", version, params=query)
        assert head(ground, at(ground, api, path), version=version).status_code == 404


@pytest.mark.contract("19.Storage.GET-repository.500")
def test_digests_and_their_map_agree_in_every_version(ground: Ground) -> None:
    """Also where a job wrote the digest in capital letters."""
    group = ground.uri("capitals")
    deposit = ground.deposit("capitals", archivalGroupName="Capitals")
    fill(deposit, {"a.txt": b"a"})
    digest = samples.sha256(b"a").upper()
    item = workflow.binary(group, deposit, "a.txt", b"a", digest=digest)
    workflow.run_job(
        ground.client, deposit, workflow.hand_written(deposit, group, binariesToAdd=[item])
    )
    for of, version in ((group, "v1"), (ground.uri("book"), "v1"), (ground.uri("book"), "v2")):
        uri = of.replace(ground.server.url, ground.server.storage_url)
        loaded = workflow.load(ground.client, uri, version)
        assert loaded["version"]["ocflVersion"] == loaded["storageMap"]["version"]["ocflVersion"]
        assert loaded["version"]["ocflVersion"] == version
        files = loaded["storageMap"]["files"]
        held = workflow.binaries(loaded)
        assert {path: files[path]["hash"] for path in held} == {
            path: each["digest"] for path, each in held.items()
        }


@pytest.mark.contract("19.Storage.HEAD-repository.400", "19.Storage.HEAD-repository.500")
def test_every_resource_says_what_it_is(ground: Ground, api: str) -> None:
    kinds = {
        f"{api}/repository": "RepositoryRoot",
        f"{api}/repository/": "RepositoryRoot",
        at(ground, api, "empty"): "Container",
        at(ground, api, "book"): "ArchivalGroup",
        at(ground, api, "book/objects"): "Container",
        at(ground, api, f"book/{PAGE}"): "Binary",
    }
    for path, kind in kinds.items():
        answer = head(ground, path)
        assert (answer.status_code, answer.headers[KIND]) == (200, kind), path
        assert ground.client.get(path).headers[KIND] == kind


@pytest.mark.contract("19.GET-repository.500")
def test_of_several_mets_files_the_one_that_was_read_is_shown(ground: Ground) -> None:
    book = samples.book(1)
    mets = samples.with_mets(book | {"other-mets.xml": b"<x/>", "mets-old.xml": b"<y/>"})
    files = mets | {"other-mets.xml": b"<x/>", "mets-old.xml": b"<y/>"}
    workflow.preserve(ground.client, ground.uri("several"), files)
    shown = ok(ground.client.get(ground.uri("several"), params={"view": "mets"}))
    assert shown.headers["content-type"].startswith("application/xml")
    assert shown.content == files["mets.xml"]


# ------------------------------------------------------------------------- Containers: PUT, DELETE


@pytest.mark.contract("19.PUT-repository.400", "19.Storage.PUT-repository.400")
def test_names_that_no_container_has(ground: Ground, api: str) -> None:
    for bad in ("a b", "caf\u00e9", "a~b", "a%23b", "a%2Fb", "repository", "x" * 2001):
        ground.refused("PUT", at(ground, api, bad), 400, "bad-path")
    for root in (f"{api}/repository", f"{api}/repository/"):
        ground.refused("PUT", root, 400, "bad-path", "root")


@pytest.mark.contract("19.PUT-repository.409", "19.Storage.PUT-repository.409")
@pytest.mark.parametrize(
    ("path", "code", "word"),
    [
        ("empty", "already-there", "Container"),
        ("book", "already-there", "ArchivalGroup"),
        ("gone", "already-there", "tombstone"),
        ("absent/new", "no-parent", "absent"),
        ("gone/new", "no-parent", "gone"),
        ("book/new", "inside-group", "book"),
        ("book/objects", "inside-group", "book"),
        ("book/mets.xml/new", "inside-group", "book"),
    ],
)
def test_places_that_are_not_free(
    ground: Ground, api: str, path: str, code: str, word: str
) -> None:
    ground.refused("PUT", at(ground, api, path), 409, code, path, word, json={"name": "New"})


@pytest.mark.contract("19.DELETE-repository.400", "19.Storage.DELETE-repository.400")
@pytest.mark.parametrize("purge", ["false", "true"])
def test_what_cannot_be_deleted(ground: Ground, api: str, purge: str) -> None:
    query = {"purge": purge}
    for path, code in (
        ("full", "container-not-empty"),
        ("book", "not-deletable"),
        ("book/objects", "not-deletable"),
        ("book/mets.xml", "not-deletable"),
    ):
        ground.refused("DELETE", at(ground, api, path), 400, code, path, params=query)
    for root in (f"{api}/repository", f"{api}/repository/"):
        ground.refused("DELETE", root, 400, "not-deletable", "root", params=query)
    ground.refused("DELETE", at(ground, api, "empty"), 400, "bad-parameter", params={"purge": "x"})


@pytest.mark.contract(
    "19.DELETE-repository.404",
    "19.DELETE-repository.410",
    "19.DELETE-repository.500",
    "19.Storage.DELETE-repository.404",
    "19.Storage.DELETE-repository.410",
    "19.Storage.DELETE-repository.500",
)
def test_a_container_is_deleted_and_then_purged(ground: Ground, api: str) -> None:
    path = at(ground, api, workflow.fresh("short-lived"))
    for purge in ("false", "true"):
        ground.refused("DELETE", path, 404, "no-resource", params={"purge": purge})
    ok(ground.client.put(path), 201)
    assert ok(ground.client.delete(path), 204).content == b""
    ground.refused("DELETE", path, 410, "tombstone", "tombstone")
    ground.refused("GET", path, 410, "tombstone")
    ok(ground.client.delete(path, params={"purge": "true"}), 204)
    ground.refused("DELETE", path, 404, "no-resource")


# ---------------------------------------------------------------------- paths of groups, and maps


@pytest.mark.contract(
    "19.GET-validation.400",
    "19.GET-validation.409",
    "19.GET-validation.500",
    "19.Storage.GET-test-path.400",
    "19.Storage.GET-test-path.409",
    "19.Storage.GET-test-path.500",
)
@pytest.mark.parametrize("route", ["/validation/archivalgroup", "/storage-api/import/test-path"])
@pytest.mark.parametrize(
    ("path", "status", "code", "word"),
    [
        ("a b", 400, "bad-path", "a b"),
        ("a~b", 400, "bad-path", "a~b"),
        ("a%2Fb", 400, "bad-path", "slash"),
        ("absent/new", 409, "no-parent", "absent"),
        ("gone/new", 409, "no-parent", "gone"),
        ("book/new", 409, "inside-group", "book"),
        ("empty", 409, "not-a-group", "Container"),
        ("book/objects", 409, "inside-group", "book"),
        ("book/mets.xml", 409, "inside-group", "book"),
        ("gone", 410, "tombstone", "gone"),
    ],
)
def test_where_no_group_can_be_made(
    ground: Ground, route: str, path: str, status: int, code: str, word: str
) -> None:
    ground.refused("GET", f"{route}/{ground.room}/{path}", status, code, word)
    for empty in (route, f"{route}/"):
        ground.refused("GET", empty, 400, "missing-path")


@pytest.mark.contract(
    "19.GET-storagemap.500", "19.Storage.GET-storagemap.400", "19.Storage.GET-storagemap.500"
)
def test_maps_of_what_has_none(ground: Ground, api: str) -> None:
    for empty in (f"{api}/ocfl/storagemap", f"{api}/ocfl/storagemap/"):
        ground.refused("GET", empty, 400, "missing-path")

    def of(path: str) -> str:
        return at(ground, api, path, "ocfl/storagemap")

    for path in ("absent", "empty", "book/objects", f"book/{PAGE}"):
        ground.refused("GET", of(path), 404, "no-group", path)
    ground.refused("GET", of("gone"), 410, "tombstone", "gone")
    ground.refused("GET", of("book"), 404, "no-version", "v7", params={"version": "v7"})
    ground.refused("GET", of("book"), 400, "bad-version", "last", params={"version": "last"})
    # a version by its moment is a version
    memento = get(ground.client, ground.uri("book"))["versions"][0]["mementoTimestamp"]
    shown = ok(ground.client.get(of("book"), params={"version": memento})).json()
    assert shown["version"]["mementoTimestamp"] == memento


# --------------------------------------------------------------------------- activity and search


@pytest.mark.contract("19.POST-activity.400", "19.POST-activity.404", "19.POST-activity.410")
def test_events_that_cannot_be_announced(ground: Ground) -> None:
    group = {"id": ground.uri("book"), "type": "ArchivalGroup"}
    path = "/activity/archivalgroups/collection"
    foreign = "https://elsewhere.example/repository/x"
    changes: list[tuple[Json, Json, int, str, str]] = [
        ({"type": "Create"}, {}, 400, "bad-activity", "type"),
        ({"object": None}, {}, 400, "bad-activity", "object.type"),
        ({}, {"type": "Container"}, 400, "bad-activity", "object.type"),
        ({}, {"id": foreign}, 400, "bad-activity", foreign),
        ({}, {"id": ground.uri("empty")}, 400, "not-a-group", "empty"),
        ({}, {"id": ground.uri("book/mets.xml")}, 400, "not-a-group", "book/mets.xml"),
        ({}, {"id": ground.uri("absent")}, 404, "no-resource", "absent"),
        ({}, {"id": ground.uri("gone")}, 410, "tombstone", "gone"),
    ]
    for outer, inner, status, code, word in changes:
        body = {"type": "Update", "object": group | inner} | outer
        ground.refused("POST", path, status, code, word, json=body)
    ground.refused("POST", path, 400, "missing-body")


@pytest.mark.contract(
    "19.GET-activity-page.400",
    "19.GET-activity-page.500",
    "19.Storage.GET-activity.400",
    "19.Storage.GET-activity.500",
)
@pytest.mark.parametrize("stream", ["/activity/archivalgroups", "/storage-api/activity/importjobs"])
def test_pages_that_are_no_pages(ground: Ground, stream: str) -> None:
    for page in ("x", "1.5", "0", "-1"):
        ground.refused("GET", f"{stream}/pages/{page}", 400, "bad-page", page, errors={"page"})
    assert get(ground.client, f"{stream}/pages/999")["orderedItems"] == []


@pytest.mark.contract("19.GET-search.400", "19.Storage.GET-FedoraSearch.400")
@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({}, "text"),
        ({"text": " "}, "text"),
        ({"text": "a", "pageSize": "0"}, "pageSize"),
        ({"text": "a", "pageSize": "501"}, "pageSize"),
        ({"text": "a", "pageNumber": "-1", "page": "-1"}, "page"),
        ({"text": "a", "pageNumber": "x", "page": "x"}, "page"),
        ({"text": "a", "type": "Everything"}, "type"),
    ],
)
def test_searches_that_cannot_be_understood(ground: Ground, query: Json, wrong: str) -> None:
    ground.refused("GET", "/search", 400, "bad-search", wrong, errors={wrong}, params=query)
    if wrong != "type":
        path = "/storage-api/FedoraSearch"
        ground.refused("GET", path, 400, "bad-search", wrong, errors={wrong}, params=query)
