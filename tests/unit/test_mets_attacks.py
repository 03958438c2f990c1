"""Hostile METS: nothing is fetched or expanded, nothing hangs, and only our own errors come out."""

from __future__ import annotations

import io
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from strongroom.domain.description import Description
from strongroom.errors import StrongroomError, Unprocessable
from strongroom.mets import sections, walker
from strongroom.mets.hrefs import clean, written
from strongroom.mets.reader import read
from unit.mets_build import (
    NAMESPACES,
    amd,
    div,
    file,
    files,
    folder,
    fptr,
    item,
    mets,
    parse,
    premis,
    structmap,
    tech,
)

VALID = mets(
    "<mets:metsHdr><mets:agent><mets:name>x</mets:name></mets:agent></mets:metsHdr>",
    '<mets:dmdSec ID="D"><mets:mdWrap><mets:xmlData><mods:mods><mods:titleInfo><mods:title>T'
    "</mods:title></mods:titleInfo></mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>",
    amd("A b", tech("T", premis())),
    files(file("F", "objects/a b.txt", 'ADMID="A b"'), file("G", "objects/c.txt", 'SIZE="1"')),
    structmap(folder("objects", item("F", "a b"), item("G"), folder("empty"))),
).encode()


class Pieces:
    """A stream made of pieces, so that large documents need no memory."""

    def __init__(self, *parts: tuple[bytes, int]) -> None:
        self._parts = [(part, count) for part, count in parts]

    def read(self, size: int) -> bytes:
        if not self._parts:
            return b""
        part, count = self._parts[0]
        take = max(1, min(count, size // max(len(part), 1)))
        self._parts[0] = (part, count - take)
        if count == take:
            del self._parts[0]
        return part * take


def refused(document: bytes | str | Pieces, *words: str) -> None:
    if isinstance(document, Pieces):
        stream = cast(BinaryIO, document)
    else:
        stream = io.BytesIO(document.encode() if isinstance(document, str) else document)
    with pytest.raises(Unprocessable) as caught:
        read(stream)
    assert caught.value.problem == "bad-mets"
    for word in words:
        assert word in caught.value.message


def survives(document: bytes) -> Description | None:
    """Reading gives a description or one of our errors; anything else fails the test."""
    try:
        return read(io.BytesIO(document))
    except StrongroomError as error:
        assert error.message
        return None


def test_every_doctype_is_refused_before_it_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    for doctype in (
        "<!DOCTYPE mets>",
        '<!DOCTYPE mets SYSTEM "http://127.0.0.1:9/x.dtd">',
        f'<!DOCTYPE mets [<!ENTITY e SYSTEM "{secret.as_uri()}">]>',
        '<!DOCTYPE mets [<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]>',
        "<!DOCTYPE mets [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>",
        "<!DOCTYPE mets [" + "<!-- -->" * 1000,
    ):
        refused(doctype + mets(structmap(folder("&e;"))), "DOCTYPE", "line 1")
        refused(("<?xml version='1.0'?>\n" + doctype).encode("utf-16"), "DOCTYPE")


def test_entities_without_a_doctype_are_an_error() -> None:
    refused(mets(structmap(folder("&e;"))), "undefined entity")


def test_xinclude_and_schema_locations_are_just_text() -> None:
    found = parse(
        mets(
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
            attributes='xsi:schemaLocation="http://x http://127.0.0.1:9/x.xsd"',
        )
    )
    assert found.files == ()


def test_deep_nesting() -> None:
    deep = "<mets:div TYPE='Directory' LABEL='d'>"
    refused(f"<m {NAMESPACES}>" + deep * 100_000, "nested")
    fine = mets(structmap(deep * 250 + fptr("x") + "</mets:div>" * 250))
    assert len(parse(fine).untied) == 1


def test_huge_attributes_comments_and_texts() -> None:
    head = f"<mets:mets {NAMESPACES}>".encode()
    for opening in (b"<mets:div LABEL='", b"<!-- ", b"<?pi ", b"<a", b"<a xmlns:"):
        refused(Pieces((head + opening, 1), (b"x" * 1000, 200_000)), "longer than")
    refused(
        Pieces((head + b"<mets:agent><mets:name>", 1), (b"x" * 1000, 200_000)),
        "text is longer than",
    )
    refused(Pieces((b" " * 1000, 600_000)), "larger than")


def test_a_large_text_that_nobody_wants_costs_no_memory() -> None:
    head = f"<mets:mets {NAMESPACES}><mets:techMD ID='T'><mets:mdWrap><mets:xmlData>".encode()
    tail = (
        b"</mets:xmlData></mets:mdWrap></mets:techMD>"
        b"<mets:fileSec><mets:file ID='F'><mets:FLocat href='a'/></mets:file></mets:fileSec>"
        b"</mets:mets>"
    )
    stream = Pieces(
        (head, 1),
        (b"<a>", 1),
        (b"text " * 200, 5_000),
        (b"</a>", 1),
        (b"<b c='d'/>", 50_000),
        (tail, 1),
    )
    tracemalloc.start()
    try:
        found = read(cast(BinaryIO, stream))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [f.path for f in found.files] == ["a"]
    assert peak < 4 * 2**20


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walker, "MAX_ENTRIES", 1000)
    refused(mets(structmap(div("<mets:div/>" * 1000))), "more than 1,000 entries")
    assert parse(mets(structmap(div("<mets:div/>" * 900)))).files == ()


def test_lists_of_ids_that_would_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "MAX_STEPS", 10_000)
    nearly = " ".join(["a"] * 63 + ["b"])
    refused(
        mets(
            amd(nearly, tech("T", premis())),
            files(file("F", "x", f'ADMID="{"a " * 1000}"')),
            structmap(item("F")),
        ),
        "too many ids",
    )


