"""What tools say of a file against what METS says: every difference once, and nothing else."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from strongroom.domain.description import DescribedFile
from strongroom.domain.findings import (
    ExifFinding,
    Finding,
    FormatFinding,
    Tag,
    VirusFinding,
)
from strongroom.domain.mismatch import EXIF, FORMAT, VIRUS, Mismatch, compare
from strongroom.mets import writer
from strongroom.mets.reader import read

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
A, B = "a" * 64, "b" * 64
PATH = "objects/a.jpg"


def exif(*tags: tuple[str, str]) -> ExifFinding:
    return ExifFinding(source="ExifTool", tags=tuple(Tag(*tag) for tag in tags))


def described(
    *tags: tuple[str, str], virus: VirusFinding | None = None, **more: str
) -> DescribedFile:
    return DescribedFile(path=PATH, exif=exif(*tags) if tags else None, virus=virus, **more)  # type: ignore[arg-type]


def told(deposit: list[Finding], mets: DescribedFile, **more: str) -> list[tuple[str, ...]]:
    return [
        (each.metadata_type, each.field, str(each.in_deposit), str(each.in_mets))
        for each in compare(PATH, deposit, mets, **more)
    ]


# -------------------------------------------------------------------- properties: pinned counts

TWINS = [("Comment", "one"), ("Comment", "two"), ("Width", "3"), ("Height", "4")]
OTHERS = [("Comment", "1"), ("Comment", "2"), ("Width", "33"), ("Height", "4")]


def test_identical_properties_do_not_differ() -> None:
    assert told([exif(*TWINS)], described(*TWINS)) == []


def test_two_differing_twins_and_one_differing_single_are_three() -> None:
    assert told([exif(*TWINS)], described(*OTHERS)) == [
        (EXIF, "Comment", "one", "1"),
        (EXIF, "Comment", "two", "2"),
        (EXIF, "Width", "3", "33"),
    ]


def test_one_more_tag_in_the_deposit_makes_four() -> None:
    found = told([exif(*TWINS, ("Extra", "x"))], described(*OTHERS))
    assert len(found) == 4
    assert found[-1] == (EXIF, "Extra", "x", "field does not exist in METS")


def test_a_tag_that_only_mets_has() -> None:
    assert told([exif(("A", "1"))], described(("A", "1"), ("B", "2"))) == [
        (EXIF, "B", "field does not exist in deposit", "2")
    ]


def test_twins_are_compared_as_multisets_in_their_order() -> None:
    here = exif(("A", "1"), ("A", "2"), ("A", "2"), ("A", "3"))
    assert told([here], described(("A", "2"), ("A", "9"), ("A", "1"))) == [
        (EXIF, "A", "2", "9"),
        (EXIF, "A", "3", "field does not exist in METS"),
    ]
    reordered = described(("A", "3"), ("A", "2"), ("A", "1"), ("A", "2"))
    assert told([here], reordered) == []


def test_case_line_ends_and_what_xml_cannot_carry_do_not_differ() -> None:
    here = exif(("A", "One\r\nTwo"), ("B", "a\x00b"), ("C", "y" * 20_000))
    mets = described(("A", "one\ntwo"), ("B", "a\ufffdb"), ("C", "y" * 10_000))
    assert told([here], mets) == []


def test_volatile_tags_and_those_that_mets_cannot_name_are_left_out() -> None:
    volatile = [("Directory", "/x"), ("FileAccessDateTime", "now")]
    here = exif(("A", "1"), *volatile, ("2D", "x"), ("XMLFile", "y"))
    assert told([here], described(("A", "1"), ("RawOutput", "z"))) == []


def test_missing_sections() -> None:
    virus = VirusFinding(source="ClamAv", has_virus=False)
    assert told([virus, exif(("A", "1"))], described()) == [
        (VIRUS, "(Missing section)", "(virus check)", "None"),
        (EXIF, "(Missing section)", "(exif metadata)", "None"),
    ]
    # what only METS has was found out at another time
    assert told([], described(("A", "1"), virus=virus, pronom_key="fmt/1")) == []


# ------------------------------------------------------------------------------------ viruses


def test_viruses() -> None:
    here = VirusFinding(source="ClamAv", has_virus=True, found="Eicar", definition="ClamAV 2\n")
    there = VirusFinding(source="METS", has_virus=False, found="", definition="ClamAV 1")
    assert told([here], described(virus=there)) == [
        (VIRUS, "HasVirus", "True", "False"),
        (VIRUS, "VirusFound", "Eicar", ""),
        (VIRUS, "VirusDefinition", "ClamAV 2\n", "ClamAV 1"),
    ]


def test_older_mets_holds_the_line_of_the_scanner() -> None:
    here = VirusFinding(source="ClamAv", has_virus=True, found="Eicar", definition="ClamAV 1\n")
    there = VirusFinding(source="METS", has_virus=True, found=" Eicar FOUND", definition="ClamAV 1")
    assert told([here], described(virus=there)) == []


# ------------------------------------------------------------------------------------ formats


SAME = {"pronom_key": "fmt/43", "format_name": "JPEG", "digest": A, "content_type": "image/jpeg"}


def jpeg(**more: str | None) -> FormatFinding:
    return FormatFinding(source="Siegfried", **{**SAME, **more})  # type: ignore[arg-type]


def test_formats_that_agree() -> None:
    assert told([jpeg()], described(**SAME)) == []


def test_every_field_of_a_format() -> None:
    mets = described(pronom_key="fmt/44", format_name="jpeg", digest=B, content_type="image/png")
    assert told([jpeg()], mets, content_type="image/jpeg") == [
        (FORMAT, "FormatName", "JPEG", "jpeg"),
        (FORMAT, "PronomKey", "fmt/43", "fmt/44"),
        (FORMAT, "Digest", A, B),
        (FORMAT, "ContentType", "Best: image/jpeg; wf: image/jpeg; all: image/jpeg", "image/png"),
    ]


def test_an_unknown_format_is_none() -> None:
    unknown = jpeg(pronom_key="UNKNOWN", format_name=None)
    assert told([unknown], described(digest=A, content_type="image/jpeg")) == []
    assert told([unknown], described(**SAME)) == [
        (FORMAT, "FormatName", "None", "JPEG"),
        (FORMAT, "PronomKey", "UNKNOWN", "fmt/43"),
    ]


def test_formats_that_contradict_each_other_are_told() -> None:
    assert told([jpeg(), jpeg(pronom_key="fmt/44")], described(**SAME)) == [
        (FORMAT, "PronomKey", "Siegfried: fmt/43; Siegfried: fmt/44", "fmt/43")
    ]


@pytest.mark.parametrize(
    "path", ["metadata/x.csv", "metadata", "mets.xml", "METS.xml", "goobi.xml"]
)
def test_what_is_never_compared(path: str) -> None:
    found = [jpeg(), exif(("A", "1"))]
    assert compare(path, found, described(digest=B), mets_path="goobi.xml") == []


def test_the_text_of_an_entry() -> None:
    entry = Mismatch(metadata_type=FORMAT, field="Digest", in_deposit="a", in_mets="b")
    assert str(entry) == "Digest: a => b (FileFormatMetadata)"


def test_what_our_own_writer_was_told_does_not_differ() -> None:
    virus = VirusFinding(source="ClamAv", timestamp=WHEN, has_virus=False, definition="ClamAV 1")
    tags = exif(("A", "1\x01"), ("A", "é\r\n2"), ("Long", "y" * 11_000), ("9", "x"))
    found = [jpeg(), virus, tags]
    file = DescribedFile(path=PATH, size=3, virus=virus, exif=tags, **SAME)  # type: ignore[arg-type]
    document = writer.write(title="T", files=[file], created=WHEN)
    [again] = read(io.BytesIO(document), keep_tags=tuple).files
    assert compare(PATH, found, again) == []
