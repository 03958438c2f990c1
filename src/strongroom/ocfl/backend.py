"""How a storage root is kept by one kind of storage: what :mod:`strongroom.ocfl.root` stands on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from strongroom.errors import StrongroomError
from strongroom.ocfl.site import Ground
from strongroom.ocfl.stored import StoredObject
from strongroom.ocfl.versions import Style
from strongroom.ocfl.workplace import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """What a repair of a whole root came to, in words for people."""

    done: tuple[str, ...]
    #: what cannot be repaired without a copy, or a person; it is left as it is
    failed: tuple[str, ...]


class Backend(Protocol):
    """One storage root in its kind of storage; safe to share between threads."""

    @property
    def ground(self) -> Ground: ...

    def free_bytes(self) -> int:
        """Bytes that can still be written."""

    def is_there(self, object_id: str) -> bool:
        """Whether anything lies in an object's place."""

    def begin(
        self, object_id: str, base: StoredObject | None, attempt: str, style: Style
    ) -> Workplace:
        """Where a version can be made; what a dead attempt of that name has left is given up.

        Conflict (``attempt-in-use``) if it is seen to be alive.
        """

    def purge(self, object_id: str) -> None:
        """Remove an object and all its versions for ever; harmless if it is gone."""

    def recover(self, object_id: str) -> str | None:
        """Repair what a stopped writer left of an object; what was done, None if nothing was."""

    def settle(self) -> Repairs:
        """Repair every object that unfinished work points to, and clear that work away."""

    def sweep(self, *, older_than: float, keep: Collection[str]) -> int:
        """Clear unfinished work whose owner is dead, older than so many seconds; how many."""


def reason(error: StrongroomError | OSError, about: str) -> str:
    """Why something could not be repaired, as one text that names it."""
    return error.message if isinstance(error, StrongroomError) else f"{about}: {error}"
