"""What bytes, manifests, tools and METS say of one file, where they do not say the same."""

from __future__ import annotations

from typing import Any

from strongroom.domain import file_view
from strongroom.domain.description import DescribedFile
from strongroom.domain.disagreements import with_mets, within
from strongroom.domain.file_view import OPEN, Access
from strongroom.domain.findings import FormatFinding
from strongroom.domain.paths import MemberPath
from strongroom.domain.workspace import WorkFile

A, B, C = "a" * 64, "b" * 64, "c" * 64


def work(path: str = "objects/a", described: dict[str, Any] | None = None, **more: Any) -> WorkFile:
    values: dict[str, Any] = {"origin": path, "size": 3, "proven": A, **more}
    told = None if described is None else DescribedFile(path=path, **described)
    return WorkFile(path=MemberPath(path), described=told, **values)


def told(file: WorkFile, *findings: FormatFinding) -> list[tuple[str, str | None, str | None]]:
    found = with_mets(file, findings, content_type=None, mets_path="mets.xml")
    return [(each.field, each.in_deposit, each.in_mets) for each in found]


def test_bytes_manifest_and_size_against_mets() -> None:
    file = work(described={"digest": B, "size": 4}, bagged=C)
    assert told(file) == [("Digest", A, B), ("Digest", C, B), ("Size", "3", "4")]
    assert told(work(described={"digest": A, "size": 3}, bagged=A)) == []
    assert told(work(described={"digest": None, "size": None})) == []
    assert told(work(described={"digest": B, "size": 3}, proven=None)) == []


def test_bytes_count_below_metadata_too_where_tools_do_not() -> None:
    finding = FormatFinding(source="Siegfried", digest=C, pronom_key="x")
    file = work("metadata/a", described={"digest": B, "pronom_key": "y"})
    assert told(file, finding) == [("Digest", A, B)]
    assert told(work(described={"digest": A, "pronom_key": "y"}), finding) == [
        ("PronomKey", "x", "y"),
        ("Digest", C, A),
    ]


def test_what_is_on_one_side_disagrees_with_nothing() -> None:
    assert told(work()) == []
    assert told(work(described={"digest": B}, origin=None)) == []
    assert told(work("mets.xml", described={"digest": B})) == []


def test_sources_within_the_deposit() -> None:
    finding = FormatFinding(source="Siegfried", digest=B, pronom_key="fmt/1")
    other = FormatFinding(source="Brunnhilde", digest=None, pronom_key="fmt/2")
    digests, formats = within(work(), [finding, other])
    assert digests.code == "digest-mismatch"
    assert digests.found == f"Siegfried: {B}; the file: {A}"
    assert (formats.code, formats.found) == (
        "several-formats",
        "Siegfried: fmt/1; Brunnhilde: fmt/2",
    )
    assert within(work(proven=None), [finding]) == []
    assert within(work(origin=None), [finding, other]) == []


def test_access_is_inherited_where_nothing_else_is_said() -> None:
    above = Access(("Staff",), "http://rights.example/1")
    assert OPEN.below(above) == above
    assert Access(("Open",), None).below(above) == Access(("Open",), "http://rights.example/1")
    assert Access((), "http://x.example").below(above) == Access(("Staff",), "http://x.example")


def test_the_latest_change_below_each_folder() -> None:
    assert file_view.latest_below([("a/b/c", 3), ("a/d", 5), ("e", 4), ("a/b/f", 1)]) == {
        "a/b": 3,
        "a": 5,
        "": 5,
    }
