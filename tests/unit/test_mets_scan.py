"""Passing over administrative sections: what is found is what looking at every element finds."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from strongroom.errors import StrongroomError
from strongroom.mets.editing import scan as scanning
from strongroom.mets.editing.scan import Scan, scan
from strongroom.mets.editing.sections_ahead import stretches
from unit.mets_build import NAMESPACES

HEAD = f"<mets:mets {NAMESPACES} xmlns:o='urn:other'>"
PIECES = (
    '<mets:amdSec ID="ADM_1"><mets:techMD ID="T"><x/></mets:techMD></mets:amdSec>',
    "<mets:amdSec ID='ADM_2' >text</mets:amdSec >",
    '<mets:amdSec ID="ADM_2"> </mets:amdSec>',
    '<mets:amdSec ID="ADM_&#233;"/>',
    '<mets:amdSec ID="ADM_3"\n/>',
    '<mets:amdSec ID="a > b"><mets:file ID="no file"/></mets:amdSec>',
    '<mets:amdSec ID="a &amp; b"></mets:amdSec>',
    '<mets:amdSec ID="é"></mets:amdSec>',
    "<mets:amdSec ID=\"two  blanks\"><a b='x > y'/></mets:amdSec>",
    "<mets:amdSec></mets:amdSec>",
    '<mets:amdSec ID="c"><!-- </mets:amdSec> --><mets:div/></mets:amdSec>',
    '<mets:amdSec ID="d"><![CDATA[</mets:amdSec>]]></mets:amdSec>',
    '<mets:amdSec ID="e"><?pi </mets:amdSec> ?></mets:amdSec>',
    '<mets:amdSec ID="f"><mets:amdSec ID="g"></mets:amdSec><mets:file ID="x"/></mets:amdSec>',
    '<mets:amdSec ID="h"><o:amdSec ID="i">amdSec</o:amdSec></mets:amdSec>',
    '<o:amdSec ID="j"><mets:amdSec ID="k"></mets:amdSec></o:amdSec>',
    '<o:amdSec ID="l"></o:amdSec>',
    '<mets:amdSec xmlns:mets="urn:other" ID="m"></mets:amdSec>',
    '<amdSec xmlns="http://www.loc.gov/METS/" ID="n"></amdSec>',
    '<!-- <mets:amdSec ID="o"> --><mets:file ID="F_o"/><!-- </mets:amdSec> -->',
    '<!--<mets:amdSec ID="p"></mets:amdSec>--><mets:amdSec ID="q"></mets:amdSec>',
    '<o:a b="x"><mets:file ID="F_a"><mets:FLocat href="a"/></mets:file></o:a>',
    '<mets:dmdSec ID="D"><mets:amdSec ID="r"></mets:amdSec></mets:dmdSec>',
    '<mets:fileSec><mets:fileGrp USE="OBJECTS"/></mets:fileSec>',
    '<mets:structMap TYPE="PHYSICAL"><mets:div ID="P"/></mets:structMap>',
    "\n  ",
    "&#x20;amdSec&lt;mets:amdSec>",
    "]]",
    '<mets:amdSec ID="s">',  # ill-formed from here on
    "</mets:amdSec>",
    "<mets:amdSec ID=",
    '<mets:amdSec ID="t"></o:amdSec>',
    '<mets:amdSec ID="u" ID="u"></mets:amdSec>',
)


def found(data: bytes, piece: int, monkeypatch: pytest.MonkeyPatch, *, look: bool) -> Scan | str:
    with monkeypatch.context() as patch:
        patch.setattr(scanning, "_CHUNK", piece)
        if look:
            patch.setattr(scanning, "stretches", lambda _: ())
        try:
            return scan(data)
        except StrongroomError as error:
            return error.problem


@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from([40, 90, 200, 1 << 18]))
@example([PIECES[0], PIECES[1], PIECES[2], PIECES[0]], 1 << 18)
@example([PIECES[19], PIECES[0], PIECES[2]], 1 << 18)
def test_the_same_is_found_as_by_looking_at_every_element(
    monkeypatch: pytest.MonkeyPatch, pieces: list[str], size: int
) -> None:
    data = (HEAD + "".join(pieces) + "</mets:mets>").encode()
    assert found(data, size, monkeypatch, look=False) == found(
        data, 1 << 18, monkeypatch, look=True
    )


def test_what_the_platform_writes_is_passed_over_in_long_stretches() -> None:
    section = '<mets:amdSec ID="ADM_{0}"><mets:techMD ID="TECH_{0}"/></mets:amdSec>'
    piece = "".join(section.format(n) for n in range(1000)).encode()
    [stretch] = stretches(piece)
    assert len(stretch.further) == 999
    assert stretch.last_close == len(piece) - len(b"</mets:amdSec>")


@pytest.mark.parametrize(
    "filler",
    [
        "<!-- " + "<mets:amdSec ID='x'>" * 40_000,
        "<mets:amdSec ID='x'>" * 250 + "</mets:amdSec>" * 250 + "<mets:amdSec " * 50_000,
        "<!-- -->" + "<mets:amdSec ID='x'><!-- --></mets:amdSec>" * 30_000,
        "<mets:amdSec ID='x'>" + "amdSec " * 150_000,
    ],
)
def test_nothing_takes_for_ever(filler: str) -> None:
    begun = time.process_time()
    with pytest.raises(StrongroomError):
        scan((HEAD + filler).encode())
    assert time.process_time() - begun < 10
