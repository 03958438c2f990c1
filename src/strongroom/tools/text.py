"""Text that programs wrote, as lines: any of three encodings, any line ends, bounded in length.

Leaves what the lines mean to the parsers. What cannot be decoded becomes U+FFFD.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

from strongroom.domain.times import parse_iso

#: characters of a line that are kept; the rest of a longer one is dropped
LONGEST_LINE = 1 << 20
_CHUNK = 1 << 18  # bytes


class Readable(Protocol):
    """What can be read from its beginning to its end."""

    def read(self, size: int, /) -> bytes: ...


class Peeked:
    """A stream of which the first bytes are known already, and come once more."""

    def __init__(self, stream: Readable, start: int) -> None:
        self.start = stream.read(start)
        self._rest, self._stream = self.start, stream

    def read(self, size: int, /) -> bytes:
        if not self._rest:
            return self._stream.read(size)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def characters(stream: Readable) -> Iterator[str]:
    """The text in pieces of up to 256 Ki characters, without a byte order mark.

    UTF-8 unless a byte order mark says UTF-16, which a redirection in PowerShell writes.
    """
    chunk = stream.read(_CHUNK)
    utf16 = chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")(errors="replace")
    while chunk:
        if piece := decoder.decode(chunk):
            yield piece
        chunk = stream.read(_CHUNK)
    if piece := decoder.decode(b"", final=True):
        yield piece


def lines(stream: Readable) -> Iterator[str]:
    """Each line without its end."""
    rest = ""
    for piece in characters(stream):
        *whole, rest = (rest + piece).split("\n")
        for line in whole:
            yield line[:LONGEST_LINE].removesuffix("\r")
        rest = rest[:LONGEST_LINE]
    if rest:
        yield rest.removesuffix("\r")


def first_sign(start: bytes) -> bytes:
    """The beginning of a text without byte order mark, zero bytes and white space."""
    return start.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")


def clean(value: str) -> str:
    """The same text with U+FFFD for lone surrogates, which no encoding can carry."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def moment(value: str | None) -> datetime | None:
    """A moment in ISO 8601, or as ExifTool and ClamAV write it; None if it is neither.

    One without a zone is taken as UTC.
    """
    if value is None:
        return None
    try:
        return parse_iso(value)
    except ValueError:
        pass
    try:
        return datetime.strptime(value.strip(), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
