"""Loading Archival Groups, their members, their versions and their storage maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from support import samples, workflow
from support.server import Server
from support.shapes import UTC_TIME, assert_problem, assert_shape, assert_tree
from support.workflow import (
    assert_holds,
    binaries,
    containers,
    load,
    make_filled,
    member,
    ok,
    preserve,
    run_diff,
)

Files = dict[str, bytes]


@pytest.fixture
def two(client: httpx.Client, group: str) -> tuple[Files, Files]:
    """A group with two versions: a page replaced, one added, one removed; both versions' files."""
    first = samples.with_mets(samples.book(3), title="First")
    preserve(client, group, first)
    book = samples.book(4)
    del book["objects/page 0002.png"]
    book["objects/page 0001.png"] = samples.page(99)
    second = samples.with_mets(book, title="Second", labels={"objects/page 0004.png": "Page four"})
    preserve(client, group, second, name=None)
    return first, second


@pytest.mark.contract("16.17")
def test_a_group_is_loaded_as_a_full_tree(
    server: Server, client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    loaded = assert_holds(client, group, two[1])
    assert_tree(loaded)
    assert loaded["id"] == group
    assert loaded["name"] == "A group"
    assert sorted(containers(loaded)) == ["metadata", "objects", "objects/alto"]
    assert [child["id"] for child in loaded["containers"]] == [
        f"{group}/metadata",
        f"{group}/objects",
    ]
    assert [child["id"] for child in loaded["binaries"]] == [f"{group}/mets.xml"]
    found = binaries(loaded)
    assert found["objects/page 0004.png"]["name"] == "Page four"
    assert found["objects/page 0003.png"]["name"] == "page 0003.png"
    place = group.partition("/repository/")[2]
    for path, binary in found.items():
        assert binary["content"] == (
            f"{server.storage_url}/content/{place}/{workflow.encoded(path)}"
        )
        assert binary["contentType"] == samples.content_type(path)
        for when in ("created", "lastModified"):
            assert UTC_TIME.fullmatch(binary[when])
        for who in ("createdBy", "lastModifiedBy"):
            assert binary[who] == f"{server.url}/agents/dlipdev"


def test_dates_tell_when_a_member_came_and_changed(
    client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    loaded = load(client, group)
    before = load(client, group, "v1")
    v1, v2 = before["lastModified"], loaded["lastModified"]
    assert v1 < v2
    assert (before["created"], loaded["created"]) == (v1, v1)
    found = binaries(loaded)
    dates = {path: (binary["created"], binary["lastModified"]) for path, binary in found.items()}
    assert dates["objects/page 0003.png"] == (v1, v1)
    assert dates["objects/page 0001.png"] == (v1, v2)
    assert dates["objects/page 0004.png"] == (v2, v2)
    assert dates["mets.xml"] == (v1, v2)


@pytest.mark.contract("16.28")
def test_the_storage_map_leads_to_real_files(
    server: Server, client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    for version, files in (("v1", two[0]), ("v2", two[1])):
        loaded = load(client, group, version)
        stored = loaded["storageMap"]
        assert_shape("StorageMap", stored)
        assert stored["storageType"] == "FileSystem"
        assert stored["root"].startswith("file:///")
        assert sorted(stored["files"]) == sorted(files)
        origin = workflow.local(loaded["origin"])
        assert origin.is_dir()
        assert loaded["origin"].endswith(stored["objectPath"])
        assert str(origin).startswith(str(server.data.resolve()))
        for path, entry in stored["files"].items():
            assert set(entry) == {"hash", "fullPath"}
            real: Path = workflow.local(loaded["origin"] + "/" + entry["fullPath"])
            assert real.read_bytes() == files[path]
            assert entry["hash"] == samples.sha256(files[path])
            assert stored["hashes"][entry["hash"]] == entry["fullPath"]
        assert set(stored["hashes"]) == {samples.sha256(data) for data in files.values()}
        for path, binary in binaries(loaded).items():
            full = stored["files"][path]["fullPath"]
            assert binary["origin"].startswith(loaded["origin"] + "/")
            assert unquote(urlsplit(binary["origin"]).path).endswith(full)
            assert workflow.local(binary["origin"]).read_bytes() == files[path]
        assert stored["version"]["ocflVersion"] == version
        assert stored["headVersion"]["ocflVersion"] == "v2"
        assert [v["ocflVersion"] for v in stored["allVersions"]] == ["v1", "v2"]
        assert stored["version"] == loaded["version"]
        assert stored["allVersions"] == loaded["versions"]
        place = group.partition("/repository/")[2]
        assert stored["archivalGroup"] == f"{server.storage_url}/repository/{place}"


def test_storage_map_keys_are_as_clients_look_them_up(client: httpx.Client, group: str) -> None:
    names = {
        "objects/a b.txt": "objects/a b.txt",
        "objects/50% off.txt": "objects/50% off.txt",
        "objects/a%20b.txt": "objects/a%20b.txt",
        "objects/no #1.txt": "objects/no -_-percent-23-_-1.txt",
        "objects/é📚.txt": "objects/é📚.txt",
    }
    files = samples.with_mets({path: path.encode() for path in names})
    preserve(client, group, files)
    loaded = load(client, group)
    assert sorted(loaded["storageMap"]["files"]) == sorted([*names.values(), "mets.xml"])
    for path, key in names.items():
        assert loaded["storageMap"]["files"][key]["hash"] == samples.sha256(path.encode())


@pytest.mark.contract("16.27", "17.24")
def test_the_storage_map_by_itself(
    server: Server, client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    place = group.partition("/repository/")[2]
    embedded = load(client, group)["storageMap"]
    older = load(client, group, "v1")["storageMap"]
    stamps = {v["ocflVersion"]: v["mementoTimestamp"] for v in embedded["allVersions"]}
    for root in (server.url, server.storage_url):
        base = f"{root}/ocfl/storagemap"
        assert ok(client.get(f"{base}/{place}")).json() == embedded
        assert ok(client.get(f"{base}/{place}", params={"version": "v1"})).json() == older
        assert ok(client.get(f"{base}/{place}", params={"version": "v2"})).json() == embedded
        if stamps["v1"] != stamps["v2"]:
            query = {"version": stamps["v1"]}
            assert ok(client.get(f"{base}/{place}", params=query)).json() == older
        assert_problem(client.get(f"{base}/{place}", params={"version": "v3"}), 404)
        assert_problem(client.get(f"{base}/{place}", params={"version": "x"}), 400)
        assert_problem(client.get(f"{base}/{place}-absent"), 404)
        assert_problem(client.get(f"{base}/{place}/objects"), 404)
        assert_problem(client.get(f"{base}/{place.partition('/')[0]}"), 404)


# ------------------------------------------------------------------------------- versions


def test_every_version_stays_readable(
    client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    assert_holds(client, group, two[0], "v1")
    assert_holds(client, group, two[1], "v2")
    assert load(client, group) == load(client, group, "v2")


def test_a_version_by_its_memento(client: httpx.Client, group: str) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    loaded = load(client, group)
    stamp = loaded["version"]["mementoTimestamp"]
    assert load(client, group, stamp) == loaded
    page = f"{group}/objects/page%200001.png"
    assert ok(client.get(page, params={"version": stamp})).json() == client.get(page).json()


@pytest.mark.contract("17.21")
@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("v3", 404),
        ("v99999", 404),
        ("20010101000000", 404),
        ("v0", 400),
        ("v01", 400),
        ("v-1", 400),
        ("V1", 400),
        ("1", 400),
        ("latest", 400),
        ("v1.0", 400),
        ("2001-01-01", 400),
        ("", 400),
        ("v" + "9" * 50, 400),
    ],
)
def test_versions_that_are_not_there_or_cannot_be_read(
    server: Server,
    client: httpx.Client,
    group: str,
    two: tuple[Files, Files],
    version: str,
    status: int,
) -> None:
    place = group.partition("/repository/")[2]
    for uri in (
        group,
        f"{group}/objects",
        f"{group}/mets.xml",
        f"{server.storage_url}/repository/{place}",
        f"{server.storage_url}/content/{place}/mets.xml",
    ):
        answer = client.get(uri, params={"version": version})
        if version == "" and answer.status_code == 200:
            continue  # an empty value may count as none
        assert_problem(answer, status)


def test_version_names_are_case_insensitive_in_the_query_name(
    client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    assert ok(client.get(group, params={"VERSION": "v1"})).json() == load(client, group, "v1")


def test_removed_members_leave_tombstones(
    client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    page = member(group, "objects/page 0002.png")
    assert_problem(client.get(page), 410)
    assert client.head(page).status_code == 410
    assert ok(client.get(page, params={"version": "v1"})).json()["type"] == "Binary"
    assert_problem(client.get(member(group, "objects/never.png")), 404)
    assert_problem(
        client.get(member(group, "objects/page 0004.png"), params={"version": "v1"}), 404
    )


# ------------------------------------------------------------------------------------ views


def test_lightweight(client: httpx.Client, group: str, two: tuple[Files, Files]) -> None:
    full = load(client, group)
    light = ok(client.get(group, params={"view": "lightweight"})).json()
    assert light["id"] == group
    assert light["type"] == "ArchivalGroup"
    assert light["name"] == full["name"]
    assert light["created"] == full["created"]
    assert light["lastModified"] == full["lastModified"]
    assert light["containers"] == []
    assert light["binaries"] == []
    for name in ("version", "versions", "storageMap", "origin"):
        assert light.get(name) is None, name
    place = ok(client.get(f"{group}/objects", params={"view": "lightweight"})).json()
    assert (place["type"], place["containers"], place["binaries"]) == ("Container", [], [])
    page = member(group, "objects/page 0001.png")
    alone = ok(client.get(page, params={"view": "lightweight", "version": "v1"})).json()
    assert alone["digest"] == samples.sha256(two[0]["objects/page 0001.png"])
    room = ok(client.get(group.rpartition("/")[0], params={"view": "lightweight"})).json()
    assert (room["type"], room["containers"]) == ("Container", [])


def test_the_mets_view(client: httpx.Client, group: str, two: tuple[Files, Files]) -> None:
    answer = ok(client.get(group, params={"view": "mets"}))
    assert answer.content == two[1]["mets.xml"]
    assert answer.headers["content-type"].startswith("application/xml")
    assert "sandbox" in answer.headers["content-security-policy"]
    older = ok(client.get(group, params={"view": "mets", "version": "v1"}))
    assert older.content == two[0]["mets.xml"]
    place = ok(client.get(f"{group}/objects", params={"view": "mets"})).json()
    assert place["type"] == "Container"


def test_unknown_views(
    server: Server, client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    assert ok(client.get(group, params={"view": "other"})).json() == load(client, group)
    stored = f"{server.storage_url}/repository/{group.partition('/repository/')[2]}"
    assert_problem(client.get(stored, params={"view": "other"}), 400)


# ---------------------------------------------------------------------------------- members


@pytest.mark.contract("16.36")
def test_members_can_be_asked_for_one_by_one(
    client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    loaded = load(client, group)
    for path, nested in binaries(loaded).items():
        alone = ok(client.get(member(group, path))).json()
        assert_shape("Binary", alone)
        assert alone["partOf"] == group
        assert alone == nested | {"partOf": group}
    objects = ok(client.get(f"{group}/objects")).json()
    assert_shape("Container", objects)
    assert objects["partOf"] == group
    assert [child["id"] for child in objects["containers"]] == [f"{group}/objects/alto"]
    nested = containers(loaded)["objects"]
    assert objects["binaries"] == nested["binaries"]
    # a Container shows its immediate children alone
    assert objects["containers"][0]["binaries"] == []
    before = ok(client.get(f"{group}/objects", params={"version": "v1"})).json()
    assert len(before["binaries"]) == 3


def test_ids_may_be_sent_with_raw_spaces_and_unicode(
    server: Server, client: httpx.Client, group: str
) -> None:
    files = samples.with_mets({"objects/é b#1.txt": b"x"})
    preserve(client, group, files)
    place = group.partition("/repository/")[2]
    for spelling in (
        "objects/é b-_-percent-23-_-1.txt",
        "objects/%C3%A9%20b-_-percent-23-_-1.txt",
        "objects/é b%231.txt",
    ):
        answer = client.get(f"/repository/{place}/{spelling}")
        assert ok(answer).json()["digest"] == samples.sha256(b"x"), spelling
        content = client.get(f"{server.storage_url}/content/{place}/{spelling}")
        assert ok(content).content == b"x"


@pytest.mark.contract("16.14", "17.29")
def test_the_storage_surface_shows_the_same_with_its_own_ids(
    server: Server, client: httpx.Client, group: str, two: tuple[Files, Files]
) -> None:
    place = group.partition("/repository/")[2]
    stored = ok(client.get(f"{server.storage_url}/repository/{place}")).json()
    assert_tree(stored)

    def as_preservation(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {
                key: below if key == "storageMap" else as_preservation(below, key)
                for key, below in value.items()
            }
        if isinstance(value, list):
            return [as_preservation(below) for below in value]
        if name in ("id", "partOf", "createdBy", "lastModifiedBy"):
            assert value.startswith(server.storage_url), (name, value)
            return server.url + value.removeprefix(server.storage_url)
        return value

    assert as_preservation(stored) == load(client, group)
    head = client.head(f"{server.storage_url}/repository/{place}")
    assert head.headers["X-Preservation-Resource-Type"] == "ArchivalGroup"
    root = ok(client.get(f"{server.storage_url}/repository")).json()
    assert root["id"] == f"{server.storage_url}/repository/"


def test_a_group_of_many_members(client: httpx.Client, group: str) -> None:
    files = samples.with_mets(
        {f"objects/{n % 7}/{n:05d}.txt": f"{n}".encode() for n in range(3000)}
    )
    deposit = make_filled(client, group, files)
    run_diff(client, deposit)
    loaded = load(client, group)
    assert_tree(loaded)
    assert {path: binary["digest"] for path, binary in binaries(loaded).items()} == {
        path: samples.sha256(data) for path, data in files.items()
    }
    assert len(loaded["storageMap"]["files"]) == 3001
