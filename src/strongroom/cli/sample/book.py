"""A small digitised book: page images, their text as ALTO, a cover, awkward names, and METS.

It writes files into a folder and says what they are; preserving them is the demo's affair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import quoteattr

from strongroom.cli.sample import mets, pages

TITLE = "A Short Account of the Strong Room"
PAGES = 8

_TEXT = (
    "The room lies below the reading hall",
    "and has one door. What is brought in",
    "is weighed, described, and given a",
    "place, and the place is written down",
    "twice. Nothing is ever written over:",
    "when a book comes back mended, the",
    "older state stays where it was, and",
    "the ledger names both. The keepers",
    "change, the shelves are moved, even",
    "the ledger is copied out afresh, yet",
    "each leaf can be asked for by the",
    "name it had on the day it came in.",
)

#: names that file systems, URLs and XML each find something awkward about
NOTES = {
    "notes/reading room & catalogue.txt": "Shelf mark, as the card gives it: 12 & 13.\n",
    "notes/shelf #7 (100%).txt": "Box 7 was checked in full.\n",
    "notes/été 📖.txt": "Found in the binding: a pressed flower.\n",
    "notes/nothing to report.txt": "",
}


def page_path(number: int) -> str:
    return f"objects/page {number:03}.png"


def make(folder: Path, *, created: datetime) -> None:
    """Write the whole book, METS and all, into an empty folder."""
    for number in range(1, PAGES + 1):
        add_page(folder, number)
    cover = pages.draw(heading="STRONG ROOM", number="COVER", lines=_TEXT[:2], grain=0)
    put(folder, "objects/cover.tif", pages.tiff(cover))
    for path, text in NOTES.items():
        put(folder, path, text.encode())
    describe(folder, created=created)


def add_page(folder: Path, number: int, *, heading: str = "STRONG ROOM", grain: int = 0) -> None:
    """Write one page's image and text, over whatever was there."""
    first = number * 3 % len(_TEXT)
    lines = [*_TEXT[first:], *_TEXT[:first]]
    image = pages.draw(heading=heading, number=str(number), lines=lines, grain=grain or number)
    put(folder, page_path(number), pages.png(image))
    put(folder, f"alto/page {number:03}.xml", _alto(lines, page_path(number)).encode())


def describe(folder: Path, *, created: datetime) -> None:
    """Write METS for everything that lies in the folder."""
    described = [
        mets.Described(
            path=path,
            label=_label(path),
            mime=_mime(path),
            size=(folder / path).stat().st_size,
            sha256=sha256,
        )
        for path, sha256 in digests(folder).items()
        if path != mets.NAME
    ]
    put(folder, mets.NAME, mets.write(title=TITLE, files=described, created=created).encode())


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def put(folder: Path, path: str, content: bytes) -> None:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def _label(path: str) -> str:
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0]
    return {"objects": f"Image of {stem}", "alto": f"Text of {stem}"}.get(folder, name)


def _mime(path: str) -> str:
    kinds = {"png": "image/png", "tif": "image/tiff", "xml": "application/xml", "txt": "text/plain"}
    return kinds[path.rpartition(".")[2]]


def _alto(lines: Sequence[str], image: str) -> str:
    """The text of a page in the manner of ALTO 4: a block, its lines, their words."""
    rows = "\n".join(_alto_line(line, top=140 + row * 26) for row, line in enumerate(lines))
    return _ALTO.format(image=image, width=pages.WIDTH, height=pages.HEIGHT, rows=rows)


def _alto_line(line: str, *, top: int) -> str:
    words = "".join(f'<String CONTENT={quoteattr(word)} VPOS="{top}"/>' for word in line.split())
    return f'        <TextLine VPOS="{top}" HPOS="60" HEIGHT="14">{words}</TextLine>'


_ALTO = """\
<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#">
  <Description>
    <MeasurementUnit>pixel</MeasurementUnit>
    <sourceImageInformation><fileName>{image}</fileName></sourceImageInformation>
  </Description>
  <Layout><Page ID="P1" WIDTH="{width}" HEIGHT="{height}"><PrintSpace>
      <TextBlock ID="B1">
{rows}
      </TextBlock>
  </PrintSpace></Page></Layout>
</alto>
"""
