"""What we write is valid METS 1.12, with PREMIS 3 and MODS 3 in it, however it was edited."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.findings import ExifFinding, Tag, VirusFinding
from strongroom.errors import BadRequest, NotFound
from strongroom.mets import writer
from strongroom.mets.editing.changes import Change, PutFile, PutFolder, Remove, SetAccess
from strongroom.mets.editing.editor import edit
from support import mets_schema
from unit.mets_build import A, B

NOW = datetime(2026, 1, 21, 10, 17, 24, 744419, tzinfo=UTC)
FULL = DescribedFile(
    path="objects/a & b/page  1.tif",
    name='<"Page">',
    content_type="image/tiff",
    size=0,
    digest=A,
    pronom_key="fmt/353",
    format_name="TIFF",
    storage_location="https://example.org/repository/a%20b",
    virus=VirusFinding(source="ClamAV", timestamp=NOW, has_virus=True, found="Eicar",
                       definition="ClamAV 1.4"),
    exif=ExifFinding(source="ExifTool", tags=(
        Tag("Image Width", "100"), Tag("Duration", "1 s"), Tag("1st", "x"), Tag("xmlns", "y"))),
)  # fmt: skip
RIGHTS = "https://creativecommons.org/licenses/by/4.0/"


@pytest.fixture(autouse=True)
def _schema() -> None:
    mets_schema.require()


def valid(data: bytes) -> bytes:
    assert mets_schema.problems(data) == []
    return data


def edited(data: bytes, *changes: Change) -> bytes:
    target = io.BytesIO()
    edit(io.BytesIO(data), target, changes, now=NOW)
    return target.getvalue()


def test_the_schema_can_say_no() -> None:
    good = writer.write(title="T", files=[FULL], created=NOW).decode()
    for old, new, told in (
        (' ID="FILE_objects', ' ID="FILE/objects', "xs:ID"),
        ('FILEID="FILE_', 'FILEID="NO_', "xs:IDREF"),
        ('TYPE="PHYSICAL"', 'KIND="PHYSICAL"', "KIND"),
        ("<mets:fileSec>", "<mets:fileSec/><mets:fileSec>", "fileSec"),
        ("<premis:format>", "<premis:sort>", None),
        ("<premis:size>0<", "<premis:size>many<", "premis"),
        ("premis:intellectualEntity", "premis:folder", "type"),
        (' LOCTYPE="URL"', ' LOCTYPE="PATH"', "LOCTYPE"),
        ("mods:titleInfo", "mods:titles", "titles"),
    ):
        bad = good.replace(old, new)
        assert bad != good
        if told is None:
            bad = bad.replace("</premis:format>", "</premis:sort>")
        found = mets_schema.problems(bad.encode())
        assert found, f"{new} was not noticed"


def test_the_templates_and_whole_files() -> None:
    for title in ("A & B", None):
        valid(writer.skeleton(title=title, created=NOW))
    valid(
        writer.write(
            title="T",
            files=[
                FULL,
                DescribedFile(path="x"),
                DescribedFile(path="metadata/1", format_name="F"),
            ],
            folders=[DescribedFolder(path="empty", storage_location="https://example.org/e")],
            created=NOW,
        )
    )


def test_every_kind_of_edit() -> None:
    data = writer.skeleton(title="T", created=NOW)
    data = valid(edited(data, PutFile(file=FULL), PutFile(file=DescribedFile(path="objects/x"))))
    data = valid(
        edited(
            data,
            PutFile(file=DescribedFile(path="objects/x", size=3, digest=B, virus=FULL.virus)),
            PutFile(file=DescribedFile(path=FULL.path, digest=B, exif=FULL.exif)),
            PutFolder(path="objects/new", name="New", storage_location="https://example.org/n"),
        )
    )
    data = valid(
        edited(
            data,
            SetAccess(path="", access_conditions=("Open", "Staff"), rights_statement=RIGHTS),
            SetAccess(path="objects/x", access_conditions=("Closed",)),
            SetAccess(path="objects", rights_statement=RIGHTS),
        )
    )
    data = valid(edited(data, SetAccess(path="objects/x", access_conditions=())))
    data = valid(
        edited(data, PutFile(file=DescribedFile(path="objects/x", exif=FULL.exif, size=4)))
    )
    valid(edited(data, Remove(path=FULL.path), Remove(path="objects/a & b")))


def test_a_scan_of_which_the_time_is_unknown() -> None:
    virus = VirusFinding(source="ClamAV", timestamp=None, has_virus=False)
    file = DescribedFile(path="objects/a", virus=virus)
    valid(writer.write(title="T", files=[file], created=NOW))
    valid(edited(writer.skeleton(title="T", created=NOW), PutFile(file=file)))


_PATHS = st.lists(
    st.sampled_from(["a", "1", "-", ".x", "é", "a b", "_x0041_", "ROOT", "DMD", "x:y", "😀"]),
    min_size=1,
    max_size=3,
).map("/".join)
_CHANGES = st.one_of(
    st.builds(
        lambda path, size, digest, virus, exif: PutFile(
            file=DescribedFile(path=path, size=size, digest=digest, virus=virus, exif=exif)
        ),
        _PATHS,
        st.none() | st.integers(0, 9),
        st.none() | st.just(B),
        st.none() | st.just(FULL.virus),
        st.none() | st.just(FULL.exif),
    ),
    st.builds(PutFolder, path=_PATHS, name=st.none() | st.just("N")),
    st.builds(Remove, path=_PATHS),
    st.builds(
        SetAccess,
        path=_PATHS | st.just(""),
        access_conditions=st.none() | st.just(("Open",)),
        rights_statement=st.none() | st.just(RIGHTS),
    ),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_CHANGES, max_size=10))
def test_any_edits_one_after_another(changes: list[Change]) -> None:
    data = writer.skeleton(title="T", created=NOW)
    for change in changes:
        try:
            data = edited(data, change)
        except (BadRequest, NotFound):
            continue
    valid(data)
