"""How the reader treats what is wrong, doubtful or missing: each entry for itself."""

from __future__ import annotations

import io

import pytest

from strongroom.errors import Unprocessable
from strongroom.mets.reader import read
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


@pytest.mark.parametrize(
    "href",
    [
        "../../etc/passwd",
        "objects/../../x",
        "/etc/passwd",
        "file:///opt/digiverso/a.tif",
        "file:/opt/a.tif",
        "file:C:/a.tif",
        "file:http://h/x",
        "C:\\a.tif",
        "https://example.org/a.jpg",
        "http://h/x/y.jpg",
        "s3://bucket/key",
        "urn:nbn:de:1",
        "a&#10;b",
        "objects/",
        "",
        ".",
    ],
)
def test_an_href_to_no_path_is_untied_and_loses_nothing_else(href: str) -> None:
    found = parse(
        mets(
            files(file("BAD", href), file("GOOD", "objects/good.txt")),
            "\n\n",
            structmap(item("BAD"), item("GOOD")),
        )
    )
    assert [f.path for f in found.files] == ["objects/good.txt"]
    (fault,) = found.untied
    assert fault.code == "untied-entry"
    assert fault.path == (href.replace("&#10;", "\n") or "BAD")
    assert "line 1" in fault.message


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("./objects/a.txt", "objects/a.txt"),
        ("objects//a.txt", "objects/a.txt"),
        ("objects/./a.txt", "objects/a.txt"),
        ("file:objects/a.txt", "objects/a.txt"),
        ("FILE:./a.txt", "a.txt"),
        ("a%20b.txt", "a%20b.txt"),
        ("%2e%2e/a", "%2e%2e/a"),
        ("a#b?c.txt", "a#b?c.txt"),
        ("objects/12:30.txt", "objects/12:30.txt"),
        ("..a/b..", "..a/b.."),
    ],
)
def test_an_href_is_cleaned_but_not_decoded(href: str, path: str) -> None:
    assert only(parse(mets(files(file("F", href)), structmap(item("F"))))).path == path


def test_dangling_and_empty_pointers_are_untied() -> None:
    found = parse(
        mets(
            files(
                file("F", "a"),
                '<mets:file ID="N"/>',
                "<mets:file ID='M'><mets:FLocat/></mets:file>",
            ),
            "\n",
            structmap(item("F"), item("nowhere"), div("<mets:fptr/>"), item("N"), item("M")),
        )
    )
    assert [f.path for f in found.files] == ["a"]
    assert [fault.path for fault in found.untied] == ["nowhere", None, "N", "M"]
    assert "(line 2)" in found.untied[0].message
    assert "(line 1)" in found.untied[2].message
    assert {fault.code for fault in found.untied} == {"untied-entry"}


def test_the_line_is_told_far_down_in_a_file() -> None:
    found = parse(mets("\n" * 70_000, files(file("F", "../x")), structmap(item("F"))))
    assert "(line 70001)" in found.untied[0].message


def test_duplicate_ids_the_first_counts() -> None:
    found = parse(
        mets(
            amd("A", tech("T", premis(digest=A))),
            amd("A", tech("T", premis(digest=B))),
            files(file("F", "one", 'ADMID="A"'), file("F", "two")),
            structmap(item("F")),
        )
    )
    assert [(f.path, f.digest) for f in found.files] == [("one", A), ("two", None)]
    assert sorted(codes(found)) == ["duplicate-id"] * 3 + ["not-in-structmap"]


def test_the_same_path_twice_is_merged() -> None:
    found = parse(
        mets(
            amd("A", tech("T", premis(digest=A, size=None))),
            files(file("F", "x", 'ADMID="A"'), file("G", "./x", 'SIZE="5" MIMETYPE="text/plain"')),
            structmap(item("F"), item("G", "Ex"), item("F", "later")),
        )
    )
    described = only(found)
    assert (described.digest, described.size, described.content_type) == (A, 5, "text/plain")
    assert described.name == "Ex"
    assert codes(found) == ["duplicate-path"]


def test_contradicting_digests_are_both_told() -> None:
    twice = parse(
        mets(
            files(
                file("F", "x", f'CHECKSUM="{A}" CHECKSUMTYPE="SHA-256"'),
                file("G", "x", f'CHECKSUM="{B}" CHECKSUMTYPE="sha256"'),
            ),
            structmap(item("F"), item("G")),
        )
    )
    assert [(f.path, f.digest) for f in twice.files] == [("x", A), ("x", B)]
    within = parse(
        mets(
            amd("A", tech("T", premis(digest=A))),
            files(file("F", "x", f'ADMID="A" CHECKSUM="{B}" CHECKSUMTYPE="SHA-256"')),
            structmap(item("F")),
        )
    )
    assert [(f.path, f.digest) for f in within.files] == [("x", A), ("x", B)]
    assert codes(within) == ["digest-conflict"]


