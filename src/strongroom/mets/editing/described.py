"""Which ``dmdSec`` of a scanned METS belong to which div, and to no other.

What is in them is left to :mod:`strongroom.mets.editing.access`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from strongroom.mets.editing.scan import DivNode, Scan, Span


class Descriptions:
    def __init__(self, scanned: Scan) -> None:
        self._scan = scanned
        #: how many divs name each section; counted when first needed
        self._users: Counter[str] | None = None

    def of(self, div: DivNode) -> dict[str, Span]:
        """The sections that a div names, by id, in its order."""
        known = self._scan.descriptions
        return {name: known[name] for name in _named(div) if name in known}

    def shared(self, div: DivNode) -> bool:
        """Whether another div names any of them too."""
        named = self.of(div)
        if not named:
            return False
        if self._users is None:
            self._users = Counter(name for each in self._divs() for name in self.of(each))
        return any(self._users[name] > 1 for name in named)

    def new_id(self, tail: str) -> str:
        """An id for a new section, unlike any that is there."""
        section_id, number = f"DMD_{tail}", 1
        while section_id in self._scan.ids:
            number += 1
            section_id = f"DMD_{tail}.{number}"
        self._scan.ids.add(section_id)
        return section_id

    def _divs(self) -> Iterator[DivNode]:
        waiting = [self._scan.root] if self._scan.root is not None else []
        while waiting:
            div = waiting.pop()
            yield div
            waiting.extend(div.children)


def _named(div: DivNode) -> list[str]:
    """What a DMDID may mean: one id with blanks in it, or several ids."""
    text = div.dmdid or ""
    return list(dict.fromkeys((text, *text.split())))
