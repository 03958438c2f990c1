"""METS that the platform manages, edited over HTTP: put in, taken out, and kept from being lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support import mets_schema, samples, workflow
from support.server import Server
from support.shapes import assert_empty
from support.workflow import Json, get, ok

FILES = {
    "objects/a.txt": b"one",
    "objects/b c/d & e.txt": b"two",
    "objects/b c/empty": b"",
    "metadata/notes.txt": b"three",
}


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with workflow.connect(server.url) as connected:
        yield connected


def managed(client: httpx.Client, template: str, name: str) -> Json:
    workflow.make_containers(client, "edits")
    room = f"{str(client.base_url).rstrip('/')}/repository/edits"
    body = {
        "archivalGroup": f"{room}/{name}",
        "archivalGroupName": "Edited",
        "template": template,
    }
    made = ok(client.post("/deposits", json=body), 201).json()
    deposit = get(client, made["id"])
    for path, data in FILES.items():
        put(deposit, path, data)
    return deposit


def place(deposit: Json) -> Path:
    root = workflow.local(deposit["files"])
    return root / "data" if (root / "data").is_dir() else root


def put(deposit: Json, path: str, data: bytes) -> None:
    target = place(deposit) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def etag(client: httpx.Client, deposit: Json) -> str:
    found = get(client, deposit["id"])["metsETag"]
    assert isinstance(found, str)
    return found


def add(
    client: httpx.Client, deposit: Json, paths: list[str], match: str | None = None
) -> httpx.Response:
    headers = {"If-Match": match or etag(client, deposit)}
    return client.post(f"{deposit['id']}/mets", json=paths, headers=headers)


def delete(
    client: httpx.Client, deposit: Json, paths: list[str], *, mets: bool = True,
    files: bool = True, root: bool = False, match: str | None = None,
) -> httpx.Response:  # fmt: skip
    body = {
        "deleteFromMets": mets,
        "deleteFromDepositFiles": files,
        "deleteFromRoot": root,
        "items": [{"path": path, "isDir": False, "where": "Both"} for path in paths],
    }
    headers = {"If-Match": match or etag(client, deposit)}
    return client.post(f"{deposit['id']}/mets/delete", json=body, headers=headers)


def mets_schema_problems(client: httpx.Client, deposit: Json) -> list[str]:
    """What the schema finds wrong with a deposit's METS; nothing where there is no schema."""
    if not mets_schema.is_here():
        return []
    return mets_schema.problems(ok(client.get(f"{deposit['id']}/mets")).content)


def mets(client: httpx.Client, deposit: Json) -> str:
    return ok(client.get(f"{deposit['id']}/mets")).text


@pytest.mark.contract("16.40")
@pytest.mark.parametrize("template", ["RootLevel", "BagIt"])
def test_the_whole_way_of_a_managed_deposit(client: httpx.Client, template: str) -> None:
    deposit = managed(client, template, f"whole-{template.lower()}")
    prefix = "data/" if template == "BagIt" else ""
    wanted = [*FILES, "bagit.txt", "objects/not there", "elsewhere/x", "objects/b c"]
    answer = ok(add(client, deposit, [prefix + path for path in wanted])).json()
    assert [(item["path"], item["isDir"], item["where"]) for item in answer["items"]] == [
        ("metadata", True, "Mets"),
        ("objects", True, "Mets"),
        ("metadata/notes.txt", False, "Mets"),
        ("objects/a.txt", False, "Mets"),
        ("objects/b c", True, "Mets"),
        ("objects/b c/d & e.txt", False, "Mets"),
        ("objects/b c/empty", False, "Mets"),
    ]
    assert all(samples.sha256(data) in mets(client, deposit) for data in FILES.values())
    job = ok(workflow.post_diff(client, deposit), 201).json()
    assert workflow.wait(client, job)["status"] == "completed"
    loaded = workflow.load(client, deposit["archivalGroup"])
    found = {path: each["digest"] for path, each in workflow.binaries(loaded).items()}
    assert {path: found[path] for path in FILES} == {
        path: samples.sha256(data) for path, data in FILES.items()
    }
    assert set(found) == {*FILES, "mets.xml"}

    # the next version: exported, edited again, imported
    second = workflow.export(client, deposit["archivalGroup"])
    (workflow.local(second["files"]) / "objects" / "new.txt").write_bytes(b"new")
    (workflow.local(second["files"]) / "objects" / "a.txt").write_bytes(b"changed")
    ok(add(client, second, ["objects/new.txt", "objects/a.txt"]))
    ok(delete(client, second, ["objects/b c/empty"]))
    job = ok(workflow.post_diff(client, second), 201).json()
    assert workflow.wait(client, job)["newVersion"] == "v2"
    loaded = workflow.load(client, deposit["archivalGroup"])
    found = {path: each["digest"] for path, each in workflow.binaries(loaded).items()}
    assert found["objects/a.txt"] == samples.sha256(b"changed")
    assert found["objects/new.txt"] == samples.sha256(b"new")
    assert "objects/b c/empty" not in found
    assert_empty(workflow.get_diff(client, workflow.export(client, deposit["archivalGroup"])))


