"""The files of a deposit as people look at them: what tools found, what METS says, what differs."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import samples, workflow
from support.server import Server
from support.shapes import assert_problem
from support.workflow import Json, fresh, get, local, make_deposit, ok

CACHE = "__METSlike.json"
HEAD = (
    "filename,filesize,modified,errors,sha256,namespace,id,format,version,mime,class,basis,warning"
    "\n"
)
FILES = {
    "objects/a.jpg": b"not really a picture",
    "objects/b c/d & é.txt": b"two",
    "objects/empty": b"",
    "metadata/notes.txt": b"three",
}
DEFINITION = "ClamAV 1.4.3/27886/Tue Jan 20 07:24:12 2026"
REPORT = b"<html><script>alert(1)</script></html>" + b"x" * 100_000


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with workflow.connect(server.url) as connected:
        yield connected


@pytest.fixture(params=["RootLevel", "BagIt"])
def deposit(request: pytest.FixtureRequest, client: httpx.Client) -> Json:
    return made(client, request.param)


def group(client: httpx.Client) -> str:
    workflow.make_containers(client, "views")
    return f"{str(client.base_url).rstrip('/')}/repository/views/{fresh()}"


def made(client: httpx.Client, template: str) -> Json:
    """A deposit with files and the outputs of all tools."""
    body = {"archivalGroup": group(client), "archivalGroupName": "V", "template": template}
    deposit = make_deposit(client, **body)
    for path, data in FILES.items():
        put(deposit, path, data)
    outputs(deposit)
    return deposit


def content(deposit: Json) -> Path:
    root = local(deposit["files"])
    return root / "data" if (root / "data").is_dir() else root


def prefix(deposit: Json) -> str:
    return "data/" if (local(deposit["files"]) / "data").is_dir() else ""


def put(deposit: Json, path: str, data: bytes) -> None:
    target = content(deposit) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def row(path: str, data: bytes, key: str = "fmt/43", mime: str = "image/jpeg") -> str:
    digest = samples.sha256(data)
    return f'"{path}",{len(data)},2025-01-01,,{digest},pronom,{key},JPEG,1,{mime},,,\n'


def outputs(deposit: Json, *, siegfried: str | None = None, infected: str | None = None) -> None:
    """What Siegfried, Brunnhilde, ClamAV and ExifTool leave behind, and a BagIt manifest."""
    picture, text = FILES["objects/a.jpg"], FILES["objects/b c/d & é.txt"]
    rows = (
        row("/home/u/x/objects/a.jpg", picture)
        + row("/home/u/x/objects/b c/d & é.txt", text, "x-fmt/111", "text/plain")
        + row("/home/u/x/objects/empty", b"", "UNKNOWN", "")
    )
    put(deposit, "metadata/siegfried/siegfried.csv", (HEAD + (siegfried or rows)).encode())
    put(deposit, "metadata/brunnhilde/siegfried.csv", (HEAD + rows).encode())
    put(deposit, "metadata/brunnhilde/report.html", REPORT)
    hits = f"/home/u/x/{infected}: Eicar-Signature FOUND\n" if infected else ""
    log = (
        f"{hits}\n----------- SCAN SUMMARY -----------\nKnown viruses: 1\nEngine version: 1.4.3\n"
        f"Scanned files: 3\nInfected files: {1 if infected else 0}\n"
    )
    put(deposit, "metadata/brunnhilde/logs/viruscheck-log.txt", log.encode())
    put(deposit, "metadata/virus-definition/virus-definition.txt", f"{DEFINITION}\n".encode())
    exif = (
        "======== /home/u/x/objects/a.jpg\nMake                : Canon\nImage Width : 48\n"
        "======== /home/u/x/objects/b c/d & é.txt\nFile Type           : TXT\n"
        "    2 directories scanned\n    2 image files read\n"
    )
    put(deposit, "metadata/exif/exif_output.txt", exif.encode())
    if prefix(deposit):
        manifest = f"{samples.sha256(picture)}  data/objects/a.jpg\n"
        (local(deposit["files"]) / "manifest-sha256.txt").write_text(manifest)


def filesystem(client: httpx.Client, deposit: Json, *, refresh: bool = False) -> Json:
    query = "?refresh=true" if refresh else ""
    return get(client, f"{deposit['id']}/filesystem{query}")


def combined(client: httpx.Client, deposit: Json) -> dict[str, Json]:
    """The rows of the flat view by path."""
    found = get(client, flat(deposit))
    rows = {item["path"]: item for item in found["items"]}
    assert list(rows) == sorted(rows)
    return {**rows, "(warnings)": found["warnings"]}


def flat(deposit: Json) -> str:
    address: str = deposit["id"].replace("/deposits/", "/v1/deposits/")
    return f"{address}/combined"


def walk(tree: Json) -> Iterator[Json]:
    yield tree
    yield from tree["files"]
    for folder in tree["directories"]:
        yield from walk(folder)


def by_path(tree: Json) -> dict[str, Json]:
    return {each["localPath"]: each for each in walk(tree)}


def add(client: httpx.Client, deposit: Json, paths: list[str]) -> httpx.Response:
    headers = {"If-Match": get(client, deposit["id"])["metsETag"]}
    return client.post(f"{deposit['id']}/mets", json=paths, headers=headers)


def of(file: Json, kind: str) -> list[Json]:
    return [item for item in file["metadata"] if item["type"] == kind]


# ------------------------------------------------------------------------------- the file view


@pytest.mark.contract("16.31")
def test_all_that_lies_there_with_what_tools_found(client: httpx.Client, deposit: Json) -> None:
    at = prefix(deposit)
    tree = filesystem(client, deposit)
    found = by_path(tree)
    assert (tree["type"], tree["localPath"], tree["name"]) == ("WorkingDirectory", "", "__ROOT")
    root = local(deposit["files"])
    expected = {str(path.relative_to(root)) for path in root.rglob("*")} - {CACHE}
    assert set(found) - {""} == expected
    picture = found[f"{at}objects/a.jpg"]
    digest = samples.sha256(FILES["objects/a.jpg"])
    sources = [(item["type"], item["source"]) for item in picture["metadata"]]
    assert sources == [
        *([("DigestMetadata", "BagIt")] if at else []),
        ("FileFormatMetadata", "Siegfried"),
        ("FileFormatMetadata", "Brunnhilde"),
        ("VirusScanMetadata", "ClamAv"),
        ("ExifMetadata", "ExifTool"),
    ]
    assert (picture["size"], picture["contentType"], picture["digest"]) == (
        len(FILES["objects/a.jpg"]),
        "image/jpeg",
        None,  # nobody has read its bytes yet
    )
    [first, second] = of(picture, "FileFormatMetadata")
    assert {**first, "source": "Brunnhilde", "timestamp": None} == {**second, "timestamp": None}
    assert (first["digest"], first["pronomKey"], first["size"]) == (
        digest,
        "fmt/43",
        picture["size"],
    )
    [scan] = of(picture, "VirusScanMetadata")
    assert (scan["hasVirus"], scan["virusFound"], scan["virusDefinition"]) == (
        False,
        "",
        DEFINITION,
    )
    [exif] = of(picture, "ExifMetadata")
    assert exif["tags"][0] == {"tagName": "Make", "tagValue": "Canon", "mismatchAdded": False}
    if at:
        assert of(picture, "DigestMetadata")[0]["digest"] == digest
    assert found[f"{at}objects/b c/d & é.txt"]["contentType"] == "text/plain"
    # the moment is that of the tool's own file, not of the request
    table = found[f"{at}metadata/siegfried/siegfried.csv"]
    assert first["timestamp"] == table["modified"]


@pytest.mark.contract("17.31")
def test_a_report_is_pointed_at_and_not_repeated(client: httpx.Client, deposit: Json) -> None:
    answer = ok(client.get(f"{deposit['id']}/filesystem"))
    assert len(answer.content) < len(REPORT)
    report = by_path(answer.json())[f"{prefix(deposit)}metadata/brunnhilde/report.html"]
    [output] = of(report, "ToolOutput")
    assert (output["source"], output["contentType"]) == ("Brunnhilde", "text/html")
    page = ok(client.get(output["content"]))
    assert page.content == REPORT
    assert "sandbox" in page.headers["content-security-policy"]


@pytest.mark.contract("16.30")
def test_what_mets_says_of_files_and_folders(client: httpx.Client, deposit: Json) -> None:
    at = prefix(deposit)
    before = filesystem(client, deposit)
    assert "metsExtensions" not in by_path(before)[f"{at}objects/a.jpg"]
    settle()
    ok(add(client, deposit, [*FILES]))
    found = by_path(filesystem(client, deposit))
    picture = found[f"{at}objects/a.jpg"]
    assert picture["name"] == "a.jpg"
    assert picture["metsExtensions"].keys() == {"divId", "admId"}
    assert picture["metsExtensions"]["divId"].startswith("PHYS_objects")
    assert picture["digest"] == samples.sha256(FILES["objects/a.jpg"])  # proved by the edit
    assert found[f"{at}objects/b c"]["metsExtensions"]["divId"].startswith("PHYS_")


def test_who_may_see_what_is_inherited(client: httpx.Client, deposit: Json) -> None:
    ok(add(client, deposit, [*FILES]))
    path = content(deposit) / "mets.xml"
    rights = "http://rightsstatements.org/vocab/InC/1.0/"
    said = (
        '<mods:accessCondition type="restriction on access">Staff</mods:accessCondition>'
        f'<mods:accessCondition type="use and reproduction">{rights}</mods:accessCondition>'
    )
    text = path.read_text()
    assert "</mods:titleInfo>" in text
    own = (
        '<mets:dmdSec ID="DMD_own"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
        '<mods:accessCondition type="restriction on access">Open</mods:accessCondition>'
        "</mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>"
    )
    text = text.replace("</mods:titleInfo>", f"</mods:titleInfo>{said}", 1)
    text = text.replace("<mets:amdSec", f"{own}<mets:amdSec", 1)
    text = re.sub(r'(<mets:div ID="PHYS_[^"]*b[^"]*c")', r'\1 DMDID="DMD_own"', text, count=1)
    path.write_text(text)
    found = by_path(filesystem(client, deposit))
    at = prefix(deposit)

    def access(path: str) -> tuple[list[str], list[str], str | None, str | None]:
        shown = found[path]
        return (
            shown["accessRestrictions"],
            shown["effectiveAccessRestrictions"],
            shown["rightsStatement"],
            shown["effectiveRightsStatement"],
        )

    assert access("") == (["Staff"], ["Staff"], rights, rights)
    assert access(f"{at}objects/a.jpg") == ([], ["Staff"], None, rights)
    assert access(f"{at}objects/b c") == (["Open"], ["Open"], None, rights)
    assert access(f"{at}objects/b c/d & é.txt") == ([], ["Open"], None, rights)


# ------------------------------------------------------------------------------ what is kept


def cache(deposit: Json) -> Path:
    return local(deposit["files"]) / CACHE


def settle() -> None:
    """Longer than the time in which two changes may look like one."""
    time.sleep(0.15)


def test_the_tree_is_kept_and_shown_again(client: httpx.Client, deposit: Json) -> None:
    assert cache(deposit).exists(), "it is kept from the beginning"
    settle()
    first = filesystem(client, deposit)
    kept, written = json.loads(cache(deposit).read_bytes()), cache(deposit).stat()
    assert cache(deposit).read_bytes().isascii()
    outputs = [
        item for each in walk(kept) for item in each["metadata"] if item["type"] == "ToolOutput"
    ]
    assert [list(each) for each in outputs] == [
        ["type", "source", "timestamp", "ContentType", "Content"]
    ]
    assert set(by_path(kept)) == set(by_path(first))
    second = ok(client.get(f"{deposit['id']}/filesystem"))
    assert second.json() == first
    assert second.headers["content-type"] == "application/json; charset=utf-8"
    assert cache(deposit).stat() == written
    # with refresh it is written anew, and says when
    third = filesystem(client, deposit, refresh=True)
    assert third["modified"] > first["modified"]
    assert {**third, "modified": None} == {**first, "modified": None}
    assert cache(deposit).stat().st_ino != written.st_ino


Change = Callable[[httpx.Client, Json], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda _, deposit: put(deposit, "objects/new.txt", b"new"),
        lambda _, deposit: put(deposit, "objects/a.jpg", b"NOT REALLY A PICTURE"),
        lambda _, deposit: (content(deposit) / "objects" / "empty").unlink(),
        lambda _, deposit: (content(deposit) / "objects" / "folder").mkdir(),
        lambda client, deposit: ok(add(client, deposit, ["objects/a.jpg"])),
        lambda client, deposit: ok(client.patch(deposit["id"], json={"submissionText": "x"})),
        lambda _, deposit: cache(deposit).unlink(),
        lambda _, deposit: cache(deposit).write_text("{}"),
        lambda _, deposit: cache(deposit).write_bytes(
            cache(deposit).read_bytes().replace(b"ClamAv", b"CLAMAV")
        ),
    ],
    ids=["add", "change", "delete", "folder", "mets", "patch", "lost", "nonsense", "forged"],
)
def test_what_is_kept_is_never_shown_when_it_is_out_of_date(
    client: httpx.Client, change: Change
) -> None:
    deposit = made(client, "RootLevel")
    settle()
    before = filesystem(client, deposit)
    assert filesystem(client, deposit) == before
    change(client, deposit)
    after = filesystem(client, deposit)
    assert after["modified"] > before["modified"]
    root = local(deposit["files"])
    there = {str(path.relative_to(root)) for path in root.rglob("*")} - {CACHE}
    assert set(by_path(after)) - {""} == there
    sizes = {path: each["size"] for path, each in by_path(after).items() if "size" in each}
    assert sizes == {path: (root / path).stat().st_size for path in sizes}
    assert "CLAMAV" not in json.dumps(after)
    assert json.loads(cache(deposit).read_bytes())["modified"] == after["modified"]


def test_what_is_kept_is_none_of_the_deposits_files(client: httpx.Client, deposit: Json) -> None:
    everything = [
        str(path.relative_to(content(deposit)))
        for path in content(deposit).rglob("*")
        if path.is_file() and path.name not in (CACHE, "mets.xml")
    ]
    ok(add(client, deposit, everything))
    if prefix(deposit):
        (local(deposit["files"]) / "manifest-sha256.txt").unlink()
    filesystem(client, deposit, refresh=True)
    assert cache(deposit).exists()
    assert CACHE not in by_path(filesystem(client, deposit))
    assert CACHE not in combined(client, deposit)
    assert f"../{CACHE}" not in combined(client, deposit)
    files = get(client, flat(deposit).replace("/combined", "/files"))["files"]
    assert CACHE not in [file["path"] for file in files]
    result = workflow.run_diff(client, deposit)
    assert result["status"] == "completed"
    loaded = workflow.load(client, deposit["archivalGroup"])
    assert set(workflow.binaries(loaded)) == {*everything, "mets.xml"}


def test_a_lock_and_a_job_hinder_nobody_from_looking(client: httpx.Client, server: Server) -> None:
    deposit = made(client, "RootLevel")
    with workflow.connect(server.url, identity="other") as other:
        ok(other.post(f"{deposit['id']}/lock"), 204)
    assert filesystem(client, deposit, refresh=True)["files"]
    assert "objects/a.jpg" in combined(client, deposit)


def test_a_place_that_refuses_to_keep_it_is_shown_all_the_same(client: httpx.Client) -> None:
    deposit = made(client, "RootLevel")
    cache(deposit).unlink(missing_ok=True)
    # what refuses root as well is a folder in the way
    cache(deposit).mkdir()
    tree = filesystem(client, deposit)
    assert "objects/a.jpg" in by_path(tree)
    assert filesystem(client, deposit)["files"] == tree["files"]


# -------------------------------------------------------------------------- beside METS


def test_the_combined_view_of_both_layouts(client: httpx.Client, deposit: Json) -> None:
    ok(add(client, deposit, ["objects/a.jpg"]))
    (content(deposit) / "objects" / "lost.txt").write_bytes(b"lost")
    ok(add(client, deposit, ["objects/lost.txt"]))
    (content(deposit) / "objects" / "lost.txt").unlink()
    whole = get(client, f"{deposit['id']}/combined?refresh=true")
    bag = bool(prefix(deposit))
    if bag:
        assert (whole["localPath"], whole["whereabouts"], whole["directoryInMets"]) == (
            "..",
            4,
            None,
        )
        assert [(each["localPath"], each["whereabouts"]) for each in whole["files"]] == [
            ("../manifest-sha256.txt", 4)
        ]
        [inner] = whole["directories"]
    else:
        inner = whole
    assert (inner["localPath"], inner["whereabouts"]) == ("", 0)
    assert inner["directoryInDeposit"]["localPath"] == prefix(deposit).rstrip("/")
    found = by_path(inner)
    states = {path: found[path]["whereabouts"] for path in ("objects/a.jpg", "objects/lost.txt")}
    assert states == {"objects/a.jpg": 0, "objects/lost.txt": 1}
    assert found["objects/empty"]["whereabouts"] == 2
    assert found["mets.xml"]["whereabouts"] == 0
    picture = found["objects/a.jpg"]
    assert picture["misMatches"] == []
    assert picture["fileInDeposit"]["localPath"] == f"{prefix(deposit)}objects/a.jpg"
    assert picture["fileInMets"]["localPath"] == "objects/a.jpg"
    assert picture["metsFileFormatMetadata"]["pronomKey"] == "fmt/43"
    assert picture["depositFileFormatMetadata"]["source"] == "Siegfried,Brunnhilde"
    assert picture["metsVirusScanMetadata"]["hasVirus"] is False
    assert picture["metsExifMetadata"]["tags"][0]["tagValue"] == "Canon"
    for each in walk(inner):
        for side in ("directoryInDeposit", "directoryInMets"):
            if each.get(side):
                assert (each[side]["files"], each[side]["directories"]) == ([], [])

    rows = combined(client, deposit)
    assert rows["(warnings)"] == []
    assert {path: row["where"] for path, row in rows.items() if path.startswith("objects/")} == {
        "objects/a.jpg": "Both",
        "objects/b c": "Deposit",
        "objects/b c/d & é.txt": "Deposit",
        "objects/empty": "Deposit",
        "objects/lost.txt": "Mets",
    }
    assert ("../manifest-sha256.txt" in rows) == bag
    assert rows["objects"] == {"path": "objects", "isDir": True, "where": "Both", "mismatches": []}


def differences(row: Json) -> dict[str, tuple[str, str]]:
    return {
        each["field"]: (each["valueInDeposit"], each["valueInMets"]) for each in row["mismatches"]
    }


def test_what_disagrees_is_told_with_both_values(client: httpx.Client, deposit: Json) -> None:
    ok(add(client, deposit, [*FILES]))
    assert all(not row["mismatches"] for row in list(combined(client, deposit).values())[:-1])
    other = row("/x/objects/a.jpg", FILES["objects/a.jpg"], "fmt/44", "image/png")
    outputs(deposit, siegfried=other, infected="objects/b c/d & é.txt")
    put(deposit, "metadata/brunnhilde/siegfried.csv", (HEAD + other).encode())
    exif = "======== objects/a.jpg\nMake : Nikon\nImage Width : 48\n    1 directories scanned\n"
    put(deposit, "metadata/exif/exif_output.txt", exif.encode())
    rows = combined(client, deposit)
    assert differences(rows["objects/a.jpg"]) == {
        "PronomKey": ("fmt/44", "fmt/43"),
        "ContentType": ("Best: image/png; wf: ; all: image/png, image/png", "image/jpeg"),
        "Make": ("Nikon", "Canon"),
    }
    assert differences(rows["objects/b c/d & é.txt"])["HasVirus"] == ("True", "False")
    nested = by_path(content_root(get(client, f"{deposit['id']}/combined")))
    assert nested["objects/a.jpg"]["misMatches"] == rows["objects/a.jpg"]["mismatches"]

    # bytes that are others than METS says, once somebody has read them
    changed = b"now something else"
    put(deposit, "objects/a.jpg", changed)
    address = flat(deposit).replace("/combined", f"/files/{prefix(deposit)}objects/a.jpg")
    ok(client.put(address, content=changed))
    rows = combined(client, deposit)
    found = differences(rows["objects/a.jpg"])
    old = FILES["objects/a.jpg"]
    assert found["Digest"] == (samples.sha256(changed), samples.sha256(old))
    assert found["Size"] == (str(len(changed)), str(len(old)))
    # and the outputs of tools are about bytes that are gone
    [doubt] = rows["objects/a.jpg"]["doubts"]
    assert doubt["code"] == "digest-mismatch"
    assert f"the file: {samples.sha256(changed)}" in doubt["found"]
    assert f"Siegfried: {samples.sha256(old)}" in doubt["found"]


def content_root(tree: Json) -> Json:
    root: Json = tree if tree["localPath"] == "" else tree["directories"][0]
    return root


def test_formats_that_differ_are_told_and_nothing_fails(
    client: httpx.Client, deposit: Json
) -> None:
    two = row("/x/objects/a.jpg", FILES["objects/a.jpg"], "fmt/44", "image/jpeg")
    outputs(deposit, siegfried=two)
    rows = combined(client, deposit)
    [doubt] = rows["objects/a.jpg"]["doubts"]
    assert (doubt["code"], doubt["found"]) == (
        "several-formats",
        "Siegfried: fmt/44; Brunnhilde: fmt/43",
    )
    answer = ok(add(client, deposit, ["objects/a.jpg"])).json()
    [warning] = answer["warnings"]
    assert (warning["code"], warning["path"]) == ("several-formats", "objects/a.jpg")
    shown = by_path(content_root(get(client, f"{deposit['id']}/combined")))["objects/a.jpg"]
    assert shown["metsFileFormatMetadata"]["pronomKey"] is None
    assert shown["fileInMets"]["contentType"] == "image/jpeg"


def test_rows_of_tools_that_belong_to_no_file_are_told(client: httpx.Client) -> None:
    deposit = made(client, "RootLevel")
    outputs(deposit, siegfried=row("objects/gone.jpg", b"x"))
    codes = {each["code"] for each in combined(client, deposit)["(warnings)"]}
    assert "unmatched-row" in codes
    warned = filesystem(client, deposit)["warnings"]
    assert any(each["found"] == "objects/gone.jpg" for each in warned)


# ------------------------------------------------------------------- what METS is told of it


def test_what_tools_found_comes_into_mets(client: httpx.Client, deposit: Json) -> None:
    outputs(deposit, infected="objects/b c/d & é.txt")
    answer = ok(add(client, deposit, [*FILES])).json()
    assert "warnings" not in answer
    found = by_path(content_root(get(client, f"{deposit['id']}/combined")))
    picture, text = found["objects/a.jpg"], found["objects/b c/d & é.txt"]
    assert picture["metsFileFormatMetadata"]["pronomKey"] == "fmt/43"
    assert picture["metsFileFormatMetadata"]["formatName"] == "JPEG"
    assert picture["metsFileFormatMetadata"]["originalName"] == "objects/a.jpg"
    assert picture["fileInMets"]["contentType"] == "image/jpeg"
    assert picture["metsVirusScanMetadata"]["virusDefinition"] == DEFINITION
    assert [tag["tagName"] for tag in picture["metsExifMetadata"]["tags"]] == [
        "Make",
        "ImageWidth",
    ]
    assert text["metsVirusScanMetadata"]["hasVirus"] is True
    assert "Eicar-Signature" in text["metsVirusScanMetadata"]["virusFound"]
    assert text["metsFileFormatMetadata"]["pronomKey"] == "x-fmt/111"
    notes = found["metadata/notes.txt"]
    assert notes["fileInMets"]["contentType"] == "text/plain"
    # a second time changes nothing
    before = get(client, deposit["id"])["metsETag"]
    ok(add(client, deposit, [*FILES]))
    assert get(client, deposit["id"])["metsETag"] == before
    # and what tools find out later comes in as well
    outputs(deposit)
    ok(add(client, deposit, ["objects/b c/d & é.txt"]))
    found = by_path(content_root(get(client, f"{deposit['id']}/combined")))
    assert found["objects/b c/d & é.txt"]["metsVirusScanMetadata"]["hasVirus"] is False


@pytest.mark.parametrize("template", ["RootLevel", "BagIt"])
def test_digests_that_contradict_each_other_keep_a_file_out_of_mets(
    client: httpx.Client, template: str
) -> None:
    deposit = made(client, template)
    wrong = row("/x/objects/a.jpg", b"other bytes") + row("/x/objects/empty", b"more")
    outputs(deposit, siegfried=wrong)
    before = ok(client.get(f"{deposit['id']}/mets")).content
    refused = add(client, deposit, [*FILES])
    problem: dict[str, Any] = assert_problem(refused, 400)
    assert problem["code"] == "digest-mismatch"
    assert problem["detail"].startswith("Digests for objects/a.jpg are not all the same.")
    assert [each["path"] for each in problem["errors"]] == ["objects/a.jpg", "objects/empty"]
    [first, _] = problem["errors"]
    right = samples.sha256(FILES["objects/a.jpg"])
    assert f"Siegfried: {samples.sha256(b'other bytes')}" in first["found"]
    assert f"Brunnhilde: {right}" in first["found"]
    assert f"the file: {right}" in first["found"]
    assert (f"BagIt: {right}" in first["found"]) == (template == "BagIt")
    assert ok(client.get(f"{deposit['id']}/mets")).content == before
    # others can be put in meanwhile
    ok(add(client, deposit, ["objects/b c/d & é.txt"]))


# ----------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("view", ["deposits/{}/filesystem", "deposits/{}/combined"])
def test_unknown_deposits_and_queries(client: httpx.Client, server: Server, view: str) -> None:
    assert_problem(client.get(f"{server.url}/{view.format('abcdefghjkmn')}"), 404)
    deposit = make_deposit(client)
    address = f"{server.url}/{view.format(deposit['id'].rpartition('/')[2])}"
    assert_problem(client.get(f"{address}?refresh=perhaps"), 400)
    assert ok(client.get(f"{address}?Refresh=TRUE")).json()["files"] == []
    assert_problem(client.post(address), 405)
    shutil.rmtree(local(deposit["files"]))
    assert_problem(client.get(address), 404)


def test_the_flat_view_of_an_unknown_deposit(client: httpx.Client, server: Server) -> None:
    assert_problem(client.get(f"{server.url}/v1/deposits/abcdefghjkmn/combined"), 404)


def test_views_of_many_files_are_sent_while_they_are_written(client: httpx.Client) -> None:
    deposit = make_deposit(client, template="RootLevel")
    objects = content(deposit) / "objects"
    for number in range(4000):
        (objects / f"file number {number:04}.txt").touch()
    settle()
    expected = {f"objects/file number {number:04}.txt" for number in range(4000)}
    for view in ("filesystem?refresh=true", "filesystem", "combined"):
        answer = ok(client.get(f"{deposit['id']}/{view}"))
        assert answer.headers.get("content-length") is None
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert expected <= set(by_path(answer.json()))
    assert expected <= set(combined(client, deposit))
    head = ok(client.head(f"{deposit['id']}/filesystem"))
    assert head.content == b""
    # one who goes away in the middle takes nothing with him
    with client.stream("GET", f"{deposit['id']}/combined") as answer:
        next(answer.iter_bytes(1000))
    assert filesystem(client, deposit)["files"]


def test_what_can_be_no_file_is_told(client: httpx.Client) -> None:
    deposit = made(client, "RootLevel")
    (content(deposit) / "objects" / "link").symlink_to("/etc/passwd")
    (content(deposit) / "metadata" / "siegfried" / "siegfried.yaml").symlink_to("/etc/passwd")
    os.mkfifo(content(deposit) / "objects" / "pipe")
    Path(os.fsdecode(bytes(content(deposit) / "objects") + b"/\xff")).touch()
    tree = filesystem(client, deposit)
    told = {each["path"]: each["code"] for each in tree["warnings"]}
    assert told == {
        "objects/link": "symbolic-link",
        "metadata/siegfried/siegfried.yaml": "symbolic-link",
        "objects/pipe": "special-file",
        "objects/\\xff": "bad-name",
    }
    assert told.keys().isdisjoint(by_path(tree))
    assert "root:" not in json.dumps(tree)


def test_a_mets_that_cannot_be_read_hides_no_file(client: httpx.Client) -> None:
    deposit = made(client, "RootLevel")
    put(deposit, "mets.xml", b"<mets:mets")
    tree = filesystem(client, deposit)
    assert "objects/a.jpg" in by_path(tree)
    assert "bad-mets" in [each["code"] for each in tree["warnings"]]
    assert assert_problem(client.get(f"{deposit['id']}/combined"), 422)["code"] == "bad-mets"
    assert assert_problem(client.get(flat(deposit)), 422)["code"] == "bad-mets"


def test_an_output_that_cannot_be_read_hides_no_file(client: httpx.Client) -> None:
    deposit = made(client, "RootLevel")
    put(deposit, "metadata/siegfried/siegfried.csv", b"\0\1\2 no table at all")
    tree = filesystem(client, deposit)
    sources = [item["source"] for item in by_path(tree)["objects/a.jpg"]["metadata"]]
    assert sources == ["Brunnhilde", "ClamAv", "ExifTool"]
    assert "tool-output" in [each["code"] for each in tree["warnings"]]


def test_a_deposit_that_is_preserved_or_archived_can_be_looked_at(client: httpx.Client) -> None:
    preserved = group(client)
    workflow.preserve_book(client, preserved)
    again = workflow.export(client, preserved)
    tree = filesystem(client, again)
    assert all(each["digest"] for each in walk(tree) if each["type"] == "WorkingFile")
    ok(client.patch(again["id"], json={"archived": "2026-01-01T00:00:00Z"}))
    assert by_path(filesystem(client, again)).keys() == by_path(tree).keys()
