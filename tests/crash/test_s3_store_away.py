"""The S3 store is down, or takes connections and never answers: whoever asks is told so soon.

Jobs, for which nobody waits, go on trying meanwhile.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from support import samples, stages, workflow
from support.s3_server import S3Server
from support.stages import Stage
from support.workflow import Json, get, ok

#: seconds: what the server is told to wait for a store that hangs, and what an answer may take
TIMEOUT, SOON = 1, 6
#: more bytes than a server reads before it begins to answer
LARGE = 2 << 20


@dataclass
class Archive:
    """A server over a store of its own, a group in it, and a deposit that could change it."""

    store: S3Server
    stage: Stage
    deposit: Json
    #: another deposit, which makes a group of its own
    making: Json
    #: addresses of the bytes of two preserved files
    small: str
    large: str

    def asked(self) -> dict[str, Callable[[], httpx.Response]]:
        """Requests of users that need the store, by what they are."""
        client = self.stage.client
        uri = self.deposit["id"]
        files = uri.replace("/deposits/", "/v1/deposits/") + "/files"
        return {
            "diff": lambda: client.get(f"{uri}/importjobs/diff"),
            "files of a deposit": lambda: client.get(files),
            "its METS": lambda: client.get(f"{uri}/mets"),
            "a small file": lambda: client.get(self.small),
            "a large file": lambda: client.get(self.large),
            "a new file": lambda: client.put(f"{files}/b", content=b"b"),
            "a new deposit": lambda: client.post("/deposits", json={}),
        }


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("away")
    timeout = {"STRONGROOM_S3_TIMEOUT": str(TIMEOUT)}
    with S3Server() as store, stages.opened("s3-s3", folder, store, env=timeout) as stage:
        group = stage.group()
        first = workflow.make_deposit(stage.client, archivalGroup=group)
        stage.fill(first, samples.with_mets({"a": b"a", "l": bytes(LARGE)}))
        workflow.run_diff(stage.client, first)
        others = [
            workflow.make_deposit(stage.client, archivalGroup=uri)
            for uri in (group, group.replace("/book", "/other"))
        ]
        for deposit in others:
            stage.fill(deposit, samples.with_mets({"a": b"a", "c": b"c"}))
        small, large = (get(stage.client, f"{group}/{name}")["content"] for name in "al")
        yield Archive(store, stage, *others, small, large)


@contextmanager
def down(store: S3Server) -> Iterator[None]:
    """Connections are refused inside the ``with``."""
    store.kill()
    try:
        yield
    finally:
        store.start()


@contextmanager
def hanging(store: S3Server) -> Iterator[None]:
    """Connections are taken inside the ``with``, and nothing is answered."""
    assert store.process is not None
    os.kill(store.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(store.process.pid, signal.SIGCONT)


def assert_told_soon(archive: Archive) -> None:
    """Ask for everything at once."""

    def timed(ask: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
        start = time.monotonic()
        answer = ask()
        return answer, time.monotonic() - start

    asked = archive.asked()
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = dict(zip(asked, pool.map(timed, asked.values()), strict=True))
    for name, (answer, took) in answers.items():
        assert answer.status_code == 503, (name, answer.text)
        assert answer.json()["code"] == "storage-unavailable", (name, answer.text)
        assert int(answer.headers["Retry-After"]) > 0, name
        assert took < SOON, (name, took)


def test_users_are_told_soon_that_a_store_is_down_and_jobs_go_on_trying(archive: Archive) -> None:
    client = archive.stage.client
    job = ok(workflow.post_diff(client, archive.making), 201).json()
    with down(archive.store):
        assert_told_soon(archive)
        assert get(client, job["id"])["status"] in ("waiting", "running")
    done = workflow.wait(client, job)
    assert (done["status"], done["newVersion"], done["errors"]) == ("completed", "v1", None)


def test_users_are_told_soon_that_a_store_hangs(archive: Archive) -> None:
    with hanging(archive.store):
        assert_told_soon(archive)
    ok(archive.asked()["a large file"]())
