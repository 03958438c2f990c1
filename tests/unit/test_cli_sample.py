"""The sample book holds real images, and METS that tells the truth about its files."""

from __future__ import annotations

import hashlib
import struct
import zlib
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from lxml import etree

from strongroom.cli.sample import book, mets, pages
from strongroom.mets.reader import read

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    book.make(folder, created=NOW)
    return folder


def png_rows(content: bytes) -> list[bytes]:
    """The rows of an 8-bit grey PNG, by the specification: chunks, sums, filters."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, []
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind = content[place + 4 : place + 8]
        body = content[place + 8 : place + 8 + length]
        (stated,) = struct.unpack_from(">I", content, place + 8 + length)
        assert stated == zlib.crc32(kind + body)
        chunks.append((kind, body))
        place += length + 12
    assert [kind for kind, _ in chunks] == [b"IHDR", b"pHYs", b"IDAT", b"IEND"]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, colour, rest) == (8, 0, [0, 0, 0])
    data = zlib.decompress(chunks[2][1])
    assert len(data) == height * (width + 1)
    rows = [data[i : i + width + 1] for i in range(0, len(data), width + 1)]
    assert {row[0] for row in rows} == {0}
    return [row[1:] for row in rows]


def tiff_rows(content: bytes) -> list[bytes]:
    """The rows of a little-endian TIFF with one deflated strip, by its directory."""
    order, magic, place = struct.unpack_from("<2sHI", content)
    assert (order, magic) == (b"II", 42)
    (count,) = struct.unpack_from("<H", content, place)
    tags = {}
    for number in range(count):
        tag, kind, values, value = struct.unpack_from("<HHII", content, place + 2 + number * 12)
        assert values == 1
        assert kind in (3, 4)
        tags[tag] = value
    assert list(tags) == sorted(tags)
    assert (tags[258], tags[259], tags[262], tags[277]) == (8, 8, 1, 1)
    data = zlib.decompress(content[tags[273] : tags[273] + tags[279]])
    assert len(data) == tags[256] * tags[257]
    return [data[i : i + tags[256]] for i in range(0, len(data), tags[256])]


def test_pages_are_images_with_their_number_on_them():
    page = pages.draw(heading="A", number="7", lines=["ONE", "TWO"], grain=1)
    rows = png_rows(pages.png(page))
    assert [bytes(row) for row in page] == rows == tiff_rows(pages.tiff(page))
    # the top bar of a large 7: five dots of twelve by twelve, in the middle
    top, left = pages.HEIGHT - 150, (pages.WIDTH - 72) // 2
    assert set(rows[top][left : left + 60]) == {pages.INK}
    assert set(rows[top + 12][left : left + 48]).isdisjoint({pages.INK})
    assert set(rows[top + 12][left + 48 : left + 60]) == {pages.INK}


def test_pages_are_alike_only_when_their_arguments_are():
    first = pages.png(pages.draw(heading="A", number="1", lines=[], grain=1))
    assert first == pages.png(pages.draw(heading="A", number="1", lines=[], grain=1))
    assert first != pages.png(pages.draw(heading="A", number="1", lines=[], grain=2))


def test_the_book_has_what_is_promised(made):
    files = {
        p.relative_to(made).as_posix(): p.stat().st_size for p in made.rglob("*") if p.is_file()
    }
    images = [path for path in files if path.endswith(".png")]
    assert len(images) == book.PAGES == 8
    assert all(100_000 < files[path] < 300_000 for path in images)
    assert files["notes/nothing to report.txt"] == 0
    assert any("#" in path for path in files)
    assert any("📖" in path for path in files)
    assert any("%" in path for path in files)
    assert any("&" in path for path in files)


def test_mets_names_every_file_with_its_digest(made):
    tree = etree.parse(made / mets.NAME)
    names = {"m": "http://www.loc.gov/METS/", "x": "http://www.w3.org/1999/xlink"}
    stated = {}
    for element in tree.iterfind(".//m:file", names):
        href = element.find("m:FLocat", names).get(f"{{{names['x']}}}href")
        assert href.isascii() and " " not in href and "#" not in href
        assert element.get("CHECKSUMTYPE") == "SHA-256"
        stated[unquote(href)] = (element.get("CHECKSUM"), int(element.get("SIZE")))
    assert stated == {
        p.relative_to(made).as_posix(): (
            hashlib.sha256(p.read_bytes()).hexdigest(),
            p.stat().st_size,
        )
        for p in made.rglob("*")
        if p.is_file() and p.name != mets.NAME
    }


def test_the_servers_reader_understands_the_samples_mets(made):
    with (made / mets.NAME).open("rb") as stream:
        found = read(stream)
    assert found.title == book.TITLE
    digests = book.digests(made)
    del digests[mets.NAME]
    assert {unquote(file.path): file.digest for file in found.files} == digests
    assert found.untied == ()


def test_a_changed_page_changes_its_image_and_mets_only(made, tmp_path):
    import shutil

    after = tmp_path / "after"
    shutil.copytree(made, after)
    book.add_page(after, 3, heading="MENDED", grain=303)
    book.describe(after, created=NOW)
    old, new = book.digests(made), book.digests(after)
    assert {path for path in new if new[path] != old[path]} == {"objects/page 003.png", "mets.xml"}
