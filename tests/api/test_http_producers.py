"""METS of other producers through the whole workflow: in, browsed, out again, and a version more.

The METS goes through byte for byte. Where it has no SHA-256 the deposit is refused, each file by
name, unless it is a bag whose manifest has them.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from support import samples, workflow
from support.producers import PRODUCERS, Producer
from support.server import Server
from support.shapes import assert_empty, assert_problem
from support.workflow import Json, local, ok

EVERY = pytest.mark.parametrize("producer", PRODUCERS, ids=lambda producer: producer.name)


def with_mets(producer: Producer, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {**files, producer.file_name: producer.write(files)}


def bagged(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files as a bag, whose manifest has the digests that METS lacks."""
    payload = {f"data/{path}": data for path, data in files.items()}
    manifest = "".join(
        f"{samples.sha256(data)}  {path.replace('%', '%25')}\n" for path, data in payload.items()
    )
    return {
        **payload,
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "manifest-sha256.txt": manifest.encode(),
    }


def deposit_of(
    client: httpx.Client, group: str, producer: Producer, files: Mapping[str, bytes]
) -> Json:
    """A deposit of all these files, in a bag if METS alone is not enough."""
    name = "Given" if producer.title == "Given" else None
    deposit = workflow.make_deposit(client, archivalGroup=group, archivalGroupName=name)
    for copied in local(deposit["files"]).glob("*.xml"):
        copied.unlink()  # the METS of the version before
    workflow.fill(deposit, files if producer.has_sha256 else bagged(files))
    return deposit


@EVERY
def test_the_whole_way(client: httpx.Client, group: str, producer: Producer) -> None:
    first = with_mets(producer, producer.files)
    deposit = deposit_of(client, group, producer, first)
    diff = workflow.get_diff(client, deposit)
    assert diff["archivalGroupName"] == producer.title
    assert workflow.paths_of(diff["binariesToAdd"], group) == sorted(first)
    workflow.run_diff(client, deposit)
    workflow.assert_holds(client, group, first)
    assert ok(client.get(group, params={"view": "mets"})).content == first[producer.file_name]

    exported = workflow.export(client, group)
    there = local(exported["files"])
    assert {path: (there / path).read_bytes() for path in first} == first
    assert_empty(workflow.get_diff(client, exported))

    changed = {**producer.files, producer.changing: b"changed\n"}
    second = with_mets(producer, changed)
    if producer.has_sha256:
        workflow.fill(exported, second)
    else:
        ok(client.delete(exported["id"]), 204)
        exported = deposit_of(client, group, producer, second)
    diff = workflow.get_diff(client, exported)
    assert workflow.paths_of(diff["binariesToPatch"], group) == sorted(
        [producer.changing, producer.file_name]
    )
    assert not any(diff[name] for name in ("binariesToAdd", "binariesToDelete"))
    assert workflow.run_diff(client, exported)["newVersion"] == "v2"
    workflow.assert_holds(client, group, second)
    workflow.assert_holds(client, group, first, "v1")


@EVERY
def test_one_bad_entry_is_named_and_nothing_is_deleted(
    client: httpx.Client, group: str, producer: Producer
) -> None:
    files = with_mets(producer, producer.files)
    workflow.run_diff(client, deposit_of(client, group, producer, files))
    alone = workflow.make_deposit(client, archivalGroup=group)
    mets = files[producer.file_name].decode("utf-8-sig")
    # an href leads out of the deposit, whatever it led to before
    start = mets.rindex('xlink:href="') + len('xlink:href="')
    astray = mets[:start] + "../astray" + mets[mets.index('"', start) :]
    workflow.fill(alone, {producer.file_name: astray.encode()})
    refused = client.get(f"{alone['id']}/importjobs/diff")
    assert_problem(refused, 422, errors={"../astray"})
    assert_problem(workflow.post_diff(client, alone), 422, errors={"../astray"})
    workflow.assert_holds(client, group, files)


@pytest.mark.parametrize(
    "producer", [p for p in PRODUCERS if not p.has_sha256], ids=lambda producer: producer.name
)
def test_without_sha256_every_file_is_named(
    server: Server, client: httpx.Client, group: str, producer: Producer
) -> None:
    files = with_mets(producer, producer.files)
    name = "Given" if producer.title == "Given" else None
    deposit = workflow.make_filled(client, group, files, name=name)
    refused = client.get(f"{deposit['id']}/importjobs/diff")
    problem = assert_problem(refused, 422, errors=set(producer.files))
    assert {fault["code"] for fault in problem["errors"]} == {"no-digest"}
    assert client.get(group).status_code == 404


@pytest.mark.parametrize(
    "producer", [p for p in PRODUCERS if "platform" in p.name], ids=lambda producer: producer.name
)
def test_files_of_the_platform_can_be_edited(
    client: httpx.Client, group: str, producer: Producer
) -> None:
    """Ids with blanks, two of them in a row, and slashes: they stay, and what is new has others."""
    files = with_mets(producer, producer.files)
    workflow.run_diff(client, deposit_of(client, group, producer, files))
    edited = workflow.export(client, group)
    root = local(edited["files"])
    spaced = "objects/sub folder/page  2 & é.png"
    workflow.fill(edited, {"objects/new.txt": b"new", spaced: b"changed"})

    def match() -> dict[str, str]:
        return {"If-Match": workflow.get(client, edited["id"])["metsETag"]}

    body = ["objects/new.txt", spaced]
    ok(client.post(f"{edited['id']}/mets", json=body, headers=match()))
    mets = (root / "mets.xml").read_bytes()
    assert b'ID="FILE_objects/sub folder/page  2 &amp; ' in mets
    items = [{"path": "objects/empty.txt", "isDir": False, "where": "Both"}]
    selection = {"deleteFromMets": True, "deleteFromDepositFiles": True, "items": items}
    ok(client.post(f"{edited['id']}/mets/delete", json=selection, headers=match()))
    assert workflow.run_diff(client, edited)["newVersion"] == "v2"
    now = {**producer.files, "objects/new.txt": b"new", spaced: b"changed"}
    del now["objects/empty.txt"]
    workflow.assert_holds(client, group, {**now, "mets.xml": (root / "mets.xml").read_bytes()})
    assert_empty(workflow.get_diff(client, workflow.export(client, group)))
