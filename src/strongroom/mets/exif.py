"""The properties that a tool read from a file, as platform METS keeps them: ``ExifMetadata``.

The element and those in it have no namespace and any names; each of them is a property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strongroom.domain.findings import KeepTags, Tag
from strongroom.mets.faults import bad_mets
from strongroom.mets.names import WHOLE_OUTPUT
from strongroom.mets.walker import Closer, Walker

MAX_TAGS = 100_000  # properties of one file


class ExifGatherer:
    """Gathers :class:`Tag` between :meth:`begin` and :meth:`finish`; nothing without ``keep``.

    The tool's whole output, which older files repeat as one more property, is left out.
    """

    def __init__(self, walker: Walker, *, keep: KeepTags | None) -> None:
        self._walker = walker
        self._listening = False
        self._tags: list[Tag] = []
        self._keep = keep
        if keep is not None:
            walker.on("ExifMetadata", self._open)

    def begin(self) -> None:
        self._listening = True
        self._tags = []

    def finish(self) -> Sequence[Tag]:
        self._listening = False
        tags, self._tags = tuple(self._tags), []
        return self._keep(tags) if tags and self._keep else ()

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
            if len(self._tags) >= MAX_TAGS:
                raise bad_mets(
                    f"it states more than {MAX_TAGS:,} properties of one file",
                    line=self._walker.line,
                )
            self._tags.append(Tag(local, text.strip()))

        return self._walker.capture(put)
