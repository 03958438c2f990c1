"""The properties that a tool read from a file, as platform METS keeps them: ``ExifMetadata``.

The element and those in it have no namespace and any names; each of them is a property.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.domain.findings import Tag
from strongroom.mets.names import WHOLE_OUTPUT
from strongroom.mets.walker import Closer, Walker


class ExifGatherer:
    """Gathers :class:`Tag` between :meth:`begin` and :meth:`finish`; nothing unless ``wanted``.

    The tool's whole output, which older files repeat as one more property, is left out.
    """

    def __init__(self, walker: Walker, *, wanted: bool) -> None:
        self._walker = walker
        self._listening = False
        self._tags: list[Tag] = []
        if wanted:
            walker.on("ExifMetadata", self._open)

    def begin(self) -> None:
        self._listening = True
        self._tags = []

    def finish(self) -> tuple[Tag, ...]:
        self._listening = False
        tags, self._tags = tuple(self._tags), []
        return tags

    def _open(self, _attributes: Mapping[str, str]) -> Closer | None:
        if not self._listening:
            return None
        self._walker.others(self._element)
        return self._close

    def _close(self) -> None:
        self._walker.others(None)

    def _element(self, name: str) -> Closer | None:
        local = name.rpartition(" ")[2]
        if local == WHOLE_OUTPUT:
            return None

        def put(text: str) -> None:
            self._walker.keep()
            self._tags.append(Tag(local, text.strip()))

        return self._walker.capture(put)
