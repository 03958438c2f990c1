"""Paths: one canonical form, in and out of URIs, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain import paths
from strongroom.errors import BadRequest

NAMES = st.text(
    st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters="/"),
    min_size=1,
    max_size=40,
).filter(lambda n: n not in (".", "..") and paths.HASH_TOKEN not in n)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_what_is_encoded_decodes_to_itself(names: list[str]) -> None:
    path = "/".join(names)
    assert paths.decode(paths.encode(path)) == path
    assert paths.encode(path).isascii()


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_unescaped_ids_are_accepted_too(names: list[str]) -> None:
    path = "/".join(names)
    if "%" not in path:
        assert paths.decode(path) == path


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("a%2Fb", "slash"),
        ("a%2fb", "slash"),
        ("a//b", "empty"),
        ("a/", "empty"),
        ("/a", "empty"),
        ("a/../b", "not a name"),
        ("a/%2e%2e/b", "not a name"),
        (".", "not a name"),
        ("a%00b", "control"),
        ("a%0Ab", "control"),
        ("%ff", "UTF-8"),
        ("%c3%28", "UTF-8"),
        ("\ud800", "UTF-8"),
    ],
)
def test_bad_paths_are_named(raw: str, word: str) -> None:
    with pytest.raises(BadRequest) as caught:
        paths.decode(raw)
    assert word in caught.value.message
    assert caught.value.faults


def test_every_bad_segment_is_named_at_once() -> None:
    with pytest.raises(BadRequest) as caught:
        paths.decode("a%2Fb/ok/../%ff")
    assert len(caught.value.faults) == 3


def test_a_path_of_three_thousand_characters_is_refused_outside_groups() -> None:
    with pytest.raises(BadRequest) as caught:
        paths.check_slugs("library/" + "x" * 3000)
    assert caught.value.faults[0].found == "3000 characters"


@pytest.mark.parametrize("slug", ["a b", "a~b", "ü", "a#b", "a&b", "repository", " ", "a:b"])
def test_slugs_outside_groups_are_strict(slug: str) -> None:
    with pytest.raises(BadRequest):
        paths.check_slugs("library/" + slug)


@pytest.mark.parametrize("slug", ["a", "A-b_c.(1)", "100%", "x" * 2000])
def test_legal_slugs_pass(slug: str) -> None:
    assert paths.check_slugs("library/" + slug) == "library/" + slug


@pytest.mark.parametrize(
    "path", ["a b.tif", "a#b", "50%", "a&b", "🏛/ü", "cafe\u0301.txt", "a~", "repository", "a\\b"]
)
def test_members_may_have_any_sane_name(path: str) -> None:
    assert paths.member_faults(path) == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/./b",
        "a\nb",
        "a\x00b",
        "x" * 256,
        "ü" * 128,
        ".strongroom/x",
        ".fcrepo",
        "a" + paths.HASH_TOKEN,
    ],
)
def test_members_that_cannot_be(path: str) -> None:
    assert paths.member_faults(path)
    with pytest.raises(BadRequest):
        paths.check_member(path)


ROOTS = ("http://localhost:8000", "http://localhost:8000/storage-api")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("http://localhost:8000/repository/a/b", "a/b"),
        ("HTTP://LOCALHOST:8000/repository/a/b", "a/b"),
        ("http://localhost:8000/storage-api/repository/a", "a"),
        ("/repository/a", "a"),
        ("http://localhost:8000/repository", ""),
        ("http://localhost:8000/repository/", ""),
        ("http://other/repository/a", None),
        ("http://localhost:8000/repositoryx/a", None),
        ("http://localhost:80001/repository/a", None),
        ("http://LOCALHOST:8000/Repository/a", None),
        ("a/b", None),
    ],
)
def test_roots_are_stripped(uri: str, found: str | None) -> None:
    assert paths.strip_roots(uri, ROOTS) == found


def test_relations() -> None:
    assert paths.ancestors("a/b/c") == ["a/b", "a"]
    assert paths.parent("a") == ""
    assert paths.inside("a/b/c", "a/b") == "c"
    assert paths.inside("a/bc", "a/b") is None
    assert paths.inside("a/b", "a/b") == ""


def test_hash_is_a_token_on_the_wire_and_itself_elsewhere() -> None:
    assert paths.encode("a#b") == "a-_-percent-23-_-b"
    assert paths.map_key("x/a#b c") == "x/a-_-percent-23-_-b c"
    assert paths.decode("a-_-percent-23-_-b") == "a#b"
    assert paths.decode("a%23b") == "a#b"
    assert paths.decode("a-_-percent-23-_-b", token=False) == "a-_-percent-23-_-b"
