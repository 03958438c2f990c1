"""From Directory divs to folder paths, and so to the names of folders.

A METS says the paths of files, and of folders only where ``originalName`` does; the others follow
from the files below them. Leaves files and their paths to :mod:`strongroom.mets.assemble`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from strongroom.domain.description import DescribedFolder
from strongroom.domain.paths import parent, slug
from strongroom.errors import Fault
from strongroom.mets.descriptive import Access
from strongroom.mets.faults import fault, untied
from strongroom.mets.hrefs import clean_path
from strongroom.mets.names import ROOT_LABEL
from strongroom.mets.outline import Div
from strongroom.mets.premis import Facts

#: Archivematica's ``%transferDirectory%objects/``: where the folder was, not where it is now
_PLACEHOLDER = re.compile(r"%[A-Za-z]+%")


class Folders:
    """Aligns a tree of divs with paths.

    ``stated`` gives what the sections of a div say, ``access`` who may see what it stands for.
    """

    def __init__(
        self,
        paths: Mapping[int, Sequence[str]],
        stated: Callable[[Div], Facts],
        access: Callable[[Div], Access],
    ) -> None:
        #: id() of a div → paths of the files it points to
        self._paths = paths
        self._facts = stated
        self._access = access
        self.found: dict[str, DescribedFolder] = {}
        self.untied: list[Fault] = []
        self.warnings: list[Fault] = []
        #: id() of a Directory div → its path; ``""`` is the root or a wrapper around it
        self._places: dict[int, str] = {}

    def align(self, roots: Iterable[Div]) -> None:
        for root in roots:
            self._climb(root)
            self._descend(root, above=None)

    # -- from the leaves up: what the files say

    def _climb(self, div: Div) -> list[str]:
        """Folders that hold the things in this div, for the Directory div above it to lie at."""
        holders = [parent(path) for path in self._paths.get(id(div), ())]
        below: list[str] = []
        for child in div.children:
            if child.directory:
                below += self._climb(child)
            else:
                holders += self._climb(child)
        if not div.directory:
            return _distinct(holders + below)
        stated = self._stated(div)
        # what lies directly in a folder says more than what lies further down
        place = stated if stated is not None else _common(_distinct(holders or below))
        if place is None:
            return []
        self._places[id(div)] = place
        return [parent(place)] if place else [""]

    def _stated(self, div: Div) -> str | None:
        name = self._facts(div).original_name
        if name is None or _PLACEHOLDER.match(name):
            return None
        try:
            if "://" in name:
                raise ValueError("points outside the deposit")
            return clean_path(name.rstrip("/"))
        except ValueError as error:
            if name.strip("./ ") == "":
                return ""
            self.warnings.append(
                fault(
                    "bad-original-name",
                    f"The originalName of a folder {error}",
                    line=div.line,
                    path=name,
                )
            )
            return None

    # -- from the root down: what only labels say

    def _descend(self, div: Div, above: str | None) -> None:
        place = above
        if div.directory:
            known = self._places.get(id(div))
            place = known if known is not None else self._guess(div, above)
            if place:
                self._add(div, place, guessed=known is None)
        if place is not None or not div.directory:
            for child in div.children:
                self._descend(child, place or "")

    def _guess(self, div: Div, above: str | None) -> str | None:
        """The path of a folder in which nothing lies; None if there is no telling."""
        if above is None or div.label == ROOT_LABEL:
            return ""
        original = self._facts(div).original_name or ""
        marked = _PLACEHOLDER.match(original)
        name = div.label or (slug(original[marked.end() :].rstrip("/")) if marked else None)
        try:
            if name is None or "/" in name:
                raise ValueError("has no label that could be its name")
            path = clean_path(f"{above}/{name}" if above else name)
        except ValueError as error:
            self.untied.append(
                untied(f"An empty folder {error}", line=div.line, path=div.label or div.admid)
            )
            return None
        self.warnings.append(
            fault(
                "folder-guessed",
                "The path of an empty folder is taken from its label",
                line=div.line,
                path=path,
            )
        )
        return path

    def _add(self, div: Div, path: str, *, guessed: bool) -> None:
        first = self.found.get(path)
        if first is None:
            facts, access = self._facts(div), self._access(div)
            self.found[path] = DescribedFolder(
                path=path,
                name=div.label,
                guessed=guessed,
                original_name=facts.original_name,
                storage_location=facts.storage_location,
                access_conditions=access.conditions,
                rights_statement=access.rights,
                div_id=div.id,
                admin_id=div.admid,
            )
        elif div.label and first.name and div.label != first.name:
            self.warnings.append(
                fault(
                    "duplicate-folder",
                    "Two divs stand for this folder; the first one names it",
                    line=div.line,
                    path=path,
                    expected=first.name,
                    found=div.label,
                )
            )
        if div.label is None:
            self.warnings.append(
                fault("folder-without-label", "A folder has no LABEL", line=div.line, path=path)
            )


def _common(paths: Sequence[str]) -> str | None:
    """The deepest folder that holds them all; None if there are none."""
    if not paths:
        return None
    shared = paths[0].split("/")
    for path in paths[1:]:
        parts = path.split("/")
        length = 0
        for one, other in zip(shared, parts, strict=False):
            if one != other:
                break
            length += 1
        shared = shared[:length]
    return "/".join(shared)


def _distinct(paths: list[str]) -> list[str]:
    return list(dict.fromkeys(paths))
