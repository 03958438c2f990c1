"""The rules of adding, updating and deleting entries, each by itself, and the audit of reading."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from strongroom.domain.description import DescribedFile, Description
from strongroom.domain.findings import ExifFinding, Tag, VirusFinding
from strongroom.mets import writer
from strongroom.mets.editing.changes import Change, PutFile, PutFolder, Remove, SetAccess
from strongroom.mets.editing.editor import edit
from strongroom.mets.reader import read
from support import producers
from unit.mets_build import (
    A,
    B,
    amd,
    codes,
    div,
    file,
    files,
    folder,
    fptr,
    item,
    mets,
    only,
    parse,
    premis,
    structmap,
    tech,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NS = {
    "mets": "http://www.loc.gov/METS/",
    "premis": "http://www.loc.gov/premis/v3",
    "xlink": "http://www.w3.org/1999/xlink",
}
PLAIN = DescribedFile(path="objects/a", size=1, digest=A)


def edited(data: bytes, *changes: Change) -> bytes:
    target = io.BytesIO()
    edit(io.BytesIO(data), target, changes, now=NOW)
    return target.getvalue()


def skeleton() -> bytes:
    return writer.skeleton(title="T", created=NOW)


def told(data: bytes) -> Description:
    return read(io.BytesIO(data), keep_tags=tuple)


def one(data: bytes, path: str = "objects/a") -> DescribedFile:
    return next(each for each in told(data).files if each.path == path)


def xpath(data: bytes, expression: str) -> list[str]:
    found = etree.fromstring(data).xpath(expression, namespaces=NS)
    assert isinstance(found, list)
    return [str(each) for each in found]


# -------------------------------------------------------------------------------------- adding


def test_what_an_added_file_looks_like() -> None:
    data = edited(skeleton(), PutFile(file=replace(PLAIN, content_type="dlip/not-identified")))
    assert xpath(data, "//mets:div[@TYPE='Item']/@*[name()!='ID']") == ["a", "Item"]
    assert xpath(data, "//mets:file/@MIMETYPE") == []
    assert xpath(data, "//mets:FLocat/@*") == ["URL", "simple", "objects/a"]
    assert xpath(data, "//mets:file/@ADMID") == xpath(data, "//mets:amdSec[last()]/@ID")
    assert xpath(data, "//mets:fptr/@FILEID") == xpath(data, "//mets:file/@ID")
    traits = "//premis:object[premis:originalName='objects/a']/premis:objectCharacteristics/*"
    tree = etree.fromstring(data)
    assert [each.tag.rpartition("}")[2] for each in tree.xpath(traits, namespaces=NS)] == [
        "fixity",
        "size",
        "format",
    ]
    assert xpath(data, "//premis:messageDigestAlgorithm/text()") == ["SHA256"]


def test_properties_of_a_tool() -> None:
    tags = (
        Tag("Image Height", "1"),
        Tag("imagewidth", "2"),
        Tag("Duration", "3 s"),
        Tag("Avg Bitrate", "4"),
        Tag("File Size (bytes)", "5"),
        Tag("0 leading digit", "no element's name"),
        Tag("Raw Output", "everything again"),
        Tag("Zip File Name", "a"),
        Tag("Zip File Name", "b\x00\ud800"),
        Tag("Long", "x" * 100_000),
        Tag("???", "nothing left of it"),
    )
    file = replace(PLAIN, exif=ExifFinding(source="ExifTool", tags=tags))
    data = edited(skeleton(), PutFile(file=file))
    assert xpath(data, "//premis:significantPropertiesType/text()") == [
        "ImageHeight",
        "ImageWidth",
        "Duration",
        "Bitrate",
    ]
    found = one(data).exif
    assert found is not None
    assert [(tag.name, tag.value[:10]) for tag in found.tags] == [
        ("ImageHeight", "1"),
        ("imagewidth", "2"),
        ("Duration", "3 s"),
        ("AvgBitrate", "4"),
        ("FileSizebytes", "5"),
        ("ZipFileName", "a"),
        ("ZipFileName", "b\ufffd\ufffd"),
        ("Long", "x" * 10),
    ]
    assert b"everything again" not in data
    assert len(found.tags[-1].value) == 10_000


# ------------------------------------------------------------------------------------ updating


def test_what_else_a_section_says_survives_an_update() -> None:
    data = edited(skeleton(), PutFile(file=replace(PLAIN, format_name="F", pronom_key="fmt/1")))
    data = data.replace(
        b"<premis:fixity>",
        b"<!-- kept --><premis:compositionLevel>0</premis:compositionLevel><premis:fixity>"
        b"<premis:messageDigestAlgorithm>MD5</premis:messageDigestAlgorithm>"
        b"<premis:messageDigest>d41d8cd98f00b204e9800998ecf8427e</premis:messageDigest>"
        b"</premis:fixity><premis:fixity>",
    )
    new = edited(data, PutFile(file=DescribedFile(path="objects/a", digest=B, size=2)))
    assert one(new) == replace(one(data), digest=B, size=2)
    for kept in (b"<!-- kept -->", b"compositionLevel>0<", b"d41d8cd98f00b204e9800998ecf8427e"):
        assert new.count(kept) == 1
    assert xpath(new, "//premis:messageDigestAlgorithm/text()") == ["MD5", "SHA256"]


def test_new_properties_take_the_place_of_all_the_old() -> None:
    first = ExifFinding(source="ExifTool", tags=(Tag("ImageWidth", "1"), Tag("Old", "x")))
    second = ExifFinding(source="ExifTool", tags=(Tag("Duration", "2 s"),))
    data = edited(skeleton(), PutFile(file=replace(PLAIN, exif=first)))
    new = edited(data, PutFile(file=replace(PLAIN, exif=second)))
    assert xpath(new, "//premis:significantPropertiesType/text()") == ["Duration"]
    assert new.count(b"<ExifMetadata>") == 1
    found = one(new).exif
    assert found is not None
    assert found.tags == second.tags


def test_a_scan_replaces_the_one_before_and_dates_are_in_utc() -> None:
    virus = VirusFinding(source="ClamAV", timestamp=NOW, has_virus=True, found="Eicar")
    data = edited(skeleton(), PutFile(file=replace(PLAIN, virus=virus)))
    assert xpath(data, "//premis:eventDateTime/text()") == ["2026-03-04T05:06:07+00:00"]
    clean = replace(virus, has_virus=False, found=None, timestamp=None)
    new = edited(data, PutFile(file=replace(PLAIN, virus=clean)))
    assert xpath(new, "//premis:eventOutcome/text()") == ["Pass"]
    assert one(new).virus == clean


def test_only_the_type_and_not_the_label_of_a_file_changes() -> None:
    data = edited(skeleton(), PutFile(file=PLAIN, name="First"))
    new = edited(data, PutFile(file=replace(PLAIN, content_type="a/b"), name="Second"))
    assert (one(new).name, one(new).content_type) == ("First", "a/b")


def test_a_record_of_access_goes_with_the_last_thing_it_says() -> None:
    data = edited(skeleton(), PutFile(file=PLAIN))
    assert edited(data, SetAccess(path="objects/a", rights_statement=None)) == data
    closed = edited(data, SetAccess(path="objects/a", access_conditions=("Closed",)))
    assert xpath(closed, "//mets:div[@LABEL='a']/@DMDID") == ["DMD_objects_x002F_a"]
    opened = edited(closed, SetAccess(path="objects/a", access_conditions=()))
    assert opened == data


# ------------------------------------------------------------------- legacy ids stay editable


def test_legacy_ids_with_blanks_stay_editable_edit_after_edit() -> None:
    files = {"objects/a  b.txt": b"1", "objects/c d/e   f.txt": b"2", "objects/g.txt": b"3"}
    data = producers.platform(files)
    # as a program has left it that splits the list of ids and joins it with single blanks
    data = data.replace(b'ADMID="ADM_objects/a  b.txt"', b'ADMID="ADM_objects/a b.txt"')
    for number in range(1, 4):
        for path in files:
            change = PutFile(file=DescribedFile(path=path, size=number, digest=f"{number:064x}"))
            data = edited(data, change)
    found = {each.path: (each.size, each.digest) for each in told(data).files}
    assert found == dict.fromkeys(files, (3, f"{3:064x}"))
    assert data.count(b"<premis:fixity>") == len(files)
    for legacy in (b' ID="ADM_objects/a  b.txt"', b' ID="FILE_objects/c d/e   f.txt"'):
        assert data.count(legacy) == 1
    data = edited(data, PutFolder(path="objects/c d", name="Renamed"))
    assert {each.path: each.name for each in told(data).folders}["objects/c d"] == "Renamed"
    data = edited(data, *(Remove(path=path) for path in files), Remove(path="objects/c d"))
    assert told(data).files == ()
    assert b"a  b" not in data
    assert b"e   f" not in data


# ----------------------------------------------------------------------------- audit of reading


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.loc.gov/premis/v3",
        "info:lc/xmlns/premis-v2",
        "http://www.loc.gov/standards/premis",
        "http://www.loc.gov/standards/premis/v1",
    ],
)
def test_every_namespace_of_premis(namespace: str) -> None:
    stated = premis(size=5).replace(
        "<premis:object ", f'<premis:object xmlns:premis="{namespace}" '
    )
    document = mets(
        amd("A", tech("T", stated)), files(file("F", "x", 'ADMID="A"')), structmap(item("F"))
    )
    assert (only(parse(document)).digest, only(parse(document)).size) == (A, 5)


def test_premis_2_and_3_in_one_file_and_ids_of_three_kinds() -> None:
    old = premis(digest=B).replace(
        "<premis:object ", '<premis:object xmlns:premis="info:lc/xmlns/premis-v2" '
    )
    document = mets(
        amd(
            "A",
            tech("T1", premis()),
            '<mets:rightsMD ID="R"><mets:mdWrap><mets:xmlData/></mets:mdWrap></mets:rightsMD>',
            '<mets:sourceMD ID="S"><mets:mdWrap><mets:xmlData/></mets:mdWrap></mets:sourceMD>',
        ),
        amd("B", tech("T2", old)),
        files(file("F", "x", 'ADMID="T1 R S"'), file("G", "y", 'ADMID="R B"')),
        structmap(item("F"), item("G")),
    )
    found = parse(document)
    assert [each.digest for each in found.files] == [A, B]
    assert codes(found) == []


@pytest.mark.parametrize("namespace", ["http://www.w3.org/TR/xlink", "http://www.w3.org/TR/xlink/"])
def test_old_namespaces_of_xlink(namespace: str) -> None:
    document = mets(files(file("F", "x")), structmap(item("F")))
    document = document.replace("http://www.w3.org/1999/xlink", namespace)
    assert only(parse(document)).path == "x"


def test_a_master_among_its_derivatives_gets_the_divs_section() -> None:
    """DFG: one page, six files; the page's sections speak of the master, in whatever order."""
    uses = ("THUMBS", "MIN", "DEFAULT", "PRESENTATION", "original", "FULLTEXT")
    groups = "".join(
        f'<mets:fileGrp USE="{use}">{file(use, f"{use.lower()}/1")}</mets:fileGrp>' for use in uses
    )
    document = mets(
        amd("A", tech("T", premis(digest=A))),
        f"<mets:fileSec>{groups}{files(file('PDF', 'https://x.example/all.pdf'))[14:-15]}"
        "</mets:fileSec>",
        structmap(
            div(
                fptr("PDF"),
                div(*(fptr(use) for use in uses), attributes='ADMID="A"'),
                attributes='TYPE="physSequence"',
            )
        ),
    )
    found = parse(document)
    assert {each.path: each.digest for each in found.files if each.digest} == {"original/1": A}
    assert [fault.path for fault in found.untied] == ["https://x.example/all.pdf"]
    assert len(found.files) == len(uses)