@pytest.mark.contract("16.40")
@pytest.mark.parametrize("template", ["RootLevel", "BagIt"])
def test_our_own_mets_alone_is_edited_into_a_third_version(
    client: httpx.Client, template: str
) -> None:
    """Template, files, METS; an export edited; then nothing but the METS, and one file more."""
    deposit = managed(client, template, f"alone-{template.lower()}")
    group = deposit["archivalGroup"]
    ok(add(client, deposit, list(FILES)))
    assert workflow.run_diff(client, deposit)["newVersion"] == "v1"
    exported = workflow.export(client, group)
    put(exported, "objects/second.txt", b"second")
    ok(add(client, exported, ["objects/second.txt"]))
    assert workflow.run_diff(client, exported)["newVersion"] == "v2"

    alone = workflow.make_deposit(client, archivalGroup=group, template=template)
    root = workflow.local(alone["files"])
    there = [path.name for path in root.rglob("*") if path.is_file()]
    assert there == ["mets.xml"]
    before = mets(client, alone)
    assert_empty(workflow.get_diff(client, alone))
    put(alone, "objects/third.txt", b"third")
    put(alone, "objects/a.txt", b"changed")
    ok(add(client, alone, ["objects/third.txt", "objects/a.txt"]))
    # what lies in the group and not here is taken out of the METS alone
    ok(delete(client, alone, ["objects/b c/d & e.txt", "metadata/notes.txt"]))
    assert mets_schema_problems(client, alone) == []
    diff = workflow.get_diff(client, alone)
    assert workflow.paths_of(diff["binariesToAdd"], group) == ["objects/third.txt"]
    assert workflow.paths_of(diff["binariesToPatch"], group) == ["mets.xml", "objects/a.txt"]
    assert workflow.paths_of(diff["binariesToDelete"], group) == [
        "metadata/notes.txt",
        "objects/b c/d & e.txt",
    ]
    third = mets(client, alone).encode()
    assert third != before.encode()
    assert workflow.run_diff(client, alone)["newVersion"] == "v3"
    workflow.assert_holds(
        client,
        group,
        {
            "mets.xml": third,
            "objects/a.txt": b"changed",
            "objects/b c/empty": b"",
            "objects/second.txt": b"second",
            "objects/third.txt": b"third",
        },
    )
    fourth = workflow.export(client, group)
    ok(delete(client, fourth, ["objects/third.txt"]))
    assert workflow.run_diff(client, fourth)["newVersion"] == "v4"
    assert "objects/third.txt" not in workflow.binaries(workflow.load(client, group))


@pytest.mark.contract("16.35")
def test_the_etag_must_be_that_of_the_mets_as_it_is(client: httpx.Client) -> None:
    deposit = managed(client, "RootLevel", "etags")
    before, old = mets(client, deposit), etag(client, deposit)
    assert ok(client.get(f"{deposit['id']}/mets")).headers["etag"] == old
    for match in ('"other"', old.strip('"'), f"W/{old}", "*"):
        refused = add(client, deposit, ["objects/a.txt"], match)
        assert refused.status_code == 409
        assert old in refused.json()["detail"]
    bare = client.post(f"{deposit['id']}/mets", json=["objects/a.txt"])
    assert bare.status_code == 409
    assert mets(client, deposit) == before
    ok(add(client, deposit, ["objects/a.txt"], old))
    assert etag(client, deposit) != old
    assert add(client, deposit, ["objects/a.txt"], old).status_code == 409


def test_an_edit_that_changes_nothing_leaves_the_etag(client: httpx.Client) -> None:
    deposit = managed(client, "RootLevel", "same")
    ok(add(client, deposit, ["objects/a.txt"]))
    old = etag(client, deposit)
    ok(add(client, deposit, ["objects/a.txt"]))
    assert etag(client, deposit) == old


@pytest.mark.contract("17.19", "19.POST-mets.500")
def test_edits_at_the_same_time_lose_nothing(client: httpx.Client) -> None:
    deposit = managed(client, "RootLevel", "race")
    names = [f"objects/race {number}" for number in range(12)]
    for name in names:
        put(deposit, name, name.encode())

    def until_done(name: str) -> int:
        for tries in range(100):
            answer = add(client, deposit, [name])
            if answer.status_code == 200:
                return tries
            assert answer.status_code == 409, answer.text
        raise AssertionError("never its turn")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(until_done, names))
    text = mets(client, deposit)
    assert [name for name in names if f'xlink:href="{name}"' not in text] == []


