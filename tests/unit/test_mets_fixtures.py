"""Real METS files of several producers, read right."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.domain.description import Description
from strongroom.mets.reader import read

ROOT = Path(__file__).parents[2]
FIXTURES = Path(os.environ.get("STRONGROOM_FIXTURES") or ROOT / "../shared/fixtures") / "mets"
PLATFORM = "University of Leeds Digital Library Infrastructure Project"


@pytest.fixture(autouse=True)
def _fixtures() -> None:
    if not FIXTURES.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no METS fixtures at {FIXTURES} (set STRONGROOM_FIXTURES)")


def described(name: str) -> Description:
    with (FIXTURES / name).open("rb") as stream:
        return read(stream, keep_tags=tuple)


def test_dlip_2026() -> None:
    found = described("dlip-2026.xml")
    assert found.title == "[Untitled]"
    assert found.agent == PLATFORM
    assert found.editable
    assert (found.untied, found.warnings) == ((), ())
    assert len(found.files) == 12
    assert all(file.digest and file.size is not None for file in found.files)
    assert sum(file.pronom_key is None for file in found.files) == 9
    scans = [file.virus for file in found.files if file.virus is not None]
    assert len(scans) == 12
    assert not any(scan.has_virus for scan in scans)
    assert {scan.timestamp for scan in scans} == {datetime(2026, 1, 21, tzinfo=UTC)}
    assert sorted(len(file.exif.tags) for file in found.files if file.exif) == [23, 29, 124]
    by_path = {file.path: file for file in found.files}
    image = by_path["objects/new-test-folder-inside-objects/test_image().jpg"]
    assert image.content_type == "application/pdf"
    assert (image.pronom_key, image.format_name) == ("fmt/43", "JPEG File Interchange Format")
    assert (image.size, image.name) == (46051, "test_image().jpg")
    assert image.digest == "62db932f4c8b13da0bb441b21a5b90fa47758a29afa519cb03fcae9606912e82"
    versions = by_path["metadata/brunnhilde/csv_reports/formatversions.csv"]
    assert versions.name == "formatVersions.csv"
    names = {folder.path: folder.name for folder in found.folders}
    assert names["objects/new-test-folder-inside-objects"] == "New test folder inside objects"
    assert names["metadata/brunnhilde/csv_reports"] == "csv_reports"
    assert set(names) == {
        "objects",
        "objects/new-test-folder-inside-objects",
        "metadata",
        "metadata/brunnhilde",
        "metadata/brunnhilde/csv_reports",
        "metadata/brunnhilde/logs",
        "metadata/exif",
        "metadata/virus-definition",
    }


def test_dlip_spaces_in_ids() -> None:
    found = described("dlip-spaces-in-ids.xml")
    assert found.title == "Spaces Test Fixture"
    assert {file.path: file.size for file in found.files} == {
        "objects/my file.pdf": 54321,
        "objects/my great file.pdf": 12345,
        "objects/my folder/my document.pdf": 99999,
    }
    first = next(file for file in found.files if file.path == "objects/my file.pdf")
    assert first.digest == "eb634d64ce8e6be5195174ceaef9ac9e19c37119f3b31618630aa633ccdbf68f"
    assert [folder.path for folder in found.folders] == ["metadata", "objects", "objects/my folder"]
    assert not any(folder.guessed for folder in found.folders)


def test_dlip_special_characters() -> None:
    found = described("dlip-special-characters.xml")
    assert {file.path: file.size for file in found.files} == {
        "objects/résumé.pdf": 11111,
        "objects/AT&T guide.pdf": 22222,
    }
    assert all(file.digest for file in found.files)


def test_eprints() -> None:
    found = described("eprints-10315.xml")
    assert found.title == "[Example title]"
    assert found.agent == "EPrints 3.3.15"
    assert not found.editable
    assert [file.path for file in found.files] == [
        f"objects/372705s_00{number}.jpg" for number in range(1, 5)
    ]
    first = found.files[0]
    assert (first.size, first.pronom_key, first.content_type) == (876464, "fmt/43", "image/jpeg")
    assert first.digest == "4675c73e6fd66d2ea9a684ec79e4e6559bb4d44a35e8234794b0691472b0385d"
    assert all(file.digest and file.name is None for file in found.files)
    assert (found.folders, found.untied) == ((), ())
    assert {fault.code for fault in found.warnings} == {"size-conflict"}


def test_goobi() -> None:
    found = described("goobi-b29356350.xml")
    assert found.title == "[Report 1960] /"
    assert found.access_conditions == ("Open",)
    assert len(found.files) == 64
    images = [file for file in found.files if file.path.startswith("objects/")]
    texts = [file for file in found.files if file.path.startswith("alto/")]
    assert (len(images), len(texts)) == (32, 32)
    assert {file.content_type for file in images} == {"image/jp2"}
    assert {file.content_type for file in texts} == {"application/xml"}
    assert (images[0].size, images[0].pronom_key) == (1348420, "x-fmt/392")
    assert all(file.size is None and file.pronom_key is None for file in texts)
    assert all(file.digest is None for file in found.files)
    assert [fault.code for fault in found.warnings] == ["digest-not-sha256"] * 32
    assert found.warnings[0].path == "objects/b29356350_0001.jp2"
    assert found.warnings[0].found == "6eb6c17cd93e392fed8e1cb4d9de5617b8a9b4de"
    assert found.untied == ()


def test_archivematica() -> None:
    found = described("archivematica-4-files.xml")
    assert (found.title, found.agent, found.editable) == (None, None, False)
    assert (found.untied, found.warnings) == ((), ())
    assert len(found.files) == 4
    assert all(file.path.startswith("objects/") and file.digest for file in found.files)
    slides = next(file for file in found.files if file.path.endswith(".ppt"))
    assert (slides.size, slides.pronom_key) == (74742784, "fmt/126")
    assert slides.digest == "6550acad79f23bbc59d8a8cd52470c505da67757feea2d52cca2d16a0de6d9ca"
    assert slides.original_name is not None
    assert slides.original_name.startswith("%transferDirectory%objects/AfH-")
    transfer = "ARTCOOB15-4947c763-5f7b-468b-9647-b22e8ac8a950"
    assert {folder.path: folder.name for folder in found.folders} == {
        "objects": "objects",
        "objects/metadata": "metadata",
        "objects/metadata/transfers": "transfers",
        f"objects/metadata/transfers/{transfer}": transfer,
        "objects/submissionDocumentation": "submissionDocumentation",
        f"objects/submissionDocumentation/transfer-{transfer}": f"transfer-{transfer}",
    }
