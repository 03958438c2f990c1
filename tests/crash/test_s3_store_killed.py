"""The S3 store itself is killed, or refuses the server, in the middle of imports and exports.

A job waits and is tried again; or it fails, says why, and has changed nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from support import samples, stages, workflow
from support.s3_proxy import Answer, Request, S3Proxy
from support.s3_server import S3Server
from support.stages import Stage
from support.workflow import get, ok

REFUSAL = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>no</Message></Error>"


@pytest.fixture
def store() -> Iterator[S3Server]:
    with S3Server() as s3:
        yield s3


class Gate:
    """Stands before the store; says what becomes of each request."""

    def __init__(self) -> None:
        self.is_closed: Callable[[Request], bool] = lambda request: False
        self.refused = 0

    def __call__(self, request: Request, forward: Callable[[Request], Answer]) -> Answer:
        if self.is_closed(request):
            self.refused += 1
            return Answer(403, {"content-type": "application/xml"}, REFUSAL)
        return forward(request)


def book(pages: int) -> dict[str, bytes]:
    random = Random(pages)
    return samples.with_mets(
        {f"objects/{number}.txt": random.randbytes(900) for number in range(pages)}
    )


def wait_until_running(stage: Stage, uri: str) -> None:
    deadline = time.monotonic() + 30
    while get(stage.client, uri)["status"] == "waiting" and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.parametrize("pause", [0.0, 0.15, 0.4])
def test_a_store_that_is_killed_during_an_import_and_comes_back(
    store: S3Server, tmp_path: Path, pause: float
) -> None:
    with stages.opened("s3-s3", tmp_path, store) as stage:
        files = book(150)
        deposit = workflow.make_deposit(stage.client, archivalGroup=stage.group())
        stage.fill(deposit, files)
        result = ok(workflow.post_diff(stage.client, deposit), 201).json()
        wait_until_running(stage, result["id"])
        time.sleep(pause)
        store.kill()
        time.sleep(1.5)
        # what the index knows is answered meanwhile
        assert get(stage.client, result["id"])["status"] in ("running", "waiting", "completed")
        store.start()
        done = workflow.wait(stage.client, result, seconds=180)
        assert (done["status"], done["newVersion"]) == ("completed", "v1"), done
        workflow.assert_holds(stage.client, deposit["archivalGroup"], files)


@pytest.mark.contract("17.12")
def test_a_store_that_is_killed_during_an_export_and_comes_back(
    store: S3Server, tmp_path: Path
) -> None:
    with stages.opened("s3-s3", tmp_path, store) as stage:
        files, group = book(150), stage.group()
        deposit = workflow.make_deposit(stage.client, archivalGroup=group)
        stage.fill(deposit, files)
        workflow.run_diff(stage.client, deposit)
        started = workflow.start_export(stage.client, group)
        time.sleep(0.1)
        store.kill()
        time.sleep(1.5)
        store.start()
        workflow.wait_for(stage.client, started["id"], "new", seconds=180)
        assert [path for path in stage.paths(started) if path[-1] != "/"] == sorted(files)
        for path in files:
            assert stage.read(started, path) == files[path]


def test_a_store_that_begins_to_refuse_the_server(s3: S3Server, tmp_path: Path) -> None:
    """As when credentials are withdrawn: jobs fail, say so, and can be made anew afterwards."""
    gate = Gate()
    with (
        S3Proxy(s3.endpoint, gate) as proxy,
        stages.opened("s3-s3", tmp_path, s3, env={"AWS_ENDPOINT_URL": proxy.endpoint}) as stage,
    ):
        files, group = book(30), stage.group()
        deposit = workflow.make_deposit(stage.client, archivalGroup=group)
        stage.fill(deposit, files)
        gate.is_closed = lambda request: request.method == "PUT" and "/content/" in request.path
        result = workflow.wait(
            stage.client, ok(workflow.post_diff(stage.client, deposit), 201).json()
        )
        assert gate.refused > 0
        assert result["status"] == "completedWithErrors"
        assert "credentials" in result["errors"][0]["message"], result
        assert s3.secret_key not in str(result) + stage.server.log_text()
        assert get(stage.client, deposit["id"])["status"] == "error"
        assert stage.client.get(group).status_code == 404
        bucket, _ = stage.bucket_and_prefix(deposit)
        assert [key for key in s3.keys(bucket, "ocfl/") if "/content/objects" in key] == []

        gate.is_closed = lambda request: True
        answer = stage.client.get(f"{deposit['id']}/importjobs/diff")
        assert answer.status_code == 503
        assert answer.json()["code"] == "storage-refused"

        gate.is_closed = lambda request: False
        workflow.run_diff(stage.client, deposit)
        workflow.assert_holds(stage.client, group, files)
