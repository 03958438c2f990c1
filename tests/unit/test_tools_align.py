"""Paths of tools are tied to those of the deposit by one offset, and by nothing that only looks so."""  # noqa: E501

from __future__ import annotations

import time
import unicodedata

import pytest

from strongroom.tools.align import Known, align

NFC, NFD = (unicodedata.normalize(form, "objects/é.txt") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("seen", "known", "found"),
    [
        (["objects/a"], ["objects/a"], {"objects/a": "objects/a"}),
        (["./objects/a"], ["objects/a"], {"./objects/a": "objects/a"}),
        (["/home/u/x/objects/n/a"], ["objects/n/a"], {"/home/u/x/objects/n/a": "objects/n/a"}),
        (["data/objects/a"], ["objects/a"], {"data/objects/a": "objects/a"}),
        (["/x/objects/run/objects/a"], ["objects/a"], {"/x/objects/run/objects/a": "objects/a"}),
        (["C:\\x\\objects\\a b"], ["objects/a b"], {"C:\\x\\objects\\a b": "objects/a b"}),
        (["x/objects/a\\b"], ["objects/a\\b", "objects/a/b"], {"x/objects/a\\b": "objects/a\\b"}),
        (["a/b", "c"], ["objects/a/b", "objects/c"], {"a/b": "objects/a/b", "c": "objects/c"}),
        (["x/" + NFC], [NFD], {"x/" + NFC: NFD}),
        (["x/" + NFC, "x/" + NFD], [NFC, NFD], {"x/" + NFC: NFC, "x/" + NFD: NFD}),
        (["elsewhere"], ["objects/a"], {}),
        (["", "/", "x/objects/a"], ["objects/a"], {"x/objects/a": "objects/a"}),
        ([], ["objects/a"], {}),
    ],
)
def test_offsets(seen: list[str], known: list[str], found: dict[str, str]) -> None:
    assert align(seen, Known(known)).paths == found


def test_the_offset_that_fits_most_counts_and_the_rest_is_told() -> None:
    seen = ["x/objects/a", "y/objects/b", "y/objects/c"]
    aligned = align(seen, Known(["objects/a", "objects/b", "objects/c"]))
    assert aligned.paths == {"y/objects/b": "objects/b", "y/objects/c": "objects/c"}
    assert aligned.unmatched == ("x/objects/a",)


def test_an_ending_of_a_name_is_no_match() -> None:
    assert align(["x/objects/data.txt"], Known(["a.txt", "ta.txt"])).paths == {}


def test_of_two_forms_that_fold_alike_neither_is_guessed() -> None:
    third = "x/objects/e\u0301\u0327.txt"
    known = ["objects/\u0229\u0301.txt", "objects/é\u0327.txt"]
    assert align([third], Known(known)).paths == {}


def test_absurd_paths_cost_no_time() -> None:
    seen = ["a/" * 400_000 + "b", *(f"{'x/' * 2000}{n}/b" for n in range(2000))]
    started = time.process_time()
    assert align(seen, Known(["objects/b"])).paths == {}
    assert time.process_time() - started < 10
