"""How long work tells whoever watches that it moves on.

Files and bytes are counted in phases; drawing bars is for the command line.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called from several threads."""

    def phase(self, name: str, *, files: int, size: int) -> None:
        """A new phase begins, with so many files and bytes to do."""

    def step(self, *, files: int = 0, size: int = 0) -> None:
        """So much more was done (or, where negative, has to be done again)."""

    def at(self, *, files: int, size: int, total_files: int, total_size: int) -> None:
        """So much of so much was done in this phase, as the server counts it."""


class Silent:
    """Nobody watches."""

    def phase(self, name: str, *, files: int, size: int) -> None: ...

    def step(self, *, files: int = 0, size: int = 0) -> None: ...

    def at(self, *, files: int, size: int, total_files: int, total_size: int) -> None: ...