def test_the_latest_section_counts_before_its_elders() -> None:
    found = only(
        parse(
            mets(
                amd(
                    "A",
                    tech("T1", premis(digest=A, size=1), 'CREATED="2020-01-01"'),
                    tech("T2", premis(digest=B, size=None), 'CREATED="2021-01-01"'),
                ),
                files(file("F", "x", 'ADMID="A"')),
                structmap(item("F")),
            )
        )
    )
    assert (found.digest, found.size) == (B, 1)


@pytest.mark.parametrize(
    ("algorithm", "value", "digest"),
    [
        ("SHA256", A, A),
        (" sha-256 ", A.upper(), A),
        ("SHA_256", f"  {A}\n", A),
        ("SHA2-256", A, A),
        ("http://id.loc.gov/vocabulary/preservation/cryptographicHashFunctions/sha256", A, A),
        ("MD5", A, None),
        ("SHA-512/256", A, None),
        ("sha3-256", A, None),
        ("hmac-sha256", A, None),
        ("sha256", "a" * 63, None),
        ("sha256", "g" * 64, None),
        ("sha256", "", None),
        ("", A, None),
    ],
)
def test_what_counts_as_a_digest(algorithm: str, value: str, digest: str | None) -> None:
    found = parse(
        mets(
            amd("A", tech("T", premis(digest=value, algorithm=algorithm))),
            files(file("F", "x", 'ADMID="A"')),
            structmap(item("F")),
        )
    )
    assert only(found).digest == digest
    odd = digest is None and value not in (A, "")
    assert codes(found) == (["digest-not-sha256"] if odd else [])


@pytest.mark.parametrize(
    ("size", "read_as"),
    [
        ("0", 0),
        (" 7\n", 7),
        ("007", 7),
        ("-1", None),
        ("1e3", None),
        ("9" * 5000, None),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("٣", None),
    ],
)
def test_sizes(size: str, read_as: int | None) -> None:
    found = parse(
        mets(
            amd("A", tech("T", premis(size=size))),
            files(file("F", "x", 'ADMID="A"'), file("G", "y", f'SIZE="{size.strip()}"')),
            structmap(item("F"), item("G")),
        )
    )
    assert [f.size for f in found.files] == [read_as, read_as]
    assert codes(found) == ([] if read_as is not None else ["bad-size", "bad-size"])


def test_the_premis_size_falls_back_to_the_attribute() -> None:
    found = only(
        parse(
            mets(
                amd("A", tech("T", premis(size="many"))),
                files(file("F", "x", 'ADMID="A" SIZE="4" MIMETYPE="dlip/not-identified"')),
                structmap(item("F")),
            )
        )
    )
    assert found.size == 4
    assert found.content_type is None


def test_formats() -> None:
    def described(more: str) -> tuple[str | None, str | None]:
        found = only(
            parse(
                mets(
                    amd("A", tech("T", premis(more=more))),
                    files(file("F", "x", 'ADMID="A"')),
                    structmap(item("F")),
                )
            )
        )
        return found.format_name, found.pronom_key

    def form(name: str, registry: str, key: str) -> str:
        return (
            f"<premis:format><premis:formatDesignation><premis:formatName>{name}"
            "</premis:formatName></premis:formatDesignation><premis:formatRegistry>"
            f"<premis:formatRegistryName>{registry}</premis:formatRegistryName>"
            f"<premis:formatRegistryKey>{key}</premis:formatRegistryKey></premis:formatRegistry>"
            "</premis:format>"
        )

    assert described("") == (None, None)
    assert described(form("Text", "PRONOM", "")) == ("Text", None)
    assert described(form("Unknown", "", "")) == (None, None)
    assert described(form("T", "MIME", "text/plain") + form("P", "Pronom", "fmt/1")) == (
        "P",
        "fmt/1",
    )
    assert described(form("T", "MIME", "text/plain")) == ("T", None)
    assert described(form("T", "", "x-fmt/111")) == ("T", "x-fmt/111")


def test_a_file_of_its_own_section_and_its_divs() -> None:
    found = parse(
        mets(
            amd("OWN", tech("T1", premis(digest=A, size=None))),
            amd("DIV", tech("T2", premis(digest=B, size=9))),
            files(file("F", "x", 'ADMID="OWN"'), file("G", "y"), file("H", "z")),
            structmap(
                div(fptr("F"), attributes='ADMID="DIV"'),
                div(fptr("G"), fptr("H"), attributes='ADMID="DIV"'),
            ),
        )
    )
    assert [(f.digest, f.size) for f in found.files] == [(A, 9), (B, 9), (None, None)]


def test_names_only_where_a_label_is_of_one_file() -> None:
    found = parse(
        mets(
            files(*(file(f"F{n}", f"d/{n}") for n in range(6))),
            structmap(
                folder(
                    "D",
                    fptr("F0"),
                    item("F1", " One "),
                    div(fptr("F2"), fptr("F3"), attributes='LABEL="both"'),
                    item("F4"),
                    item("F5", ""),
                )
            ),
        )
    )
    assert [f.name for f in found.files] == [None, " One ", None, None, None, None]


