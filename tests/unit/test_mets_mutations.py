"""Real shapes of METS, broken at random: reading and editing end well or with an error of ours."""

from __future__ import annotations

import copy
import io
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.parsers import expat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from strongroom.domain.description import DescribedFile
from strongroom.domain.findings import ExifFinding, Tag, VirusFinding
from strongroom.errors import StrongroomError
from strongroom.mets.editing.changes import Change, PutFile, PutFolder, Remove, SetAccess
from strongroom.mets.editing.editor import edit
from strongroom.mets.hrefs import clean, written
from strongroom.mets.reader import read
from support import producers
from unit.mets_build import A, B

ROOT = Path(__file__).parents[2]
FIXTURES = Path(os.environ.get("STRONGROOM_FIXTURES") or ROOT / "../shared/fixtures") / "mets"
NOW = datetime(2026, 3, 4, tzinfo=UTC)

SHAPES = {each.name: each.write(each.files) for each in producers.PRODUCERS}
OURS = [name for name in SHAPES if name.startswith("platform")]
REAL = ("dlip-spaces-in-ids.xml", "dlip-special-characters.xml", "eprints-10315.xml")

Mutation = Callable[[random.Random, etree._Element], None]


def _elements(root: etree._Element) -> list[etree._Element]:
    return [each for each in root.iter() if isinstance(each.tag, str)]


def _delete(rng: random.Random, root: etree._Element) -> None:
    victim = rng.choice(_elements(root))
    above = victim.getparent()
    if above is not None:
        above.remove(victim)


def _duplicate(rng: random.Random, root: etree._Element) -> None:
    """Once more, somewhere: beside itself or where it does not belong."""
    elements = _elements(root)
    one = rng.choice(elements)
    if one is root:
        return
    target = one.getparent() if rng.random() < 0.5 else rng.choice(elements)
    assert target is not None
    target.insert(rng.randrange(len(target) + 1), copy.deepcopy(one))


def _move(rng: random.Random, root: etree._Element) -> None:
    elements = _elements(root)
    one, other = rng.choice(elements), rng.choice(elements)
    if one is not root and one not in (other, *other.iterancestors()):
        other.append(one)


def _rename(rng: random.Random, root: etree._Element) -> None:
    elements = _elements(root)
    rng.choice(elements).tag = rng.choice(elements).tag


def _drop_attribute(rng: random.Random, root: etree._Element) -> None:
    having = [each for each in _elements(root) if each.attrib]
    if having:
        one = rng.choice(having)
        del one.attrib[rng.choice(sorted(map(str, one.attrib)))]


def _copy_attribute(rng: random.Random, root: etree._Element) -> None:
    having = [each for each in _elements(root) if each.attrib]
    if having:
        one, other = rng.choice(having), rng.choice(having)
        name = rng.choice(sorted(map(str, one.attrib)))
        odd = ("", " ", "../x", "a  b", "objects", "ROOT", "😀")
        value = rng.choice([str(one.attrib[name]), *odd])
        other.attrib[rng.choice([name, *map(str, other.attrib)])] = value


def _change_text(rng: random.Random, root: etree._Element) -> None:
    rng.choice(_elements(root)).text = rng.choice(
        ["", " ", "-1", "9" * 400, "objects/../..", "virus check", "fail", "T" * 5000, None]
    )


def _strew(rng: random.Random, root: etree._Element) -> None:
    """A comment or an instruction where nobody expects one."""
    thing = etree.Comment("</mets:amdSec>") if rng.random() < 0.5 else etree.PI("pi", "<x>")
    rng.choice(_elements(root)).insert(0, thing)


MUTATIONS: list[Mutation] = [
    _delete,
    _duplicate,
    _move,
    _rename,
    _drop_attribute,
    _copy_attribute,
    _change_text,
    _strew,
]


def mutated(rng: random.Random, data: bytes) -> bytes:
    root = etree.fromstring(data)
    for _ in range(rng.randrange(1, 6)):
        rng.choice(MUTATIONS)(rng, root)
    changed = bytearray(etree.tostring(root))
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def canonical(root: etree._Element) -> str:
    found = etree.canonicalize(etree.tostring(root, encoding="unicode"))
    assert isinstance(found, str)
    return found


