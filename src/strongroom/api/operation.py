"""What a route declares beside its Python signature, for the documentation and the query names.

The signature says path, query and body; this adds what it cannot. Nothing here changes an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: the key of ``opt`` under which a route keeps it
KEY = "operation"

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    #: one line
    summary: str
    #: type of the JSON answer; None where the answer is no JSON
    answer: Any = None
    #: media type of an answer that is no JSON; None where there is no body
    media_type: str | None = None
    #: statuses of success beside the route's own
    also: tuple[int, ...] = ()
    #: statuses of problems, beside 400 and 500, which anything may meet
    problems: tuple[int, ...] = ()
    #: query parameters that the signature does not show, with what they mean
    query: Mapping[str, str] = field(default_factory=dict)
    #: request headers that matter, with what they mean
    headers: Mapping[str, str] = field(default_factory=dict)
    #: whether ``Idempotency-Key`` is heeded
    once: bool = False
    #: media type of a request body that is no JSON
    upload: str | None = None


def documented(summary: str, answer: Any = None, **more: Any) -> dict[str, Any]:
    """The ``opt`` of a route: its operation."""
    return {KEY: Operation(summary=summary, answer=answer, **more)}
