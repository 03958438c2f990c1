"""Runs of tools over HTTP: asked for, shown, refused, stopped; what a whole run leaves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support import workflow
from support.server import Server
from support.workflow import Json, ok

ENDED = ("completed", "completedWithErrors")
FILES = {"objects/a b.txt": b"some text\n", "objects/x/#1.txt": b"more text\n"}


def runs(client: httpx.Client, deposit: Json) -> list[Json]:
    found: list[Json] = ok(client.get(f"{deposit['id']}/pipelinerunjobs")).json()
    return found


def start(client: httpx.Client, deposit: Json) -> str:
    answer = ok(client.post(f"{deposit['id']}/pipeline"), 204)
    assert answer.content == b""
    return answer.headers["Location"]


def wait(client: httpx.Client, run: str) -> Json:
    for _ in range(4000):
        now = workflow.get(client, run)
        if now["status"] in ENDED:
            return now
        assert now["status"] in ("waiting", "processing", "metadataCreated")
    raise AssertionError(f"the run does not end: {now}")


def force(client: httpx.Client, deposit: Json, run: Json, **more: Any) -> httpx.Response:
    body = {
        "id": run["jobId"],
        "depositId": deposit["id"].rpartition("/")[2],
        "status": "completedWithErrors",
        "runUser": "ann",
        **more,
    }
    return client.post("/deposits/pipeline-status", json=body)


@pytest.fixture
def deposit(client: httpx.Client, group: str) -> Json:
    made = workflow.make_deposit(
        client, archivalGroup=group, archivalGroupName="A book", template="RootLevel"
    )
    workflow.fill(made, FILES)
    return made


def test_a_run_as_clients_see_it(client: httpx.Client, server: Server, deposit: Json) -> None:
    with workflow.connect(server.url, identity="ann") as ann:
        run = start(ann, deposit)
    ended = wait(client, run)
    short = deposit["id"].rpartition("/")[2]
    assert {
        key: ended[key]
        for key in (
            "type",
            "deposit",
            "runUser",
            "archivalGroupName",
            "cleanupProcessJob",
            "status",
            "errors",
        )
    } == {
        "type": "ProcessPipelineResult",
        "deposit": short,
        "runUser": "ann",
        "archivalGroupName": "A book",
        "cleanupProcessJob": False,
        "status": "completed",
        "errors": None,
    }
    assert ended["id"] == f"{deposit['id']}/pipelinerunjobs/{ended['jobId']}" == run
    assert ended["createdBy"] == ended["lastModifiedBy"] == f"{server.url}/agents/ann"
    assert ended["created"] <= ended["dateBegun"] <= ended["dateFinished"]
    assert runs(client, deposit) == [ended]


def test_runs_are_listed_in_their_order(client: httpx.Client, deposit: Json) -> None:
    first, second = (wait(client, start(client, deposit)) for _ in range(2))
    assert [run["jobId"] for run in runs(client, deposit)] == [first["jobId"], second["jobId"]]


@pytest.mark.contract("17.21")
def test_unknown_deposits_and_runs(client: httpx.Client, server: Server, deposit: Json) -> None:
    assert ok(client.post("/deposits/nowhere/pipeline"), 404).json()["code"] == "no-deposit"
    assert ok(client.get("/deposits/nowhere/pipelinerunjobs")).json() == []
    assert ok(client.get(f"{deposit['id']}/pipelinerunjobs/x"), 404).json()["code"] == "no-job"
    run = wait(client, start(client, deposit))
    other = workflow.make_deposit(client)
    ok(client.get(f"{other['id']}/pipelinerunjobs/{run['jobId']}"), 404)
    ok(force(client, other, run), 404)
    ok(force(client, deposit, {"jobId": "x"}), 404)
    ok(force(client, {"id": "x/nowhere"}, run), 404)


def test_the_lock_of_another_hinders_and_ones_own_is_released(
    client: httpx.Client, server: Server, deposit: Json
) -> None:
    with (
        workflow.connect(server.url, identity="ann") as ann,
        workflow.connect(server.url, identity="bob") as bob,
    ):
        ok(ann.post(f"{deposit['id']}/lock"), 204)
        refused = ok(bob.post(f"{deposit['id']}/pipeline"), 409).json()
        assert refused["detail"].startswith("Deposit is locked by another user: ann")
        wait(client, start(ann, deposit))
    assert workflow.get(client, deposit["id"])["lockedBy"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"id": None}, 400, "missing-property"),
        ({"depositId": ""}, 400, "missing-property"),
        ({"status": None}, 400, "missing-property"),
        ({"status": "finished"}, 400, "bad-status"),
        # the worker alone says so
        ({"status": "processing"}, 409, "bad-transition"),
        ({"status": "metadataCreated"}, 409, "bad-transition"),
        # too late
        ({"status": "completedWithErrors"}, 409, "bad-transition"),
        # as it is
        ({"status": "completed"}, 204, None),
    ],
)
def test_states_that_a_client_may_not_set(
    client: httpx.Client, deposit: Json, body: Json, status: int, code: str | None
) -> None:
    run = wait(client, start(client, deposit))
    answer = ok(force(client, deposit, run, **body), status)
    if code is not None:
        assert answer.json()["code"] == code
    assert runs(client, deposit) == [run]
