"""Several findings become one, or a fault that names each source with what it says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.findings import (
    DigestFinding,
    ExifFinding,
    FormatFinding,
    Tag,
    VirusFinding,
)
from strongroom.domain.merging import (
    best_content_type,
    best_format,
    digest_of,
    properties,
    virus_scan,
)

EARLY, LATE = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
A, B = "a" * 64, "b" * 64


def siegfried(key: str | None = "fmt/43", **more: object) -> FormatFinding:
    return FormatFinding(source="Siegfried", pronom_key=key, **more)  # type: ignore[arg-type]


def brunnhilde(key: str | None = "fmt/43", **more: object) -> FormatFinding:
    return FormatFinding(source="Brunnhilde", pronom_key=key, **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------- formats


def test_one_finding_is_taken_as_it_is() -> None:
    one = siegfried(digest=A, content_type="image/jpeg")
    assert best_format("objects/a", [DigestFinding(source="BagIt", digest=A), one]) == (one, ())


def test_findings_of_one_format_fill_each_others_gaps() -> None:
    best, faults = best_format(
        "objects/a",
        [
            siegfried(None, timestamp=EARLY, format_name=" ", content_type="image/jpeg"),
            brunnhilde(timestamp=LATE, digest=A, size=0, format_name="JPEG", content_type="x/y"),
            siegfried(size=7, digest=B, original_name="o", storage_location="s"),
        ],
    )
    assert faults == ()
    assert best == FormatFinding(
        source="Siegfried,Brunnhilde",
        timestamp=LATE,
        digest=A,
        size=0,
        pronom_key="fmt/43",
        format_name="JPEG",
        content_type="image/jpeg",
        original_name="o",
        storage_location="s",
    )


def test_different_formats_are_told_and_none_counts() -> None:
    best, [fault] = best_format("objects/a", [siegfried(), brunnhilde("UNKNOWN")])
    assert best is None
    assert (fault.code, fault.path) == ("several-formats", "objects/a")
    assert fault.found == "Siegfried: fmt/43; Brunnhilde: UNKNOWN"


@pytest.mark.parametrize("path", ["metadata/x.jp2", "data/metadata/x.jp2", "metadata"])
def test_a_file_of_metadata_speaks_for_itself(path: str) -> None:
    best, _ = best_format(
        path, [], content_type="application/octet-stream", digest=A, size=0, modified=LATE
    )
    assert best == FormatFinding(
        source="Synthetic",
        timestamp=LATE,
        digest=A,
        size=0,
        content_type="image/jp2" if path.endswith("jp2") else "application/octet-stream",
    )
    stated, _ = best_format(path, [], content_type="text/plain")
    assert stated is not None
    assert stated.content_type == "text/plain"


def test_any_other_file_without_findings_has_no_format() -> None:
    assert best_format("objects/a.jp2", [], content_type="image/jp2") == (None, ())
    assert best_format("metadata2/a.jp2", []) == (None, ())


# ---------------------------------------------------------------------------- content types


@pytest.mark.parametrize(
    ("types", "best"),
    [
        ([], None),
        ([None, "", " "], None),
        (["image/jpeg", " image/jpeg ", None], "image/jpeg"),
        (["application/octet-stream"], "application/octet-stream"),
        (["application/octet-stream", "image/jpeg"], "image/jpeg"),
        (["application/octet-stream", "binary/octet-stream"], "binary/octet-stream"),
        (
            [
                "application/octet-stream",
                "binary/octet-stream",
                "application/x-www-form-urlencoded",
            ],
            "application/x-www-form-urlencoded",
        ),
        (["dlip/not-identified", "image/jpeg"], "image/jpeg"),
        (["dlip/not-identified"], None),
        (["application/pdf", "image/jpeg"], "image/jpeg"),
        (["application/mp4", "video/mp4", "audio/mp4"], "video/mp4"),
        (["application/ogg", "audio/ogg"], "audio/ogg"),
        (["application/x", "image/a", "image/b", "video/c"], "video/c"),
        (["application/rtf", "text/rtf"], "text/rtf"),
        (["application/xml", "text/xml"], "application/xml"),
        (["application/json", "text/plain"], None),
        (["application/rtf", "application/msword"], "application/rtf"),
        (["application/pdf", "application/msword"], None),
        (["image/jpeg", "image/png"], None),
        (["text/plain", "text/html"], None),
    ],
)
def test_best_content_type(types: list[str | None], best: str | None) -> None:
    assert best_content_type(types) == best
    assert best_content_type(reversed(types)) == best


@given(st.lists(st.sampled_from(["image/a", "text/rtf", "application/x", "", "x", "a/b/c"])))
def test_the_best_type_is_one_of_those_given(types: list[str]) -> None:
    assert best_content_type(types) in (None, *types)


# ----------------------------------------------------------------------------------- digests


def test_digests_agree() -> None:
    findings = [DigestFinding(source="BagIt", digest=A), siegfried(digest=A), brunnhilde()]
    assert digest_of("objects/a", findings, stated=[("METS", A.upper())]) == (A, ())
    assert digest_of("objects/a", [brunnhilde()], stated=[("METS", None)]) == (None, ())


def test_digests_that_differ_are_told_each_with_its_source() -> None:
    findings = [DigestFinding(source="BagIt", digest=A), siegfried(digest=B)]
    digest, [fault] = digest_of("objects/a", findings, stated=[("METS", A)])
    assert digest is None
    assert fault.message == "Digests for objects/a are not all the same."
    assert fault.found == f"BagIt: {A}; Siegfried: {B}; METS: {A}"


# ----------------------------------------------------------------------- scans and properties


def test_a_scan_that_found_something_counts_before_a_later_one() -> None:
    hit = VirusFinding(source="ClamAv", timestamp=EARLY, has_virus=True, found="Eicar")
    clean = VirusFinding(source="ClamAv", timestamp=LATE, has_virus=False)
    old = VirusFinding(source="ClamAv", has_virus=False)
    assert virus_scan([old, clean, hit]) is hit
    assert virus_scan([old, clean]) is clean
    assert virus_scan([siegfried()]) is None


def test_the_first_properties_count() -> None:
    one = ExifFinding(source="ExifTool", tags=(Tag("A", "1"),))
    two = ExifFinding(source="ExifTool", tags=())
    assert properties([siegfried(), one, two]) is one
    assert properties([]) is None
