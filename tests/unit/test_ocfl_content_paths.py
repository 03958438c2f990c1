"""Content paths: portable, never confused with each other, and plain where they can be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.ocfl import paths
from strongroom.ocfl.content_paths import MAX_PATH, ContentPaths, fold, portable

# names that trouble some system, beside whatever hypothesis thinks of
_ODD = st.sampled_from(
    ["con", "NUL.txt", "com1.tar.gz", "a.", "a ", " a", "A", "a", "é", "e\u0301", "ſ", "s", "ß",
     "ss", "x" * 255, "ü" * 127, "a:b", "a?b", "a%20b", "~", "a~b", "\u200d", "\U0001f600", "ﬁ",
     "fi", "\u212a", "k"]
)  # fmt: skip
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in (".", ".."))
_NAME = _ODD | _TEXT
_PATH = st.lists(_NAME, min_size=1, max_size=5).map("/".join)
_FORBIDDEN = set('<>:"|?*\\{}^%`[]#') | {chr(n) for n in range(32)} | {"\x7f"}


@pytest.mark.parametrize(
    "plain",
    [
        "objects/page 1.tif",
        "METS.xml",
        ".strongroom/resources.json",
        "a-b_c.d/e(f)+g,h;i=j@k&l$m!n'o/p~q",
        "Übersee/größe.tif",
        "日本語/書籍.tif",
        "emoji/😀.txt",
    ],
)
def test_a_plain_path_stays_as_it_is(plain: str) -> None:
    assert ContentPaths().place(plain) == plain


@pytest.mark.parametrize(
    ("odd", "stem", "extension"),
    [
        ("what?.txt", "what_", ".txt"),
        ("100%.txt", "100_", ".txt"),
        ("no #1.tif", "no__1", ".tif"),
        ("con", "con", ""),
        ("NUL.txt", "NUL", ".txt"),
        ("trailing.", "trailing", ""),
        ("trailing ", "trailing_", ""),
        ("tab\there.txt", "tab_here", ".txt"),
        ("e\u0301.txt", "é", ".txt"),
        ("x" * 300 + ".tiff", "x" * 60, ".tiff"),
    ],
)
def test_an_odd_name_keeps_a_readable_part(odd: str, stem: str, extension: str) -> None:
    placed = ContentPaths().place(odd)
    assert placed.startswith(stem + "~")
    assert placed.endswith(extension)
    assert len(placed) == len(stem) + 1 + 12 + len(extension)


def test_a_device_name_is_hidden_however_it_is_written() -> None:
    assert ContentPaths().place("com1.tar.gz").startswith("_com1.tar~")


def test_files_of_an_odd_folder_stay_together() -> None:
    names = ContentPaths()
    first, second = names.place("what?/one"), names.place("what?/two")
    assert first.rpartition("/")[0] == second.rpartition("/")[0]
    assert (first[-4:], second[-4:]) == ("/one", "/two")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/B.txt", "a/b.txt"),
        ("é", "e\u0301"),
        ("straße", "STRASSE"),
        ("Dir/x", "dir/x"),
        ("a", "A/b"),
    ],
)
def test_names_that_some_system_confuses_are_kept_apart(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        names = ContentPaths()
        assert_apart([names.place(first), names.place(second)])


def test_a_name_that_looks_like_ours_is_no_trouble() -> None:
    forged = ContentPaths().place("what?.txt")
    names = ContentPaths()
    assert names.place(forged) == forged
    assert names.place("what?.txt") != forged


def test_long_paths_are_cut_and_deep_ones_flattened() -> None:
    names = ContentPaths()
    deep = ["/".join(["d"] * depth) + f"/{end}" for depth in (300, 1000, 1999) for end in "ab"]
    long = ["/".join([letter * 250] * 15) for letter in "xyz"]
    placed = [names.place(path) for path in deep + long]
    assert_apart(placed)
    for path in placed:
        assert len(path.encode()) <= MAX_PATH


def test_the_same_path_twice_gets_two_places() -> None:
    names = ContentPaths()
    assert_apart([names.place("a/b.txt"), names.place("a/b.txt")])


@given(st.lists(_PATH, max_size=12))
def test_any_paths_get_safe_portable_and_distinct_places(logicals: list[str]) -> None:
    names, again = ContentPaths(), ContentPaths()
    placed = [names.place(path) for path in logicals]
    assert placed == [again.place(path) for path in logicals]
    assert_apart(placed)
    assert paths.unsafe(placed) == []
    for path in placed:
        assert len(f"v9999999/content/{path}".encode()) <= 700
        for part in path.split("/"):
            assert portable(part), part
            assert len(part.encode()) <= 255
            assert not _FORBIDDEN & set(part)
            assert part[-1] not in ". "
            assert unicodedata.is_normalized("NFC", part)


def assert_apart(placed: list[str]) -> None:
    """No two are the same file, or file and folder, on a system that folds case and forms."""
    folded = ["/".join(map(fold, path.split("/"))) for path in placed]
    assert len(set(folded)) == len(folded)
    assert paths.also_folders(set(folded)) == []
