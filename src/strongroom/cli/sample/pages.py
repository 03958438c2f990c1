"""Page images, drawn dot by dot: grey paper with a grain, text, and a large page number.

The bytes are real PNG and TIFF files that any viewer opens; the same arguments always give the
same bytes.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Sequence

from strongroom.cli.sample import glyphs

#: dots; a page of 21 by 29.7 cm at 75 dots an inch
WIDTH, HEIGHT = 620, 877
PAPER, INK = 228, 38

#: one grey value a dot, row by row
Page = list[bytearray]


def draw(*, heading: str, number: str, lines: Sequence[str], grain: int) -> Page:
    """A page; ``grain`` seeds the paper's texture, so that no two pages are alike."""
    source = random.Random(grain)  # noqa: S311 - a texture, no secret
    speckle = bytes(PAPER + value % 8 - 4 for value in range(256))
    page = [bytearray(source.randbytes(WIDTH).translate(speckle)) for _ in range(HEIGHT)]
    _write(page, heading, left=60, top=60, scale=4)
    for row, line in enumerate(lines):
        _write(page, line, left=60, top=140 + row * 26, scale=2)
    _write(page, number, left=_middle(number, 12), top=HEIGHT - 150, scale=12)
    return page


def png(page: Page) -> bytes:
    """As a PNG file: 8-bit grey (PNG specification, section 5)."""
    header = struct.pack(">IIBBBBB", WIDTH, len(page), 8, 0, 0, 0, 0)
    dots = b"".join(b"\x00" + row for row in page)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (
            (b"IHDR", header),
            (b"pHYs", struct.pack(">IIB", 2953, 2953, 1)),
            (b"IDAT", zlib.compress(dots, 6)),
            (b"IEND", b""),
        )
    )


def tiff(page: Page) -> bytes:
    """As a TIFF file: 8-bit grey in one strip, deflated (TIFF 6.0; compression 8)."""
    strip = zlib.compress(b"".join(page), 6)
    short, long = 3, 4
    entries = (
        (256, long, WIDTH),
        (257, long, len(page)),
        (258, short, 8),  # bits a dot
        (259, short, 8),  # deflate
        (262, short, 1),  # black is zero
        (273, long, 8),  # the strip begins behind the header
        (277, short, 1),
        (278, long, len(page)),
        (279, long, len(strip)),
    )
    padded = strip + b"\x00" * (len(strip) % 2)
    directory = struct.pack("<H", len(entries))
    for tag, kind, value in entries:
        # a short is written like a long here: little-endian, its upper half unused
        directory += struct.pack("<HHII", tag, kind, 1, value)
    return struct.pack("<2sHI", b"II", 42, 8 + len(padded)) + padded + directory + b"\x00" * 4


def _middle(text: str, scale: int) -> int:
    return (WIDTH - len(text) * (glyphs.WIDTH + 1) * scale) // 2


def _write(page: Page, text: str, *, left: int, top: int, scale: int) -> None:
    for place, letter in enumerate(text):
        start = left + place * (glyphs.WIDTH + 1) * scale
        for down, bits in enumerate(glyphs.rows(letter)):
            for right in range(glyphs.WIDTH):
                if bits & 1 << (glyphs.WIDTH - 1 - right):
                    begin = start + right * scale
                    for row in page[top + down * scale : top + (down + 1) * scale]:
                        row[begin : begin + scale] = bytes([INK]) * scale
