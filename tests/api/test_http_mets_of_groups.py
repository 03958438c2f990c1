"""A METS is made for an Archival Group that has none, and the workflow goes on with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from lxml import etree

from support import ocfl_check, samples, workflow
from support.server import Server
from support.workflow import Json, get, ok

NS = {
    "mets": "http://www.loc.gov/METS/",
    "mods": "http://www.loc.gov/mods/v3",
    "premis": "http://www.loc.gov/premis/v3",
    "xlink": "http://www.w3.org/1999/xlink",
}
FILES = {f"objects/odd names/{name}": name.encode() for name in samples.AWKWARD_NAMES} | {
    "objects/a.tif": b"tif",
    "metadata/empty.txt": b"",
    "root.txt": b"at the root",
}
NAMES = {
    "objects": "The objects",
    "objects/odd names": "Odd & <names>",
    "objects/a.tif": 'Page "one"',
}
ROOMS = {"RootLevel": "mets.xml", "BagIt": "data/mets.xml"}


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with workflow.connect(server.url) as connected:
        yield connected


@pytest.fixture
def group(client: httpx.Client) -> str:
    workflow.make_containers(client, "bare")
    return f"{str(client.base_url).rstrip('/')}/repository/bare/{workflow.fresh('group')}"


def preserve(client: httpx.Client, group: str, files: dict[str, bytes], *folders: str) -> None:
    """A group without METS, by a job written out."""
    deposit = workflow.make_deposit(client, archivalGroup=group)
    workflow.fill(deposit, files)
    above = {path.rpartition("/")[0] for path in (*files, *(f"{f}/x" for f in folders))}
    above |= {path.rpartition("/")[0] for path in above} - {""}
    items: dict[str, Any] = {
        "archivalGroupName": "Bare",
        "containersToAdd": [
            {
                "id": workflow.member(group, path),
                "type": "Container",
                "name": NAMES.get(path, path.rpartition("/")[2]),
            }
            for path in sorted(above - {""})
        ],
        "binariesToAdd": [
            workflow.binary(
                group, deposit, path, data, name=NAMES.get(path, path.rpartition("/")[2])
            )
            for path, data in files.items()
        ],
    }
    workflow.run_job(client, deposit, workflow.hand_written(deposit, group, **items))


def mets(client: httpx.Client, deposit: Json) -> etree._Element:
    return etree.fromstring(ok(client.get(f"{deposit['id']}/mets")).content)


def texts(element: etree._Element, path: str) -> list[str]:
    found: list[str] = [str(each) for each in element.xpath(path, namespaces=NS)]
    return found


def additions(diff: Json, group: str) -> dict[str, list[str]]:
    """The lists of a job that hold anything."""
    return {
        name: workflow.paths_of(items, group)
        for name, items in diff.items()
        if name.startswith(("binariesTo", "containersTo")) and items
    }


@pytest.mark.parametrize("template", ["RootLevel", "BagIt"])
def test_the_whole_way_of_a_group_without_mets(
    client: httpx.Client, group: str, template: str
) -> None:
    preserve(client, group, FILES, "objects/empty folder")
    plain = workflow.make_deposit(client, archivalGroup=group)
    assert ocfl_check.tree(workflow.local(plain["files"])) == {}
    ok(client.delete(plain["id"]), 204)

    deposit = workflow.make_deposit(client, archivalGroup=group, template=template)
    lying = ocfl_check.tree(workflow.local(deposit["files"]))
    assert [path for path, data in lying.items() if data is not None] == [ROOMS[template]]
    assert "ad-hoc" not in str(sorted(lying))
    document = mets(client, deposit)
    assert texts(document, "//mods:title/text()") == ["Bare"]
    assert texts(document, "//mets:agent/mets:name/text()") == [
        "University of Leeds Digital Library Infrastructure Project"
    ]
    ids = texts(document, "//@ID")
    assert len(ids) == len(set(ids))
    described = {
        str(file.xpath("string(mets:FLocat/@xlink:href)", namespaces=NS)): file
        for file in document.xpath("//mets:file", namespaces=NS)
    }
    assert {re.sub(r"^\./", "", path) for path in described} == set(FILES)
    for path, data in FILES.items():
        file = described.get(path, described.get(f"./{path}"))
        assert file is not None
        assert file.get("MIMETYPE") == samples.content_type(path)
        assert (file.get("SIZE"), file.get("CHECKSUM")) == (str(len(data)), samples.sha256(data))
        (section,) = document.xpath("//mets:amdSec[@ID=$id]", namespaces=NS, id=file.get("ADMID"))
        assert texts(section, ".//premis:originalName/text()") == [path]
        assert texts(section, ".//premis:messageDigest/text()") == [samples.sha256(data)]
        assert texts(section, ".//premis:size/text()") == [str(len(data))]
        # where it is preserved, as the id that reads it
        (place,) = texts(section, ".//premis:contentLocationValue/text()")
        assert get(client, place)["digest"] == samples.sha256(data)
        labels = document.xpath(
            "//mets:div[mets:fptr/@FILEID=$id]/@LABEL", namespaces=NS, id=file.get("ID")
        )
        assert labels == [NAMES.get(path, path.rpartition("/")[2])]
    folders = texts(document, "//mets:div[@TYPE='Directory']/@LABEL")
    assert sorted(folders) == sorted(
        ["__ROOT", "The objects", "Odd & <names>", "empty folder", "metadata", "ad-hoc"]
    )
    places = texts(document, "//mets:amdSec[@ID='ADM_objects']//premis:contentLocationValue/text()")
    assert [get(client, place)["name"] for place in places] == ["The objects"]

    # untouched: the METS is all that is new
    assert additions(workflow.get_diff(client, deposit), group) == {"binariesToAdd": ["mets.xml"]}
    result = workflow.run_diff(client, deposit)
    assert result["newVersion"] == "v2"
    loaded = workflow.load(client, group)
    assert set(workflow.binaries(loaded)) == {*FILES, "mets.xml"}
    assert workflow.containers(loaded)["objects"]["name"] == "The objects"

    # exported: nothing to do, also not in the folders that METS only keeps room for
    second = workflow.export(client, group)
    assert additions(workflow.get_diff(client, second), group) == {}
    match = {"If-Match": get(client, second["id"])["metsETag"]}
    workflow.fill(second, {"metadata/ad-hoc/note.txt": b"a note"})
    ok(client.post(f"{second['id']}/mets", json=["metadata/ad-hoc/note.txt"], headers=match))
    assert additions(workflow.get_diff(client, second), group) == {
        "binariesToAdd": ["metadata/ad-hoc/note.txt"],
        "binariesToPatch": ["mets.xml"],
        "containersToAdd": ["metadata/ad-hoc"],
    }
    assert workflow.run_diff(client, second)["newVersion"] == "v3"


def test_the_name_of_the_deposit_is_the_title(client: httpx.Client, group: str) -> None:
    preserve(client, group, {"a.txt": b"a"})
    deposit = workflow.make_deposit(
        client, archivalGroup=group, archivalGroupName="Better & new", template="RootLevel"
    )
    assert texts(mets(client, deposit), "//mods:title/text()") == ["Better & new"]
    diff = workflow.get_diff(client, deposit)
    assert diff["archivalGroupName"] == "Better & new"
    assert additions(diff, group) == {"binariesToAdd": ["mets.xml"]}


@pytest.mark.contract("19.POST-deposits.500")
def test_an_older_version_is_described_as_it_was(client: httpx.Client, group: str) -> None:
    preserve(client, group, {"objects/a.txt": b"one", "objects/b.txt": b"two"})
    deposit = workflow.make_deposit(client, archivalGroup=group)
    workflow.fill(deposit, {"objects/a.txt": b"changed"})
    change = {
        "isUpdate": True,
        "binariesToPatch": [workflow.binary(group, deposit, "objects/a.txt", b"changed")],
        "binariesToDelete": [{"id": workflow.member(group, "objects/b.txt"), "type": "Binary"}],
    }
    workflow.run_job(client, deposit, workflow.hand_written(deposit, group, **change))
    old = workflow.make_deposit(
        client, archivalGroup=group, template="RootLevel", versionExported="v1"
    )
    document = mets(client, old)
    assert texts(document, "//mets:file/@CHECKSUM") == [
        samples.sha256(b"one"),
        samples.sha256(b"two"),
    ]
    ok(client.delete(old["id"]), 204)
    unknown = client.post(
        "/deposits",
        json={"archivalGroup": group, "template": "RootLevel", "versionExported": "v9"},
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no-version")
    new = workflow.make_deposit(client, archivalGroup=group, template="RootLevel")
    assert texts(mets(client, new), "//mets:file/@CHECKSUM") == [samples.sha256(b"changed")]


def test_files_where_templates_have_folders(client: httpx.Client, group: str) -> None:
    files = {"metadata": b"a file of this name", "objects/ad-hoc/x.txt": b"x"}
    preserve(client, group, files)
    deposit = workflow.make_deposit(client, archivalGroup=group, template="RootLevel")
    document = mets(client, deposit)
    assert sorted(texts(document, "//mets:div[@TYPE='Directory']/@LABEL")) == [
        "The objects",
        "__ROOT",
        "ad-hoc",
    ]
    assert additions(workflow.get_diff(client, deposit), group) == {"binariesToAdd": ["mets.xml"]}


def test_a_file_called_mets_xml_is_the_mets_of_its_group(client: httpx.Client, group: str) -> None:
    files = {"objects/a.txt": b"one"}
    document = samples.plain_mets(samples.entries(files), title="theirs")
    deposit = workflow.make_deposit(client, archivalGroup=group)
    # the job brings it from another place, so that nobody knows that it is the METS
    workflow.fill(deposit, {"objects/a.txt": b"one", "other.bin": document})
    origin = deposit["files"] + "other.bin"
    items = {
        "archivalGroupName": "Bare",
        "containersToAdd": [{"id": workflow.member(group, "objects"), "type": "Container"}],
        "binariesToAdd": [
            workflow.binary(group, deposit, "objects/a.txt", b"one"),
            workflow.binary(group, deposit, "METS.xml", document, origin=origin),
        ],
    }
    workflow.run_job(client, deposit, workflow.hand_written(deposit, group, **items))
    second = workflow.make_deposit(client, archivalGroup=group, template="RootLevel")
    found = ocfl_check.tree(workflow.local(second["files"]))
    assert {path: data for path, data in found.items() if data is not None} == {
        "METS.xml": document
    }
    assert additions(workflow.get_diff(client, second), group) == {}
