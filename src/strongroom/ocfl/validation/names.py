"""Version names: v1, v2, v3 or v001, v002, v003 (OCFL 1.1, section 3.3).

Whether there are folders of these names is left to :mod:`.folders`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from strongroom.ocfl.validation.reporting import Problems, shown

_SHAPE = re.compile(r"v[0-9]+")
#: numbers longer than this are all taken for the same: no object has so many versions
_LONGEST = 18


@dataclass(frozen=True, slots=True)
class Names:
    """The version names of an inventory."""

    #: name -> number, in order of numbers
    good: dict[str, int]
    #: keys that are no version names; reported
    bad: frozenset[str]
    #: whether numbers or padding are wrong among the good ones; reported
    disordered: bool

    @property
    def newest(self) -> str | None:
        return next(reversed(self.good), None)


def is_shaped(name: str) -> bool:
    """Whether this looks like a version name: v and digits."""
    return bool(_SHAPE.fullmatch(name))


def number(name: str) -> int | None:
    """The number of a version name; None where it is no version name (v0 neither)."""
    if not _SHAPE.fullmatch(name):
        return None
    digits = name[1:].lstrip("0")
    if not digits:
        return None
    return int(digits) if len(digits) <= _LONGEST else 10**_LONGEST


def check(keys: Iterable[str], place: str, problems: Problems, *, warn: bool) -> Names:
    """Judge the keys of a versions block; ``warn`` tells of padding that is merely unwise."""
    numbers: dict[str, int] = {}
    bad: set[str] = set()
    for key in keys:
        if not key.startswith("v"):
            problems.add(
                "E104",
                f"{place}.{key}",
                "The name of this version does not start with v.",
                found=shown(key),
            )
            bad.add(key)
        elif (value := number(key)) is None:
            problems.add(
                "E105",
                f"{place}.{key}",
                "The name of this version is not v and a positive whole number.",
                found=shown(key),
            )
            bad.add(key)
        else:
            numbers[key] = value
    good = dict(sorted(numbers.items(), key=lambda item: (item[1], item[0])))
    before = problems.errors
    if not bad:
        _sequence(good, place, problems)
    _padding(good, place, problems, warn=warn)
    return Names(good=good, bad=frozenset(bad), disordered=problems.errors > before)


def gaps(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The first and last of each run of numbers that is missing between some of these."""
    ordered = sorted(set(numbers))
    return [(a + 1, b - 1) for a, b in pairwise(ordered) if b > a + 1]


def run(first: int, last: int) -> str:
    """Missing versions, for people."""
    return f"v{first}" if first == last else f"v{first} to v{last}"


def _sequence(good: dict[str, int], place: str, problems: Problems) -> None:
    if not good:
        problems.add("E008", place, "The object has no version.")
        return
    lowest = next(iter(good.values()))
    if lowest > 1:
        problems.add(
            "E009", place, "The versions do not start at 1.", expected="v1", found=next(iter(good))
        )
    for first, last in gaps(good.values()):
        problems.add("E010", place, f"The inventory skips {run(first, last)}.")


def _padding(good: dict[str, int], place: str, problems: Problems, *, warn: bool) -> None:
    """All names must follow the first: not padded at all, or padded to one length."""
    first = next(iter(good), None)
    if first is None:
        return
    padded = first.startswith("v0")
    before = problems.errors
    for name in good:
        if name.startswith("v0") != padded:
            if padded and len(name) == len(first):
                problems.add(
                    "E011",
                    f"{place}.{name}",
                    f"{name} has no zero after its v, as {first} has.",
                    found=name,
                )
            else:
                problems.add(
                    "E012",
                    f"{place}.{name}",
                    f"{name} and {first} are not padded alike.",
                    found=name,
                )
        elif padded and len(name) != len(first):
            problems.add(
                "E013",
                f"{place}.{name}",
                f"{name} is not padded to the length of {first}.",
                found=name,
            )
    if padded and warn and problems.errors == before:
        problems.add("W001", place, "Version names are padded with zeros.", found=first)
