"""What the routes say of themselves, read from their signatures and declarations.

How that is written in the description of the API is left to :mod:`strongroom.api.openapi`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from strongroom.api import values
from strongroom.api.operation import KEY, At, Operation
from strongroom.api.values import Value

#: parameters of handlers that the server fills, not the client
_INNER = frozenset({"edge", "agent", "request", "data"})

_PARAMETER = re.compile(r"\{(\w+):\w+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What one route says of itself."""

    path: str
    in_path: Mapping[str, Value]
    methods: tuple[str, ...]
    operation: Operation
    status: int
    query: Mapping[str, Value]
    #: whether it is told who acts
    asks_agent: bool
    #: shape of the JSON body; None without one
    body: Any
    body_required: bool
    #: type of the JSON answer; None without one
    answer: Any

    @property
    def public(self) -> bool:
        """Whether anyone may ask, without saying who it is."""
        needs = self.operation.needs
        return needs is not None and needs.at is At.PUBLIC

    def headers(self, *, guarded: bool) -> dict[str, Value]:
        """The headers that are heeded; who acts is read with every proof."""
        names = [*self.operation.headers]
        if self.operation.once:
            names.append("Idempotency-Key")
        if self.asks_agent or (guarded and not self.public):
            names.append("X-Client-Identity")
        return {name: values.SENT[name] for name in (*names, "x-correlation-id")}

    def problems(self, *, guarded: bool) -> list[int]:
        """The statuses of its problems; ``guarded``: callers have to prove who they are.

        Beside what it declares: 400, 500 and, for a foreign Host or Origin, 403 anything may meet;
        503 whatever needs the database; the rest comes with bodies, keys and proofs.
        """
        found = {400, 403, 500, *self.operation.problems}
        if not self.public:
            found |= {503}
            if guarded:
                found |= {401, 429}
        if self.body is not None:
            found |= {413, 415}
        if self.operation.once:
            found |= {409, 422}
        return sorted(found)


def described(handler: HTTPRouteHandler) -> Described:
    """One route. KeyError for a parameter of which nothing is said."""
    operation: Operation = handler.opt[KEY]
    (path,) = handler.paths
    signature = handler.parsed_fn_signature
    in_path = {name: values.IN_PATH[name] for name in _PARAMETER.findall(path)}
    if "path" in in_path and operation.path is not None:
        in_path["path"] = operation.path
    data = signature.parameters.get("data")
    query = {
        name: values.IN_QUERY[name]
        for name in signature.parameters
        if name not in _INNER and name not in in_path
    }
    answer = operation.answer
    if answer is None and operation.media_type is None:
        answer = _unwrapped(signature.return_type.annotation)
    return Described(
        path=_PARAMETER.sub(r"{\1}", path),
        in_path=in_path,
        methods=tuple(sorted(str(method) for method in handler.http_methods)),
        operation=operation,
        status=handler.status_code,
        query={**query, **operation.query},
        asks_agent="agent" in signature.parameters,
        body=None if data is None else _without_none(data.annotation),
        body_required=data is not None and data.is_required,
        answer=answer,
    )


def query_names(handlers: Iterable[HTTPRouteHandler]) -> dict[str, str]:
    """Every query parameter that some route knows, by its lower case."""
    names = (name for handler in handlers for name in described(handler).query)
    return {name.lower(): name for name in names}


def _unwrapped(annotation: Any) -> Any:
    """What a handler answers with, out of ``Response[…]``; None for nothing."""
    if get_origin(annotation) is not None and issubclass(get_origin(annotation), Response):
        (annotation,) = get_args(annotation)
    return None if annotation in (None, NoneType) else annotation


def _without_none(annotation: Any) -> Any:
    if not isinstance(annotation, UnionType):
        return annotation
    return next(part for part in get_args(annotation) if part is not NoneType)
