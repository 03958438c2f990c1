"""How far an import has come, read from outside: from the disk, and from the database's rows.

The same look aims a kill at a phase while the import runs, and after it, on what is left, tells
which phase was really hit. It changes nothing and asks the product nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from support.rows import Rows


class Phase(IntEnum):
    """In the order in which an import goes through them."""

    POSTING = 0
    WAITING = 1
    PLAN = 2
    COPY = 3
    BEFORE_COMMIT = 4
    MOVED_IN = 5
    BETWEEN = 6
    ENDED = 7

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Phase.POSTING: "posted, not kept yet",
    Phase.WAITING: "waiting",
    Phase.PLAN: "plan",
    Phase.COPY: "copy",
    Phase.BEFORE_COMMIT: "before commit",
    Phase.MOVED_IN: "in commit (folder moved in)",
    Phase.BETWEEN: "between commit and database",
    Phase.ENDED: "ended already",
}

#: what every run must hit
MUST = (Phase.PLAN, Phase.COPY, Phase.BEFORE_COMMIT, Phase.BETWEEN)


@dataclass(frozen=True, kw_only=True)
class Sought:
    """The import that is looked at: the only one of its deposit."""

    #: id of the deposit, without the rest of its URI
    deposit: str
    #: id of the object, and the version that the import is to make
    object_id: str
    version: int


class Look:
    """Looks at the data folder of a server, whether that runs or not.

    How storage is looked at, is left to :mod:`crash.grounds`.
    """

    def __init__(self, data: Path) -> None:
        self.rows = Rows(data, reads_only=True)

    def close(self) -> None:
        self.rows.close()

    def phase(self, sought: Sought) -> Phase:
        found = self.rows.execute(
            "SELECT id, status, attempts, finished, progress"
            " FROM jobs WHERE deposit = ? AND kind = 'import'",
            sought.deposit,
        )
        if not found:
            return Phase.POSTING
        ((job, status, attempts, finished, progress),) = found
        announced = json.loads(progress).get("phase") if progress else None
        if finished is not None:
            return Phase.ENDED
        stored = self.stored(sought)
        if stored is not None:
            return stored
        staged = self.staged(sought, f"{job}-{attempts}")
        if staged is not None:
            return Phase.BEFORE_COMMIT if announced == "committing" else staged
        if announced == "committing":
            return Phase.BEFORE_COMMIT
        return Phase.PLAN if status == "running" else Phase.WAITING

    def stored(self, sought: Sought) -> Phase | None:
        """What the object says of the version; None if nothing."""
        raise NotImplementedError

    def staged(self, sought: Sought, attempt: str) -> Phase | None:
        """What lies there of an attempt that is not committed: copy, before commit, or None."""
        raise NotImplementedError
