"""``Idempotency-Key``: the same request is carried out once, however often it is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from support import samples, workflow
from support.rows import Rows
from support.server import Server
from support.workflow import ok


def post(client: httpx.Client, path: str, key: str, **more: Any) -> httpx.Response:
    return client.post(path, headers={"Idempotency-Key": key}, **more)


def count(client: httpx.Client, text: str) -> int:
    found = ok(client.get("/search", params={"text": text})).json()["depositSearch"]
    return found["total"] if found else 0


def test_a_deposit_is_made_once(client: httpx.Client) -> None:
    key, text = workflow.fresh("key"), workflow.fresh("once")
    body = {"submissionText": text}
    first = ok(post(client, "/deposits", key, json=body), 201)
    again = ok(post(client, "/deposits", key, json=body), 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-correlation-id"] != first.headers["x-correlation-id"]
    assert count(client, text) == 1


def test_a_key_stands_for_one_request_of_one_client(client: httpx.Client, server: Server) -> None:
    key, text = workflow.fresh("key"), workflow.fresh("once")
    ok(post(client, "/deposits", key, json={"submissionText": text}), 201)
    problem = ok(post(client, "/deposits", key, json={"submissionText": text + "x"}), 422).json()
    assert problem["code"] == "key-reused"
    with workflow.connect(server.url, identity="somebody else") as other:
        ok(post(other, "/deposits", key, json={"submissionText": text}), 201)
    assert count(client, text) == 2
    # to another address it is another request; elsewhere it means nothing
    ok(post(client, "/deposits/export", key, json={"submissionText": text}), 400)
    ok(client.get("/deposits", headers={"Idempotency-Key": key}))


def test_what_failed_may_be_sent_again(client: httpx.Client, server: Server) -> None:
    key = workflow.fresh("key")
    room = workflow.fresh("room")
    group = f"{server.url}/repository/{workflow.fresh('g')}"
    other = workflow.make_deposit(client, archivalGroup=group)
    body = {"archivalGroup": group, "submissionText": room}
    ok(post(client, "/deposits", key, json=body), 409)
    ok(client.delete(other["id"]), 204)
    first = ok(post(client, "/deposits", key, json=body), 201)
    assert ok(post(client, "/deposits", key, json=body), 201).json() == first.json()


def test_racing_requests_make_one_deposit(client: httpx.Client, server: Server) -> None:
    key, text = workflow.fresh("key"), workflow.fresh("race")
    start = threading.Barrier(8)

    def race(_: int) -> httpx.Response:
        with workflow.connect(server.url) as racer:
            start.wait()
            return post(racer, "/deposits", key, json={"submissionText": text})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(8)))
    made = {answer.content for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    refused = [answer.json()["code"] for answer in answers if answer.status_code != 201]
    assert set(refused) <= {"key-in-use"}
    assert count(client, text) == 1


@pytest.mark.contract("17.18")
def test_import_jobs_and_runs_of_tools(client: httpx.Client, server: Server) -> None:
    group = f"{server.url}/repository/{workflow.fresh('job')}"
    files = samples.with_mets({"objects/a.txt": b"a"})
    deposit = workflow.make_filled(client, group, files)
    key = workflow.fresh("key")
    ok(post(client, f"{deposit['id']}/pipeline", key), 204)
    again = ok(post(client, f"{deposit['id']}/pipeline", key), 204)
    assert again.headers["idempotency-replayed"] == "true"
    runs = ok(client.get(f"{deposit['id']}/pipelinerunjobs")).json()
    assert [run["id"] for run in runs] == [again.headers["location"]]
    deadline = time.monotonic() + 60
    while ok(client.get(runs[0]["id"])).json()["dateFinished"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    deposit = workflow.make_filled(client, group + "-2", files)
    body = {"id": f"{deposit['id']}/importjobs/diff"}
    first = ok(post(client, f"{deposit['id']}/importjobs", key, json=body), 201)
    again = ok(post(client, f"{deposit['id']}/importjobs", key, json=body), 201)
    assert again.content == first.content
    assert workflow.wait(client, first.json())["status"] == "completed"
    # even now, when the deposit could not be imported again
    assert ok(post(client, f"{deposit['id']}/importjobs", key, json=body), 201).json() == (
        first.json()
    )


def test_answers_outlive_the_server(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with workflow.connect(server.url) as client:
        first = ok(post(client, "/deposits", "k", json={}), 201)
    server.kill()
    # as if it had been killed while it worked on another request
    raw = Rows(server.data)
    ((key, digest, began),) = raw.execute("SELECT key, digest, began FROM replays")
    raw.commit()
    server.start()
    with workflow.connect(server.url) as client:
        assert ok(post(client, "/deposits", "k", json={}), 201).content == first.content
        dead = f"{(server.data / 'place').read_text()}:dead"
        raw.execute("UPDATE replays SET owner = ?, status = NULL", dead)
        raw.commit()
        assert ok(post(client, "/deposits", "k", json={}), 409).json()["code"] == "outcome-unknown"
        # a day later it is forgotten
        raw.execute("UPDATE replays SET began = ?", began - 25 * 3600 * 1_000_000)
        raw.commit()
        second = ok(post(client, "/deposits", "k", json={}), 201)
        assert second.json()["id"] != first.json()["id"]
        assert raw.execute("SELECT key, digest FROM replays") == [(key, digest)]
    raw.close()


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ü"])
def test_keys_that_cannot_be_used(client: httpx.Client, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = client.post("/deposits", headers=headers, json={})
    assert ok(answer, 400).json()["code"] == "bad-idempotency-key"


def test_a_body_that_is_too_large_is_told_as_ever(client: httpx.Client) -> None:
    answer = post(client, "/deposits", "large", content=b" " * (2 << 20))
    assert answer.status_code in (413, 415)
    body = b'{"submissionText":"' + b"x" * (2 << 20) + b'"}'
    answer = client.post(
        "/deposits",
        content=body,
        headers={"Idempotency-Key": "large", "Content-Type": "application/json"},
    )
    assert ok(answer, 413).json()["code"] == "too-large"
