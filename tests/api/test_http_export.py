"""Full exports: of the head and of older versions, and the new versions made from them."""

from __future__ import annotations

import os

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import UTC_TIME, assert_empty, assert_problem, assert_shape
from support.workflow import (
    assert_holds,
    binaries,
    containers,
    export,
    get_diff,
    load,
    local,
    make_deposit,
    ok,
    paths_of,
    post_diff,
    preserve,
    run_diff,
    start_export,
    wait,
    wait_for,
)

FOLDERS = {"metadata/ad-hoc": "Ad hoc notes", "Ünused #1": None, "objects/empty": "Leer"}
LABELS = {"objects/page 0001.png": "Titelblatt & Vorsatz", "metadata/empty.txt": "Nothing"}


@pytest.fixture
def first() -> dict[str, bytes]:
    """Files of a group with labels, empty folders, empty files and awkward names."""
    book = samples.book(2) | {f"objects/{name}": name.encode() for name in samples.AWKWARD_NAMES}
    return samples.with_mets(book, labels=LABELS, folders=FOLDERS)


@pytest.fixture
def preserved(client: httpx.Client, group: str, first: dict[str, bytes]) -> dict[str, bytes]:
    deposit = workflow.make_filled(client, group, first)
    for folder in FOLDERS:
        (local(deposit["files"]) / folder).mkdir(parents=True, exist_ok=True)
    run_diff(client, deposit)
    return first


def bytes_in(deposit: dict[str, str]) -> dict[str, bytes]:
    tree = ocfl_check.tree(local(deposit["files"]))
    return {path: data for path, data in tree.items() if data is not None}


