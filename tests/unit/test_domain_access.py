"""Access: what files and folders inherit, and what an absolute URI is."""

from __future__ import annotations

import pytest

from strongroom.domain.access import Access, Inheritance, is_absolute_uri
from strongroom.domain.description import DescribedFile, DescribedFolder, Description

IN_COPYRIGHT = "http://rightsstatements.org/vocab/InC/1.0/"
ZERO = "https://creativecommons.org/publicdomain/zero/1.0/"

INHERITANCE = Inheritance(
    Description(
        access_conditions=("Staff",),
        rights_statement=IN_COPYRIGHT,
        folders=(
            DescribedFolder(path="objects"),
            DescribedFolder(path="objects/open", access_conditions=("Open", "Reading room")),
        ),
        files=(
            DescribedFile(path="objects/a.txt"),
            DescribedFile(path="objects/open/b/free.txt", rights_statement=ZERO),
            DescribedFile(path="objects/open/closed.txt", access_conditions=("Closed",)),
            # said twice: the first counts
            DescribedFile(path="objects/open/closed.txt", access_conditions=("Open",)),
        ),
    )
)


def held(path: str) -> tuple[tuple[str, ...], str | None, str | None, str | None]:
    found = INHERITANCE.of(path)
    assert found.path == path
    return (
        found.effective_conditions,
        found.conditions_from,
        found.effective_rights,
        found.rights_from,
    )


def test_the_nearest_that_states_something_counts_as_a_whole() -> None:
    open_ = (("Open", "Reading room"), "objects/open", IN_COPYRIGHT, "")
    assert held("objects/open/b/free.txt") == (*open_[:2], ZERO, "objects/open/b/free.txt")
    assert held("objects/open/closed.txt") == (("Closed",), "objects/open/closed.txt", *open_[2:])
    assert held("objects/open") == held("objects/open/x") == open_
    assert held("objects/open/b") == held("objects/open/b/not/described") == open_
    for path in ("", "objects", "objects/a.txt", "objects/opening", "elsewhere"):
        assert held(path) == (("Staff",), "", IN_COPYRIGHT, "")


def test_own_values_stay_apart_from_inherited_ones() -> None:
    assert INHERITANCE.of("objects/a.txt").conditions == ()
    assert INHERITANCE.of("objects/a.txt").rights is None
    assert INHERITANCE.of("objects/open").conditions == ("Open", "Reading room")
    assert INHERITANCE.of("").conditions == ("Staff",)
    assert INHERITANCE.stated == [
        "objects/open",
        "objects/open/b/free.txt",
        "objects/open/closed.txt",
    ]


def test_where_nothing_is_stated_nothing_holds() -> None:
    silent = Inheritance(Description())
    assert silent.of("a/b/c") == Access(path="a/b/c")
    assert silent.stated == []


def test_paths_may_be_written_otherwise_than_files_are_called() -> None:
    encoded = Description(
        files=(DescribedFile(path="objects/a%20b", access_conditions=("Staff",)),),
    )
    found = Inheritance(encoded, lambda path: path.replace("%20", " "))
    assert found.stated == ["objects/a b"]
    assert found.of("objects/a b").conditions == ("Staff",)


def test_a_very_deep_path_is_no_trouble() -> None:
    deep = "/".join("d" for _ in range(2_000))
    assert INHERITANCE.of(deep).conditions_from == ""


@pytest.mark.parametrize(
    "text",
    [
        IN_COPYRIGHT,
        ZERO,
        "urn:isbn:0451450523",
        "https://example.org/a%20b?c=d#e",
        "http://[::1]:80/",
        "info:fedora/x",
    ],
)
def test_absolute_uris(text: str) -> None:
    assert is_absolute_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "In copyright",
        "/vocab/InC/1.0/",
        "//rightsstatements.org/vocab/",
        "rightsstatements.org/vocab/InC/1.0/",
        "http:",
        "http:vocab",
        "http:///vocab",
        "https://exa mple.org/",
        "https://example.org/a%2",
        "https://example.org/\n",
        "https://example.org/<b>",
        "https://bücher.example/",
        "http://[::1/",
        "1http://example.org/",
    ],
)
def test_what_is_no_absolute_uri(text: str) -> None:
    assert not is_absolute_uri(text)