def test_groups_within_groups_are_expanded_once() -> None:
    nested = "".join(f'<mets:fileGrp ID="g{n}">' for n in range(100))
    found = parse(
        mets(
            f"<mets:fileSec>{nested}{file('F', 'a')}{'</mets:fileGrp>' * 100}</mets:fileSec>",
            structmap(div(*(fptr("g0") for _ in range(100)))),
        )
    )
    assert [f.path for f in found.files] == ["a"]


@pytest.mark.parametrize(
    "document",
    [
        b"\x00" * 100,
        VALID.replace(b"objects/c", b"objects\x00/c"),
        VALID.replace(b"objects/c", b"objects/\xff\xfe"),
        VALID.replace(b"objects/c", b"objects/\xed\xa0\x80"),
        VALID.replace(b"objects/c", b"&#xD800;"),
        VALID.replace(b"objects/c", b"&#0;"),
        b"<?xml version='1.0' encoding='utf-7'?>" + VALID,
        b"<?xml version='1.0' encoding='utf-16'?>" + VALID,
        b"<?xml version='1.0' encoding='rot13'?>" + VALID,
        b"<?xml version='1.0' encoding='idna'?>" + VALID,
        b"<?xml version='1.0' encoding='nonsense'?>" + VALID,
        b"<?xml version='1.0' encoding='ebcdic-cp-us'?>" + VALID,
        b"\xff\xfe" + VALID,
        b"\xef\xbb\xbf\xef\xbb\xbf" + VALID,
        b" <?xml version='1.0'?>" + VALID,
        VALID[:-1],
        VALID + VALID,
        VALID + b"x",
    ],
)
def test_broken_bytes_are_refused(document: bytes) -> None:
    refused(document)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300))
@example(b"")
def test_any_bytes(data: bytes) -> None:
    survives(data)
    survives(f"<mets:mets {NAMESPACES}>".encode() + data)


def _cut(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.randrange(1, 40)]


def _flip(rng: random.Random, data: bytearray) -> None:
    data[rng.randrange(len(data))] = rng.choice(b"<>/\"'&;= \x00\xffaZ0")


def _repeat(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    piece = bytes(data[start : start + rng.randrange(1, 200)])
    place = rng.randrange(len(data))
    data[place:place] = piece * rng.randrange(1, 4)


def _swap_elements(rng: random.Random, data: bytearray) -> None:
    """Elements and attributes stay whole, but stand where they do not belong."""
    parts = bytes(data).split(b"<")
    one, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]
    data[:] = b"<".join(parts)


