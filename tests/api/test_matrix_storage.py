"""The error matrix of the Storage API: content, imports and exports, and stores that fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import matrix, samples, workflow
from support.matrix import UNKNOWN, Ground
from support.workflow import Json, get, local, ok

API = "/storage-api"
PAGE = "objects/page 0001.png"

needs_permissions = pytest.mark.skipif(
    not matrix.bound_by_permissions(), reason="nothing is forbidden to the server"
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A server whose jobs may read and write folders; with a book that has lost a page."""
    folder = tmp_path_factory.mktemp("matrix")
    for name in ("origins", "exports"):
        (folder / name).mkdir()
    (folder / "origins" / "a.txt").write_bytes(b"a")
    options = ["--storage-origins", str(folder / "origins")]
    options += ["--storage-destinations", str(folder / "exports")]
    with matrix.opened(folder, options=options, without_privileges=True) as opened:
        workflow.preserve_book(opened.client, opened.uri("book"), pages=2)
        workflow.preserve_book(opened.client, opened.uri("book"), pages=1)
        for path in ("folder", "gone"):
            workflow.make_container(opened.client, f"{opened.room}/{path}")
        ok(opened.client.delete(opened.uri("gone")), 204)
        yield opened


def place(ground: Ground, name: str) -> Path:
    return ground.server.data.parent / name


def page(ground: Ground, path: str = PAGE) -> Json:
    """A Binary of the book."""
    return workflow.binaries(workflow.load(ground.client, ground.stored("book")))[path]


# ----------------------------------------------------------------------------------------- content


@pytest.mark.contract("19.Storage.GET-content.400", "19.Storage.GET-content.404")
def test_what_has_no_content(ground: Ground) -> None:
    for empty in (f"{API}/content", f"{API}/content/"):
        ground.refused("GET", empty, 400, "missing-path", "Binary")
    at = f"{API}/content/{ground.room}"
    for path, code in (
        ("absent", "no-resource"),
        ("book/absent.txt", "no-resource"),
        ("folder", "no-content"),
        ("book", "no-content"),
        ("book/objects", "no-content"),
        # tombstones
        ("gone", "no-content"),
        ("book/objects/page 0002.png", "no-content"),
    ):
        ground.refused("GET", f"{at}/{path}", 404, code, path)
    # what an older version holds is there
    old = ground.client.get(f"{at}/book/objects/page 0002.png", params={"version": "v1"})
    assert ok(old).content == samples.page(2)


@pytest.mark.contract("19.Storage.GET-content.404", "19.Storage.GET-content.500")
def test_content_that_is_gone_or_damaged_is_said_to_be(ground: Ground) -> None:
    found = page(ground)
    stored = local(found["origin"])
    with matrix.damaged(stored):
        ground.refused("GET", found["content"], 500, "digest-mismatch", "page 0001.png")
    with matrix.lost(stored):
        ground.refused("GET", found["content"], 500, "missing-content", "page 0001.png")
    assert workflow.read(ground.client, found) == samples.page(1)


# ----------------------------------------------------------------------------------------- imports


def job(ground: Ground, path: str, **more: object) -> Json:
    """A job that makes a group with one file."""
    group = ground.stored(path)
    add = {
        "id": f"{group}/a.txt",
        "name": "a",
        "origin": (place(ground, "origins") / "a.txt").as_uri(),
        "contentType": "text/plain",
        "size": 1,
        "digest": samples.sha256(b"a"),
    }
    told = {"id": "urn:a:job", "archivalGroup": group, "archivalGroupName": "G"}
    return {**told, "binariesToAdd": [add], **more}


