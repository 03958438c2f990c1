"""Import jobs outside the request: waiting, cancelled, excluded, and surviving a killed server."""

from __future__ import annotations

import errno
import hashlib
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import httpx
import pytest

from support import ocfl_check, postgres, samples, workflow
from support.server import Server, ServerDied, alive, inside_of, with_small_disk
from support.shapes import RESULT_LISTS, assert_problem
from support.workflow import (
    Json,
    assert_holds,
    binaries,
    fill,
    get,
    load,
    local,
    make_container,
    make_deposit,
    make_filled,
    ok,
    post_diff,
    preserve,
    wait,
)

MIB = 2**20


@pytest.fixture
def lonely(start_server: Callable[..., Server]) -> Server:
    """A server of this test's own, so that nothing else keeps its worker busy."""
    return start_server()


@pytest.fixture
def single(start_server: Callable[..., Server]) -> Server:
    """A server that runs one job at a time, so that a second has to wait."""
    return start_server(env={"STRONGROOM_JOB_THREADS": "1"})


def slow_deposit(client: httpx.Client, group: str, *, mebibytes: int = 1000) -> Json:
    """A deposit whose import takes a second or more: one huge, sparse file."""
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="Huge")
    root = fill(deposit, {"mets.xml": samples.plain_mets([huge(mebibytes)])})
    (root / "objects").mkdir()
    with (root / "objects/huge.tif").open("wb") as out:
        out.truncate(mebibytes * MIB)
    return deposit


@cache
def huge(mebibytes: int) -> samples.Entry:
    """What METS says of a file of so many zeros."""
    digest = hashlib.sha256()
    zeros = bytes(MIB)
    for _ in range(mebibytes):
        digest.update(zeros)
    return samples.Entry(
        path="objects/huge.tif",
        digest=digest.hexdigest(),
        size=mebibytes * MIB,
        content_type="image/tiff",
    )


def wait_until_running(client: httpx.Client, result: Json) -> Json:
    deadline = time.monotonic() + 30
    while (now := get(client, result["id"]))["status"] == "waiting":
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return now


def test_a_waiting_job_can_be_cancelled(single: Server) -> None:
    with workflow.connect(single.url) as client:
        busy = ok(
            post_diff(client, slow_deposit(client, f"{single.url}/repository/busy")), 201
        ).json()
        wait_until_running(client, busy)
        files = samples.with_mets(samples.book(1))
        group = f"{single.url}/repository/cancelled"
        deposit = make_filled(client, group, files)
        job = ok(post_diff(client, deposit), 201).json()
        assert job["status"] == "waiting"
        answer = ok(client.post(f"/v1{job['id'].removeprefix(single.url)}/cancel"))
        cancelled = answer.json()
        assert cancelled["status"] == "completedWithErrors"
        assert cancelled["newVersion"] is None
        assert cancelled["dateFinished"] is not None
        assert "cancel" in str(cancelled["errors"]).lower()
        assert all(cancelled[name] == [] for name in RESULT_LISTS)
        assert get(client, job["id"]) == cancelled
        assert_problem(client.post(f"/v1{job['id'].removeprefix(single.url)}/cancel"), 409)
        assert wait(client, busy)["status"] == "completed"
        assert client.head(group).status_code == 404
        # the deposit is as good as after any failed job
        workflow.run_diff(client, deposit)
        assert_holds(client, group, files)


def test_a_job_that_has_ended_cannot_be_cancelled(
    server: Server, client: httpx.Client, group: str
) -> None:
    result = preserve(client, group, samples.with_mets(samples.book(1)))
    path = f"/v1{result['id'].removeprefix(server.url)}"
    assert_problem(client.post(f"{path}/cancel"), 409)
    unknown = path.rpartition("/")[0] + "/kx7m2tq9ahwd"
    assert_problem(client.post(f"{unknown}/cancel"), 404)
    assert get(client, result["id"]) == result


@pytest.mark.contract("17.11", "17.15")
def test_a_deposit_has_one_import_at_a_time(lonely: Server) -> None:
    with workflow.connect(lonely.url) as client:
        group = f"{lonely.url}/repository/huge"
        deposit = slow_deposit(client, group)
        job = ok(post_diff(client, deposit), 201).json()
        assert_problem(post_diff(client, deposit), 409)
        assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), 409)
        assert_problem(client.delete(deposit["id"]), 409)
        assert_problem(client.post("/deposits", json={"archivalGroup": group}), 409)
        assert wait(client, job)["status"] == "completed"
        ok(client.delete(deposit["id"]), 204)