def _swap_words(rng: random.Random, data: bytearray) -> None:
    words = (
        b"mets:div",
        b"mets:file",
        b"mets:fptr",
        b"mets:amdSec",
        b"mets:techMD",
        b"mets:mets",
        b"mods:title",
        b"premis:size",
        b"mets:structMap",
        b"ADMID",
        b"FILEID",
        b" ID",
        b"LABEL",
    )
    data[:] = bytes(data).replace(rng.choice(words), rng.choice(words))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_mutated_mets(rng: random.Random) -> None:
    changes: list[Callable[[random.Random, bytearray], None]] = [
        _cut,
        _flip,
        _repeat,
        _swap_elements,
        _swap_words,
    ]
    data = bytearray(VALID)
    for _ in range(rng.randrange(1, 5)):
        if data:
            rng.choice(changes)(rng, data)
    survives(bytes(data))


_IDS = st.sampled_from(["", "a", "b", "a b", " a  b ", "g", "c"])
_HREFS = st.sampled_from(["x", "d/x", "d/e/y", "./d/x", "../x", "/x", "http://x/", "", "d/", "é"])
_LABELS = st.sampled_from(["", "d", "e", "x/y", "..", "__ROOT", "é"])


@st.composite
def _attributes(draw: st.DrawFn, **values: st.SearchStrategy[str]) -> str:
    chosen = draw(st.sets(st.sampled_from(sorted(values))))
    return "".join(f' {name}="{draw(values[name])}"' for name in sorted(chosen))


@st.composite
def _sections(draw: st.DrawFn) -> str:
    more = draw(st.sampled_from(["", "<premis:format/>", "<premis:size/>", "<premis:fixity/>"]))
    if draw(st.booleans()):
        more += f"<premis:originalName>{draw(_HREFS)}</premis:originalName>"
    content = premis(
        digest=draw(st.sampled_from(["a" * 64, "b" * 64, "c" * 40, "", None])),
        size=draw(st.sampled_from([0, 5, "", -1, None])),
        more=more,
    )
    status = draw(_attributes(STATUS=st.just("superseded"), CREATED=st.just("2020")))
    return amd(draw(_IDS), tech(draw(_IDS), content, status), tech(draw(_IDS), ""))


@st.composite
def _files(draw: st.DrawFn) -> str:
    places = "".join(
        f'<mets:FLocat xlink:href="{href}"/>' for href in draw(st.lists(_HREFS, max_size=2))
    )
    attributes = draw(
        _attributes(
            ID=_IDS,
            ADMID=_IDS,
            SIZE=st.sampled_from(["0", "5", "x"]),
            CHECKSUM=st.sampled_from(["a" * 64, "d" * 64, "x"]),
            CHECKSUMTYPE=st.sampled_from(["SHA-256", "MD5"]),
        )
    )
    return f"<mets:file{attributes}>{places}</mets:file>"


_GROUPS = st.builds(
    lambda entries, use: files(*entries, attributes=use),
    st.lists(_files(), max_size=4),
    _attributes(ID=_IDS, USE=st.sampled_from(["deleted", "OBJECTS"])),
)
_DIVS = st.recursive(
    st.builds(fptr, _IDS) | st.just("<mets:fptr/>") | st.just("<mets:mptr/>"),
    lambda inner: st.builds(
        lambda content, attributes: div(*content, attributes=attributes),
        st.lists(inner, max_size=3),
        _attributes(
            TYPE=st.sampled_from(["Directory", "Item"]), LABEL=_LABELS, ADMID=_IDS, DMDID=_IDS
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(_sections(), max_size=3),
    st.lists(_GROUPS, max_size=2),
    st.lists(_DIVS, max_size=3),
    st.sampled_from(["physical", "logical", None]),
)
def test_any_structure_is_read_and_every_file_accounted_for(
    administrative: list[str], groups: list[str], divs: list[str], kind: str | None
) -> None:
    document = mets(*administrative, *groups, structmap(*divs, kind=kind))
    found = parse(document)
    for described in (*found.files, *found.folders):
        assert clean(written(described.path)) == described.path
    assert len({f.path for f in found.folders}) == len(found.folders)
    told = (*found.untied, *found.warnings)
    lost = {"untied-entry", "file-without-location", "deleted-file", "duplicate-path"}
    assert len(found.files) + sum(fault.code in lost for fault in told) >= document.count(
        "<mets:file "
    ) + document.count("<mets:file>")
    assert found == parse(document)
