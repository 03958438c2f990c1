"""Which stretches of a METS need no look at their elements: administrative sections, one by one.

They are most of a METS. Where a section ends is found by its end tag, wherever that is proof:
without ``<!`` and ``<?`` every ``<`` begins a tag, for none may stand in an attribute (XML 1.0,
production 10). Whether all of it is well-formed is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from strongroom.mets.editing import tags

_WORD = b"amdSec"
_OPENING = re.compile(rb"<((?:[^\s<>/:\"'=]{1,80}:)?)amdSec[\s>]")
_CLOSING = re.compile(rb"</(?:[^\s<>/:\"'=]{1,80}:)?amdSec\s*>")
_LONGEST_NAME = 90


class Section(NamedTuple):
    """A further section of a stretch; positions as in :class:`Stretch`."""

    id: str
    opening: int
    start: int
    close: int
    end: int


@dataclass(slots=True)
class Stretch:
    """Sections one after another, by positions in a piece of a document."""

    #: the first byte of the first start tag
    opening: int
    #: the byte after that tag
    start: int
    #: the first byte of the first end tag, and the one after it; -1 if it is not in this piece
    close: int
    end: int
    #: what follows the first, with nothing in between but white space
    further: list[Section] = field(default_factory=list)

    @property
    def last_close(self) -> int:
        return self.further[-1].close if self.further else self.close


def stretches(piece: bytes) -> Iterator[Stretch]:
    """Those that can be passed over, in order; the last may have no end.

    A section with another one, a comment, an instruction or the word itself in it is left out.
    Whether the first is what it looks like, or stands in a comment, is for the caller to find out;
    those that follow it are what it is.
    """
    plain = b"<!" not in piece and b"<?" not in piece
    at = 0
    while (word := piece.find(_WORD, at)) >= 0:
        at = word + len(_WORD)
        opening = piece.rfind(b"<", max(0, word - _LONGEST_NAME), word)
        match = _OPENING.match(piece, opening) if opening >= 0 else None
        if match is None or match.end() - 1 != at:
            continue
        start = _end_of_tag(piece, opening)
        if start is None:
            continue
        if piece.find(_WORD, start) < 0:
            yield Stretch(opening, start, -1, -1)
            return
        ending = _end_of_section(piece, start, plain)
        if ending is None:
            # what follows may be a section of its own
            at = start
            continue
        stretch = Stretch(opening, start, *ending)
        at = _follow(piece, stretch, match.group(1), plain)
        yield stretch


def _follow(piece: bytes, stretch: Stretch, prefix: bytes, plain: bool) -> int:
    """Note the sections that come next, as plain as the platform writes them; where they end."""
    next_one = re.compile(rb"\s*(<%samdSec ID=\"([^\"&<\t\n\r\x80-\xff]*)\">)" % re.escape(prefix))
    at = stretch.end
    while (match := next_one.match(piece, at)) is not None:
        ending = _end_of_section(piece, match.end(), plain)
        if ending is None:
            break
        opening, start = match.span(1)
        stretch.further.append(Section(match.group(2).decode("ascii"), opening, start, *ending))
        at = ending[1]
    return at


def _end_of_section(piece: bytes, start: int, plain: bool) -> tuple[int, int] | None:
    """Where the end tag begins and ends of the section whose inside begins here."""
    word = piece.find(_WORD, start)
    close = piece.rfind(b"<", max(start, word - _LONGEST_NAME), word) if word >= 0 else -1
    match = _CLOSING.match(piece, close) if close >= 0 else None
    if match is None:
        return None
    if not plain and (piece.find(b"<!", start, close) >= 0 or piece.find(b"<?", start, close) >= 0):
        return None
    return close, match.end()


def _end_of_tag(piece: bytes, opening: int) -> int | None:
    """None if no whole tag begins there, or an element of its own without content."""
    try:
        end = tags.end_of_tag(piece, opening)
    except ValueError:
        return None
    return None if piece[end - 2 : end] == b"/>" else end
