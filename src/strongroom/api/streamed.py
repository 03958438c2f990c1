"""JSON that is written while it is sent; what is small goes out whole, with its length."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from litestar import Response
from litestar.response import Stream

from strongroom.api.operation import JSON

#: bytes up to which an answer is made before it is sent, so that a failure still gets its status
SMALL = 1 << 20


def respond(chunks: Iterator[bytes], headers: Mapping[str, str] | None = None) -> Response[Any]:
    """An answer of these bytes, which are JSON. Call it in a worker thread."""
    first: list[bytes] = []
    size = 0
    for chunk in chunks:
        first.append(chunk)
        size += len(chunk)
        if size > SMALL:
            return Stream(itertools.chain(first, chunks), media_type=JSON, headers=headers)
    return Response(b"".join(first), media_type=JSON, headers=headers)
