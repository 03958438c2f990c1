"""From hrefs to paths: cleaning, and the forms an href may stand for."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.mets.hrefs import candidates, clean, written

NFC = "é"
NFD = unicodedata.normalize("NFD", NFC)


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("plain.txt", ["plain.txt"]),
        ("a%20b", ["a%20b", "a b"]),
        ("a+b", ["a+b", "a b"]),
        ("a%2Bb+c", ["a%2Bb+c", "a+b+c", "a+b c"]),
        ("100%", ["100%"]),
        ("%FF", ["%FF"]),
        ("%2e%2e/x", ["%2e%2e/x"]),
        ("%2Fetc", ["%2Fetc"]),
        ("a%00b", ["a%00b"]),
        ("a%252Fb", ["a%252Fb", "a%2Fb"]),
        (NFC, [NFC, NFD]),
        (NFD, [NFD, NFC]),
        ("%C3%A9", ["%C3%A9", NFC, NFD]),
        ("a#b?c", ["a#b?c"]),
        ("a\\b", ["a\\b", "a/b"]),
        ("..\\b", ["..\\b"]),
    ],
)
def test_candidates_in_order(path: str, forms: list[str]) -> None:
    assert list(candidates(path)) == forms


@given(st.text(max_size=30))
def test_candidates_stay_below_the_root(text: str) -> None:
    try:
        path = clean(text)
    except ValueError:
        return
    forms = candidates(path)
    assert forms[0] == path
    assert len(set(forms)) == len(forms)
    for form in forms:
        assert all(part not in ("", ".", "..") for part in form.split("/"))
        assert not any(ord(character) < 32 or ord(character) == 127 for character in form)


@given(st.text(max_size=30))
def test_a_clean_path_is_written_and_cleaned_again(text: str) -> None:
    try:
        path = clean(text)
    except ValueError:
        return
    assert clean(written(path)) == path


def test_what_looks_like_a_scheme_is_written_as_a_path() -> None:
    assert written("draft:1.txt") == "./draft:1.txt"
    assert written("file:x") == "./file:x"
    assert written("objects/draft:1.txt") == "objects/draft:1.txt"
