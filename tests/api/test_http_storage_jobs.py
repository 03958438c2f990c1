"""Jobs of the Storage API: imports without deposits, exports to folders. Contract 3.3, 3.4, 6."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from support import matrix, ocfl_check, samples, workflow
from support.s3_server import S3Server
from support.server import Server, ServerDied
from support.workflow import Json, ok


@dataclass
class Place:
    """A server with folders that jobs may use; the client speaks to its Storage API."""

    server: Server
    client: httpx.Client
    origins: Path
    outside: Path
    exports: Path

    def group(self, word: str = "g") -> str:
        return f"{self.server.storage_url}/repository/{workflow.fresh(word)}"

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.client.request(method, self.server.storage_url + path, **more)

    def put(self, files: dict[str, bytes], folder: str) -> None:
        for path, data in files.items():
            place = self.origins / folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def item(self, group: str, path: str, data: bytes, folder: str, **more: Any) -> Json:
        return {
            "id": workflow.member(group, path),
            "name": path.rpartition("/")[2],
            "origin": (self.origins / folder / path).as_uri(),
            "contentType": samples.content_type(path),
            "size": len(data),
            "digest": samples.sha256(data),
            **more,
        }

    def job(self, group: str, **more: Any) -> Json:
        return {
            "id": "https://example.org/jobs/1",
            "type": "ImportJob",
            "archivalGroup": group,
            "archivalGroupName": "From storage",
            **more,
        }

    def run(self, job: Json) -> Json:
        return workflow.wait(self.client, ok(self.call("POST", "/import", json=job), 201).json())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("storage-jobs")
    for name in ("may be read", "outside", "exports"):
        (folder / name).mkdir()
    server = Server(
        folder / "data",
        folder / "log",
        options=[
            "--storage-origins",
            f"{folder / 'may be read'},{folder / 'missing'}",
            "--storage-destinations",
            str(folder / "exports"),
        ],
    )
    try:
        server.start()
        with workflow.connect(server.url, identity="caller") as client:
            yield Place(
                server, client, folder / "may be read", folder / "outside", folder / "exports"
            )
        server.stop()
    finally:
        server.kill()


def preserve(place: Place, group: str, files: dict[str, bytes], **more: Any) -> Json:
    folder = group.rpartition("/")[2]
    place.put(files, folder)
    items = [place.item(group, path, data, folder) for path, data in files.items()]
    result = place.run(place.job(group, binariesToAdd=items, **more))
    assert result["status"] == "completed", result
    return result


@pytest.mark.contract("3.3.import", "7.4.stream")
def test_a_job_without_a_deposit_is_carried_out(place: Place) -> None:
    group = place.group()
    files = samples.with_mets(samples.book(3) | {"objects/100% #1.txt": b"odd"})
    before = ok(place.call("GET", "/activity/importjobs/collection")).json()["totalItems"]
    result = preserve(
        place,
        group,
        files,
        createdBy=f"{place.server.storage_url}/agents/ann%20b",
        lastModifiedBy="goobi",
    )
    word = group.rpartition("/")[2]
    assert result["id"].startswith(f"{place.server.storage_url}/import/results/")
    assert result["id"].endswith(f"/{word}")
    assert "deposit" not in result
    assert result["importJob"] == "https://example.org/jobs/1"
    assert result["archivalGroup"] == group
    assert result["createdBy"] == f"{place.server.storage_url}/agents/goobi"
    assert (result["sourceVersion"], result["newVersion"]) == (None, "v1")
    assert len(result["binariesAdded"]) == len(files)
    loaded = workflow.assert_holds(place.client, group, files)
    assert loaded["createdBy"] == f"{place.server.storage_url}/agents/ann%20b"
    assert loaded["name"] == "From storage"
    # its METS was found, and so can be read as such
    preserved = group.replace(place.server.storage_url, place.server.url)
    mets = ok(place.client.get(preserved, params={"view": "mets"}))
    assert mets.content == files["mets.xml"]
    # both streams tell of it
    stream = ok(place.call("GET", "/activity/importjobs/collection")).json()
    assert stream["totalItems"] == before + 1
    last = ok(place.client.get(stream["last"]["id"])).json()["orderedItems"][-1]
    assert last["object"]["id"] == result["id"]
    ours = ok(place.client.get("/activity/archivalgroups/collection")).json()
    event = ok(place.client.get(ours["last"]["id"])).json()["orderedItems"][-1]
    assert event["object"]["id"] == preserved
    assert event["object"]["seeAlso"] == [{"id": result["id"], "type": "ImportJobResult"}]
    ocfl_check.assert_root_valid(place.server.data / "ocfl-root")


def test_a_version_is_made_on_top(place: Place) -> None:
    group = place.group()
    preserve(place, group, {"a.txt": b"1", "b.txt": b"2"})
    folder = group.rpartition("/")[2]
    place.put({"a.txt": b"changed"}, folder)
    job = place.job(
        group,
        isUpdate=True,
        sourceVersion="v1",
        binariesToPatch=[place.item(group, "a.txt", b"changed", folder)],
        binariesToDelete=[{"id": workflow.member(group, "b.txt")}],
    )
    result = place.run(job)
    assert (result["sourceVersion"], result["newVersion"]) == ("v1", "v2")
    workflow.assert_holds(place.client, group, {"a.txt": b"changed"})
    stale = ok(place.call("POST", "/import", json=job), 409).json()
    assert stale["code"] == "stale-version"


@pytest.mark.contract("16.33", "19.Storage.POST-import.401")
def test_the_caller_stands_for_whom_a_job_does_not_name(place: Place) -> None:
    group = place.group()
    result = preserve(place, group, {"a.txt": b"1"})
    agent = f"{place.server.storage_url}/agents/caller"
    assert result["createdBy"] == result["lastModifiedBy"] == agent
    assert workflow.load(place.client, group)["createdBy"] == agent
    named = place.job(group, lastModifiedBy="https://elsewhere.example/agents/x")
    assert ok(place.call("POST", "/import", json=named), 400).json()["code"] == "bad-agent"


@pytest.mark.contract("16.20", "19.Storage.POST-import.500")
def test_what_is_missing_is_named(place: Place) -> None:
    problem = ok(place.call("POST", "/import", json={}), 400).json()
    assert problem["code"] == "missing-property"
    assert [fault["path"] for fault in problem["errors"]] == ["id", "archivalGroup"]
    group = place.group()
    place.put({"a.txt": b"1"}, "missing-things")
    item = place.item(group, "a.txt", b"1", "missing-things", digest=None)
    problem = ok(
        place.call("POST", "/import", json=place.job(group, binariesToAdd=[item])), 400
    ).json()
    assert problem["code"] == "no-digest"
    deposit = place.job(group, deposit="https://elsewhere.example/deposits/abc")
    assert ok(place.call("POST", "/import", json=deposit), 400).json()["code"] == "wrong-deposit"
    orphan = place.job(f"{place.server.storage_url}/repository/no/such/parent")
    assert ok(place.call("POST", "/import", json=orphan), 409).json()["code"] == "no-parent"


@pytest.mark.contract("16.19")
def test_nothing_but_the_allowed_places_can_be_read(place: Place) -> None:
    group = place.group()
    (place.outside / "secret.txt").write_bytes(b"secret")
    place.put({"dir/real.txt": b"real"}, "links")
    (place.origins / "links" / "link.txt").symlink_to(place.outside / "secret.txt")
    (place.origins / "links" / "folder").symlink_to(place.outside)
    os.mkfifo(place.origins / "links" / "pipe")
    root = place.origins.as_uri()
    database = (place.server.data / "strongroom.db").as_uri()
    origins = {
        (place.outside / "secret.txt").as_uri(): "foreign-origin",
        database: "foreign-origin",
        "/etc/passwd": "foreign-origin",
        "file:///etc/passwd": "foreign-origin",
        "http://localhost/a.txt": "foreign-origin",
        "s3://bucket/a.txt": "foreign-origin",
        f"{root}x/a.txt": "foreign-origin",
        f"{root}/../outside/secret.txt": "foreign-origin",
        f"{root}/%2e%2e/outside/secret.txt": "foreign-origin",
        f"{root}/links%2f..%2f..%2foutside/secret.txt": "foreign-origin",
        f"{root}/links/link.txt": "symbolic-link",
        f"{root}/links/folder/secret.txt": "symbolic-link",
        f"{root}/links/pipe": "special-file",
        f"{root}/links/dir": "missing-file",
        f"{root}/links/nothing.txt": "missing-file",
    }
    items = [
        place.item(group, f"{n}.txt", b"secret", "x", origin=origin)
        for n, origin in enumerate(origins)
    ]
    problem = ok(
        place.call("POST", "/import", json=place.job(group, binariesToAdd=items)), 400
    ).json()
    assert sorted(fault["code"] for fault in problem["errors"]) == sorted(origins.values())
    assert "secret" not in str(problem).replace("secret.txt", "")
    ok(place.client.get(group), 404)


def test_bytes_that_are_not_what_the_job_says_fail_it(place: Place) -> None:
    group = place.group()
    place.put({"a.txt": b"one", "b.txt": b"two"}, "wrong-bytes")
    items = [
        place.item(group, "a.txt", b"xxx", "wrong-bytes"),
        place.item(group, "b.txt", b"two", "wrong-bytes"),
    ]
    result = place.run(place.job(group, binariesToAdd=items))
    assert result["status"] == "completedWithErrors"
    assert "a.txt" in result["errors"][0]["id"]
    assert result["newVersion"] is None
    ok(place.client.get(group), 404)
    short = place.item(group, "a.txt", b"one", "wrong-bytes", size=7)
    problem = ok(
        place.call("POST", "/import", json=place.job(group, binariesToAdd=[short])), 400
    ).json()
    assert problem["code"] == "size-mismatch"


def test_a_job_that_names_a_deposit_is_that_deposits(place: Place) -> None:
    group = f"{place.server.url}/repository/{workflow.fresh('dep')}"
    files = samples.with_mets({"objects/a.txt": b"a"})
    deposit = workflow.make_filled(place.client, group, files)
    diff = workflow.get_diff(place.client, deposit)
    result = workflow.wait(place.client, ok(place.call("POST", "/import", json=diff), 201).json())
    assert result["status"] == "completed"
    assert result["deposit"] == deposit["id"]
    assert workflow.get(place.client, deposit["id"])["status"] == "preserved"


@pytest.mark.contract("19.Storage.POST-import.409")
def test_one_import_into_a_group_at_a_time(place: Place) -> None:
    group = place.group()
    place.put({"a.txt": b"a"}, "busy")
    job = place.job(group, binariesToAdd=[place.item(group, "a.txt", b"a", "busy")])
    with matrix.asleep(place.server, place.client):
        first = ok(place.call("POST", "/import", json=job), 201).json()
        for _ in range(2):
            refused = place.call("POST", "/import", json=job)
            assert ok(refused, 409).json()["code"] == "active-import"
    assert workflow.wait(place.client, first)["status"] == "completed"
    assert ok(place.call("POST", "/import", json=job), 409).json()["code"] == "already-there"


# ------------------------------------------------------------------------------------- exports


def finished(place: Place, export: Json) -> Json:
    deadline = time.monotonic() + 60
    while (now := workflow.get(place.client, export["id"]))["dateFinished"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return now


@pytest.mark.contract("16.37", "3.4.export")
def test_any_version_is_exported_into_a_folder(place: Place) -> None:
    group = place.group("export")
    files = samples.with_mets({"objects/a b#.txt": b"a", "objects/empty.txt": b""})
    preserve(place, group, files)
    folder = group.rpartition("/")[2]
    place.put({"new.txt": b"new"}, folder)
    place.run(place.job(group, binariesToAdd=[place.item(group, "new.txt", b"new", folder)]))
    for version, expected in (("v1", files), (None, files | {"new.txt": b"new"})):
        there = place.exports / folder / str(version) / "deep er"
        destination = there.as_uri()
        answer = place.call(
            "POST",
            "/export",
            json={"archivalGroup": group, "destination": destination, "sourceVersion": version},
        )
        export = ok(answer, 201).json()
        assert answer.headers["location"] == export["id"]
        assert (export["dateFinished"], export["files"], export["errors"]) == (None, [], None)
        done = finished(place, export)
        assert done["destination"] == destination + "/"
        assert done["sourceVersion"] == (version or "v2")
        assert done["errors"] is None
        assert sorted(done["files"]) == sorted(f"{destination}/{quote(path)}" for path in expected)
        found = {
            path.relative_to(there).as_posix(): path.read_bytes()
            for path in there.rglob("*")
            if path.is_file()
        }
        assert found == expected


@pytest.mark.contract("3.4.exportMetsOnly")
def test_the_mets_alone_is_exported_at_once(place: Place) -> None:
    group = place.group("mets")
    files = samples.with_mets({"objects/a.txt": b"a"})
    preserve(place, group, files)
    destination = (place.exports / workflow.fresh("mets")).as_uri() + "/"
    body = {"archivalGroup": group, "destination": destination}
    done = ok(place.call("POST", "/exportMetsOnly", json=body)).json()
    assert done["id"] is None
    assert done["files"] == [destination + "mets.xml"]
    assert done["dateBegun"] and done["dateFinished"]
    assert (done["sourceVersion"], done["errors"]) == ("v1", None)
    assert workflow.local(destination + "mets.xml").read_bytes() == files["mets.xml"]
    assert len(list(workflow.local(destination).iterdir())) == 1


@pytest.mark.contract("19.Storage.POST-exportMetsOnly.409")
def test_the_mets_of_an_unknown_version_is_409(place: Place) -> None:
    group = place.group("mets")
    preserve(place, group, {"a.txt": b"a"})
    body = {
        "archivalGroup": group,
        "destination": (place.exports / "unknown").as_uri(),
        "sourceVersion": "v7",
    }
    assert ok(place.call("POST", "/exportMetsOnly", json=body), 409).json()["code"] == "no-version"
    assert ok(place.call("POST", "/export", json=body), 404).json()["code"] == "no-version"


@pytest.mark.contract("19.Storage.POST-export.400", "19.Storage.POST-exportMetsOnly.400")
@pytest.mark.parametrize("path", ["/export", "/exportMetsOnly"])
def test_what_an_export_lacks_and_may_not(place: Place, path: str) -> None:
    problem = ok(place.call("POST", path, json={}), 400).json()
    assert [fault["path"] for fault in problem["errors"]] == ["archivalGroup", "destination"]
    group = place.group("refused")
    preserve(place, group, {"a.txt": b"a"})
    for destination in (
        place.exports.as_uri(),
        place.outside.as_uri() + "/x",
        place.exports.as_uri() + "/../outside/x",
        place.exports.as_uri() + "/.incoming/x",
        place.server.data.as_uri() + "/deposits/x",
        "s3://bucket/x",
    ):
        body = {"archivalGroup": group, "destination": destination}
        problem = ok(place.call("POST", path, json=body), 400).json()
        assert problem["code"] == "foreign-destination", destination
    body = {"archivalGroup": group + "-not", "destination": (place.exports / "x").as_uri()}
    assert ok(place.call("POST", path, json=body), 404).json()["code"] == "no-group"


@pytest.mark.contract("19.Storage.POST-export.409")
def test_one_export_of_a_group_at_a_time(place: Place) -> None:
    group = place.group("busy")
    preserve(place, group, {"a.txt": b"a"})
    bodies = [
        {"archivalGroup": group, "destination": (place.exports / f"{n}-busy").as_uri()}
        for n in range(2)
    ]
    with matrix.asleep(place.server, place.client):
        first = ok(place.call("POST", "/export", json=bodies[0]), 201).json()
        refused = place.call("POST", "/export", json=bodies[1])
        assert ok(refused, 409).json()["code"] == "active-export"
    assert finished(place, first)["errors"] is None
    assert finished(place, ok(place.call("POST", "/export", json=bodies[1]), 201).json())


@pytest.mark.contract("3.3.import", "19.Storage.GET-import-results.400")
def test_tombstones_and_missing_paths(place: Place) -> None:
    room = workflow.fresh("room")
    workflow.make_container(place.client, room)
    job = place.job(f"{place.server.storage_url}/repository/{room}")
    assert ok(place.call("POST", "/import", json=job), 409).json()["code"] == "not-a-group"
    ok(place.client.delete(f"/repository/{room}"), 204)
    assert ok(place.call("POST", "/import", json=job), 410).json()["code"] == "tombstone"
    body = {"archivalGroup": job["archivalGroup"], "destination": place.exports.as_uri() + "/x"}
    assert ok(place.call("POST", "/export", json=body), 410).json()["code"] == "tombstone"
    problem = ok(place.call("GET", "/import/results/abc/"), 400).json()
    assert problem["code"] == "missing-path"


@pytest.mark.contract("19.Storage.GET-export.404", "19.Storage.GET-import-results.404")
def test_unknown_jobs_are_404(place: Place) -> None:
    assert ok(place.call("GET", "/export/nothing"), 404).json()["code"] == "no-job"
    assert ok(place.call("GET", "/import/results/nothing/a"), 404).json()["code"] == "no-job"


def test_a_link_among_exports_is_not_followed(place: Place) -> None:
    group = place.group("linked")
    preserve(place, group, {"a.txt": b"a"})
    (place.exports / "linked").symlink_to(place.outside)
    (place.exports / "within").mkdir()
    (place.exports / "within" / "link").symlink_to(place.outside)
    for folder in ("linked", "within/link"):
        body = {"archivalGroup": group, "destination": f"{place.exports.as_uri()}/{folder}"}
        export = ok(place.call("POST", "/export", json=body), 201).json()
        assert finished(place, export)["errors"], folder
    assert not (place.outside / "a.txt").exists()


# ------------------------------------------------------------------------------------- settings


def test_without_settings_nothing_is_read_and_nothing_written(
    client: httpx.Client, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(b"a")
    group = f"{server.storage_url}/repository/{workflow.fresh('none')}"
    item = {
        "id": f"{group}/a.txt",
        "origin": (tmp_path / "a.txt").as_uri(),
        "digest": samples.sha256(b"a"),
    }
    job = {"id": "x", "archivalGroup": group, "archivalGroupName": "x", "binariesToAdd": [item]}
    problem = ok(client.post(f"{server.storage_url}/import", json=job), 400).json()
    assert problem["code"] == "foreign-origin"
    assert "storage_origins" in str(problem) or "no origin" in str(problem)


def test_destinations_must_be_there_and_apart(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(ServerDied, match="storage_destinations"):
            start_server(options=["--storage-destinations", str(folder)])


# ------------------------------------------------------------------------------------- buckets


def test_origins_and_destinations_in_buckets(
    s3: S3Server, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    bucket = s3.make_bucket()
    s3.put(bucket, "in/deep/a b.txt", b"one")
    s3.put(bucket, "in/deep/c.txt", b"two")
    s3.put(bucket, "elsewhere/d.txt", b"three")
    server = Server(
        tmp_path / "data",
        tmp_path / "log",
        env=s3.environment(),
        options=[
            "--storage-origins",
            f"s3://{bucket}/in",
            "--storage-destinations",
            f"s3://{bucket}/out/",
        ],
    )
    try:
        server.start()
        with workflow.connect(server.url) as client:
            group = f"{server.storage_url}/repository/bucket"

            def item(path: str, key: str, data: bytes) -> Json:
                return {
                    "id": workflow.member(group, path),
                    "origin": f"s3://{bucket}/{quote(key)}",
                    "digest": samples.sha256(data),
                }

            job = {"id": "x", "archivalGroup": group, "archivalGroupName": "x"}
            foreign = {**job, "binariesToAdd": [item("d.txt", "elsewhere/d.txt", b"three")]}
            answer = client.post(f"{server.storage_url}/import", json=foreign)
            assert ok(answer, 400).json()["code"] == "foreign-origin"
            job["binariesToAdd"] = [  # type: ignore[assignment]
                item("a b.txt", "in/deep/a b.txt", b"one"),
                item("c.txt", "in/deep/c.txt", b"two"),
            ]
            posted = ok(client.post(f"{server.storage_url}/import", json=job), 201).json()
            assert workflow.wait(client, posted)["status"] == "completed"
            workflow.assert_holds(client, group, {"a b.txt": b"one", "c.txt": b"two"})
            body = {"archivalGroup": group, "destination": f"s3://{bucket}/out/x/y"}
            export = ok(client.post(f"{server.storage_url}/export", json=body), 201).json()
            deadline = time.monotonic() + 60
            while (now := workflow.get(client, export["id"]))["dateFinished"] is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert now["errors"] is None
            assert s3.get(bucket, "out/x/y/a b.txt") == b"one"
        server.stop()
    finally:
        server.kill()
