"""Trees of a deposit's files as JSON: golden shapes, the form kept in deposits, and any depth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain import file_view
from strongroom.domain.file_view import (
    Access,
    CombinedFile,
    CombinedFolder,
    CombinedTree,
    ShownFile,
    ShownFolder,
    Whereabouts,
    WorkingTree,
)
from strongroom.domain.findings import (
    DigestFinding,
    ExifFinding,
    FormatFinding,
    OutputFinding,
    StorageFinding,
    Tag,
    VirusFinding,
)
from strongroom.domain.mismatch import Mismatch
from strongroom.errors import Fault
from strongroom.wire import render_working

WHEN = datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)
MOMENT = "2026-01-02T03:04:05.6Z"
DIGEST = "ab" * 32
CONTENT = "https://pres.example/v1/deposits/x/files/data/"
FINDINGS = (
    OutputFinding(
        source="Brunnhilde",
        timestamp=WHEN,
        content_type="text/html",
        path="metadata/brunnhilde/report #1.html",
    ),
    DigestFinding(source="BagIt", timestamp=WHEN, digest=DIGEST),
    FormatFinding(
        source="Siegfried",
        timestamp=WHEN,
        digest=DIGEST,
        size=3,
        pronom_key="fmt/43",
        format_name="JPEG",
        content_type="image/jpeg",
    ),
    VirusFinding(source="ClamAv", timestamp=WHEN, has_virus=False, definition="ClamAV 1.4"),
    ExifFinding(source="ExifTool", timestamp=WHEN, tags=(Tag("Make", "Canon"), Tag("Make", "x"))),
    StorageFinding(source="METS", original_name="a", storage_location="https://a.example/b"),
)
METADATA = [
    {
        "type": "ToolOutput",
        "source": "Brunnhilde",
        "timestamp": MOMENT,
        "contentType": "text/html",
        "content": CONTENT + "metadata/brunnhilde/report%20%231.html",
    },
    {"type": "DigestMetadata", "source": "BagIt", "timestamp": MOMENT, "digest": DIGEST},
    {
        "type": "FileFormatMetadata",
        "source": "Siegfried",
        "timestamp": MOMENT,
        "digest": DIGEST,
        "size": 3,
        "pronomKey": "fmt/43",
        "formatName": "JPEG",
        "originalName": None,
        "storageLocation": None,
        "contentType": "image/jpeg",
    },
    {
        "type": "VirusScanMetadata",
        "source": "ClamAv",
        "timestamp": MOMENT,
        "hasVirus": False,
        "virusFound": "",
        "virusDefinition": "ClamAV 1.4",
    },
    {
        "type": "ExifMetadata",
        "source": "ExifTool",
        "timestamp": MOMENT,
        "tags": [
            {"tagName": "Make", "tagValue": "Canon", "mismatchAdded": False},
            {"tagName": "Make", "tagValue": "x", "mismatchAdded": False},
        ],
    },
    {
        "type": "StorageMetadata",
        "source": "METS",
        "timestamp": "0001-01-01T00:00:00",
        "originalName": "a",
        "storageLocation": "https://a.example/b",
    },
]


def shown(path: str) -> ShownFile:
    if path != "data/objects/a.jpg":
        return ShownFile(path=path, modified=WHEN, size=1)
    return ShownFile(
        path=path,
        name="The letter",
        modified=WHEN,
        access=Access(("Staff",), None),
        effective=Access(("Staff",), "http://rights.example/1"),
        content_type="image/jpeg",
        digest=DIGEST,
        size=3,
        div_id="PHYS_a",
        admin_id="ADM_a",
        findings=FINDINGS,
    )


def tree(files: list[str], folders: list[str], warnings: tuple[Fault, ...] = ()) -> WorkingTree:
    return WorkingTree(
        children=file_view.children(files, folders),
        folder=lambda path: ShownFolder(path=path, name=None if path else "__ROOT", modified=WHEN),
        file=shown,
        content=CONTENT,
        fingerprint="f" * 64,
        latest_ns=0,
        warnings=warnings,
    )


def written(pieces: Iterator[bytes]) -> Any:
    return json.loads(b"".join(pieces))


def test_a_working_tree_is_as_the_contract_has_it() -> None:
    found = written(render_working.working_tree(tree(["data/objects/a.jpg"], ["data"])))
    assert list(found) == [
        "type", "localPath", "name", "modified", "fingerprint", "files", "accessRestrictions",
        "directories", "effectiveAccessRestrictions", "rightsStatement",
        "effectiveRightsStatement", "metadata",
    ]  # fmt: skip
    assert (found["type"], found["localPath"], found["name"]) == ("WorkingDirectory", "", "__ROOT")
    [data] = found["directories"]
    [objects] = data["directories"]
    assert objects == {
        "type": "WorkingDirectory",
        "localPath": "data/objects",
        "name": None,
        "modified": MOMENT,
        "files": [
            {
                "type": "WorkingFile",
                "localPath": "data/objects/a.jpg",
                "name": "The letter",
                "modified": MOMENT,
                "accessRestrictions": ["Staff"],
                "effectiveAccessRestrictions": ["Staff"],
                "rightsStatement": None,
                "effectiveRightsStatement": "http://rights.example/1",
                "contentType": "image/jpeg",
                "digest": DIGEST,
                "size": 3,
                "metsExtensions": {"divId": "PHYS_a", "admId": "ADM_a"},
                "metadata": METADATA,
            }
        ],
        "accessRestrictions": [],
        "directories": [],
        "effectiveAccessRestrictions": [],
        "rightsStatement": None,
        "effectiveRightsStatement": None,
        "metadata": [],
    }


def test_readers_find_the_type_of_metadata_first() -> None:
    text = b"".join(render_working.working_tree(tree(["data/objects/a.jpg"], [])))
    items = text.partition(b'"metadata":[{')[2].split(b"},{")
    assert all(item.startswith((b'"type":"', b'"tagName"')) for item in items)


def test_everything_is_sorted_by_path_and_folders_are_made_up_where_they_lack() -> None:
    found = written(
        render_working.working_tree(tree(["b/z", "b/a", "a/x/y", "Z", "a.txt"], ["c", "a"]))
    )
    assert [each["localPath"] for each in found["files"]] == ["Z", "a.txt"]
    assert [each["localPath"] for each in found["directories"]] == ["a", "b", "c"]
    assert [each["localPath"] for each in found["directories"][1]["files"]] == ["b/a", "b/z"]
    assert found["directories"][0]["directories"][0]["files"][0]["localPath"] == "a/x/y"


def test_a_name_cannot_break_the_tree() -> None:
    name = 'x "files":[],"directories":[] \\u0041 ContentType":'
    found = written(render_working.working_tree(tree([f"{name}/{name}"], [])))
    assert found["directories"][0]["files"][0]["localPath"] == f"{name}/{name}"


def test_folders_can_be_as_deep_as_they_like() -> None:
    path = "/".join("d" * 2000)
    pieces = b"".join(render_working.working_tree(tree([f"{path}/file"], [])))
    assert pieces.count(b'"type":"WorkingDirectory"') == 2001
    assert pieces.count(b"{") == pieces.count(b"}")


def test_warnings_stand_at_the_root() -> None:
    warning = Fault(code="unmatched-row", message="Not there.", path="x", found="y")
    found = written(render_working.working_tree(tree(["a/b"], [], (warning,))))
    assert found["warnings"] == [
        {"code": "unmatched-row", "message": "Not there.", "path": "x", "expected": None,
         "found": "y"},
    ]  # fmt: skip
    assert "warnings" not in found["directories"][0]


# ------------------------------------------------------------------------ as deposits keep it


def test_what_deposits_keep_is_ascii_and_names_outputs_as_older_programs_do() -> None:
    made = tree(["data/objects/a.jpg", "é/\N{PILE OF POO} \\u0041"], [])
    stored = b"".join(render_working.stored_tree(made))
    assert stored.isascii()
    assert b"\\u00e9/\\ud83d\\udca9 \\\\u0041" in stored
    kept, sent = json.loads(stored), written(render_working.working_tree(made))
    output = kept["directories"][0]["directories"][0]["files"][0]["metadata"][0]
    assert list(output) == ["type", "source", "timestamp", "ContentType", "Content"]
    assert kept != sent
    output["contentType"], output["content"] = output.pop("ContentType"), output.pop("Content")
    assert kept == sent


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1)))
def test_what_is_kept_is_served_byte_for_byte_as_if_it_had_just_been_made(names: list[str]) -> None:
    made = tree(sorted({f"data/{name}" for name in names} | {"data/objects/a.jpg"}), [])
    stored = b"".join(render_working.stored_tree(made))
    served = b"".join(render_working.served(stored.splitlines(keepends=True)))
    assert served == b"".join(render_working.working_tree(made))


def test_chunks_are_the_same_bytes() -> None:
    pieces = [b"x" * 1000] * 1000
    chunks = list(render_working.in_chunks(pieces))
    assert b"".join(chunks) == b"".join(pieces)
    assert len(chunks) < 10
    assert list(render_working.in_chunks([])) == []


# ------------------------------------------------------------------------------ side by side

DIFFERENT = Mismatch(metadata_type="DigestMetadata", field="Digest", in_deposit="a", in_mets="b")
DOUBT = Fault(code="several-formats", message="No.", path="objects/a.jpg", found="x; y")


def combined() -> CombinedTree:
    def folder(path: str) -> CombinedFolder:
        side = ShownFolder(path=path, name="Label")
        return CombinedFolder(
            path=path, name="Label", where=Whereabouts.BOTH, deposit=side, mets=side
        )

    def file(path: str) -> CombinedFile:
        side = ShownFile(path=path, findings=FINDINGS[2:5])
        if path == "objects/b":
            return CombinedFile(path=path, where=Whereabouts.METS, mets=side)
        return CombinedFile(
            path=path,
            where=Whereabouts.BOTH,
            deposit=side,
            mets=side,
            mismatches=[DIFFERENT],
            doubts=[DOUBT],
        )

    return CombinedTree(
        root="",
        children=file_view.children(["objects/a.jpg", "objects/b"], ["objects", "empty"]),
        folder=folder,
        file=file,
        content=CONTENT,
        warnings=[DOUBT],
    )


def test_a_combined_tree_is_as_the_contract_has_it() -> None:
    found = written(render_working.combined_tree(combined()))
    assert list(found) == [
        "localPath", "name", "directoryInDeposit", "directoryInMets", "files", "directories",
        "whereabouts",
    ]  # fmt: skip
    empty, objects = found["directories"]
    assert (empty["files"], empty["directories"]) == ([], [])
    # no tree stands within a tree
    assert objects["directoryInDeposit"]["files"] == []
    assert objects["directoryInMets"]["directories"] == []
    first, second = objects["files"]
    assert list(first) == [
        "localPath", "fileInDeposit", "fileInMets", "misMatches", "whereabouts",
        "depositFileFormatMetadata", "depositVirusScanMetadata", "depositExifMetadata",
        "metsFileFormatMetadata", "metsVirusScanMetadata", "metsExifMetadata",
    ]  # fmt: skip
    assert first["misMatches"] == [
        {"metadataType": "DigestMetadata", "field": "Digest", "valueInDeposit": "a",
         "valueInMets": "b"},
    ]  # fmt: skip
    assert [first["whereabouts"], second["whereabouts"]] == [0, 1]
    assert first["depositFileFormatMetadata"] == METADATA[2]
    assert first["depositVirusScanMetadata"] == METADATA[3]
    assert first["metsExifMetadata"] == METADATA[4]
    assert second["fileInDeposit"] is None
    assert second["depositFileFormatMetadata"] is None


def test_the_flat_list_of_the_same() -> None:
    found = written(render_working.combined_items(combined()))
    doubt = {"code": "several-formats", "message": "No.", "path": "objects/a.jpg",
             "expected": None, "found": "x; y"}  # fmt: skip
    assert found["warnings"] == [doubt]
    assert [(each["path"], each["isDir"], each["where"]) for each in found["items"]] == [
        ("empty", True, "Both"),
        ("objects", True, "Both"),
        ("objects/a.jpg", False, "Both"),
        ("objects/b", False, "Mets"),
    ]
    assert len(found["items"][2]["mismatches"]) == 1
    assert found["items"][2]["doubts"] == [doubt]
    assert "doubts" not in found["items"][3]


def test_the_flat_list_of_nothing() -> None:
    nothing = CombinedTree(
        root="",
        children=file_view.children([], []),
        folder=lambda _: pytest.fail("there is none"),
        file=lambda _: pytest.fail("there is none"),
        content=CONTENT,
    )
    assert written(render_working.combined_items(nothing)) == {"items": [], "warnings": []}