def test_a_container_made_at_the_path_of_a_running_import(lonely: Server) -> None:
    with workflow.connect(lonely.url) as client:
        group = f"{lonely.url}/repository/huge"
        job = ok(post_diff(client, slow_deposit(client, group)), 201).json()
        wait_until_running(client, job)
        made = client.put("/repository/huge").status_code
        status = wait(client, job)["status"]
        # either may win, but only one of them, and both say so
        assert (made, status) in ((409, "completed"), (201, "completedWithErrors"))
        kind = client.get(group).json()["type"]
        assert kind == ("ArchivalGroup" if made == 409 else "Container")
        ocfl_check.assert_root_valid(ocfl_check.find_root(lonely.data))


@pytest.mark.contract("17.15")
def test_a_group_has_one_import_at_a_time(lonely: Server) -> None:
    with workflow.connect(lonely.url) as client:
        group = f"{lonely.url}/repository/huge"
        book = samples.book(1)
        wrong = samples.entries(book, digests={"objects/page 0001.png": "0" * 64})
        failed = make_filled(client, group, {**book, "mets.xml": samples.plain_mets(wrong)})
        result = wait(client, ok(post_diff(client, failed), 201).json())
        assert result["status"] == "completedWithErrors"
        # the failed deposit is inactive, so another may be made, and now both want in
        busy = ok(post_diff(client, slow_deposit(client, group)), 201).json()
        fill(failed, samples.with_mets(book))
        assert_problem(post_diff(client, failed), 409)
        assert wait(client, busy)["status"] == "completed"
        assert len(load(client, group)["versions"]) == 1


@pytest.mark.contract("17.15")
def test_racing_posts_for_one_deposit_make_one_job(server: Server, group: str) -> None:
    with workflow.connect(server.url) as client:
        deposit = make_filled(client, group, samples.with_mets(samples.book(3)))

        def post(_: int) -> int:
            with workflow.connect(server.url) as racer:
                return post_diff(racer, deposit).status_code

        with ThreadPoolExecutor(4) as pool:
            codes = sorted(pool.map(post, range(4)))
        assert codes == [201, 409, 409, 409]
        (result,) = get_list(client, f"{deposit['id']}/importjobs/results")
        assert wait(client, result)["newVersion"] == "v1"


def get_list(client: httpx.Client, uri: str) -> list[Json]:
    found: list[Json] = ok(client.get(uri)).json()
    return found


def test_progress_is_shown_while_a_job_runs(lonely: Server) -> None:
    with workflow.connect(lonely.url) as client:
        deposit = slow_deposit(client, f"{lonely.url}/repository/huge", mebibytes=2500)
        job = ok(post_diff(client, deposit), 201).json()
        seen = []
        while (now := get(client, job["id"]))["status"] in ("waiting", "running"):
            if "progress" in now:
                seen.append(now["progress"])
            time.sleep(0.05)
        assert now["status"] == "completed"
    assert seen
    assert all(0 <= p["bytesDone"] <= p["bytesTotal"] for p in seen)
    assert all(0 <= p["filesDone"] <= p["filesTotal"] for p in seen)
    done = [p["bytesDone"] for p in seen]
    assert done == sorted(done)
    assert any(p["bytesDone"] > 0 for p in seen)
    assert seen[-1]["bytesTotal"] >= 2500 * MIB


def test_other_requests_are_answered_while_a_job_runs(lonely: Server) -> None:
    with workflow.connect(lonely.url) as client:
        deposit = slow_deposit(client, f"{lonely.url}/repository/huge")
        job = ok(post_diff(client, deposit), 201).json()
        slowest = 0.0
        while get(client, job["id"])["status"] in ("waiting", "running"):
            begun = time.monotonic()
            ok(client.put(f"/repository/{workflow.fresh()}"), 201)
            slowest = max(slowest, time.monotonic() - begun)
        assert slowest < 5.0


# ----------------------------------------------------------------------------- stopped servers


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_server_stops_when_it_is_asked_to(lonely: Server, by: signal.Signals, busy: bool) -> None:
    with workflow.connect(lonely.url) as client:
        group = f"{lonely.url}/repository/huge"
        if busy:
            job = ok(post_diff(client, slow_deposit(client, group, mebibytes=700)), 201).json()
            wait_until_running(client, job)
        processes = lonely.processes()
    assert lonely.stop(by) == 0, lonely.log_tail()
    left = [pid for pid in processes if alive(pid)]
    assert not left, f"processes {left} outlived the server"
    assert "Traceback" not in lonely.log_text()
    lonely.start()
    if busy:
        with workflow.connect(lonely.url) as client:
            assert_truthful(client, group, job, None)