def test_files_without_a_structmap_and_beside_it() -> None:
    flat = parse(mets(files(file("F", "a"), file("G", "b"))))
    assert [f.path for f in flat.files] == ["a", "b"]
    assert codes(flat) == ["no-structmap"]
    beside = parse(
        mets(
            files(file("F", "a"), file("G", "b"), file("X", "https://x.example/")),
            '<mets:fileSec><mets:fileGrp USE="deleted">'
            + file("D", "gone")
            + "</mets:fileGrp></mets:fileSec>",
            structmap(item("F")),
        )
    )
    assert [f.path for f in beside.files] == ["a", "b"]
    assert codes(beside) == ["not-in-structmap", "deleted-file"]
    assert [fault.path for fault in beside.untied] == ["https://x.example/"]


def test_which_structmap() -> None:
    both = files(file("F", "a"), file("G", "b", 'USE="deleted"'))

    def chosen(*kinds: str | None) -> list[str | None]:
        maps = [structmap(item("F", f"{n}"), kind=kind) for n, kind in enumerate(kinds)]
        return [f.name for f in parse(mets(both, *maps)).files]

    assert chosen("logical", "PHYSICAL", "physical") == ["1"]
    assert chosen(None, "other", "Physical") == ["2"]
    assert chosen("LOGICAL", "other", None) == ["1"]
    assert chosen("LOGICAL") == ["0"]


def test_folders_are_aligned_with_the_files_in_them() -> None:
    found = parse(
        mets(
            files(
                file("F", "objects/outer/inner/f.txt"),
                file("G", "objects/other/g.txt"),
                file("H", "objects/h.txt"),
            ),
            structmap(
                folder(
                    "PKG",
                    folder(
                        "The Objects",
                        folder("Empty"),
                        folder("Outer", folder("Inner", item("F"))),
                        div(folder("Other", item("G")), attributes='TYPE="wrapper"'),
                        item("H"),
                    ),
                )
            ),
        )
    )
    assert {f.path: (f.name, f.guessed) for f in found.folders} == {
        "objects": ("The Objects", False),
        "objects/outer": ("Outer", False),
        "objects/outer/inner": ("Inner", False),
        "objects/other": ("Other", False),
        "objects/Empty": ("Empty", True),
    }
    assert codes(found) == ["folder-guessed"]


def test_a_folder_lies_where_its_original_name_says() -> None:
    def stated(section_id: str, name: str) -> str:
        return amd(
            section_id,
            tech(
                "T" + section_id,
                '<premis:object xsi:type="premis:file"><premis:objectCharacteristics/>'
                f"<premis:originalName>{name}</premis:originalName></premis:object>",
            ),
        )

    found = parse(
        mets(
            stated("A", "objects/new folder"),
            stated("B", "%transferDirectory%objects/Old Name/"),
            stated("C", "../up"),
            stated("D", "metadata"),
            files(file("F", "objects/old_name/f")),
            structmap(
                folder(
                    "__ROOT",
                    folder(
                        "objects",
                        folder("New Folder", attributes='ADMID="A"'),
                        folder("Old Name", item("F"), attributes='ADMID="B"'),
                    ),
                    div(attributes='TYPE="Directory" ADMID="D"'),
                    folder("Up", attributes='ADMID="C"'),
                    folder("../../etc"),
                    div(attributes='TYPE="directory"'),
                )
            ),
        )
    )
    assert {f.path: (f.name, f.guessed) for f in found.folders} == {
        "objects": ("objects", False),
        "objects/new folder": ("New Folder", False),
        "objects/old_name": ("Old Name", False),
        "metadata": (None, False),
        "Up": ("Up", True),
    }
    assert [fault.path for fault in found.untied] == ["../../etc", None]
    assert sorted(codes(found)) == ["bad-original-name", "folder-guessed", "folder-without-label"]


def test_a_mets_inside_a_mets_does_not_leak_out() -> None:
    inner = mets(files(file("X", "../inner")), structmap(item("X")))
    found = parse(
        mets(
            tech("T", inner + premis(digest=B)),
            files(file("F", "a", 'ADMID="T"')),
            structmap(item("F")),
        )
    )
    assert only(found).digest == B


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", ["no element found"]),
        ("not xml", ["line 1"]),
        ("<html/>", ["html", "http://www.loc.gov/METS/"]),
        ("<mets/>", ["'mets'"]),
        ('<mets xmlns="http://www.loc.gov/METS/v2"/>', ["METS 2"]),
        ('<w><m:mets xmlns:m="http://www.loc.gov/METS/v2"/></w>', ["METS 2"]),
        ('<m:mets xmlns:m="http://www.loc.gov/METS/">\n<a></m:mets>', ["mismatched", "line 2"]),
        ("<mets:mets/>", ["unbound prefix"]),
    ],
)
def test_what_is_fatal_is_told_clearly(document: str, words: list[str]) -> None:
    with pytest.raises(Unprocessable) as caught:
        parse(document)
    assert caught.value.problem == "bad-mets"
    for word in words:
        assert word in caught.value.message


def test_the_limit_is_of_bytes() -> None:
    document = mets(structmap()).encode()
    assert read(io.BytesIO(document), limit=len(document)).files == ()
    with pytest.raises(Unprocessable, match="larger than"):
        read(io.BytesIO(document), limit=len(document) - 1)
