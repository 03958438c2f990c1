"""Who may see files and folders, and what may be done with them: what each inherits.

Conditions and rights are inherited apart, each as a whole, from the nearest that states any: the
file or folder itself, those it lies in, at last the object as a whole. Leaves METS to others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

from strongroom.domain.description import DescribedFile, DescribedFolder, Description
from strongroom.domain.paths import parent

#: RFC 3986: a scheme, then its characters alone, and no stray percent sign
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is said of one path, and what holds for it. ``""`` is the object as a whole."""

    path: str
    #: its own conditions, and its own rights statement (an absolute URI)
    conditions: tuple[str, ...] = ()
    rights: str | None = None
    #: those that hold, and the path that states them; None if nothing states any
    effective_conditions: tuple[str, ...] = ()
    conditions_from: str | None = None
    effective_rights: str | None = None
    rights_from: str | None = None


class Inheritance:
    """The access of every path that a METS describes, and of any path below one.

    Paths are those that METS writes, unless ``tied`` turns them into others: into those of the
    files that they stand for. Memory grows with the folders, and with the files that state
    something of their own.
    """

    def __init__(
        self, description: Description, tied: Callable[[str], str] = lambda path: path
    ) -> None:
        self._own: dict[str, DescribedFile | DescribedFolder] = {}
        entries: Iterable[DescribedFile | DescribedFolder] = chain(
            description.folders, description.files
        )
        for entry in entries:
            if entry.access_conditions or entry.rights_statement:
                self._own.setdefault(tied(entry.path), entry)
        root, rights = description.access_conditions, description.rights_statement
        #: folders that were looked at
        self._known: dict[str, Access] = {
            "": Access(
                path="",
                conditions=root,
                rights=rights,
                effective_conditions=root,
                conditions_from="" if root else None,
                effective_rights=rights,
                rights_from="" if rights else None,
            )
        }

    @property
    def stated(self) -> list[str]:
        """The paths below the object that state something of their own, sorted."""
        return sorted(self._own)

    def of(self, path: str) -> Access:
        """The access of a path, described or not."""
        known = self._known.get(path)
        return known if known is not None else self._below(self._folder(parent(path)), path)

    def _folder(self, path: str) -> Access:
        waiting = []
        while (found := self._known.get(path)) is None:
            waiting.append(path)
            path = parent(path)
        for path in reversed(waiting):
            found = self._known[path] = self._below(found, path)
        return found

    def _below(self, above: Access, path: str) -> Access:
        own = self._own.get(path)
        conditions = own.access_conditions if own else ()
        rights = own.rights_statement if own else None
        return Access(
            path=path,
            conditions=conditions,
            rights=rights,
            effective_conditions=conditions or above.effective_conditions,
            conditions_from=path if conditions else above.conditions_from,
            effective_rights=rights or above.effective_rights,
            rights_from=path if rights else above.rights_from,
        )


def is_absolute_uri(text: str) -> bool:
    """Whether a text is an absolute URI (RFC 3986), of the web with a host."""
    if not _URI.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme not in ("http", "https") or bool(parts.hostname)
    except ValueError:
        return False
