"""Runs of tools on a live server: while they run, stopped, killed, without tools, with bad ones.

The tools are small programs of the tests, which wait until they may go on.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from support import workflow
from support.server import Server, alive
from support.workflow import Json, ok

#: waits as long as ``gate`` is there; tells that it has begun by a line in ``begun``
SLOW = """#!/bin/sh
[ "$1" = -ver ] && echo 99.1 && exit
echo $$ >> {folder}/begun
while [ -e {folder}/gate ]; do sleep 0.02; done
echo "======== objects/a.txt"
echo "File Name                       : a.txt"
echo "    1 directories scanned"
"""


class Bench:
    """A server whose only tool waits for its gate, and a deposit."""

    def __init__(self, start: Callable[..., Server], folder: Path, tool: str = SLOW) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "exiftool").write_text(tool.format(folder=folder))
        (self.bin / "exiftool").chmod(0o755)
        (folder / "gate").touch()
        for name in ("sh", "sleep"):
            (self.bin / name).symlink_to(f"/bin/{name}")
        self.server = start(env={"PATH": str(self.bin)})
        self.client = workflow.connect(self.server.url)
        workflow.make_container(self.client, "books")
        self.deposit = workflow.make_deposit(
            self.client,
            archivalGroup=f"{self.server.url}/repository/books/one",
            archivalGroupName="One",
            template="RootLevel",
        )
        self.root = workflow.fill(self.deposit, {"objects/a.txt": b"one", "metadata/old": b"old"})

    def start(self) -> str:
        return ok(self.client.post(f"{self.deposit['id']}/pipeline"), 204).headers["Location"]

    def begun(self, count: int) -> list[int]:
        """Process ids of the tool, once it has been started so often."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if (self.folder / "begun").exists():
                lines = (self.folder / "begun").read_text().split()
                if len(lines) >= count:
                    return [int(line) for line in lines]
            time.sleep(0.02)
        raise AssertionError(f"the tool was not started\n{self.server.log_tail()}")

    def open_gate(self) -> None:
        (self.folder / "gate").unlink()

    def force(self, run: Json) -> httpx.Response:
        body = {
            "id": run["jobId"],
            "depositId": run["deposit"],
            "status": "completedWithErrors",
            "runUser": "ann",
        }
        return self.client.post("/deposits/pipeline-status", json=body)


@pytest.fixture
def make_bench(
    start_server: Callable[..., Server], tmp_path: Path
) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(tool: str = SLOW) -> Bench:
        made.append(Bench(start_server, tmp_path, tool))
        return made[-1]

    yield make
    for bench in made:
        bench.client.close()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


def test_while_tools_run_the_deposit_stays_as_it_is(bench: Bench) -> None:
    run = bench.start()
    bench.begun(1)
    assert workflow.get(bench.client, run)["status"] == "processing"
    deposit, v1 = bench.deposit["id"], bench.deposit["id"].replace("/deposits/", "/v1/deposits/")
    refused = {
        "again": bench.client.post(f"{deposit}/pipeline"),
        "diff": bench.client.get(f"{deposit}/importjobs/diff"),
        "import": workflow.post_diff(bench.client, bench.deposit),
        "put": bench.client.put(f"{v1}/files/objects/b.txt", content=b"b"),
        "delete": bench.client.delete(deposit),
        "mets": bench.client.post(
            f"{deposit}/mets",
            json=["objects/a.txt"],
            headers={"If-Match": workflow.get(bench.client, deposit)["metsETag"]},
        ),
    }
    told = {what: (answer.status_code, answer.json()["code"]) for what, answer in refused.items()}
    assert told == {
        "again": (409, "pipeline-running"),
        "diff": (409, "pipeline-running"),
        "import": (409, "pipeline-running"),
        "put": (409, "unfinished-job"),
        "delete": (409, "unfinished-job"),
        "mets": (409, "unfinished-job"),
    }
    assert sorted(p.name for p in (bench.root / "metadata").iterdir()) == ["ad-hoc", "old"]
    bench.open_gate()
    ended = workflow.wait_for(bench.client, run, "completed")
    assert {tool["task"]: tool["status"] for tool in ended["tools"]} == {
        "formats": "absent",
        "viruses": "absent",
        "metadata": "ran",
    }
    assert len(ended["warnings"]) == 2
    assert sorted(p.name for p in (bench.root / "metadata").iterdir()) == ["ad-hoc", "exif"]
    assert workflow.run_diff(bench.client, bench.deposit)["newVersion"] == "v1"


