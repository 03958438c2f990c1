"""What an earlier service of this kind did badly, as far as no other file has it."""

from __future__ import annotations

import json
import shutil
from typing import Any

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import assert_problem, assert_tree
from support.workflow import (
    Json,
    binaries,
    binary,
    fill,
    get,
    hand_written,
    load,
    local,
    make_deposit,
    make_filled,
    ok,
    post_diff,
    post_job,
    preserve,
    run_diff,
    wait,
)

# ----------------------------------------------------------------------- lost or damaged data


@pytest.mark.contract("17.10")
@pytest.mark.parametrize("template", ["RootLevel", "BagIt"])
def test_what_belongs_to_a_deposit_is_not_deleted_from_its_root(
    client: httpx.Client, template: str
) -> None:
    deposit = make_deposit(client, template=template, archivalGroupName="N")
    fill(deposit, {"loose.txt": b"x"})
    before = ocfl_check.tree(local(deposit["files"]))
    # the kept tree is one of them
    kept = "__METSlike.json"
    assert kept in before
    etag = get(client, deposit["id"])["metsETag"]
    for name in ("mets.xml", kept):
        body = {
            "deleteFromMets": False,
            "deleteFromDepositFiles": False,
            "deleteFromRoot": True,
            "items": [{"path": "loose.txt"}, {"path": name}],
        }
        answer = client.post(f"{deposit['id']}/mets/delete", json=body, headers={"If-Match": etag})
        assert_problem(answer, (400, 404), errors={name})
    assert ocfl_check.tree(local(deposit["files"])) == before


@pytest.mark.contract("17.12")
def test_an_export_of_damaged_bytes_ends_and_says_so(
    server: Server, client: httpx.Client, group: str
) -> None:
    files = samples.with_mets(samples.book(2))
    preserve(client, group, files)
    page = "objects/page 0001.png"
    loaded = load(client, group)
    stored = local(loaded["origin"]) / loaded["storageMap"]["files"][page]["fullPath"]
    stored.write_bytes(bytes(len(files[page])))
    begun = workflow.start_export(client, group)
    deposit = workflow.wait_for(client, begun["id"], "error")
    assert begun["exportResult"] == deposit["exportResult"]
    assert deposit["exportResult"].startswith(f"{server.storage_url}/export/")
    export = get(client, deposit["exportResult"])
    assert export["dateFinished"] is not None
    assert export["destination"] == deposit["files"]
    (told,) = export["errors"]
    assert "page" in f"{told['id']} {told['message']}"
    assert len(export["files"]) == len(files) - 1
    assert not (local(deposit["files"]) / page).exists()
    # neither the group nor another deposit of it is held up
    ok(client.delete(deposit["id"]), 204)
    stored.write_bytes(files[page])
    again = workflow.export(client, group)
    assert (local(again["files"]) / page).read_bytes() == files[page]
    assert get(client, again["exportResult"])["errors"] is None


@pytest.mark.contract("17.14")
def test_mets_is_looked_for_in_the_root_alone(client: httpx.Client) -> None:
    deposit = make_deposit(client)
    mets = samples.plain_mets([], title="N")
    fill(deposit, {"mets/notes.xml": b"<notes/>", "objects/mets.xml": mets, "mets-x/a.xml": mets})
    assert get(client, deposit["id"])["metsETag"] is None
    assert_problem(client.get(f"{deposit['id']}/mets"), 404)
    fill(deposit, {"b-mets.xml": mets})
    assert ok(client.get(f"{deposit['id']}/mets")).content == mets


@pytest.mark.contract("17.14")
def test_xml_beside_mets_is_not_taken_for_it(client: httpx.Client, group: str) -> None:
    """Neither when a deposit gets the METS of its group, nor when that is asked for."""
    files = samples.with_mets({"metsfiles/a.xml": b"<a/>", "objects/mets.xml": b"<b/>"})
    preserve(client, group, files)
    deposit = make_deposit(client, archivalGroup=group)
    assert ocfl_check.tree(local(deposit["files"])) == {"mets.xml": files["mets.xml"]}
    assert ok(client.get(group, params={"view": "mets"})).content == files["mets.xml"]


# ------------------------------------------------------------------------- asked and answered


@pytest.mark.contract("17.22")
def test_everything_of_a_deposit_can_be_read_whatever_became_of_its_group(
    server: Server, client: httpx.Client, room: str
) -> None:
    deposit = make_deposit(
        client, archivalGroup=f"{server.url}/repository/{room}/x", template="RootLevel"
    )
    workflow.make_container(client, f"{room}/x")
    for _ in range(2):  # first a Container is in the way, then a tombstone
        shown = get(client, deposit["id"])
        assert shown["archivalGroup"] == deposit["archivalGroup"]
        assert shown["archivalGroupExists"] is False
        assert shown["metsETag"]
        for view in ("mets", "filesystem", "combined", "importjobs/results"):
            ok(client.get(f"{deposit['id']}/{view}"))
        problem = assert_problem(client.get(f"{deposit['id']}/importjobs/diff"), (409, 410))
        client.delete(f"/repository/{room}/x")
    assert problem["status"] == 410


