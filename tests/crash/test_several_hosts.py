"""Two servers with one database and one OCFL root, as on two hosts; each can die at any moment."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from strongroom.jobs.worker import LEASE
from support import ocfl_check, postgres, samples, workflow
from support.postgres import PostgresServer
from support.server import Server, run_command
from support.workflow import ok

Start = Callable[[], Server]


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """What the servers have in common, as settings."""
    shared = postgres.shared()
    return {
        "STRONGROOM_DATABASE": shared.url(shared.make_database()),
        "STRONGROOM_OCFL_ROOT": str(tmp_path / "root"),
        "STRONGROOM_DEPOSITS": str(tmp_path / "deposits"),
        # ids are the same whoever is asked
        "STRONGROOM_PUBLIC_URL": "http://strongroom.example",
        "STRONGROOM_JOB_THREADS": "1",
    }


@pytest.fixture
def start(start_server: Callable[..., Server], place: dict[str, str]) -> Start:
    return lambda: start_server(env=place)


def connect(server: Server) -> httpx.Client:
    return workflow.connect(server.url)


def of(server: Server, uri: str) -> str:
    """A public id as this server is asked for it."""
    return uri.replace("http://strongroom.example", server.url)


def submit(server: Server, client: httpx.Client, name: str, files: dict[str, bytes]) -> str:
    """A deposit of a new group, and its job; the id of the result."""
    deposit = ok(
        client.post(
            "/deposits",
            json={
                "archivalGroup": f"http://strongroom.example/repository/{name}",
                "archivalGroupName": name,
            },
        ),
        201,
    ).json()
    workflow.fill(deposit, samples.with_mets(files))
    diff = ok(client.get(of(server, deposit["id"]) + "/importjobs/diff")).json()
    answer = ok(client.post(of(server, deposit["id"]) + "/importjobs", json=diff), 201)
    result: str = answer.json()["id"]
    return result


def wait(server: Server, client: httpx.Client, result: str, seconds: float = 60) -> dict:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ok(client.get(of(server, result))).json()
        if found["status"] in ("completed", "completedWithErrors"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {found['status']} after {seconds} s")


def begun(server: Server) -> list[str]:
    """Ids of the jobs that this server's worker has begun, by its log."""
    return [
        line.rpartition(" job ")[2].partition(" ")[0]
        for line in server.log_text().splitlines()
        if " begins (attempt " in line
    ]


def test_each_job_runs_on_one_of_two_servers(start: Start, tmp_path: Path) -> None:
    one, two = start(), start()
    with connect(one) as first, connect(two) as second:
        made = [
            submit(*each, f"group-{number}", {"a.txt": f"{number}".encode()})
            for number in range(6)
            for each in [(one, first) if number % 2 else (two, second)]
        ]
        results = [wait(two, second, result) for result in made]
        assert {result["status"] for result in results} == {"completed"}
        counted = Counter(begun(one) + begun(two))
        assert len(counted) == 6
        assert set(counted.values()) == {1}, "a job was run twice"
        # both tell the same, in the same order
        stream = [
            [item["object"]["id"] for item in ok(client.get(path)).json()["orderedItems"]]
            for client in (first, second)
            for path in ["/storage-api/activity/importjobs/pages/1"]
        ]
        assert stream[0] == stream[1]
        assert len(stream[0]) == 6
    ocfl_check.assert_root_valid(tmp_path / "root")


def test_the_other_takes_over_what_a_dead_server_had_begun(start: Start, tmp_path: Path) -> None:
    one, two = start(), start()
    worker_of_two = two.worker()
    os.kill(worker_of_two, signal.SIGSTOP)  # so that the first takes the job
    book = {f"{number}.bin": bytes([number]) * (2 << 20) for number in range(24)}
    with connect(one) as first, connect(two) as second:
        result = submit(one, first, "book", book)
        while not begun(one):
            time.sleep(0.005)
        one.kill()
        died = time.monotonic()
        os.kill(worker_of_two, signal.SIGCONT)
        assert ok(second.get(of(two, result))).json()["status"] == "running"
        done = wait(two, second, result, seconds=LEASE + 60)
        assert time.monotonic() - died >= LEASE
        assert done["status"] == "completed", done
        assert begun(two) == begun(one)
        assert "is silent" in two.log_text()
        # what is not the first one's own is not touched when it comes back
        later = submit(two, second, "later", {"a.txt": b"a"})
        one.start()
        assert wait(two, second, later)["status"] == "completed"
        group = ok(first.get("/repository/book")).json()
        assert len(group["binaries"]) == 25
    ocfl_check.assert_root_valid(tmp_path / "root")


def test_a_rebuild_waits_for_nobody_and_disturbs_nobody(
    start: Start, place: dict[str, str]
) -> None:
    one = start()
    with connect(one) as client:
        wait(one, client, submit(one, client, "book", {"a.txt": b"a"}))
        elsewhere = run_command("rebuild", "--data", str(one.data.parent / "other"), env=place)
        assert elsewhere.returncode == 5, elsewhere.stdout + elsewhere.stderr
        assert "Other servers use the database" in elsewhere.stderr
        assert postgres.shared().password not in elsewhere.stderr
        assert ok(client.get("/repository/book"))


def test_jobs_outlive_restarts_of_the_database(
    start_server: Callable[..., Server], place: dict[str, str], tmp_path: Path
) -> None:
    with PostgresServer() as fragile:
        name = fragile.make_database()
        server = start_server(env={**place, "STRONGROOM_DATABASE": fragile.url(name)})
        with connect(server) as client:
            made = [
                submit(server, client, f"g{number}", {"a.bin": bytes([number]) * (8 << 20)})
                for number in range(3)
            ]
            for _ in range(5):
                fragile.restart(signal.SIGQUIT)
                time.sleep(0.5)
            results = [wait(server, client, result) for result in made]
            assert [result["status"] for result in results] == ["completed"] * 3, results
            assert [result["newVersion"] for result in results] == ["v1"] * 3
            events = ok(client.get("/storage-api/activity/importjobs/collection")).json()[
                "totalItems"
            ]
            assert events == 3
        assert server.stop() == 0
        assert fragile.password not in server.log_text()
    ocfl_check.assert_root_valid(tmp_path / "root")


@pytest.mark.contract("19.Storage.GET-FedoraSearch.500")
def test_requests_while_the_database_is_away(
    start_server: Callable[..., Server], place: dict[str, str]
) -> None:
    with PostgresServer() as fragile:
        name = fragile.make_database()
        server = start_server(env={**place, "STRONGROOM_DATABASE": fragile.url(name)})
        with connect(server) as client:
            made = ok(client.post("/deposits", json={}), 201).json()
            fragile.stop()
            assert client.get("/health").status_code == 503
            answer = client.get(of(server, made["id"]))
            assert answer.status_code == 503
            assert fragile.password not in answer.text
            assert client.post("/deposits", json={}).status_code == 503
            search = f"{server.storage_url}/FedoraSearch?text=abc"
            assert ok(client.get(search), 503).json()["code"] == "database-unusable"
            fragile.start()
            assert ok(client.get(search)).json()["total"] == 0
            assert ok(client.get("/health"))
            assert ok(client.get(of(server, made["id"]))).json()["id"] == made["id"]
        assert server.stop() == 0
