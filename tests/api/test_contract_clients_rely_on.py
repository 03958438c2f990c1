"""What clients rely on where two behaviours were described, as far as no other file has it."""

from __future__ import annotations

import httpx
import pytest

from support import samples, workflow
from support.server import Server
from support.shapes import RESULT_LISTS, assert_problem
from support.workflow import binaries, get, load, make_filled, ok, post_diff, preserve, wait


def wrong_book() -> dict[str, bytes]:
    """A book of which METS states a false digest."""
    book = samples.book(1)
    entries = samples.entries(book, digests={"objects/page 0001.png": "0" * 64})
    return {**book, "mets.xml": samples.plain_mets(entries)}


@pytest.mark.contract("16.8")
def test_a_deposit_goes_through_five_statuses(client: httpx.Client, group: str) -> None:
    def listed(status: str) -> list[str]:
        query = {"status": status, "showAll": "true", "archivalGroupPath": path}
        return [
            found["id"] for found in ok(client.get("/deposits", params=query)).json()["deposits"]
        ]

    path = group.partition("/repository/")[2]
    first = make_filled(client, group, samples.with_mets(samples.book(1)))
    assert first["status"] == "new"
    assert listed("new") == [first["id"]]
    workflow.run_diff(client, first)
    assert get(client, first["id"])["status"] == "preserved"
    assert listed("preserved") == [first["id"]]
    second = workflow.start_export(client, group)
    assert second["status"] == "exporting"
    second = workflow.wait_for(client, second["id"], "new")
    workflow.fill(second, wrong_book())
    failed = wait(client, ok(post_diff(client, second), 201).json())
    assert failed["status"] == "completedWithErrors"
    assert get(client, second["id"])["status"] == "error"
    assert listed("error") == [second["id"]]
    archived = ok(client.patch(first["id"], json={"archived": "2026-01-31T12:00:00Z"})).json()
    assert archived["status"] == "archived"
    assert listed("archived") == [first["id"]]
    assert listed("preserved") == []


@pytest.mark.contract("16.39", "17.7")
def test_a_failed_update_leaves_all_as_it_was(client: httpx.Client, group: str) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    before = client.get(group).content
    book = samples.book(2)
    entries = samples.entries(book, digests={"objects/page 0002.png": "0" * 64})
    deposit = make_filled(client, group, {**book, "mets.xml": samples.plain_mets(entries)})
    result = wait(client, ok(post_diff(client, deposit), 201).json())
    assert result["status"] == "completedWithErrors"
    assert (result["sourceVersion"], result["newVersion"]) == ("v1", None)
    assert all(result[name] == [] for name in RESULT_LISTS)
    assert result["errors"]
    assert client.get(group).content == before
    after = get(client, deposit["id"])
    for name in ("preserved", "preservedBy", "versionPreserved"):
        assert after[name] is None, name


@pytest.mark.contract("16.17")
def test_content_is_on_the_storage_host_whatever_the_version(
    server: Server, client: httpx.Client, group: str
) -> None:
    first = samples.with_mets({"objects/a b.txt": b"one"})
    preserve(client, group, first)
    preserve(client, group, samples.with_mets({"objects/a b.txt": b"two"}))
    place = group.partition("/repository/")[2]
    expected = f"{server.storage_url}/content/{place}/objects/a%20b.txt"
    for version, data in ((None, b"two"), ("v2", b"two"), ("v1", b"one")):
        binary = binaries(load(client, group, version))["objects/a b.txt"]
        assert binary["content"] == expected
        assert workflow.read(client, binary, version) == data


@pytest.mark.contract("16.16", "16.26")
def test_routes_of_one_surface_are_not_on_the_other(
    server: Server, client: httpx.Client, group: str
) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    content = binaries(load(client, group))["mets.xml"]["content"]
    ok(client.get(content))
    elsewhere = content.replace(server.storage_url, server.url)
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert client.request(method, elsewhere).status_code == 404, method
    assert_problem(client.get(elsewhere), 404)
    ok(client.get(f"{server.url}/agents"))
    assert_problem(client.get(f"{server.storage_url}/agents"), 404)


@pytest.mark.contract("16.27")
def test_a_storage_map_is_found_by_a_memento(
    server: Server, client: httpx.Client, group: str
) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    embedded = load(client, group)["storageMap"]
    stamp = embedded["headVersion"]["mementoTimestamp"]
    place = group.partition("/repository/")[2]
    for root in (server.url, server.storage_url):
        found = client.get(f"{root}/ocfl/storagemap/{place}", params={"version": stamp})
        assert ok(found).json() == embedded
        unknown = {"version": "20010101000000"}
        assert_problem(client.get(f"{root}/ocfl/storagemap/{place}", params=unknown), 404)


@pytest.mark.contract("16.14")
def test_head_tells_the_type_on_both_surfaces(
    server: Server, client: httpx.Client, room: str, group: str
) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    workflow.make_container(client, f"{room}/gone")
    ok(client.delete(f"/repository/{room}/gone"), 204)
    expected = {
        "": (200, "RepositoryRoot"),
        room: (200, "Container"),
        f"{room}/book": (200, "ArchivalGroup"),
        f"{room}/book/objects": (200, "Container"),
        f"{room}/book/mets.xml": (200, "Binary"),
        f"{room}/absent": (404, None),
        f"{room}/gone": (410, None),
    }
    for root in (server.url, server.storage_url):
        for path, (status, kind) in expected.items():
            answer = client.head(f"{root}/repository/{path}")
            assert answer.status_code == status, path
            assert answer.headers.get("X-Preservation-Resource-Type") == kind, path
            assert answer.content == b""


@pytest.mark.contract("16.31")
def test_a_table_of_siegfried_is_read_where_brunnhilde_puts_it(client: httpx.Client) -> None:
    deposit = workflow.make_deposit(client, template="RootLevel")
    data = b"not really a picture"
    table = (
        "filename,filesize,modified,errors,sha256,namespace,id,format,version,mime,class,basis,"
        f"warning\n/x/objects/a.jpg,{len(data)},2025-01-01,,{samples.sha256(data)},pronom,fmt/43,"
        "JPEG,1,image/jpeg,,,\n"
    ).encode()
    workflow.fill(
        deposit,
        {
            "objects/a.jpg": data,
            "metadata/brunnhilde/report.html": b"<html></html>",
            "metadata/brunnhilde/siegfried.csv": table,
        },
    )
    tree = get(client, f"{deposit['id']}/filesystem?refresh=true")
    (objects,) = [folder for folder in tree["directories"] if folder["localPath"] == "objects"]
    (picture,) = objects["files"]
    found = [(item["type"], item["source"], item["pronomKey"]) for item in picture["metadata"]]
    assert found == [("FileFormatMetadata", "Brunnhilde", "fmt/43")]
