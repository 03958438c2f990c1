"""Ties the paths that a tool saw to those of the deposit, by one offset for all of them.

A tool ran somewhere above the content, in it, or on another machine; so the same beginning is to
be dropped from all of its paths. Source: contract mets.md 4.1.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

#: folders that a tool may have been in while it ran; its paths lack them
_INSIDE = ("objects/", "metadata/")
#: paths that have a say in the offset, and the folders that one of them may have
_VOTERS = 50_000
_DEEPEST = 128
#: characters of the longest path that is looked at
_LONGEST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    #: path as the tool saw it → path in the deposit
    paths: Mapping[str, str]
    #: paths as the tool saw them that are none of the deposit's, in its order
    unmatched: tuple[str, ...] = ()


class Known:
    """The paths of a deposit, found by their bytes or, failing that, by their NFC form."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._names = frozenset(path.rpartition("/")[2] for path in paths if path.isascii())
        self._folded: dict[str, str | None] = {}
        for path in paths:
            if path.isascii():
                continue
            form = unicodedata.normalize("NFC", path)
            # two paths of one form are not told apart by it
            self._folded[form] = None if form in self._folded else path

    def may_have(self, path: str) -> bool:
        """False if no path ends with the name that this one ends with."""
        name = path.rpartition("/")[2]
        return name in self._names or not path.isascii()

    def find(self, path: str) -> str | None:
        """The deposit's own spelling of a path; None if it has no such file."""
        if path in self._paths:
            return path
        if path.isascii():
            return None
        return self._folded.get(unicodedata.normalize("NFC", path))


def align(seen: Iterable[str], known: Known) -> Aligned:
    """The paths by the offset that fits most of them; of equals, the one that drops least.

    Where no offset fits any path, the tool may have run inside ``objects/`` or ``metadata/``.
    Backslashes count as slashes where the path is none of the deposit's with them.
    """
    paths = [path for path in dict.fromkeys(seen) if path]
    voters = [
        form
        for path in paths
        for form in _forms(path)
        if len(form) <= _LONGEST and form.count("/") <= _DEEPEST and known.may_have(form)
    ][:_VOTERS]
    for added in ("", *_INSIDE):
        votes = Counter(
            dropped
            for path in voters
            for dropped in _offsets(path)
            if known.find(added + path[len(dropped) :])
        )
        if votes:
            offset = min(votes.items(), key=lambda vote: (-vote[1], len(vote[0])))[0]
            return _by(offset, added, paths, known)
    return Aligned(paths={}, unmatched=tuple(paths))


def _by(offset: str, added: str, paths: Iterable[str], known: Known) -> Aligned:
    found: dict[str, str] = {}
    unmatched = []
    for path in paths:
        for form in _forms(path):
            place = known.find(added + form[len(offset) :]) if form.startswith(offset) else None
            if place is not None:
                found[path] = place
                break
        else:
            unmatched.append(path)
    return Aligned(paths=found, unmatched=tuple(unmatched))


def _forms(path: str) -> tuple[str, ...]:
    return (path, path.replace("\\", "/")) if "\\" in path else (path,)


def _offsets(path: str) -> Iterator[str]:
    """What may be dropped from a path: nothing, or any number of its folders."""
    yield ""
    end = path.find("/")
    while end != -1:
        yield path[: end + 1]
        end = path.find("/", end + 1)
