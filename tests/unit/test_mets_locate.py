"""Which file of a deposit is the METS."""

from __future__ import annotations

import pytest

from strongroom.mets.locate import Located, choose, is_mets_name
from unit.mets_build import mets

METS = mets().encode()
WRAPPED = b"<?xml version='1.0'?><!-- a --><mets-objects>" + METS + b"</mets-objects>"
TEI = b'<TEI xmlns="http://www.tei-c.org/ns/1.0"><text/></TEI>'


def no_content(path: str) -> bytes:
    raise AssertionError(f"{path} was read, though a name was enough")


@pytest.mark.contract("17.14")
@pytest.mark.parametrize(
    ("name", "strict", "loose"),
    [
        ("mets.xml", True, True),
        ("METS.XML", True, True),
        ("b1_mets.xml", False, True),
        ("METS-b1.Xml", False, True),
        ("metsuitjes.xml", False, True),
        ("b29356350.xml", False, False),
        ("mets.xml.bak", False, False),
        ("mets.txt", False, False),
        (".xml", False, False),
    ],
)
def test_names(name: str, strict: bool, loose: bool) -> None:
    assert is_mets_name(name, strict=True) is strict
    assert is_mets_name(name, strict=False) is loose


@pytest.mark.contract("17.14")
@pytest.mark.parametrize(
    ("root", "data", "path", "warned"),
    [
        (["a.txt", "mets.xml"], [], "mets.xml", None),
        (["a-mets.xml", "METS.xml"], ["mets.xml"], "METS.xml", None),
        (["xyz-mets-notes.xml"], ["mets.xml"], "xyz-mets-notes.xml", None),
        (["zz-mets.xml", "b-mets.xml", "aa-mets.xml"], [], "b-mets.xml", "zz-mets.xml"),
        (["b-mets.xml", "a-mets.xml"], [], "a-mets.xml", "b-mets.xml"),
        (["mets.xml", "METS.xml"], [], "mets.xml", "METS.xml"),
        (["bagit.txt"], ["mets.xml", "x-mets.xml"], "data/mets.xml", None),
        (["bagit.txt"], ["x-mets.xml"], "data/x-mets.xml", None),
        (["bagit.txt"], ["x-mets.xml", "y-mets.xml"], "data/x-mets.xml", "data/y-mets.xml"),
    ],
)
def test_by_name(root: list[str], data: list[str], path: str, warned: str | None) -> None:
    for names in (root, list(reversed(root))):
        found = choose(names, data, no_content)
        assert found is not None
        assert (found.path, found.in_data) == (path, path.startswith("data/"))
        if warned is None:
            assert found.warnings == ()
        else:
            (fault,) = found.warnings
            assert fault.code == "several-mets"
            assert fault.found is not None
            assert warned in fault.found
            assert path in fault.found


def test_by_content_where_no_name_says_so() -> None:
    contents = {
        "tei.xml": TEI,
        "b29356350.xml": METS,
        "notes.txt": METS,
        "data/w.xml": WRAPPED,
        "broken.xml": b"\x00\xff",
        "empty.xml": b"",
    }
    root = [name for name in contents if "/" not in name]
    assert choose(root, ["w.xml"], contents.__getitem__) == Located(
        path="b29356350.xml", in_data=False
    )
    assert choose(["tei.xml", "broken.xml", "empty.xml"], ["w.xml"], contents.__getitem__) == (
        Located(path="data/w.xml", in_data=True)
    )
    assert choose(["tei.xml", "notes.txt"], [], contents.__getitem__) is None
    assert choose([], [], no_content) is None


def test_several_by_content_are_told() -> None:
    found = choose(["bb.xml", "aa.xml", "ccc.xml"], [], lambda _: METS)
    assert found is not None
    assert found.path == "aa.xml"
    assert found.warnings[0].found == "aa.xml, bb.xml, ccc.xml"


@pytest.mark.parametrize(
    ("start", "is_mets"),
    [
        (METS, True),
        (b"\xef\xbb\xbf" + METS, True),
        (mets("<mets:metsHdr/>" * 9).encode()[:-50], True),
        (WRAPPED, True),
        (b"<w>text<a/>" + METS, False),
        (b"<w><v>" + METS, False),
        (b'<mets xmlns="http://www.loc.gov/METS/v2">', True),
        (b"<mets>", False),
        (b"<!DOCTYPE mets:mets SYSTEM 'x'><mets:mets>", True),
        (b"<!DOCTYPE html><html>", False),
        (mets().encode("utf-16"), True),
    ],
)
def test_what_starts_like_mets(start: bytes, is_mets: bool) -> None:
    found = choose(["x.xml"], [], lambda _: start)
    assert (found is not None) is is_mets