def test_goobis_own_records_in_an_extension_give_no_title_and_lose_nothing() -> None:
    inner = '<goobi:metadata xmlns:goobi="http://meta.goobi.org/v1.5.1/" name="TitleDocMain">T</goobi:metadata>'  # noqa: E501
    document = mets(
        '<mets:dmdSec ID="D"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods><mods:extension>'
        f"{inner}</mods:extension></mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>",
        files(
            file("W", "file:///C:/opt/1.tif"),
            file("U", "file:///opt/digiverso/1.tif"),
            file("F", "objects/1.tif"),
        ),
        structmap(item("W"), item("U"), item("F"), folder("objects")),
        attributes='LABEL="fallback"',
    )
    found = parse(document)
    assert found.title == "fallback"
    assert [each.path for each in found.files] == ["objects/1.tif"]
    assert [fault.path for fault in found.untied] == [
        "file:///C:/opt/1.tif",
        "file:///opt/digiverso/1.tif",
    ]


def test_a_location_that_leads_out_is_named_before_a_handle_beside_it() -> None:
    two = (
        '<mets:file ID="F"><mets:FLocat LOCTYPE="HANDLE" xlink:href="hdl:1/2"/>'
        '<mets:FLocat LOCTYPE="OTHER" xlink:href="../astray"/></mets:file>'
    )
    found = parse(mets(files(two), structmap(item("F"))))
    assert [fault.path for fault in found.untied] == ["../astray"]


def test_a_file_with_nothing_but_what_is_embedded_deleted_or_external() -> None:
    """Each is told, none is taken for a path, and none loses the others."""
    document = mets(
        files(
            '<mets:file ID="E"><mets:FContent><mets:binData>AAAA</mets:binData></mets:FContent>'
            "</mets:file>",
            file("H", "hdl:loc.ndnp/1"),
            file("U", "urn:nbn:de:1"),
            file("G", "good"),
        ),
        '<mets:fileSec><mets:fileGrp USE="deleted">' + file("D", None) + "</mets:fileGrp>"
        "</mets:fileSec>",
        structmap(item("E"), item("H"), item("U"), item("D"), item("G")),
    )
    found = parse(document)
    assert [each.path for each in found.files] == ["good"]
    assert [fault.path for fault in found.untied] == ["hdl:loc.ndnp/1", "urn:nbn:de:1"]
    assert codes(found) == ["file-without-location", "file-without-location"]
