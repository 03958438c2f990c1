"""From the text of an ADMID attribute to the sections it means, however the ids are spelled.

Platform METS has ids with spaces in them, other METS have lists of ids; both must be found. Leaves
to the caller what the sections say of a file.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.mets.faults import bad_mets
from strongroom.mets.premis import Facts

MAX_WORDS = 64  # words of one id in a list of ids
MAX_STEPS = 20_000_000  # look-ups of words in all lists of one document


class Sections:
    """The administrative sections of a document, by id."""

    def __init__(
        self, tech: Mapping[str, Facts], amd: Mapping[str, Facts], other: Mapping[str, Facts]
    ) -> None:
        self._tech = tech
        self._amd = amd
        self._other = other
        #: the same by ids with white space collapsed; made when first needed
        self._collapsed: dict[str, Facts] | None = None
        self._beginnings: set[str] = set()
        self._steps = 0

    def resolve(self, admid: str) -> tuple[list[Facts], list[str]]:
        """What the sections say that ``admid`` means, and the words that mean none.

        Tried in turn: the text as one id; the same with white space collapsed; a list, in which the
        longest id that fits wins (``"ADM_my file.pdf amdSec_2"`` names two).
        """
        facts = self._tech.get(admid) or self._amd.get(admid)
        if facts is not None:
            return [facts], []
        words = admid.split()
        if len(words) == 1 and words[0] in self._other:
            return [self._other[words[0]]], []
        known = self._index()
        facts = known.get(" ".join(words))
        return ([facts], []) if facts is not None else self._resolve_list(words, known)

    def _resolve_list(
        self, words: list[str], known: Mapping[str, Facts]
    ) -> tuple[list[Facts], list[str]]:
        found: list[Facts] = []
        lost: list[str] = []
        start = 0
        while start < len(words):
            best, best_end = None, start + 1
            text = words[start]
            for end in range(start + 1, min(len(words), start + MAX_WORDS) + 1):
                self._steps += 1
                if text in known:
                    best, best_end = known[text], end
                if text not in self._beginnings or end == len(words):
                    break
                text = f"{text} {words[end]}"
            if best is None:
                lost.append(words[start])
            else:
                found.append(best)
            start = best_end
            if self._steps > MAX_STEPS:
                raise bad_mets("its ADMID attributes list too many ids")
        return found, lost

    def _index(self) -> dict[str, Facts]:
        if self._collapsed is None:
            self._collapsed = {}
            for known in (self._tech, self._amd, self._other):
                for section_id, facts in known.items():
                    words = section_id.split()
                    self._collapsed.setdefault(" ".join(words), facts)
                    for end in range(1, min(len(words), MAX_WORDS)):
                        self._beginnings.add(" ".join(words[:end]))
        return self._collapsed
