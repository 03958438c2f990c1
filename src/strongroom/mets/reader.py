"""Reads a METS file of any producer into a :class:`Description`.

Opens with what is fatal: no XML, a DOCTYPE, no METS, over the limits. Everything else becomes a
fault or a warning in the result. Which of the paths exist is left to the caller.
"""

from __future__ import annotations

from typing import BinaryIO

from strongroom.domain.description import Description
from strongroom.domain.findings import KeepTags
from strongroom.mets.assemble import describe
from strongroom.mets.gather import OutlineGatherer
from strongroom.mets.walker import Walker

MAX_BYTES = 512 * 2**20


def read(
    stream: BinaryIO, *, limit: int = MAX_BYTES, keep_tags: KeepTags | None = None
) -> Description:
    """What the METS in ``stream`` says; ``limit`` is in bytes.

    ``keep_tags``: with the properties that tools read from the files, of which there may be many;
    it says where they are kept.

    Memory grows with the number of entries, not with the size of the XML. Raises Unprocessable
    (``bad-mets``, with the line where it is known) if the file as a whole cannot be read.
    """
    walker = Walker()
    gatherer = OutlineGatherer(walker, keep_tags=keep_tags)
    walker.walk(stream, limit)
    return describe(gatherer.result())
