"""What is wrong with an object or a root: one problem, and who is told of it.

What each code means is left to :mod:`.codes`; who finds problems, to the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    #: the specification is broken: the object or root is not valid
    ERROR = "error"
    #: the specification advises against it: still valid
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where."""

    #: ``E092``, ``W004``; or ``unreadable``, which is no code of OCFL
    code: str
    #: path of the file or folder concerned, relative to what was validated ("" is itself);
    #: positions within an inventory as ``v2/inventory.json: versions.v1.state``
    place: str
    #: one sentence for people: what is wrong here
    message: str
    #: id of the object concerned, where it is known
    object_id: str | None = None
    expected: str | None = None
    found: str | None = None

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.code.startswith("W") else Severity.ERROR


#: where problems go, one by one, as they are found
Tell = Callable[[Problem], None]
