"""Where the checks of one object or root put what they find.

Counts, gives codes their names in the specification an object declares, and makes every text
printable. What is a problem, the checks decide.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from strongroom.ocfl.validation.problems import Problem, Severity, Tell

#: codes that OCFL 1.0 does not have -> the rule of 1.0 that is broken; None: it has none
_IN_1_0 = {
    "E104": "E046",
    "E105": "E046",
    "E106": "E041",
    "E107": None,
    "E108": "E017",
    "E110": "E037",
    "E111": "E057",
    "E112": None,
}
_SHOWN = 120
#: characters; longer than any path
_LONGEST = 5000


class Problems:
    """What is wrong with one object (or one root), told as it is found.

    Until :meth:`identify` names the object, problems wait, so that each bears its id.
    """

    def __init__(self, tell: Tell, *, base: str = "", identified: bool = False) -> None:
        self._tell = tell
        self._base = base
        self._waiting: list[Problem] | None = None if identified else []
        self._object_id: str | None = None
        #: the specification the object declares; decides which codes there are
        self.spec: str | None = None
        self.errors = 0
        self.warnings = 0

    def add(
        self,
        code: str,
        place: str,
        message: str,
        *,
        expected: str | None = None,
        found: str | None = None,
    ) -> None:
        """Tell a problem; ``place`` is relative to the object."""
        known = _IN_1_0.get(code, code) if self.spec == "1.0" else code
        if known is None:
            return
        problem = Problem(
            code=known,
            place=printable(_join(self._base, place)),
            message=printable(message),
            object_id=self._object_id,
            expected=None if expected is None else printable(expected),
            found=None if found is None else printable(found),
        )
        if problem.severity is Severity.ERROR:
            self.errors += 1
        else:
            self.warnings += 1
        if self._waiting is None:
            self._tell(problem)
        else:
            self._waiting.append(problem)

    def identify(self, object_id: str | None) -> None:
        """From now on, and for all that waits: whose problems these are."""
        self._object_id = None if object_id is None else printable(object_id)
        waiting, self._waiting = self._waiting or [], None
        for problem in waiting:
            self._tell(replace(problem, object_id=self._object_id))


def printable(text: str) -> str:
    """The text as it can be written in UTF-8; bytes of a name that are none as ``\\xff``."""
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape" if _escaped(text) else "backslashreplace")
        return raw.decode("utf-8", "backslashreplace")
    return text


def shown(value: Any) -> str:
    """A JSON value for people: as JSON, cut where it is long."""
    if isinstance(value, (dict, list)):
        return "a JSON object" if isinstance(value, dict) else "a JSON list"
    text = json.dumps(value[:_SHOWN] if isinstance(value, str) else value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _escaped(text: str) -> bool:
    """Whether its surrogates all stand for bytes of a file name (:func:`os.fsdecode`)."""
    return all(not 0xD800 <= ord(c) <= 0xDFFF or 0xDC80 <= ord(c) <= 0xDCFF for c in text)


def _join(base: str, place: str) -> str:
    return f"{base}/{place}" if base and place else base or place
