"""The outputs of tools in a deposit become findings of its files; what is odd is told, none is lost."""  # noqa: E501

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.findings import (
    ExifFinding,
    FormatFinding,
    OutputFinding,
    Tag,
    VirusFinding,
)
from strongroom.tools import clamav, outputs, places

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
HEAD = (
    "filename,filesize,modified,errors,sha256,namespace,id,format,version,mime,class,basis,warning"
    "\n"
)
DIGEST = "a" * 64
ANY = TypeVar("ANY")


def row(path: str, key: str = "fmt/43", size: str = "1") -> str:
    return f'"{path}",{size},2025,,{DIGEST},pronom,{key},JPEG,1,image/jpeg,,,\n'


def read(files: Mapping[str, str | bytes | None]) -> outputs.Outputs:
    def open_file(path: str) -> io.BytesIO | None:
        content = files[path]
        if content is None:
            return None
        return io.BytesIO(content.encode() if isinstance(content, str) else content)

    return outputs.read_all(open_file, files, lambda _: WHEN)


def of(found: outputs.Outputs, path: str, kind: type[ANY]) -> list[ANY]:
    return [finding for finding in found.findings.get(path, ()) if isinstance(finding, kind)]


def codes(found: outputs.Outputs) -> list[str]:
    return [fault.code for fault in found.warnings]


def test_formats_of_siegfried_and_brunnhilde() -> None:
    found = read(
        {
            places.SIEGFRIED_TABLE: HEAD + row("/home/u/x/objects/a.jpg"),
            places.BRUNNHILDE: HEAD + row("objects/a.jpg") + row("objects/b", "UNKNOWN", ""),
            "objects/a.jpg": "",
            "objects/b": "",
        }
    )
    assert found.warnings == ()
    assert found.findings["objects/a.jpg"] == tuple(
        FormatFinding(
            source=source,
            timestamp=WHEN,
            digest=DIGEST,
            size=1,
            pronom_key="fmt/43",
            format_name="JPEG",
            content_type="image/jpeg",
        )
        for source in ("Siegfried", "Brunnhilde")
    )
    [other] = of(found, "objects/b", FormatFinding)
    assert (other.pronom_key, other.size) == ("UNKNOWN", None)


def test_when_siegfried_ran_counts_rather_than_when_its_output_was_written() -> None:
    text = "---\nsiegfried : 1\nscandate : 2025-04-25T14:14:41Z\n---\nfilename : 'objects/a'\n"
    [finding] = of(
        read({"metadata/siegfried/x.yml": text, "objects/a": ""}), "objects/a", FormatFinding
    )
    assert finding.timestamp == datetime(2025, 4, 25, 14, 14, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["x.csv"], "x.csv"),
        (["x.csv", "siegfried.csv"], "siegfried.csv"),
        (["siegfried.csv", "Siegfried.YAML", "siegfried.yml"], "Siegfried.YAML"),
        (["siegfried.csv", "siegfried.json"], "siegfried.csv"),
        (["sub/siegfried.csv", "notes.txt"], None),
        ([], None),
    ],
)
def test_which_of_several_outputs_counts(names: list[str], chosen: str | None) -> None:
    expected = None if chosen is None else places.SIEGFRIED + chosen
    assert outputs.choose(places.SIEGFRIED + name for name in names) == expected


def test_several_formats_are_several_findings() -> None:
    table = HEAD + row("x\\objects\\a") + row("x\\objects\\a", "fmt/1")
    found = read({places.SIEGFRIED_TABLE: table, "objects/a": ""})
    assert [f.pronom_key for f in of(found, "objects/a", FormatFinding)] == ["fmt/43", "fmt/1"]


def test_rows_of_files_that_are_not_there_are_told() -> None:
    table = HEAD + row("objects/a") + "".join(row(f"objects/gone {n}") for n in range(30))
    found = read({places.SIEGFRIED_TABLE: table, "objects/a": ""})
    assert set(found.findings) == {"objects/a"}
    assert codes(found) == ["unmatched-row"] * 21
    assert found.warnings[0].found == "objects/gone 0"
    assert found.warnings[0].path == places.SIEGFRIED_TABLE
    assert "Of 30 " in found.warnings[-1].message


def test_an_output_that_cannot_be_read_loses_no_other() -> None:
    found = read(
        {
            places.SIEGFRIED_TABLE: "hello\n",
            places.BRUNNHILDE: HEAD + row("objects/a"),
            places.EXIF: '[{"SourceFile": "objects/a", "X": "1"}, {',
            places.VIRUS_DEFINITION: None,
            places.VIRUS_LOG: None,
            "objects/a": "",
        }
    )
    assert len(of(found, "objects/a", FormatFinding)) == 1
    assert of(found, "objects/a", ExifFinding)[0].tags == (Tag("X", "1"),)
    assert [fault.path for fault in found.warnings] == [
        places.SIEGFRIED_TABLE,
        places.VIRUS_LOG,
        places.EXIF,
    ]


def test_the_report_is_referred_to_and_not_read() -> None:
    found = read({places.REPORT: None})
    assert found.findings == {
        places.REPORT: (
            OutputFinding(
                source="Brunnhilde", timestamp=WHEN, content_type="text/html", path=places.REPORT
            ),
        )
    }


