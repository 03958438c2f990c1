"""The rule that layouts 0006 and 0007 share: what is left of an id when its prefix is left out.

The prefix ends with the last occurrence of a delimiter, found without regard to case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from strongroom.ocfl.layouts import places

#: at least one character
Delimiter = Annotated[str, Meta(min_length=1)]


def omit(layout: str, object_id: str, delimiter: str) -> str:
    """The id after the last delimiter, or the whole id if there is none.

    Unprocessable (``id-not-mappable``) if nothing is left.
    """
    end = _lower(object_id).rfind(_lower(delimiter))
    rest = object_id if end < 0 else object_id[end + len(delimiter) :]
    if not rest:
        why = f"it ends with the delimiter {delimiter!r}, so that nothing is left"
        raise places.not_mappable(layout, object_id, why)
    return rest


def conflicts(delimiter: str) -> Iterator[str]:
    """What is wrong with a delimiter beyond its type."""
    try:
        delimiter.encode("utf-8")
    except UnicodeEncodeError:
        yield f"delimiter is {delimiter!r}, which is no valid Unicode"


def finding(delimiter: str) -> str:
    """How a finder leaves the prefix out."""
    return (
        "To find an object whose id you know, leave out everything up to and with the last "
        f"{json.dumps(delimiter, ensure_ascii=False)} in the id (in upper or lower case), if there "
        "is one."
    )


def _lower(text: str) -> str:
    """In lower case, character by character, so that each keeps its place in the text."""
    if text.isascii():
        return text.lower()
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
