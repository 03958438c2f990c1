"""Query strings: names in any case and with ``query.`` before them, as existing clients send them.

The front folds names with :func:`fold` before the router reads them; the long filter of the deposit
list is read here as well. Source: contract section 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from strongroom.errors import BadRequest, Fault

MAX_FIELDS = 100


def fold(query: bytes, names: Mapping[str, str]) -> bytes:
    """The query string with the names that the routes know; ``names`` maps lower case to them.

    Empty values count as not sent, unknown names stay as they are, and of a repeated name the last
    counts. Raises BadRequest for more than 100 fields.
    """
    if not query:
        return query
    try:
        pairs = parse_qsl(query.decode("latin-1"), max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(
            f"The query has more than {MAX_FIELDS} fields.", code="bad-query"
        ) from error
    folded = {}
    for name, value in pairs:
        bare = name.lower().removeprefix("query.")
        folded[names.get(bare, name)] = value
    return urlencode(folded).encode()


def page_number(text: str) -> int:
    """The number of a page from a path, counted from 1. Raises BadRequest (``bad-page``)."""
    if text.isascii() and text.isdigit() and len(text) <= 12 and int(text) > 0:
        return int(text)
    raise BadRequest(
        f"'{text[:40]}' is not a page; pages are numbered from 1.",
        code="bad-page",
        faults=[
            Fault(
                code="bad-page",
                message="The page cannot be read.",
                path="page",
                expected="an integer from 1",
                found=text[:40],
            )
        ],
    )
