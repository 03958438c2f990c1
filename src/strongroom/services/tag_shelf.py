"""Properties of very many files, kept on the disk rather than in memory.

Tools tell a hundred of each file, and of a hundred thousand files they are told one by one again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import overload

import msgspec

from strongroom.domain.findings import Tag

#: tags of a file up to which they stay in memory
_FEW = 8

_decode = msgspec.json.Decoder(list[Tag]).decode
_encode = msgspec.json.Encoder().encode


class TagShelf:
    """One file without a name in a folder; it is gone with the last of the tags kept in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            self._descriptor = os.dup(file.fileno())
        self._end = 0

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            os.close(self._descriptor)

    def keep(self, tags: tuple[Tag, ...]) -> Sequence[Tag]:
        """The same tags, read from the disk whenever they are looked at."""
        if len(tags) <= _FEW:
            return tags
        data = _encode(tags)
        start = self._end
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, data[written:], start + written)
        self._end += len(data)
        return _Kept(self, start, len(data), len(tags))

    def read(self, start: int, size: int) -> list[Tag]:
        """The tags at a place; may be called by several threads at once."""
        data = bytearray()
        while len(data) < size:
            piece = os.pread(self._descriptor, size - len(data), start + len(data))
            if not piece:
                raise EOFError("tags that were kept are no longer there")
            data += piece
        return _decode(data)


class _Kept(Sequence[Tag]):
    __slots__ = ("_count", "_shelf", "_size", "_start")

    def __init__(self, shelf: TagShelf, start: int, size: int, count: int) -> None:
        self._shelf, self._start, self._size, self._count = shelf, start, size, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Tag]:
        return iter(self._shelf.read(self._start, self._size))

    @overload
    def __getitem__(self, index: int) -> Tag: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tag]: ...
    def __getitem__(self, index: int | slice) -> Tag | Sequence[Tag]:
        return self._shelf.read(self._start, self._size)[index]