@pytest.mark.contract("19.Storage.POST-import.401", "19.Storage.POST-import.500")
def test_what_a_job_leaves_out(ground: Ground) -> None:
    path = f"{API}/import"
    for name in ("archivalGroup", "id"):
        body = {**job(ground, "absent"), name: None}
        ground.refused("POST", path, 400, "missing-property", name, errors={name}, json=body)
    body = job(ground, "absent", archivalGroup="https://elsewhere.example/repository/a")
    ground.refused("POST", path, 400, "foreign-id", "elsewhere", json=body)
    body = job(ground, "absent", lastModifiedBy="https://elsewhere.example/agents/x")
    ground.refused("POST", path, 400, "bad-agent", errors={"lastModifiedBy"}, json=body)
    # without agents the caller is the one
    made = ok(ground.client.post(path, json=job(ground, workflow.fresh("nameless"))), 201).json()
    agent = f"{ground.server.storage_url}/agents/ann"
    assert (made["createdBy"], made["lastModifiedBy"]) == (agent, agent)
    assert workflow.wait(ground.client, made)["status"] == "completed"


@pytest.mark.contract("19.Storage.POST-import.409", "19.Storage.POST-import.500")
def test_one_import_at_a_time_and_none_is_lost(ground: Ground) -> None:
    body = job(ground, workflow.fresh("busy"))
    with ground.sleeping_worker():
        first = ok(ground.client.post(f"{API}/import", json=body), 201).json()
        assert first["status"] == "waiting"
        room = ground.room
        ground.refused("POST", f"{API}/import", 409, "active-import", room, json=body)
    assert workflow.wait(ground.client, first)["status"] == "completed"
    for path, status, code in (
        ("folder", 409, "not-a-group"),
        ("book/inner", 409, "inside-group"),
        ("absent/inner", 409, "no-parent"),
        ("gone", 410, "tombstone"),
    ):
        ground.refused("POST", f"{API}/import", status, code, path, json=job(ground, path))


@needs_permissions
@pytest.mark.contract("19.Storage.PUT-repository.500", "19.Storage.POST-import.500")
def test_a_root_that_cannot_be_written_is_told_and_comes_back(ground: Ground) -> None:
    path = f"{API}/repository/{ground.room}/{workflow.fresh('made')}"
    staging = ground.server.data / "ocfl-root" / "extensions" / "strongroom-staging"
    body = job(ground, workflow.fresh("stored"))
    with matrix.read_only(staging), matrix.read_only(staging / "work"):
        ground.refused("PUT", path, 422, "unreadable-file")
        ground.refused("GET", path, 404, "no-resource")
        made = ok(ground.client.post(f"{API}/import", json=body), 201).json()
        result = workflow.wait(ground.client, made)
        assert result["status"] == "completedWithErrors"
        assert result["newVersion"] is None
        assert result["errors"]
    ok(ground.client.put(path), 201)
    again = ok(ground.client.post(f"{API}/import", json=body), 201).json()
    assert workflow.wait(ground.client, again)["status"] == "completed"


@pytest.mark.contract(
    "19.Storage.GET-import-results.400",
    "19.Storage.GET-import-results.404",
    "19.Storage.GET-import-results.500",
)
def test_results_that_cannot_be_shown(ground: Ground) -> None:
    made = ok(ground.client.post(f"{API}/import", json=job(ground, workflow.fresh("shown"))), 201)
    result = workflow.wait(ground.client, made.json())
    number = result["id"].partition("/results/")[2].partition("/")[0]
    for empty in (f"{API}/import/results/{number}", f"{API}/import/results/{number}/"):
        ground.refused("GET", empty, 400, "missing-path", "Archival Group")
    ground.refused("GET", f"{API}/import/results/{UNKNOWN}/a", 404, "no-job", UNKNOWN)
    spoil = "UPDATE job_documents SET body = ? WHERE job = ? AND what = 'outcome'"
    ground.change_rows(spoil, b"no zlib at all", number)
    shown = f"{API}/import/results/{number}/a"
    ground.refused("GET", shown, 500, "database-damaged", number)


# ----------------------------------------------------------------------------------------- exports

EXPORTS = ("/export", "/exportMetsOnly")


