"""Archiving jobs and connectivity checks over HTTP. Contract sections 2.5, 3.5 and 4.8."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import httpx
import pytest

from support import workflow
from support.s3_server import S3Server
from support.server import Server
from support.workflow import Json, ok


def told(deposit: Json, **more: object) -> Json:
    return {
        "id": workflow.fresh("job"),
        "depositUri": deposit["id"],
        "depositId": deposit["id"].rpartition("/")[2],
        "startTime": "2026-02-01T10:00:00.1234567Z",
        "endTime": "2026-02-01T10:05:00Z",
        "deletedCount": 12,
        "errors": None,
        "batchNumber": "3",
        **more,
    }


def latest(client: httpx.Client, deposit: Json) -> httpx.Response:
    return client.get(f"/depositarchivejobs/{deposit['id'].rpartition('/')[2]}")


@pytest.mark.contract("4.8.archive-job", "2.5.depositarchivejobs")
def test_the_archiving_job_that_ended_last_is_told(client: httpx.Client) -> None:
    deposit = workflow.make_deposit(client)
    first = told(deposit)
    assert ok(client.post("/deposits/archive-job", json=first), 204).content == b""
    failed = told(deposit, endTime="2026-02-03T10:00:00Z", errors="The lock could not be opened.")
    ok(client.post("/deposits/archive-job", json=failed), 204)
    running = told(deposit, endTime=None, startTime="2026-03-01T10:00:00Z")
    ok(client.post("/deposits/archive-job", json=running), 204)
    shown = ok(latest(client, deposit)).json()
    assert list(shown) == [
        "id",
        "type",
        "depositId",
        "created",
        "createdBy",
        "lastModified",
        "lastModifiedBy",
        "dateBegun",
        "dateFinished",
        "errors",
        "status",
    ]
    assert (shown["id"], shown["type"]) == (failed["id"], "ArchiveJobResult")
    assert shown["depositId"] == failed["depositId"]
    assert shown["dateBegun"] == "2026-02-01T10:00:00.123456Z"
    assert shown["dateFinished"] == "2026-02-03T10:00:00Z"
    assert shown["errors"] == [{"id": None, "message": "The lock could not be opened."}]
    assert shown["status"] == "completedWithErrors"
    good = told(deposit, endTime="2026-02-04T10:00:00Z")
    ok(client.post("/deposits/archive-job", json=good), 204)
    shown = ok(latest(client, deposit)).json()
    assert (shown["id"], shown["status"], shown["errors"]) == (good["id"], "completed", None)


def test_telling_it_again_changes_nothing_and_another_is_refused(client: httpx.Client) -> None:
    deposit = workflow.make_deposit(client)
    job = told(deposit)
    ok(client.post("/deposits/archive-job", json=job), 204)
    ok(client.post("/deposits/archive-job", json=job), 204)
    problem = ok(client.post("/deposits/archive-job", json={**job, "deletedCount": 1}), 409).json()
    assert problem["code"] == "other-archive-job"


@pytest.mark.contract("17.21", "19.POST-archive-job.400")
@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"depositId": " "}, ["depositId"]),
        ({"depositUri": None}, ["depositUri"]),
        ({"id": ""}, ["id"]),
        ({"startTime": None}, ["startTime"]),
        ({"startTime": "soon"}, ["startTime"]),
        ({"endTime": "2026-01-01T00:00:00Z"}, ["endTime"]),
        ({"deletedCount": "many"}, ["deletedCount"]),
        ({"depositUri": "https://x.example/deposits/other"}, ["depositUri"]),
        ({"id": None, "depositId": None, "startTime": "?"}, ["id", "depositId", "startTime"]),
    ],
)
def test_all_that_is_wrong_with_an_archiving_job_is_said_at_once(
    client: httpx.Client, change: Json, wrong: list[str]
) -> None:
    deposit = workflow.make_deposit(client)
    problem = ok(client.post("/deposits/archive-job", json=told(deposit, **change)), 400).json()
    assert problem["code"] == "bad-archive-job"
    assert [fault["path"] for fault in problem["errors"]] == wrong
    ok(latest(client, deposit), 404)


@pytest.mark.contract("19.GET-depositarchivejobs.404")
def test_no_archiving_job_is_404_with_the_title_that_archivers_know(client: httpx.Client) -> None:
    problem = ok(latest(client, workflow.make_deposit(client)), 404).json()
    assert (problem["title"], problem["code"]) == ("NotFound", "no-archive-job")


PRESERVATION_CHECKS = ("/storage", "/storage/check-s3", "/storage/check-storage-s3")
STORAGE_CHECKS = ("/storage-api/fedora", "/storage-api/storagecheck")


@pytest.mark.contract("2.5.storage", "3.5.fedora", "3.5.storagecheck")
@pytest.mark.parametrize("path", PRESERVATION_CHECKS + STORAGE_CHECKS)
def test_places_that_can_be_used(client: httpx.Client, path: str) -> None:
    answer = ok(client.get(path)).json()
    assert list(answer) == ["name", "success", "error"]
    assert (answer["success"], answer["error"]) == (True, None)


@pytest.mark.contract("2.5.storage", "3.5.storagecheck")
def test_places_that_cannot_be_used_any_more(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with workflow.connect(server.url) as client:
        (server.data / "deposits").rename(server.data / "away")
        broken = ok(client.get("/storage/check-s3")).json()
        assert broken["success"] is False
        assert "deposits" in broken["error"]
        assert ok(client.get("/storage")).json()["success"] is True
        (server.data / "away").rename(server.data / "deposits")
        assert ok(client.get("/storage/check-s3")).json()["success"] is True
        root = server.data / "ocfl-root"
        root.rename(server.data / "elsewhere")
        root.mkdir()
        for path in ("/storage", "/storage/check-storage-s3", *STORAGE_CHECKS):
            broken = ok(client.get(path)).json()
            assert broken["success"] is False, path
            assert "OCFL root" in broken["error"]
        shutil.rmtree(root)
        (server.data / "elsewhere").rename(root)


@pytest.mark.contract("2.5.storage")
def test_a_bucket_that_is_gone(start_server: Callable[..., Server], s3: S3Server) -> None:
    bucket = s3.make_bucket()
    server = start_server(env=s3.environment(), options=["--deposits", f"s3://{bucket}/work"])
    with workflow.connect(server.url) as client:
        assert ok(client.get("/storage/check-s3")).json()["success"] is True
        s3.client.delete_bucket(Bucket=bucket)
        broken = ok(client.get("/storage/check-s3")).json()
        assert broken["success"] is False
        assert "bucket does not exist" in broken["error"]
        assert ok(client.get("/storage")).json()["success"] is True


@pytest.mark.contract("2.5.test")
def test_the_test_page_is_text(client: httpx.Client) -> None:
    answer = ok(client.get("/test"))
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text
