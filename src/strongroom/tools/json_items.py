"""Reads the items of one large JSON array one after another, in bounded memory.

Leaves what an item means to the caller. Numbers come as the text they are written as.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from strongroom.tools.text import Readable, characters

#: characters of the largest item that is read, and of what may stand before the array
LARGEST = 1 << 23

_SPACE = re.compile(r"[\s,]*")


class Items:
    """The objects of an array, each as a list of name and value, so that none is lost.

    ``start`` finds the array: its match ends with the opening bracket. ValueError, from
    iterating, where there is none or it breaks off; what came before has been given by then.
    """

    def __init__(self, stream: Readable, start: re.Pattern[str]) -> None:
        self._pieces = characters(stream)
        self._start = start
        #: what stood before the array
        self.head = ""

    def __iter__(self) -> Iterator[Any]:
        buffer = ""
        while (found := self._start.search(buffer)) is None:
            piece = next(self._pieces, "")
            if not piece or len(buffer) > LARGEST:
                raise ValueError("it holds no such list")
            buffer += piece
        self.head, buffer = buffer[: found.end()], buffer[found.end() :]
        decoder = json.JSONDecoder(
            object_pairs_hook=list, parse_float=str, parse_int=str, strict=False
        )
        position, more = 0, True
        while True:
            space = _SPACE.match(buffer, position)
            position = space.end() if space else position
            if buffer[position : position + 1] == "]":
                return
            try:
                item, position = decoder.raw_decode(buffer, position)
            except (ValueError, RecursionError):
                buffer, position = buffer[position:], 0
                if not more or len(buffer) > LARGEST:
                    raise ValueError("it breaks off or is no JSON") from None
                # twice as much each time, so that a long item is not read too often
                wanted = 2 * len(buffer)
                while more and len(buffer) <= wanted:
                    piece = next(self._pieces, "")
                    buffer, more = buffer + piece, bool(piece)
                continue
            yield item
            if position > LARGEST:
                buffer, position = buffer[position:], 0
