"""Changes of a long text of bytes, noted by position and made in one copy.

Whatever no change concerns is copied as it is.
"""

from __future__ import annotations

from typing import Protocol

from strongroom.mets.editing.tags import Source

_CHUNK = 1 << 20


class Writable(Protocol):
    """Anything that takes bytes one piece after another."""

    def write(self, data: bytes, /) -> object: ...


class OverlapError(ValueError):
    """Two changes are about the same bytes."""


class Splices:
    """Pieces to be put in the place of others; positions are those of the original."""

    def __init__(self) -> None:
        #: start, whether anything goes, order of arrival, end, what goes there
        self._pieces: list[tuple[int, bool, int, int, bytes]] = []

    def __len__(self) -> int:
        return len(self._pieces)

    def insert(self, at: int, piece: bytes) -> None:
        """Put a piece before what is at ``at``, and after what was put there earlier."""
        self.replace(at, at, piece)

    def cut(self, start: int, end: int) -> None:
        self.replace(start, end, b"")

    def replace(self, start: int, end: int, piece: bytes) -> None:
        # what is put before something comes before what takes its place
        self._pieces.append((start, end > start, len(self._pieces), end, piece))

    def write(self, source: Source, target: Writable) -> None:
        """Copy ``source`` with all changes.

        OverlapError, and nothing is written, if two are about the same bytes.
        """
        pieces, done = sorted(self._pieces), 0
        for start, _, _, end, _ in pieces:
            if start < done:
                raise OverlapError(f"two changes concern the bytes from {start} to {done}")
            done = end
        done = 0
        for start, _, _, end, piece in pieces:
            _copy(source, done, start, target)
            target.write(piece)
            done = end
        _copy(source, done, len(source), target)


def _copy(source: Source, start: int, end: int, target: Writable) -> None:
    for at in range(start, end, _CHUNK):
        target.write(source[at : min(at + _CHUNK, end)])
