"""What METS says beyond paths and digests: virus scans, properties, access, places, ids."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from strongroom.domain.findings import Tag
from strongroom.mets import moments
from strongroom.mets.reader import read
from unit.mets_build import amd, file, files, mets, parse, premis, tech

DIV = '<mets:div ID="D" LABEL="a.txt" TYPE="Item"><mets:fptr FILEID="F"/></mets:div>'


def event(
    *, kind: str = "virus check", when: str = "2026-01-21T10:00:00Z", outcome: str = "Pass",
    note: str = "", section: str = "V", detail: str = "ClamAV 1.4",
) -> str:  # fmt: skip
    return (
        f'<mets:digiprovMD ID="{section}"><mets:mdWrap MDTYPE="PREMIS:EVENT"><mets:xmlData>'
        f"<premis:event><premis:eventType>{kind}</premis:eventType>"
        f"<premis:eventDateTime>{when}</premis:eventDateTime>"
        f"<premis:eventDetailInformation><premis:eventDetail> {detail} </premis:eventDetail>"
        "</premis:eventDetailInformation><premis:eventOutcomeInformation>"
        f"<premis:eventOutcome>{outcome}</premis:eventOutcome><premis:eventOutcomeDetail>"
        f"<premis:eventOutcomeDetailNote>{note}</premis:eventOutcomeDetailNote>"
        "</premis:eventOutcomeDetail></premis:eventOutcomeInformation></premis:event>"
        "</mets:xmlData></mets:mdWrap></mets:digiprovMD>"
    )


def one_file(*sections: str, div: str = DIV, dmd: str = "") -> str:
    return mets(
        dmd,
        amd("A", *sections),
        files(file("F", "a.txt", 'ADMID="A"')),
        f'<mets:structMap TYPE="PHYSICAL"><mets:div TYPE="Directory" ID="R" LABEL="__ROOT">{div}'
        "</mets:div></mets:structMap>",
    )


def test_a_virus_that_was_found() -> None:
    [told] = parse(one_file(event(outcome=" FAIL ", note="Eicar-Signature"))).files
    assert told.virus is not None
    assert told.virus.has_virus
    assert (told.virus.found, told.virus.definition) == ("Eicar-Signature", "ClamAV 1.4")
    assert told.virus.timestamp == datetime(2026, 1, 21, 10, tzinfo=UTC)
    assert told.virus.source == "ClamAV"


def test_a_file_without_virus() -> None:
    [told] = parse(one_file(event(note="nothing"))).files
    assert told.virus is not None
    assert not told.virus.has_virus
    assert told.virus.found is None


def test_other_events_are_no_virus_scans() -> None:
    document = one_file(event(kind="fixity check", outcome="Fail"), event(kind="", section="W"))
    assert parse(document).files[0].virus is None


@pytest.mark.parametrize("turn", [1, -1])
def test_the_latest_scan_counts_wherever_it_stands(turn: int) -> None:
    scans = [
        event(when="2026-01-21T10:00:00+02:00", outcome="Fail", note="old", section="V1"),
        event(when="2026-01-21T09:00:00Z", section="V2", kind="Virus  Check"),
        event(when="no date", outcome="Fail", note="nobody knows when", section="V3"),
    ]
    [told] = parse(one_file(*scans[::turn])).files
    assert told.virus is not None
    assert not told.virus.has_virus


def test_one_files_scan_is_not_another_ones() -> None:
    # ids of which one begins like the other
    document = mets(
        amd("ADM_a", event(outcome="Fail", note="x", section="digiprovMD_ClamAV_ADM_a")),
        amd("ADM_a.txt", tech("T", premis())),
        files(file("F1", "a", 'ADMID="ADM_a"'), file("F2", "a.txt", 'ADMID="ADM_a.txt"')),
    )
    told = {each.path: each for each in parse(document).files}
    assert told["a"].virus is not None
    assert told["a.txt"].virus is None


def test_properties_are_read_where_they_are_wanted() -> None:
    exif = (
        "<premis:objectCharacteristicsExtension><ExifMetadata><ImageWidth>100</ImageWidth>"
        "<ZipFileName>a &amp; b</ZipFileName><ZipFileName>c</ZipFileName><Empty/>"
        "<RawOutput>all of it</RawOutput><size>12</size></ExifMetadata>"
        "</premis:objectCharacteristicsExtension>"
    )
    document = one_file(tech("T", premis(size=7, more=exif)))
    [told] = read(io.BytesIO(document.encode()), keep_tags=tuple).files
    assert told.exif is not None
    assert told.exif.tags == (
        Tag("ImageWidth", "100"),
        Tag("ZipFileName", "a & b"),
        Tag("ZipFileName", "c"),
        Tag("Empty", ""),
        Tag("size", "12"),
    )
    assert told.size == 7
    [quiet] = parse(document).files
    assert quiet.exif is None
    assert quiet.size == 7


def test_where_it_is_preserved() -> None:
    place = (
        "<premis:storage><premis:contentLocation><premis:contentLocationType>uri"
        "</premis:contentLocationType><premis:contentLocationValue> https://x.org/a"
        "</premis:contentLocationValue></premis:contentLocation></premis:storage>"
    )
    held = tech("T", f"<premis:object>{place}<premis:originalName>d</premis:originalName>"
                "</premis:object>")  # fmt: skip
    [told] = parse(one_file(held)).files
    assert told.storage_location == "https://x.org/a"
    empty = '<mets:div ID="PHYS_d" LABEL="D" TYPE="Directory" ADMID="A"/>'
    document = mets(
        amd("A", held),
        f'<mets:structMap><mets:div TYPE="Directory" LABEL="__ROOT">{empty}</mets:div>'
        "</mets:structMap>",
    )
    [folder] = parse(document).folders
    assert (folder.path, folder.original_name, folder.name) == ("d", "d", "D")
    assert folder.storage_location == "https://x.org/a"
    assert (folder.div_id, folder.admin_id) == ("PHYS_d", "A")


def dmd(section_id: str, *conditions: tuple[str, str]) -> str:
    inner = "".join(
        f'<mods:accessCondition type="{kind}">{text}</mods:accessCondition>'
        for kind, text in conditions
    )
    return (
        f'<mets:dmdSec ID="{section_id}"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
        f"{inner}</mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>"
    )


def test_who_may_see_one_file_or_one_folder() -> None:
    rights = "https://creativecommons.org/licenses/by/4.0/"
    document = mets(
        dmd("ROOT", ("restriction on access", "Open")),
        dmd("D1", ("restriction on access", "Closed"), ("restriction on access", "Staff")),
        dmd("D2", ("use and reproduction", rights), ("status", "Restricted")),
        files(file("F1", "d/a"), file("F2", "d/b")),
        '<mets:structMap TYPE="PHYSICAL"><mets:div TYPE="Directory" LABEL="__ROOT" DMDID="ROOT">'
        '<mets:div TYPE="Directory" LABEL="d" DMDID="D1 gone">'
        '<mets:div TYPE="Item" DMDID="D2"><mets:fptr FILEID="F1"/></mets:div>'
        '<mets:div TYPE="Item" DMDID="dangling"><mets:fptr FILEID="F2"/></mets:div>'
        "</mets:div></mets:div></mets:structMap>",
    )
    told = parse(document)
    assert told.access_conditions == ("Open",)
    [folder] = told.folders
    assert (folder.path, folder.access_conditions) == ("d", ("Closed", "Staff"))
    first, second = told.files
    assert (first.access_conditions, first.rights_statement) == (("Restricted",), rights)
    assert (second.access_conditions, second.rights_statement) == ((), None)


def test_ids_of_files() -> None:
    [told] = parse(one_file(tech("T", premis()))).files
    assert (told.div_id, told.admin_id) == ("D", "A")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (
            "2026-01-21T10:17:24.7444199+00:00",
            datetime(2026, 1, 21, 10, 17, 24, 744419, tzinfo=UTC),
        ),
        ("2026-01-21T10:17:24+02:00", datetime(2026, 1, 21, 8, 17, 24, tzinfo=UTC)),
        ("2026-01-21T10:17:24", datetime(2026, 1, 21, 10, 17, 24, tzinfo=UTC)),
        ("2026-01-21", datetime(2026, 1, 21, tzinfo=UTC)),
        ("Wednesday, 21 January 2026", datetime(2026, 1, 21, tzinfo=UTC)),
        ("\n 21 January 2026 ", datetime(2026, 1, 21, tzinfo=UTC)),
        ("Wednesday, January 21, 2026", datetime(2026, 1, 21, tzinfo=UTC)),
        ("31 February 2026", None),
        ("Mercredi, 21 janvier 2026", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    assert moments.parse(text) == moment