def wanted(ground: Ground, name: str, **more: object) -> Json:
    """What an export of the book into a folder of this name is asked for with."""
    destination = (place(ground, "exports") / name).as_uri()
    return {"archivalGroup": ground.stored("book"), "destination": destination, **more}


def finished(ground: Ground, export: Json) -> Json:
    deadline = time.monotonic() + 60
    while (now := get(ground.client, export["id"]))["dateFinished"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return now


@pytest.mark.contract("19.Storage.POST-export.400", "19.Storage.POST-exportMetsOnly.400")
@pytest.mark.parametrize("path", EXPORTS)
def test_what_no_export_can_be_made_of(ground: Ground, path: str) -> None:
    for missing in ("archivalGroup", "destination"):
        body = wanted(ground, "x", **{missing: None})
        errors = {missing}
        code = "missing-property"
        ground.refused("POST", API + path, 400, code, missing, errors=errors, json=body)
    for destination in ("file:///etc", "s3://bucket/x", ground.server.data.as_uri()):
        body = wanted(ground, "x", destination=destination)
        ground.refused("POST", API + path, 400, "foreign-destination", destination, json=body)
    body = wanted(ground, "x", sourceVersion="last")
    ground.refused("POST", API + path, 400, "bad-version", "last", json=body)
    body = wanted(ground, "x", archivalGroup=ground.stored("absent"))
    ground.refused("POST", API + path, 404, "no-group", "absent", json=body)


@pytest.mark.contract(
    "19.Storage.POST-export.409", "19.Storage.POST-exportMetsOnly.409", "19.Storage.GET-export.404"
)
def test_exports_that_must_wait_or_are_not_there(ground: Ground) -> None:
    ground.refused("GET", f"{API}/export/{UNKNOWN}", 404, "no-job", UNKNOWN)
    unknown = wanted(ground, "x", sourceVersion="v7")
    ground.refused("POST", f"{API}/exportMetsOnly", 409, "no-version", "v7", json=unknown)
    ground.refused("POST", f"{API}/export", 404, "no-version", "v7", json=unknown)
    with ground.sleeping_worker():
        one = workflow.fresh("one")
        first = ok(ground.client.post(f"{API}/export", json=wanted(ground, one)), 201).json()
        number = first["id"].rpartition("/")[2]
        body = wanted(ground, "two")
        ground.refused("POST", f"{API}/export", 409, "active-export", number, json=body)
    assert finished(ground, first)["errors"] is None


@needs_permissions
@pytest.mark.contract("19.Storage.POST-export.500", "19.Storage.POST-exportMetsOnly.500")
def test_exports_that_fail_end_and_say_why(ground: Ground) -> None:
    exports = place(ground, "exports")
    with matrix.read_only(exports):
        body = wanted(ground, workflow.fresh("shut"))
        ended = finished(ground, ok(ground.client.post(f"{API}/export", json=body), 201).json())
        assert ended["files"] == []
        assert "Permission denied" in ended["errors"][0]["message"]
        ground.refused("POST", f"{API}/exportMetsOnly", 422, "unreadable-file", json=body)
    with matrix.damaged(local(page(ground, "mets.xml")["origin"])):
        body = wanted(ground, workflow.fresh("damaged"))
        ended = finished(ground, ok(ground.client.post(f"{API}/export", json=body), 201).json())
        assert [error["id"] for error in ended["errors"]] == [ground.stored("book/mets.xml")]
        assert len(ended["files"]) == 3
        alone = wanted(ground, workflow.fresh("damaged"))
        shown = ok(ground.client.post(f"{API}/exportMetsOnly", json=alone)).json()
        assert shown["files"] == []
        assert [error["id"] for error in shown["errors"]] == [ground.stored("book/mets.xml")]
    again = ok(
        ground.client.post(f"{API}/export", json=wanted(ground, workflow.fresh("good"))), 201
    )
    assert finished(ground, again.json())["errors"] is None