@pytest.mark.contract("17.26")
def test_the_layout_of_a_deposit_is_recorded(client: httpx.Client, group: str) -> None:
    made = {
        template: make_deposit(client, template=template)["layout"]
        for template in ("None", "RootLevel", "BagIt")
    }
    assert made == {"None": "Undecided", "RootLevel": "RootLevel", "BagIt": "BagIt"}
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="N", template="RootLevel")
    files = samples.with_mets({"data/objects/a.txt": b"a", "data/mets.xml": b"<a/>"})
    for folder in ("metadata", "objects"):
        shutil.rmtree(local(deposit["files"]) / folder)
    fill(deposit, files)
    assert get(client, deposit["id"])["layout"] == "RootLevel"
    run_diff(client, deposit)
    workflow.assert_holds(client, group, files)


@pytest.mark.contract("17.28")
def test_pages_of_the_list_are_bounded(client: httpx.Client) -> None:
    most = ok(client.get("/deposits", params={"pageSize": 10_000})).json()
    assert most["pageSize"] == 10_000
    problem = assert_problem(client.get("/deposits", params={"pageSize": 10_001}), 400)
    assert problem["errors"][0]["path"] == "pageSize"


def addresses(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Where in a JSON value there are URIs, and which."""
    if isinstance(value, dict):
        return [found for name in value for found in addresses(value[name], f"{path}/{name}")]
    if isinstance(value, list):
        return [found for below in value for found in addresses(below, f"{path}[]")]
    return [(path, value)] if isinstance(value, str) and value.startswith("http") else []


@pytest.mark.contract("17.29", "16.17")
def test_no_id_of_storage_is_told_by_preservation(
    server: Server, client: httpx.Client, group: str, room: str
) -> None:
    files = samples.with_mets(samples.book(1))
    deposit = make_filled(client, group, files)
    diff = workflow.get_diff(client, deposit)
    result = run_diff(client, deposit)
    place = f"{room}/book"
    answers = {
        "diff": diff,
        "result": result,
        "results": ok(client.get(f"{deposit['id']}/importjobs/results")).json(),
        "deposit": get(client, deposit["id"]),
        "group": load(client, group),
        "light": get(client, f"{group}?view=lightweight"),
        "light binary": get(client, f"{group}/mets.xml?view=lightweight"),
        "folder": get(client, f"{group}/objects"),
        "room": get(client, f"/repository/{room}"),
        "validation": get(client, f"/validation/archivalgroup/{place}"),
    }
    mine = f"{server.url}/"
    leaked = {
        (name, path)
        for name, answer in answers.items()
        for path, uri in addresses(answer)
        if uri.startswith(server.storage_url + "/") or not uri.startswith(mine)
    }
    # content is read from the Storage API, and a map is one of its resources
    assert {path.rpartition("/")[2] for _, path in leaked} == {"content", "archivalGroup"}
    assert {path for _, path in leaked if path.endswith("archivalGroup")} == {
        "/storageMap/archivalGroup"
    }
    assert result["importJob"].startswith(f"{deposit['id']}/importjobs/transient/")


@pytest.mark.contract("17.30")
def test_a_job_far_beyond_the_old_limits_is_taken(
    server: Server, client: httpx.Client, group: str
) -> None:
    """More than 30 MB of JSON, for a group whose tree is nested far more than 32 deep."""
    deep = "/".join(f"level {n}" for n in range(70))
    files = {f"{deep}/leaf.txt": b"deep", "top.txt": b"top"}
    deposit = make_filled(client, group, files)
    job = hand_written(
        deposit,
        group,
        archivalGroupName="Deep",
        binariesToAdd=[binary(group, deposit, path, data) for path, data in files.items()],
        unknown="x" * (31 << 20),
    )
    body = json.dumps(job)
    assert len(body) > 30_000_000
    answer = client.post(
        f"{deposit['id']}/importjobs",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert wait(client, ok(answer, 201).json())["status"] == "completed"
    loaded = load(client, group)
    assert_tree(loaded)
    assert sorted(binaries(loaded)) == sorted(files)
    levels, here = 0, loaded
    while here["containers"]:
        (here,) = here["containers"]
        levels += 1
    assert levels == 70


@pytest.mark.contract("17.21", "17.4")
def test_uris_of_other_hosts_are_refused_and_not_500(
    server: Server, client: httpx.Client, group: str
) -> None:
    deposit: Json = make_filled(client, group, {"a.txt": b"a"})
    add = binary(group, deposit, "a.txt", b"a")
    spoiled: list[Json] = [
        hand_written(deposit, group, binariesToAdd=[{**add, "id": f"https://x.example/{n}"}])
        for n in ("a.txt", "repository/a.txt")
    ]
    spoiled.append(hand_written(deposit, "book", binariesToAdd=[add]))
    spoiled.append(hand_written(deposit, "https://x.example/repository/a", binariesToAdd=[add]))
    for job in spoiled:
        assert_problem(post_job(client, deposit, job), 400)
    assert client.get(f"{deposit['id']}/importjobs/results").json() == []
    assert client.head(group).status_code == 404
    assert_problem(post_diff(client, deposit), 422)