def test_a_forced_end_ends_the_tool(bench: Bench) -> None:
    run = bench.start()
    (tool,) = bench.begun(1)
    ok(bench.force(workflow.get(bench.client, run)), 204)
    ended = workflow.get(bench.client, run)
    assert ended["status"] == "completedWithErrors"
    assert ended["errors"] == [
        {"id": None, "message": "ann forced completion of this pipeline run."}
    ]
    deadline = time.monotonic() + 30
    while alive(tool):
        assert time.monotonic() < deadline, "the tool goes on"
        time.sleep(0.05)
    assert (bench.root / "metadata/old").read_bytes() == b"old"
    # the next run is not hindered by the one before
    again = bench.start()
    bench.begun(2)
    bench.open_gate()
    workflow.wait_for(bench.client, again, "completed")
    assert workflow.get(bench.client, run) == ended


def test_a_run_whose_worker_is_killed_is_run_again(bench: Bench) -> None:
    run = bench.start()
    bench.begun(1)
    os.kill(bench.server.worker(), signal.SIGKILL)
    bench.begun(2)
    assert workflow.get(bench.client, run)["status"] == "processing"
    bench.open_gate()
    ended = workflow.wait_for(bench.client, run, "completed")
    assert ended["errors"] is None
    assert workflow.run_diff(bench.client, bench.deposit)["newVersion"] == "v1"


def test_a_server_that_is_stopped_takes_the_run_up_again(bench: Bench) -> None:
    run = bench.start()
    (tool,) = bench.begun(1)
    assert bench.server.stop() == 0
    assert not alive(tool)
    bench.server.start()
    bench.begun(2)
    bench.open_gate()
    assert workflow.wait_for(bench.client, run, "completed")["errors"] is None


def test_imports_go_on_while_tools_run_over_other_deposits(bench: Bench) -> None:
    for name in ("two", "three"):
        other = workflow.make_deposit(bench.client, template="RootLevel")
        workflow.fill(other, {"objects/a.txt": name.encode()})
        ok(bench.client.post(f"{other['id']}/pipeline"), 204)
    bench.begun(1)
    workflow.preserve_book(bench.client, f"{bench.server.url}/repository/books/other")
    bench.open_gate()


def test_without_any_tool_the_files_come_into_mets(bench: Bench) -> None:
    (bench.bin / "exiftool").unlink()
    ended = workflow.wait_for(bench.client, bench.start(), "completed")
    assert [tool["status"] for tool in ended["tools"]] == ["absent"] * 3
    assert all(tool["reason"] for tool in ended["tools"])
    assert (bench.root / "metadata/old").read_bytes() == b"old"
    assert b"objects/a.txt" in (bench.root / "mets.xml").read_bytes()


def test_a_tool_that_fails_is_named(make_bench: Callable[..., Bench]) -> None:
    bad = '#!/bin/sh\n[ "$1" = -ver ] && echo 99.1 && exit\necho no luck >&2\nexit 5\n'
    bench = make_bench(bad)
    before = (bench.root / "mets.xml").read_bytes()
    ended = workflow.wait_for(bench.client, bench.start(), "completedWithErrors")
    (error,) = ended["errors"]
    assert "ExifTool" in error["message"] and "no luck" in error["message"]
    assert (bench.root / "metadata/old").read_bytes() == b"old"
    assert (bench.root / "mets.xml").read_bytes() == before
