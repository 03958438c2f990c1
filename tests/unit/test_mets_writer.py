"""What is written is METS of the known form, and says on reading what it was given."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from strongroom.domain.description import DescribedFile, DescribedFolder, Description
from strongroom.domain.paths import ancestors, slug
from strongroom.errors import Unprocessable
from strongroom.mets.ids import escape, unescape
from strongroom.mets.reader import read
from strongroom.mets.writer import PLATFORM_AGENT, skeleton, stream, write

CREATED = datetime(2026, 1, 21, 10, 17, 24, 744419, tzinfo=UTC)
M = "{http://www.loc.gov/METS/}"
P = "{http://www.loc.gov/premis/v3}"
A = "a" * 64

START = (
    b'<mets:mets xmlns:mods="http://www.loc.gov/mods/v3" '
    b'xmlns:premis="http://www.loc.gov/premis/v3" xmlns:xlink="http://www.w3.org/1999/xlink" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xmlns:mets="http://www.loc.gov/METS/"><mets:metsHdr '
)


def told(data: bytes) -> Description:
    """What is read, without what only the XML's own ids and folders' originalName say."""
    found = read(io.BytesIO(data))
    assert (found.untied, found.warnings) == ((), ())
    assert all(file.div_id and file.admin_id for file in found.files)
    return replace(
        found,
        files=tuple(replace(file, div_id=None, admin_id=None) for file in found.files),
        folders=tuple(
            replace(folder, div_id=None, admin_id=None, original_name=None)
            for folder in found.folders
        ),
    )


def tree(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


def made(*files: DescribedFile, folders: tuple[DescribedFolder, ...] = ()) -> bytes:
    return write(title="T", files=files, folders=folders, created=CREATED)


def test_the_skeleton() -> None:
    data = skeleton(title="A & B", created=CREATED)
    assert data.startswith(START + b'CREATEDATE="2026-01-21T10:17:24.744419+00:00">')
    assert b"xmlns=" not in data
    root = tree(data)
    assert [child.tag.removeprefix(M) for child in root] == [
        "metsHdr",
        "dmdSec",
        "amdSec",
        "amdSec",
        "amdSec",
        "fileSec",
        "structMap",
    ]
    assert len(root.findall(f".//{M}div")) == 4
    assert [name.text for name in root.iter(f"{P}originalName")] == [
        "objects",
        "metadata",
        "metadata/ad-hoc",
    ]
    assert [group.get("USE") for group in root.iter(f"{M}fileGrp")] == ["OBJECTS"]
    (top,) = root.findall(f"{M}structMap[@TYPE='PHYSICAL']/{M}div")
    assert dict(top.attrib) == {
        "ID": "PHYS_ROOT",
        "LABEL": "__ROOT",
        "DMDID": "DMD_PHYS_ROOT",
        "TYPE": "Directory",
    }
    assert [div.get("LABEL") for div in top.iter(f"{M}div")] == [
        "__ROOT",
        "metadata",
        "ad-hoc",
        "objects",
    ]
    # a DMDID for which there is no dmdSec would be a dangling reference
    assert [div.get("DMDID") for div in top.iter(f"{M}div") if div.get("DMDID")] == [
        "DMD_PHYS_ROOT"
    ]
    found = told(data)
    assert (found.title, found.agent, found.editable) == ("A & B", PLATFORM_AGENT, True)
    assert found.files == ()
    assert {(f.path, f.name, f.guessed) for f in found.folders} == {
        ("objects", "objects", False),
        ("metadata", "metadata", False),
        ("metadata/ad-hoc", "ad-hoc", False),
    }


def test_a_skeleton_without_a_title() -> None:
    for title in (None, "", "  "):
        assert told(skeleton(title=title, created=CREATED)).title == "[Untitled]"


def test_a_file_in_full() -> None:
    file = DescribedFile(
        path="objects/my page.tif",
        name='Page <1> & "2"',
        content_type="image/tiff",
        size=0,
        digest=A,
        pronom_key="fmt/353",
        format_name="Tagged Image File Format",
    )
    root = tree(made(file))
    (entry,) = root.iter(f"{M}file")
    assert dict(entry.attrib) == {
        "ID": "FILE_objects_x002F_my_x0020_page.tif",
        "ADMID": "ADM_objects_x002F_my_x0020_page.tif",
        "MIMETYPE": "image/tiff",
        "SIZE": "0",
        "CHECKSUM": A,
        "CHECKSUMTYPE": "SHA-256",
    }
    (flocat,) = entry
    assert dict(flocat.attrib) == {
        "LOCTYPE": "URL",
        "{http://www.w3.org/1999/xlink}type": "simple",
        "{http://www.w3.org/1999/xlink}href": "objects/my page.tif",
    }
    section = root.find(f"{M}amdSec[@ID='{entry.get('ADMID')}']")
    assert section is not None
    (stated,) = section.iter(f"{P}object")
    assert [(e.tag.removeprefix(P), e.text) for e in stated.iter() if e.text] == [
        ("objectIdentifierType", "local"),
        ("objectIdentifierValue", "objects/my page.tif"),
        ("messageDigestAlgorithm", "SHA256"),
        ("messageDigest", A),
        ("size", "0"),
        ("formatName", "Tagged Image File Format"),
        ("formatRegistryName", "PRONOM"),
        ("formatRegistryKey", "fmt/353"),
        ("originalName", "objects/my page.tif"),
    ]
    item = root.find(f".//{M}div[@TYPE='Item']")
    assert item is not None
    assert item.get("LABEL") == file.name
    assert [child.get("FILEID") for child in item] == [entry.get("ID")]
    assert told(made(file)).files == (replace(file, original_name=file.path),)


def test_a_file_of_which_nothing_is_known() -> None:
    data = made(DescribedFile(path="x", content_type="dlip/not-identified"))
    (entry,) = tree(data).iter(f"{M}file")
    assert set(entry.attrib) == {"ID", "ADMID"}
    assert told(data).files == (DescribedFile(path="x", name="x", original_name="x"),)


def test_siblings_are_sorted_by_label_without_case() -> None:
    data = made(
        DescribedFile(path="d/1", name="b"),
        DescribedFile(path="d/2", name="a"),
        DescribedFile(path="d/3", name="B"),
        DescribedFile(path="d/4", name="Ä"),
        DescribedFile(path="d/e/5", name="x"),
        folders=(DescribedFolder(path="d/e", name="AA"),),
    )
    root = tree(data)
    assert [div.get("LABEL") for div in root.iter(f"{M}div")] == [
        "__ROOT",
        "d",
        "a",
        "AA",
        "x",
        "B",
        "b",
        "Ä",
    ]


def test_the_same_input_gives_the_same_bytes() -> None:
    files = [DescribedFile(path=f"d{n % 7}/f{n}", size=n) for n in range(100)]
    first = write(title="T", files=files, created=CREATED)
    assert write(title="T", files=iter(files), created=CREATED) == first


def test_the_offset_of_the_moment_is_kept() -> None:
    moment = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    assert b'CREATEDATE="2026-07-01T12:00:00+01:00"' in skeleton(title="x", created=moment)


def test_another_agent_is_not_editable() -> None:
    found = told(write(title="T", files=(), created=CREATED, agent="Someone <else>"))
    assert (found.agent, found.editable) == ("Someone <else>", False)


def test_what_no_mets_can_carry_is_refused_all_at_once() -> None:
    files = [
        DescribedFile(path=path)
        for path in (
            "a\x00b",
            "a\nb",
            "a\ud800",
            "a\ufffe",
            "../x",
            "/abs",
            "a//b",
            "./a",
            "",
            "dir/",
            "twice",
            "twice",
            "both",
            "fine",
        )
    ]
    files += [
        DescribedFile(path="digest", digest="a" * 40),
        DescribedFile(path="size", size=-1),
        DescribedFile(path="both/below"),
    ]
    with pytest.raises(Unprocessable) as caught:
        write(
            title="T",
            files=files,
            folders=[DescribedFolder(path="f\x01"), DescribedFolder(path="fine")],
            created=CREATED,
        )
    assert caught.value.problem == "bad-description"
    named = [fault.path for fault in caught.value.faults]
    for path in (
        "a\x00b",
        "a\nb",
        "a\\ud800",
        "a\ufffe",
        "../x",
        "/abs",
        "a//b",
        "./a",
        "",
        "dir/",
        "twice",
        "both",
        "digest",
        "size",
        "f\x01",
        "fine",
    ):
        assert path in named
    for fault in caught.value.faults:
        # an answer in UTF-8 can carry it
        assert fault.path is not None
        assert fault.path.encode().decode() == fault.path


def test_what_xml_cannot_carry_is_replaced_in_names() -> None:
    data = write(
        title="t\x00itle",
        files=[DescribedFile(path="a", name="n\x1b\ud800\uffff", format_name="f\x02")],
        created=CREATED,
    )
    found = told(data)
    assert found.title == "t\ufffditle"
    assert found.files[0].name == "n\ufffd\ufffd\ufffd"
    assert found.files[0].format_name == "f\ufffd"


# ------------------------------------------------------------------------------- round trips

_CHARACTERS = st.characters(
    exclude_characters="/\x7f\ufffe\uffff", exclude_categories=("Cs",), min_codepoint=32
)
_SPECIAL = st.sampled_from(
    [
        "my file.pdf",
        "two  spaces",
        " outer ",
        "AT&T guide.pdf",
        "résumé.pdf",
        unicodedata.normalize("NFD", "résumé.pdf"),
        "a#b?c",
        "100%",
        "a%20b",
        "a+b",
        '"quoted"',
        "it's",
        "<tag>",
        "]]>",
        "😀.txt",
        "ROOT",
        "_x0041_",
        "_x",
        "x",
        "_",
        "draft:1.txt",
        "file:x",
        "b\\c",
        "a.",
        "...",
        "ﬁ",
        "ß",
        "İ",
        "n" * 255,
        "\u2028",
        "\u00a0",
        "\u202e",
    ]
)
_SEGMENTS = (_SPECIAL | st.text(_CHARACTERS, min_size=1, max_size=8)).filter(
    lambda text: text not in (".", "..")
)
_PATHS = st.lists(_SEGMENTS, min_size=1, max_size=4).map("/".join)
_LABELS = st.none() | st.text(
    st.characters(exclude_characters="\ufffe\uffff", exclude_categories=("Cs", "Cc"))
    | st.sampled_from("\t\n\r"),
    min_size=1,
    max_size=10,
)
_FILES = st.builds(
    DescribedFile,
    path=_PATHS,
    name=_LABELS,
    content_type=st.none() | st.sampled_from(["image/tiff", "text/plain; charset=utf-8"]),
    size=st.none() | st.integers(0, 2**63 - 1),
    digest=st.none() | st.integers(0, 2**256 - 1).map(lambda n: f"{n:064x}"),
    pronom_key=st.none() | st.sampled_from(["fmt/43", "x-fmt/111", "UNKNOWN"]),
    format_name=st.none() | st.sampled_from(["JPEG <1>", "PDF & more"]),
)
_FOLDERS = st.builds(DescribedFolder, path=_PATHS, name=_LABELS)


def _apart(
    files: list[DescribedFile], folders: list[DescribedFolder]
) -> tuple[list[DescribedFile], list[DescribedFolder]]:
    """The same without paths that are folders and files at once, or listed twice."""
    taken = {folder.path for folder in folders}
    for path in [f.path for f in files] + [f.path for f in folders]:
        taken.update(ancestors(path))
    kept = {file.path: file for file in files if file.path not in taken}
    return list(kept.values()), list({folder.path: folder for folder in folders}.values())


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_FILES, max_size=8), st.lists(_FOLDERS, max_size=4), st.text(_CHARACTERS))
@example([DescribedFile(path=" ")], [DescribedFolder(path="  / ")], " \u00a0x ")
@example([DescribedFile(path="draft:1")], [DescribedFolder(path="file:x")], "a: b")
@example([DescribedFile(path="C:\\x")], [DescribedFolder(path="http:/h")], "")
def test_reading_gives_back_what_was_written(
    files: list[DescribedFile], folders: list[DescribedFolder], title: str
) -> None:
    files, folders = _apart(files, folders)
    data = write(title=title, files=files, folders=folders, created=CREATED)
    assert write(title=title, files=files, folders=folders, created=CREATED) == data
    found = told(data)
    assert found.title == (title.strip() or "[Untitled]")
    assert {file.path: file for file in found.files} == {
        file.path: replace(file, name=file.name or slug(file.path), original_name=file.path)
        for file in files
    }
    expected = {path: slug(path) for f in (*files, *folders) for path in ancestors(f.path)} | {
        folder.path: folder.name or slug(folder.path) for folder in folders
    }
    assert {folder.path: folder.name for folder in found.folders} == expected
    assert not any(folder.guessed for folder in found.folders)
    # a parser of another make sees the same document, with unique ids that every one resolves
    root = tree(data)
    ids = [value for element in root.iter() if (value := element.get("ID")) is not None]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9._\-]*", value) for value in ids)
    for element in root.iter():
        for reference in ("ADMID", "DMDID", "FILEID"):
            assert element.get(reference, ids[0]) in ids


@given(st.text(max_size=20) | _PATHS)
@example("_x0041_")
@example("_xx0041_")
@example("ROOT")
@example("_x0052_OOT")
def test_ids_are_reversible_single_tokens(path: str) -> None:
    tail = escape(path)
    assert unescape(tail) == path
    assert re.fullmatch(r"[A-Za-z0-9._\-]*", tail)
    assert tail != "ROOT"


def test_many_files_come_back() -> None:
    files = [DescribedFile(path=f"d{n // 100}/{n}", size=n, digest=A) for n in range(5_000)]
    found = told(write(title="T", files=files, created=CREATED))
    assert sorted(f.path for f in found.files) == sorted(f.path for f in files)
    assert len(found.folders) == 50


def test_a_large_mets_comes_in_pieces_and_faults_before_the_first() -> None:
    files = [DescribedFile(path=f"objects/{n:05}", digest="a" * 64) for n in range(2_000)]
    pieces = list(stream(title="x", files=files, created=CREATED))
    assert len(pieces) > 10
    assert max(map(len, pieces)) < 2 * (1 << 16)
    assert b"".join(pieces) == write(title="x", files=files, created=CREATED)
    with pytest.raises(Unprocessable):
        stream(title="x", files=[*files, files[0]], created=CREATED)


def test_the_place_of_a_folder_is_written() -> None:
    place = "http://localhost/repository/a/objects"
    folder = DescribedFolder(path="objects", name="The objects", storage_location=place)
    (found,) = told(write(title="x", files=(), folders=[folder], created=CREATED)).folders
    assert (found.name, found.storage_location) == ("The objects", place)