# ------------------------------------------------------------------------------ killed servers


def assert_truthful(
    client: httpx.Client, group: str, job: Json, old: dict[str, bytes] | None
) -> bool:
    """The job says what is there: the new version, or the old one; whether it completed."""
    result = wait(client, job)
    if result["status"] == "completed":
        assert result["errors"] is None
        loaded = load(client, group)
        assert loaded["version"]["ocflVersion"] == result["newVersion"]
        assert loaded["lastModified"] == result["dateFinished"]
        assert "objects/huge.tif" in binaries(loaded)
    else:
        assert result["errors"]
        assert result["newVersion"] is None
        if old is None:
            assert client.head(group).status_code == 404
        else:
            assert_holds(client, group, old)
    return bool(result["status"] == "completed")


@pytest.mark.contract("17.1", "17.16")
@pytest.mark.parametrize(
    ("update", "pause"), [(False, 0.0), (False, 0.3), (True, 0.1), (True, 0.6)]
)
def test_a_killed_server_leaves_the_old_version_or_the_new(
    lonely: Server, pause: float, update: bool
) -> None:
    group = f"{lonely.url}/repository/huge"
    old = samples.with_mets(samples.book(2)) if update else None
    with workflow.connect(lonely.url) as client:
        if old:
            preserve(client, group, old)
            # the huge file comes on top, all else stays
        deposit = slow_deposit(client, group, mebibytes=500)
        if old:
            both = [*samples.entries(samples.book(2)), huge(500)]
            fill(deposit, {"mets.xml": samples.plain_mets(both)})
        job = ok(post_diff(client, deposit), 201).json()
        if pause:
            wait_until_running(client, job)
            time.sleep(pause)
    lonely.kill()
    lonely.start()
    with workflow.connect(lonely.url) as client:
        completed = assert_truthful(client, group, job, old)
        root = ocfl_check.find_root(lonely.data)
        ocfl_check.assert_root_valid(root)
        if not completed:
            workflow.run_diff(client, deposit)
            ocfl_check.assert_root_valid(root)
        assert "objects/huge.tif" in binaries(load(client, group))
        events = get(client, f"{lonely.url}/activity/archivalgroups/pages/1")["orderedItems"]
        assert len(events) == (2 if update else 1)
        assert len(load(client, group)["versions"]) == (2 if update else 1)
        assert staged(root) == []


def staged(root: Path) -> list[Path]:
    """Big things that an abandoned import left in the staging area."""
    staging = root / "extensions" / "strongroom-staging"
    return [p for p in staging.rglob("*") if p.is_file() and p.stat().st_size > MIB]


@pytest.mark.contract("17.16", "17.18")
def test_a_waiting_job_survives_a_restart(single: Server) -> None:
    with workflow.connect(single.url) as client:
        busy = ok(
            post_diff(client, slow_deposit(client, f"{single.url}/repository/busy")), 201
        ).json()
        group = f"{single.url}/repository/patient"
        files = samples.with_mets(samples.book(1))
        job = ok(post_diff(client, make_filled(client, group, files)), 201).json()
        assert job["status"] == "waiting"
    assert single.stop() == 0
    single.start()
    with workflow.connect(single.url) as client:
        assert wait(client, job)["status"] == "completed"
        assert_holds(client, group, files)
        assert_truthful(client, f"{single.url}/repository/busy", busy, None)


@pytest.mark.contract("17.12", "17.16")
def test_an_export_survives_a_restart(lonely: Server) -> None:
    with workflow.connect(lonely.url) as client:
        group = f"{lonely.url}/repository/book"
        files = samples.with_mets({f"objects/{n}.txt": f"{n}".encode() for n in range(2000)})
        preserve(client, group, files)
        deposit = workflow.start_export(client, group)
    lonely.kill()
    lonely.start()
    with workflow.connect(lonely.url) as client:
        done = workflow.wait_for(client, deposit["id"], "new")
        tree = ocfl_check.tree(local(done["files"]))
        assert {path: data for path, data in tree.items() if data is not None} == files


def test_a_killed_front_leaves_no_worker_that_fights_the_next(lonely: Server) -> None:
    with workflow.connect(lonely.url) as client:
        group = f"{lonely.url}/repository/huge"
        job = ok(post_diff(client, slow_deposit(client, group)), 201).json()
        wait_until_running(client, job)
    lonely.kill_only_the_server()
    lonely.start()
    with workflow.connect(lonely.url) as client:
        assert_truthful(client, group, job, None)
        ocfl_check.assert_root_valid(ocfl_check.find_root(lonely.data))


