"""Paths in and out of URLs, and none that could leave a folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.client.errors import BadAnswer
from strongroom.client.paths import below, canonical, decode, encode, last_segment
from strongroom.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/library/books/b", "library/books/b"),
        ("library/books/b/", "library/books/b"),
        ("/", ""),
        ("", ""),
        ("http://localhost:8000/repository/library/a%20b", "library/a b"),
        ("http://localhost:8000/repository/", ""),
        ("a%20b", "a%20b"),
    ],
)
def test_a_path_has_one_form(text, path):
    assert canonical(text) == path


@pytest.mark.parametrize("text", ["a//b", "a/../b", "./a", "..", "http://x/deposits/y"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(BadRequest):
        canonical(text)


@given(
    st.lists(st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
)
def test_encoding_is_undone_by_decoding(parts):
    path = "/".join(parts)
    encoded = encode(path)
    assert encoded.isascii() and "#" not in encoded and "?" not in encoded
    # only the token for '#' has no way back, and the server refuses it
    if "-_-percent-23-_-" not in path:
        assert decode(encoded) == path


def test_ids_may_spell_the_hash_sign_as_a_token_or_escaped():
    base = "http://x/repository/a"
    assert below(f"{base}/box%20-_-percent-23-_-7.txt", base) == "box #7.txt"
    assert below(f"{base}/box%20%237.txt", base) == "box #7.txt"
    assert below(f"{base}/été 📖/raw.txt", base) == "été 📖/raw.txt"


@pytest.mark.parametrize(
    "id_",
    [
        "http://x/repository/b/file",
        "http://x/repository/a",
        "http://x/repository/a/../b",
        "http://x/repository/a/%2e%2e/b",
        "http://x/repository/a//etc/passwd",
        "http://x/repository/a/",
        "http://x/repository/a/x%00y",
    ],
)
def test_a_member_that_could_leave_its_folder_is_refused(id_):
    with pytest.raises(BadAnswer):
        below(id_, "http://x/repository/a")


def test_an_encoded_slash_stays_inside():
    # it splits into folders, which is harmless; what may never appear is a way up
    with pytest.raises(BadAnswer):
        below("http://x/repository/a/b%2f..%2f..%2fc", "http://x/repository/a")


def test_the_last_segment_is_the_bare_id():
    assert last_segment("https://x/deposits/abc/") == "abc"
    assert last_segment("abc") == "abc"
