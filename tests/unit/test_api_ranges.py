"""Byte ranges and conditions by RFC 9110."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.api.ranges import MAX_RANGES, Span, range_applies, requested, unchanged

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", [Span(0, 1)]),
        ("bytes=0-499", [Span(0, 500)]),
        ("bytes=500-", [Span(500, 500)]),
        ("bytes=-1", [Span(999, 1)]),
        ("bytes=-5000", [Span(0, 1000)]),
        ("bytes=990-5000", [Span(990, 10)]),
        ("BYTES=0-1", [Span(0, 2)]),
        ("bytes=0-9, 20-29", [Span(0, 10), Span(20, 10)]),
        ("bytes=20-29,0-9", [Span(20, 10), Span(0, 10)]),
        ("bytes=0-9,5-14", [Span(0, 15)]),
        ("bytes=0-9,10-14", [Span(0, 15)]),
        ("bytes=0-9,20-29,5-25", [Span(0, 30)]),
        ("bytes=0-1,2000-", [Span(0, 2)]),
        ("bytes=1000-", []),
        ("bytes=-0", []),
        ("bytes=5-4", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1", None),
        ("items=0-1", None),
        ("bytes 0-1", None),
        ("bytes=0-400,500-999", [Span(0, 401), Span(500, 500)]),
        ("bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(MAX_RANGES + 1)), None),
    ],
)
def test_what_a_range_asks_for(header: str | None, expected: list[Span] | None) -> None:
    assert requested(header, 1000) == expected


def test_ranges_that_are_together_the_whole_are_joined() -> None:
    assert requested("bytes=0-499,500-999", 1000) == [Span(0, 1000)]


def test_nothing_of_an_empty_file_can_be_asked_for() -> None:
    assert requested("bytes=0-", 0) == []
    assert requested("bytes=-5", 0) == []


@given(st.text(max_size=40), st.integers(0, 2000))
def test_no_header_breaks_it(text: str, size: int) -> None:
    for span in requested(f"bytes={text}", size) or []:
        assert 0 <= span.start < span.start + span.length <= size


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=6),
    st.integers(1, 80),
)
def test_every_byte_asked_for_is_there_once(pairs: list[tuple[int, int]], size: int) -> None:
    pairs = [(min(pair), max(pair)) for pair in pairs]
    spans = requested("bytes=" + ",".join(f"{a}-{b}" for a, b in pairs), size)
    wanted = {byte for a, b in pairs for byte in range(a, b + 1) if byte < size}
    assert spans is not None
    sent = [byte for span in spans for byte in range(span.start, span.start + span.length)]
    assert len(sent) == len(set(sent))
    assert set(sent) == wanted


@pytest.mark.parametrize(
    ("header", "etag", "expected"),
    [
        (None, ETAG, False),
        (ETAG, ETAG, True),
        ('W/"abc"', ETAG, True),
        ('"x", "abc"', ETAG, True),
        ('"abcd"', ETAG, False),
        ("abc", ETAG, False),
        ("*", ETAG, True),
        ("*", None, True),
        (ETAG, None, False),
    ],
)
def test_if_none_match(header: str | None, etag: str | None, expected: bool) -> None:
    assert unchanged(header, etag) is expected


@pytest.mark.parametrize(
    ("header", "etag", "expected"),
    [
        (None, None, True),
        (ETAG, ETAG, True),
        ('W/"abc"', ETAG, False),
        ('"other"', ETAG, False),
        ("Sat, 29 Oct 1994 19:43:31 GMT", ETAG, False),
        (ETAG, None, False),
    ],
)
def test_if_range(header: str | None, etag: str | None, expected: bool) -> None:
    assert range_applies(header, etag) is expected