def test_one_data_folder_has_one_server(
    lonely: Server, start_server: Callable[..., Server]
) -> None:
    with pytest.raises(ServerDied, match=r"exit code [1-9]") as refused:
        start_server(data=lonely.data)
    assert "Traceback" not in str(refused.value)
    assert str(lonely.data) in str(refused.value)
    with workflow.connect(lonely.url) as client:
        ok(client.get("/health"))


# ---------------------------------------------------------------------------------- full disks


@pytest.fixture
def small(start_server: Callable[..., Server], tmp_path: Path) -> tuple[Server, Path]:
    """A server whose data folder is a disk of 256 MiB, and that folder as the server sees it."""
    data = tmp_path / "small"
    prefix = with_small_disk(data, 256)
    if prefix is None:
        pytest.skip("no mount namespace can be made here, so no small disk")
    server = start_server(data=data, prefix=prefix)
    return server, inside_of(server, data)


def files_of(server: Server, deposit: Json) -> str:
    return f"/v1{deposit['id'].removeprefix(server.url)}/files"


def large_files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and p.stat().st_size > 16 * MIB]


@pytest.mark.parametrize("told", [True, False], ids=["length-told", "length-untold"])
def test_an_upload_that_does_not_fit(small: tuple[Server, Path], told: bool) -> None:
    server, seen = small
    with workflow.connect(server.url) as client:
        deposit = make_deposit(client)
        blocks = (bytes(MIB) for _ in range(300))
        headers = {"Content-Length": str(300 * MIB)} if told else {}
        try:
            answer = client.put(
                f"{files_of(server, deposit)}/large.tif", content=blocks, headers=headers
            )
            assert_problem(answer, 507)
        except httpx.WriteError:
            pass  # refused before all of it was sent, which is as good
        assert ok(client.get(files_of(server, deposit))).json()["files"] == []
        assert large_files(seen) == []
        ok(client.put(f"{files_of(server, deposit)}/small.txt", content=b"fits"), 201)


def test_an_import_that_does_not_fit(small: tuple[Server, Path]) -> None:
    server, seen = small
    with workflow.connect(server.url) as client:
        group = f"{server.url}/repository/book"
        deposit = make_deposit(client, archivalGroup=group, archivalGroupName="N")
        files = files_of(server, deposit)
        book = samples.with_mets({"objects/large.tif": bytes(110 * MIB)})
        for path, content in book.items():
            ok(client.put(f"{files}/{path}", content=content), 201)
        answer = post_diff(client, deposit)
        if answer.status_code == 201:
            result = wait(client, answer.json())
            assert result["status"] == "completedWithErrors"
            assert str(110 * MIB)[:4] in str(result["errors"])
        else:
            assert_problem(answer, 507)
        assert client.head(group).status_code == 404
        root = ocfl_check.find_root(seen)
        ocfl_check.assert_root_valid(root)
        assert staged(root) == []

        # with room again, all is well
        ok(client.delete(f"{files}/objects/large.tif"), 204)
        book = samples.with_mets({"objects/small.tif": b"fits"})
        for path, content in book.items():
            assert client.put(f"{files}/{path}", content=content).status_code in (200, 201)
        workflow.run_diff(client, deposit)
        assert_holds(client, group, book)
        ocfl_check.assert_root_valid(root)


@postgres.on_sqlite
def test_a_disk_that_others_have_filled(small: tuple[Server, Path]) -> None:
    server, seen = small
    with workflow.connect(server.url) as client:
        group = f"{server.url}/repository/book"
        files = samples.with_mets(samples.book(2))
        deposit = make_deposit(client, archivalGroup=group, archivalGroupName="N")
        for path, content in files.items():
            ok(client.put(f"{files_of(server, deposit)}/{path}", content=content), 201)
        make_container(client, "room")
        filler = seen / "filler"
        try:
            with filler.open("wb", buffering=0) as out:
                while out.write(bytes(MIB // 16)):
                    pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
        assert_problem(client.put("/repository/room/x"), 507)
        assert_problem(client.post("/deposits", json={}), 507)
        answer = post_diff(client, deposit)
        if answer.status_code == 201:
            assert wait(client, answer.json())["status"] == "completedWithErrors"
        else:
            assert_problem(answer, 507)
        # what is there can still be read
        assert ok(client.get("/repository/room")).json()["containers"] == []
        assert client.head(group).status_code == 404
        filler.unlink()
        make_container(client, "room/x")
        workflow.run_diff(client, deposit)
        assert_holds(client, group, files)
        ocfl_check.assert_root_valid(ocfl_check.find_root(seen))