@pytest.mark.contract("17.12")
def test_an_export_of_the_head(
    server: Server, client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    answer = ok(client.post("/deposits/export", json={"archivalGroup": group}), 201)
    begun = answer.json()
    assert_shape("Deposit", begun)
    assert answer.headers["location"] == "/deposits/" + begun["id"].rpartition("/")[2]
    assert begun["status"] == "exporting"
    assert begun["archivalGroup"] == group
    assert begun["archivalGroupExists"] is True
    assert begun["archivalGroupName"] == "A group"
    assert begun["versionExported"] == "v1"
    assert UTC_TIME.fullmatch(begun["exported"])
    assert begun["exportedBy"] == f"{server.url}/agents/dlipdev"
    assert begun["active"] is True
    deposit = wait_for(client, begun["id"], "new")
    assert bytes_in(deposit) == preserved
    found = {
        path.rstrip("/")
        for path, data in ocfl_check.tree(local(deposit["files"])).items()
        if data is None
    }
    assert set(FOLDERS) <= found
    assert found == set(containers(load(client, group)))


@pytest.mark.contract("17.2")
def test_create_export_diff_gives_seven_empty_lists(
    client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    deposit = export(client, group)
    diff = get_diff(client, deposit)
    assert_empty(diff)
    assert diff["isUpdate"] is True
    assert diff["sourceVersion"] == load(client, group)["version"]


@pytest.mark.contract("17.2", "17.12")
def test_names_and_empty_folders_survive_the_round_trip(
    client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    deposit = export(client, group)
    book = {p: d for p, d in bytes_in(deposit).items() if p != "mets.xml"}
    book["objects/new.txt"] = b"new"
    files = samples.with_mets(book, labels=LABELS, folders=FOLDERS)
    workflow.fill(deposit, files)
    result = run_diff(client, deposit)
    assert paths_of(result["binariesAdded"], group) == ["objects/new.txt"]
    assert paths_of(result["binariesPatched"], group) == ["mets.xml"]
    loaded = assert_holds(client, group, files)
    for path, name in LABELS.items():
        assert binaries(loaded)[path]["name"] == name
    for path, label in FOLDERS.items():
        assert containers(loaded)[path]["name"] == (label or path.rpartition("/")[2])


def test_an_unchanged_export_makes_no_version_and_no_event(
    server: Server, client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    collection = f"{server.url}/activity/archivalgroups/collection"
    deposit = export(client, group)
    before = load(client, group)
    events = workflow.get(client, collection)["totalItems"]
    stored = ocfl_check.snapshot(local(before["origin"]))
    result = run_diff(client, deposit)
    assert result["newVersion"] == "v1"
    assert result["sourceVersion"] == "v1"
    assert load(client, group) == before
    assert ocfl_check.snapshot(local(before["origin"])) == stored
    assert workflow.get(client, collection)["totalItems"] == events
    assert client.get(deposit["id"]).json()["status"] == "preserved"


def test_an_export_of_an_older_version(
    client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    preserve(client, group, samples.with_mets({"objects/other.txt": b"other"}))
    deposit = export(client, group, versionExported="v1")
    assert deposit["versionExported"] == "v1"
    assert bytes_in(deposit) == preserved
    # going back: the older version becomes the newest again
    result = run_diff(client, deposit)
    assert (result["sourceVersion"], result["newVersion"]) == ("v2", "v3")
    assert_holds(client, group, preserved)
    assert_holds(client, group, preserved, "v1")
    assert sorted(binaries(load(client, group, "v2"))) == ["mets.xml", "objects/other.txt"]


def test_an_export_can_be_changed_in_every_way(client: httpx.Client, group: str) -> None:
    preserve(client, group, samples.with_mets(samples.book(4), labels=LABELS))
    deposit = export(client, group)
    root = local(deposit["files"])
    book = samples.book(5)
    del book["objects/page 0002.png"], book["objects/alto/0002.xml"]
    book["objects/page 0003.png"] = samples.page(42)
    for gone in ("objects/page 0002.png", "objects/alto/0002.xml"):
        (root / gone).unlink()
    labels = LABELS | {"objects/page 0001.png": "A new title page"}
    files = samples.with_mets(book, labels=labels)
    workflow.fill(deposit, files)
    diff = get_diff(client, deposit)
    expected = {
        "binariesToAdd": ["objects/alto/0005.xml", "objects/page 0005.png"],
        "binariesToPatch": ["mets.xml", "objects/page 0003.png"],
        "binariesToDelete": ["objects/alto/0002.xml", "objects/page 0002.png"],
        "binariesToRename": ["objects/page 0001.png"],
        "containersToAdd": [],
        "containersToDelete": [],
        "containersToRename": [],
    }
    assert {name: paths_of(diff[name], group) for name in expected} == expected
    result = wait(client, ok(post_diff(client, deposit), 201).json())
    assert result["status"] == "completed"
    done = {
        "binariesAdded": expected["binariesToAdd"],
        "binariesPatched": expected["binariesToPatch"],
        "binariesDeleted": expected["binariesToDelete"],
        "binariesRenamed": expected["binariesToRename"],
        "containersAdded": [],
        "containersDeleted": [],
        "containersRenamed": [],
    }
    assert {name: paths_of(result[name], group) for name in done} == done
    loaded = assert_holds(client, group, files)
    assert binaries(loaded)["objects/page 0001.png"]["name"] == "A new title page"


def test_an_edited_file_whose_mets_was_not_updated_is_named(
    client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    deposit = export(client, group)
    for path in ("objects/page 0001.png", "objects/upper.txt"):
        (local(deposit["files"]) / path).write_bytes(b"edited")
    before = client.get(group).content
    for answer in (
        client.get(f"{deposit['id']}/importjobs/diff"),
        post_diff(client, deposit),
    ):
        assert_problem(
            answer, (400, 409, 422), errors={"objects/page 0001.png", "objects/upper.txt"}
        )
    assert client.get(group).content == before


def test_an_edit_that_keeps_size_and_time_is_noticed(
    client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    deposit = export(client, group)
    place = local(deposit["files"]) / "objects/page 0001.png"
    status = place.stat()
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(data)
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
    answer = client.get(f"{deposit['id']}/importjobs/diff")
    assert_problem(answer, (400, 409, 422), errors={"objects/page 0001.png"})


def test_exporting_shows_as_a_conflict_until_it_has_ended(client: httpx.Client, group: str) -> None:
    files = samples.with_mets({f"objects/{n}.txt": f"{n}".encode() for n in range(2000)})
    preserve(client, group, files)
    begun = start_export(client, group)
    answer = client.get(f"{begun['id']}/importjobs/diff")
    patched = client.patch(begun["id"], json={"submissionText": "T"})
    deleted = client.delete(begun["id"])
    if client.get(begun["id"]).json()["status"] == "exporting":
        assert_problem(answer, 400)
        assert_problem(patched, 409)
        assert_problem(deleted, 409)
    assert_problem(client.post("/deposits/export", json={"archivalGroup": group}), 409)
    assert_problem(client.post("/deposits", json={"archivalGroup": group}), 409)
    if deleted.status_code == 409:
        assert bytes_in(wait_for(client, begun["id"], "new")) == files


@pytest.mark.parametrize("version", ["v9", "v0", "latest", "20010101000000", "1"])
def test_an_export_of_a_version_that_is_not_there(
    client: httpx.Client, group: str, version: str
) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    body = {"archivalGroup": group, "versionExported": version}
    assert_problem(client.post("/deposits/export", json=body), (400, 404))
    # nothing stays behind: the group is free for another deposit
    make_deposit(client, archivalGroup=group)


def test_an_export_of_what_is_no_group(server: Server, client: httpx.Client, room: str) -> None:
    root = f"{server.url}/repository"
    for body, status in (
        ({}, 400),
        ({"archivalGroup": None}, 400),
        ({"archivalGroup": f"{root}/{room}/absent"}, 400),
        ({"archivalGroup": f"{root}/{room}"}, 409),
        ({"archivalGroup": f"{root}/{room}/a~b"}, 400),
        ({"archivalGroup": "somewhere"}, 400),
    ):
        assert_problem(client.post("/deposits/export", json=body), status)
    assert_problem(client.post("/deposits/export"), 400)
    assert_problem(client.get(f"{server.storage_url}/export/kx7m2tq9ahwd"), 404)


def test_a_name_in_the_request_wins(
    client: httpx.Client, group: str, preserved: dict[str, bytes]
) -> None:
    deposit = export(client, group, archivalGroupName="Renamed", submissionText="Why")
    assert deposit["archivalGroupName"] == "Renamed"
    assert deposit["submissionText"] == "Why"
    run_diff(client, deposit)
    loaded = load(client, group)
    assert loaded["name"] == "Renamed"
    assert "otherNames" not in loaded