def test_properties_of_text_and_json() -> None:
    text = "======== x/objects/a\r\nFile Name : a\r\nnothing\r\n    1 directories scanned\r\n"
    for files in (
        {places.EXIF: text},
        {places.EXIF: '[{"SourceFile": "objects/a", "FileName": "a"}]'},
        {places.EXIF_JSON: '[{"SourceFile": "objects/a", "FileName": "a"}]'},
    ):
        found = read({**files, "objects/a": ""})
        assert found.findings == {
            "objects/a": (
                ExifFinding(source="ExifTool", timestamp=WHEN, tags=(Tag("FileName", "a"),)),
            )
        }


# ---------------------------------------------------------------------------------- viruses

SUMMARY = f"\n{clamav.SUMMARY}\nKnown viruses: 7\nEngine version: 1.4.3\n"


def log(hits: str, scanned: int, infected: int) -> str:
    return f"{hits}{SUMMARY}Scanned files: {scanned}\nInfected files: {infected}\n"


def scanned(
    viruses: str, *names: str, more: Mapping[str, str] | None = None, sizes: str = "1"
) -> tuple[dict[str, bool], outputs.Outputs]:
    """Which files are infected (True) or clean (False), by a log and Brunnhilde's list."""
    files = {
        places.VIRUS_LOG: viruses,
        places.BRUNNHILDE: HEAD + "".join(row(f"/x/{name}", size=sizes) for name in names),
        **dict.fromkeys(names, ""),
        **(more or {}),
    }
    found = read(files)
    flags = {
        path: each.has_virus for path in found.findings for each in of(found, path, VirusFinding)
    }
    return flags, found


def test_hits_and_clean_files() -> None:
    flags, found = scanned(
        log("/x/objects/a.txt: Eicar FOUND\n", 2, 1), "objects/a.txt", "objects/data.txt"
    )
    assert flags == {"objects/a.txt": True, "objects/data.txt": False}
    [hit] = of(found, "objects/a.txt", VirusFinding)
    assert hit == VirusFinding(
        source="ClamAv",
        timestamp=WHEN,
        has_virus=True,
        found="Eicar",
        definition="ClamAV 1.4.3 Known viruses 7",
    )
    [clean] = of(found, "objects/data.txt", VirusFinding)
    assert clean.found is None
    assert found.warnings == ()


def test_the_definition_is_that_of_its_own_file() -> None:
    text = "ClamAV 1.4.3/27886/Tue Jan 20 07:24:12 2026\n"
    more = {places.VIRUS_DEFINITION: text}
    _, found = scanned(log("", 1, 0), "objects/a", more=more)
    assert of(found, "objects/a", VirusFinding)[0].definition == text.strip()


def test_without_a_list_a_scan_that_is_large_enough_covers_the_objects() -> None:
    files = {places.VIRUS_LOG: log("", 2, 0), "objects/a": "", "objects/b": "", "notes": ""}
    found = read(files)
    assert [path for path in found.findings if of(found, path, VirusFinding)] == [
        "objects/a",
        "objects/b",
    ]
    found = read({**files, "objects/c": ""})
    assert (found.findings, codes(found)) == ({}, ["incomplete-scan"])


def test_files_without_bytes_are_not_counted_by_the_scanner() -> None:
    flags, found = scanned(log("", 0, 0), "objects/empty", sizes="0")
    assert flags == {"objects/empty": False}
    assert found.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/x/objects/a: Eicar FOUND\n",
        log("/x/objects/a: Eicar FOUND\n", 1, 1),
        log("/x/objects/a: Eicar FOUND\n", 2, 2),
        log("/x/objects/a: Eicar FOUND\n", 2, 1).replace("Scanned files", "Seen files"),
    ],
    ids=["empty", "no-summary", "too-few", "hits-missing", "nothing-scanned"],
)
def test_no_file_is_clean_by_a_log_that_is_not_whole(text: str) -> None:
    flags, found = scanned(text, "objects/a", "objects/b")
    assert flags == ({"objects/a": True} if "FOUND" in text else {})
    assert codes(found) == ["incomplete-scan"]


def test_what_was_not_scanned_is_neither_clean_nor_infected() -> None:
    big = "/x/objects/big: Heuristics.Limits.Exceeded.MaxFileSize FOUND\n"
    locked = "/x/objects/locked: Access denied ERROR\n"
    more = {places.UNSCANNED: "/x/objects/other: larger than 4 GiB\n"}
    flags, found = scanned(
        log(big + locked, 2, 1),
        "objects/a", "objects/big", "objects/locked", "objects/other",
        more=more,
    )  # fmt: skip
    assert flags == {"objects/a": False}
    assert [(fault.code, fault.path) for fault in found.warnings] == [
        ("not-scanned", "objects/big"),
        ("not-scanned", "objects/locked"),
        ("not-scanned", "objects/other"),
    ]


def test_a_hit_on_a_file_that_is_not_there_is_told() -> None:
    flags, found = scanned(log("/y/objects/z: Eicar FOUND\n", 2, 1), "objects/a")
    assert flags == {"objects/a": False}
    [warning] = found.warnings
    assert (warning.code, warning.path, warning.found) == (
        "unmatched-row",
        places.VIRUS_LOG,
        "/y/objects/z",
    )


PLACES = [
    places.SIEGFRIED_TABLE,
    places.BRUNNHILDE,
    places.VIRUS_LOG,
    places.UNSCANNED,
    places.VIRUS_DEFINITION,
    places.EXIF,
    places.REPORT,
]


@settings(max_examples=100, deadline=timedelta(seconds=5))
@given(st.dictionaries(st.sampled_from(PLACES), st.binary(max_size=200)))
def test_arbitrary_outputs_never_raise(files: dict[str, bytes]) -> None:
    found = read({**files, "objects/a": b""})
    assert set(found.findings) <= {"objects/a", *files}
