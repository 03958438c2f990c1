"""What a search term means: which texts are looked into, and what is looked for in them.

Pure; the look-up itself is :mod:`strongroom.db.search`'s. Upper and lower case are the same
everywhere, and no character has a meaning of its own (``%``, ``_`` and quotes are letters).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: what ids of Binaries begin with, before their path
FEDORA = "info:fedora/"

#: no path and no text holds it: it marks where a path begins
_START = "\x02"
#: between the texts of a deposit; refused in each of them
_BETWEEN = "\x1f"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: an index of three characters that follow one another finds no shorter pattern
SHORTEST = 3


def path_text(path: str) -> str:
    """A repository path as it is indexed: folded, and each name begins after two slashes.

    So a term of one or two letters can still be looked for: as what a name begins with.
    """
    return f"{_START}//" + fold(path).replace("/", "//")


def path_pattern(term: str) -> str | None:
    """What the texts of paths must hold to answer to a term; None if none can.

    Three characters or more (a slash counts twice) are found anywhere; one or two are found where
    the name of a file or folder begins. A term that begins with ``info:fedora/`` is found where
    paths begin; a slash alone finds everything.
    """
    if _CONTROL.search(term):
        return None
    if term.lower().startswith(FEDORA):
        return path_text(term[len(FEDORA) :])
    doubled = fold(term).replace("/", "//")
    if len(doubled) >= SHORTEST:
        return doubled
    if doubled == "//":
        return _START + doubled
    return "//"[: SHORTEST - len(doubled)] + doubled


def path_start(term: str) -> str | None:
    """What paths are to begin with, where a term says that."""
    named = term.lower().startswith(FEDORA) and not _CONTROL.search(term)
    return term[len(FEDORA) :] if named else None


def fold(text: str) -> str:
    """The text with what is merely case taken out."""
    return text.casefold()


def deposit_text(parts: Iterable[str | None]) -> str:
    """The texts of a deposit as they are searched, folded, none of which runs into the next."""
    return _BETWEEN.join(fold(part) for part in parts if part)


def deposit_pattern(term: str) -> str | None:
    """What the text of a deposit must hold; None if none can."""
    return None if _BETWEEN in term or "\0" in term else fold(term)
