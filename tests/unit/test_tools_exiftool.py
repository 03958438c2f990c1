"""ExifTool's text and JSON give the tags of each file, and no odd line loses another."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.findings import Tag
from strongroom.tools import exiftool

FIXTURES = (
    Path(os.environ.get("STRONGROOM_FIXTURES") or Path(__file__).parents[2] / "../shared/fixtures")
    / "mets"
)
TEXT = """\
======== /srv/x/objects/a.jpg
ExifTool Version Number         : 12.57
File Modification Date/Time     : 2026:02:13 11:28:14+00:00
Zip File Name                   : one: two
Zip File Name                   : three
a line that is none
Comment                         : ======== not a file
                                : no name
======== objects/b: 1 directories scanned.txt
Image Height                    : 100
    2 directories scanned
    2 image files read
"""


def read(text: str) -> list[tuple[str, tuple[Tag, ...]]]:
    return list(exiftool.read(io.BytesIO(text.encode())))


EXPECTED = [
    (
        "/srv/x/objects/a.jpg",
        (
            Tag("ExifToolVersionNumber", "12.57"),
            Tag("FileModificationDateTime", "2026:02:13 11:28:14+00:00"),
            Tag("ZipFileName", "one: two"),
            Tag("ZipFileName", "three"),
            Tag("Comment", "======== not a file"),
        ),
    ),
    ("objects/b: 1 directories scanned.txt", (Tag("ImageHeight", "100"),)),
]


@pytest.mark.parametrize(
    "text",
    [TEXT, TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT, TEXT[: TEXT.index("    2 directories")]],
    ids=["lf", "crlf", "bom", "no-trailer"],
)
def test_tags_in_their_order(text: str) -> None:
    assert read(text) == EXPECTED


def test_a_file_looked_at_alone_is_named_by_its_tags() -> None:
    assert read("File Name : a.jpg\nDirectory : x/objects\nWidth : 1\n")[0][0] == "x/objects/a.jpg"
    assert read("File Name : a.jpg\nDirectory : .\n")[0][0] == "a.jpg"


def test_json_with_groups_numbers_lists_and_twins() -> None:
    text = (
        '[{"SourceFile": "objects/a.jpg", "ExifTool:ExifToolVersion": 12.50, '
        '"XMP:Subject": ["one", 2], "XMP:Subject": "again", "File:FileType": "JPEG", '
        '"XMP:Flash": {"Fired": false}},\n{"SourceFile": "objects/b", "Size": 1e3}]'
    )
    assert read(text) == [
        (
            "objects/a.jpg",
            (
                Tag("ExifToolVersion", "12.50"),
                Tag("Subject", "one, 2"),
                Tag("Subject", "again"),
                Tag("FileType", "JPEG"),
                Tag("Flash", '{"Fired": false}'),
            ),
        ),
        ("objects/b", (Tag("Size", "1e3"),)),
    ]


def test_json_that_breaks_off_gives_what_came_before() -> None:
    text = json.dumps([{"SourceFile": "a", "X": "1"}, {"SourceFile": "b", "X": "2"}])[:-5]
    found = exiftool.read(io.BytesIO(text.encode()))
    assert next(found) == ("a", (Tag("X", "1"),))
    with pytest.raises(ValueError, match="breaks off"):
        next(found)


def test_long_values_are_cut_and_surrogates_replaced() -> None:
    [(_, tags)] = read(f"======== a\nX : {'y' * 20_000}\n")
    assert tags == (Tag("X", "y" * exiftool.LONGEST_VALUE),)
    [(_, tags)] = read('[{"SourceFile": "a", "X": "\\udc80"}]')
    assert tags == (Tag("X", "\ufffd"),)


@pytest.mark.parametrize("text", ["", "\n\n", "nothing\n", "    0 image files read\n", "[]"])
def test_nothing_gives_nothing(text: str) -> None:
    assert read(text) == []


def test_real_output() -> None:
    if not FIXTURES.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no METS fixtures at {FIXTURES} (set STRONGROOM_FIXTURES)")
    with (FIXTURES / "exif_output.txt").open("rb") as stream:
        [(path, tags)] = exiftool.read(stream)
    assert path == "/usr/deposit/deposits/sbsvf8pvrqt6/objects/testfile.txt"
    assert len(tags) == 15
    assert tags[-1] == Tag("WordCount", "470")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"======== a\n", b'[{"SourceFile":']))
def test_arbitrary_bytes_never_raise_anything_else(junk: bytes, start: bytes) -> None:
    try:
        for path, tags in exiftool.read(io.BytesIO(start + junk)):
            assert isinstance(path, str)
            assert all(tag.name.isalnum() for tag in tags)
    except ValueError as error:
        assert type(error) is ValueError