def shape(name: str) -> bytes:
    return SHAPES[name] if name in SHAPES else (FIXTURES / name).read_bytes()


_SHAPES = st.sampled_from([*SHAPES, *(name for name in REAL if (FIXTURES / name).exists())])
_ALL = settings(
    deadline=None,
    max_examples=int(os.environ.get("STRONGROOM_MUTATIONS") or 150),
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.timeout(240)
@_ALL
@given(st.randoms(use_true_random=False), _SHAPES)
def test_a_broken_mets_is_read_or_refused(rng: random.Random, name: str) -> None:
    data = mutated(rng, shape(name))
    try:
        found = read(io.BytesIO(data), keep_tags=tuple)
    except StrongroomError as error:
        assert error.message
        return
    for each in (*found.files, *found.folders):
        assert clean(written(each.path)) == each.path
    assert all(fault.code and fault.message for fault in (*found.untied, *found.warnings))


CHANGES: list[Change] = [
    PutFile(
        file=DescribedFile(
            path="objects/page 1.png",
            digest=B,
            size=7,
            content_type="image/png",
            pronom_key="fmt/13",
            format_name="PNG",
            storage_location="https://x.example/a",
            virus=VirusFinding(source="ClamAV", timestamp=NOW, has_virus=True, found="x"),
            exif=ExifFinding(source="ExifTool", tags=(Tag("ImageWidth", "9"), Tag("b", "c"))),
        )
    ),
    PutFile(file=DescribedFile(path="objects/new/file", digest=A)),
    PutFolder(path="objects/sub folder", name="Renamed"),
    Remove(path="objects/empty.txt"),
    Remove(path="objects/sub folder/page  2 & é.png"),
    SetAccess(path="", access_conditions=("Open",), rights_statement="https://r.example/"),
    SetAccess(path="objects/page 1.png", access_conditions=("Closed",)),
]


@pytest.mark.timeout(240)
@_ALL
@given(
    st.randoms(use_true_random=False),
    st.sampled_from(OURS),
    st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4),
)
def test_a_broken_mets_is_edited_or_refused(
    rng: random.Random, name: str, changes: list[Change]
) -> None:
    data = mutated(rng, SHAPES[name])
    target = io.BytesIO()
    try:
        edit(io.BytesIO(data), target, changes, now=NOW)
    except StrongroomError as error:
        assert error.message
        assert target.getvalue() == b""
        return
    expat.ParserCreate(namespace_separator=" ").Parse(target.getvalue(), True)


@_ALL
@given(st.randoms(use_true_random=False), st.sampled_from(OURS))
def test_what_no_edit_concerns_stays(rng: random.Random, name: str) -> None:
    """Comments, instructions, unknown elements and the order of all: the same canonical XML."""
    root = etree.fromstring(SHAPES[name])
    for _ in range(rng.randrange(1, 6)):
        _strew(rng, root)
        rng.choice(_elements(root)).append(etree.Element("{urn:x}unknown", {"{urn:y}a": "b"}))
    data = etree.tostring(root, encoding="utf-8")
    target = io.BytesIO()
    assert not edit(io.BytesIO(data), target, [], now=NOW).changed
    assert target.getvalue() == data
    target = io.BytesIO()
    edit(io.BytesIO(data), target, CHANGES[1:2], now=NOW)
    after = etree.fromstring(target.getvalue())
    for each in _elements(after):
        each.attrib.pop("LASTMODDATE", None)
        above = each.getparent()
        if above is not None and "objects_x002F_new" in each.get("ID", ""):
            assert each.tail is None
            above.remove(each)
    assert canonical(after) == canonical(root)


@pytest.mark.parametrize("name", OURS)
def test_each_change_alone_is_right_where_nothing_is_broken(name: str) -> None:
    before = {each.path: each for each in read(io.BytesIO(SHAPES[name])).files}
    for change in CHANGES:
        target = io.BytesIO()
        edit(io.BytesIO(SHAPES[name]), target, [change], now=NOW)
        after = {each.path: each for each in read(io.BytesIO(target.getvalue())).files}
        path = change.file.path if isinstance(change, PutFile) else change.path
        assert {p: f for p, f in after.items() if p != path} == {
            p: f for p, f in before.items() if p != path
        }
