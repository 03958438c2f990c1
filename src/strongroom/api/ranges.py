"""Byte ranges and conditions of GET, as pure functions on header values.

Source: RFC 9110, sections 13 (conditions) and 14 (ranges). What is then sent, and with which
headers, is decided in :mod:`strongroom.api.contents`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: ranges of one request; more are answered with the whole
MAX_RANGES = 32

_SPEC = re.compile(r"(\d{0,18})-(\d{0,18})")
_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from ``start``, ``length`` of them, at least one."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def requested(header: str | None, size: int) -> list[Span] | None:
    """The spans a ``Range`` header asks for, of a representation of ``size`` bytes.

    None: there is no range to honour (no header, another unit, a malformed one, too many), so the
    whole is due. An empty list: none can be satisfied, so 416 is due. Overlapping and touching
    spans are joined, in the order asked for otherwise, so no byte is sent twice.
    """
    if header is None:
        return None
    unit, equals, rest = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    specs = [part.strip() for part in rest.split(",") if part.strip()]
    if not specs or len(specs) > MAX_RANGES:
        return None
    spans: list[Span] = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None or spec == "-":
            return None
        first, last = match.groups()
        if first and last and int(first) > int(last):
            return None
        span = _resolve(first, last, size)
        if span is not None:
            spans.append(span)
    return _join(spans)


def _resolve(first: str, last: str, size: int) -> Span | None:
    if not first:
        length = min(int(last), size)
        return Span(size - length, length) if length else None
    start = int(first)
    if start >= size:
        return None
    end = min(int(last), size - 1) if last else size - 1
    return Span(start, end - start + 1)


def _join(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        start, end = span.start, span.start + span.length
        touching = [
            place
            for place, other in enumerate(joined)
            if start <= other.start + other.length and other.start <= end
        ]
        for place in touching:
            start = min(start, joined[place].start)
            end = max(end, joined[place].start + joined[place].length)
        if touching:
            joined[touching[0]] = Span(start, end - start)
            for place in reversed(touching[1:]):
                del joined[place]
        else:
            joined.append(span)
    return joined


def unchanged(if_none_match: str | None, etag: str | None) -> bool:
    """Whether ``If-None-Match`` names the present ETag (weak comparison), so that 304 is due."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag is not None and etag in _TAG.findall(if_none_match)


def range_applies(if_range: str | None, etag: str | None) -> bool:
    """Whether a range may be honoured: no ``If-Range``, or one that names the present ETag.

    Strong comparison. A date never matches: seconds are too coarse to prove that bytes are equal.
    """
    return if_range is None or (etag is not None and if_range.strip() == etag)