def test_what_cannot_be_added_is_told_and_nothing_is_written(client: httpx.Client) -> None:
    deposit = managed(client, "RootLevel", "refused")
    before = mets(client, deposit)
    for paths in ([], ["nowhere"], ["bagit.txt"], ["objects/not there"]):
        refused = add(client, deposit, paths)
        assert refused.status_code == 400
        assert "No items to add to METS." in refused.json()["detail"]
    (place(deposit) / "objects" / "link").symlink_to("/etc/hostname")
    assert add(client, deposit, ["objects/link"]).status_code == 400
    assert mets(client, deposit) == before


def test_foreign_mets_and_none_at_all(client: httpx.Client) -> None:
    deposit = managed(client, "None", "foreign")
    assert add(client, deposit, ["objects/a.txt"], '"x"').status_code == 404
    foreign = samples.plain_mets(samples.entries(FILES), title="theirs")
    put(deposit, "mets.xml", foreign)
    refused = add(client, deposit, ["objects/a.txt"])
    assert refused.status_code == 400
    assert "METS file was not created by University of Leeds" in refused.json()["detail"]


@pytest.mark.contract("16.13")
def test_a_lock_of_another_keeps_edits_away(client: httpx.Client) -> None:
    deposit = managed(client, "RootLevel", "locked")
    match = etag(client, deposit)
    other = {"X-Client-Identity": "somebody-else"}
    ok(client.post(f"{deposit['id']}/lock", headers=other), 204)
    refused = add(client, deposit, ["objects/a.txt"], match)
    assert refused.status_code == 409
    assert "Deposit is locked by another user: somebody-else" in refused.json()["detail"]
    assert delete(client, deposit, ["objects/a.txt"], match=match).status_code == 409


def test_deleting_from_mets_and_from_the_deposit(client: httpx.Client) -> None:
    deposit = managed(client, "RootLevel", "delete")
    ok(add(client, deposit, list(FILES)))
    gone = ["objects/b c/empty", "objects/b c/d & e.txt", "objects/b c", "stray.txt"]
    put(deposit, "stray.txt", b"ignored, for it lies at the root")
    answer = ok(delete(client, deposit, gone)).json()
    assert [item["path"] for item in answer["items"]] == [
        "objects/b c/d & e.txt",
        "objects/b c/empty",
        "objects/b c",
    ]
    assert not (place(deposit) / "objects" / "b c").exists()
    assert (place(deposit) / "stray.txt").exists()
    assert "b c" not in mets(client, deposit)
    ok(delete(client, deposit, ["stray.txt"], root=True))
    assert not (place(deposit) / "stray.txt").exists()
    # listed only, and there only
    (place(deposit) / "objects" / "a.txt").unlink()
    ok(delete(client, deposit, ["objects/a.txt"]))
    assert "a.txt" not in mets(client, deposit)
    put(deposit, "objects/unlisted", b"x")
    ok(delete(client, deposit, ["objects/unlisted"]))
    assert not (place(deposit) / "objects" / "unlisted").exists()


@pytest.mark.contract("17.10")
def test_what_cannot_be_deleted_is_told_and_all_stays(client: httpx.Client) -> None:
    deposit = managed(client, "RootLevel", "stays")
    ok(add(client, deposit, list(FILES)))
    before = mets(client, deposit)
    for paths, status, text in (
        ([], 400, "No items to delete."),
        (["objects/a.txt", "objects/b c"], 400, "would be left"),
        (["objects/a.txt", "objects"], 400, "belongs to every deposit"),
        (["metadata/ad-hoc"], 400, "belongs to every deposit"),
        (["objects/a.txt", "objects/nobody"], 404, "Can't find a file or folder to delete"),
        (["objects/../mets.xml"], 404, "Can't find"),
    ):
        refused = delete(client, deposit, paths)
        assert refused.status_code == status, refused.text
        assert text in refused.json()["detail"]
    refused = delete(client, deposit, ["mets.xml"], root=True)
    assert refused.status_code == 400
    refused = delete(client, deposit, ["objects/a.txt"], mets=False, files=False)
    assert refused.status_code == 400
    assert "No location to delete from specified." in refused.json()["detail"]
    assert delete(client, deposit, ["objects/a.txt"], match='"old"').status_code == 409
    assert mets(client, deposit) == before
    assert (place(deposit) / "objects" / "a.txt").exists()
