"""The OpenAPI 3.1 description, made from the routes themselves and from the wire shapes.

Paths are the true public ones; schemas come from msgspec, so they are what is read and written.
Nothing is described that no route declares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import NoneType, UnionType
from typing import Any, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

import strongroom
from strongroom.api.operation import KEY, At, Needs, Operation
from strongroom.api.settings import EdgeSettings
from strongroom.wire.base import Shape
from strongroom.wire.problems import Problem

_REF = "#/components/schemas/{name}"

#: parameters of handlers that the server fills, not the client
_INNER = frozenset({"edge", "agent", "request", "data"})


#: where an action is needed; elsewhere nothing is said of it
_ALLOWED = (At.SOMEWHERE, At.PATH, At.SHOWN, At.DEPOSIT)

_PARAMETER = re.compile(r"\{(\w+):\w+\}")

_ONCE = {"Idempotency-Key": "The same request under the same key is carried out once"}
_COMMON_HEADERS = {
    "X-Client-Identity": "Name of the agent: for whom a machine acts, and of anyone while "
    "authentication is off",
    "x-correlation-id": "Echoed, and written beside every log line about the request",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    type: Any
    required: bool
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """What one route says of itself."""

    path: str
    in_path: list[str]
    methods: tuple[str, ...]
    operation: Operation
    status: int
    query: Mapping[str, _Query]
    #: shape of the JSON body; None without one
    body: Any
    body_required: bool
    #: type of the JSON answer; None without one
    answer: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The routes of one surface, and the path they lie below on the described server."""

    tag: str
    prefix: str
    handlers: Iterable[HTTPRouteHandler]


def storage_prefix(settings: EdgeSettings) -> str | None:
    """Where the Storage surface lies below the Preservation root; None if it lies elsewhere."""
    ours, theirs = urlsplit(settings.public), urlsplit(settings.storage)
    if ours.netloc != theirs.netloc or not theirs.path.startswith(ours.path + "/"):
        return None
    return theirs.path[len(ours.path) :]


def document(parts: Iterable[Part], server: str) -> dict[str, Any]:
    """The description of some surfaces as one server answers them."""
    described = [(part, _described(handler)) for part in parts for handler in part.handlers]
    schema_of, components = _schemas(item for _, item in described)
    paths: dict[str, dict[str, Any]] = {}
    for part, item in described:
        for method in item.methods:
            entry = _operation(item, method, part.tag, schema_of)
            paths.setdefault(part.prefix + item.path, {})[method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Strongroom",
            "version": strongroom.__version__,
            "description": "Versioned object storage for preservation: deposits, import jobs, "
            "OCFL. A parameter `path` at the end of a path takes the rest of it, slashes included.",
        },
        "servers": [{"url": server}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, "securitySchemes": _schemes(server)},
    }


def query_names(handlers: Iterable[HTTPRouteHandler]) -> dict[str, str]:
    """Every query parameter that some route knows, by its lower case."""
    names = (name for handler in handlers for name in _described(handler).query)
    return {name.lower(): name for name in names}


# ------------------------------------------------------------------------ from routes


def _described(handler: HTTPRouteHandler) -> _Described:
    operation: Operation = handler.opt[KEY]
    (path,) = handler.paths
    signature = handler.parsed_fn_signature
    in_path = _PARAMETER.findall(path)
    data = signature.parameters.get("data")
    query: dict[str, _Query] = {
        name: _Query(type=field.annotation, required=field.is_required)
        for name, field in signature.parameters.items()
        if name not in _INNER and name not in in_path
    }
    for name, text in operation.query.items():
        query[name] = _Query(type=str, required=False, text=text)
    answer = operation.answer
    if answer is None and operation.media_type is None:
        answer = _unwrapped(signature.return_type.annotation)
    return _Described(
        path=_PARAMETER.sub(r"{\1}", path),
        in_path=in_path,
        methods=tuple(sorted(str(method) for method in handler.http_methods)),
        operation=operation,
        status=handler.status_code,
        query=query,
        body=None if data is None else _without_none(data.annotation),
        body_required=data is not None and data.is_required,
        answer=answer,
    )


def _unwrapped(annotation: Any) -> Any:
    """What a handler answers with, out of ``Response[…]``; None for nothing."""
    if get_origin(annotation) is not None and issubclass(get_origin(annotation), Response):
        (annotation,) = get_args(annotation)
    return None if annotation in (None, NoneType) else annotation


def _without_none(annotation: Any) -> Any:
    return next((part for part in get_args(annotation) if part is not NoneType), annotation)


def _schemas(
    items: Iterable[_Described],
) -> tuple[Callable[[Any], dict[str, Any]], dict[str, Any]]:
    """How a type is written in an operation, and the components that this refers to."""
    types: list[Any] = [Problem]
    for item in items:
        types += [*_alternatives(item.answer), *_alternatives(item.body)]
        types += [parameter.type for parameter in item.query.values()]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    written = dict(zip(map(repr, types), schemas, strict=True))

    def schema_of(kind: Any) -> dict[str, Any]:
        found = [written[repr(part)] for part in _alternatives(kind)]
        return found[0] if len(found) == 1 else {"anyOf": found}

    return schema_of, dict(sorted(components.items()))


def _alternatives(kind: Any) -> list[Any]:
    """The shapes of which an answer is one; msgspec itself describes no union of shapes."""
    if kind is None:
        return []
    parts = get_args(kind) if isinstance(kind, UnionType) else ()
    shapes = [part for part in parts if isinstance(part, type) and issubclass(part, Shape)]
    return shapes or [kind]


# ------------------------------------------------------------------------ who may


def _schemes(server: str) -> dict[str, Any]:
    """Ways to prove who asks, while authentication is on."""
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of an accepted issuer or of our own, or an API key",
        },
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
        "clientCredentials": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": f"{server}/v1/token", "scopes": {}}},
        },
    }


def _security(needs: Needs | None) -> list[dict[str, list[str]]]:
    if needs is not None and needs.at is At.PUBLIC:
        return []
    return [{"bearer": []}, {"apiKey": []}, {"clientCredentials": []}]


# ------------------------------------------------------------------------ to operations


def _operation(
    item: _Described, method: str, tag: str, schema_of: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    operation = item.operation
    entry: dict[str, Any] = {
        "tags": [tag],
        "summary": operation.summary,
        "operationId": _operation_id(tag, method, item.path),
        "parameters": [*_parameters(item, schema_of)],
        "responses": _responses(item, method, schema_of),
        "security": _security(operation.needs),
    }
    if operation.needs is not None and operation.needs.at in _ALLOWED:
        entry["x-needs"] = {"action": operation.needs.action, "at": operation.needs.at}
    if item.body is not None:
        entry["requestBody"] = {
            "required": item.body_required,
            "content": {"application/json": {"schema": schema_of(item.body)}},
        }
    elif operation.form:
        fields = {name: {"type": "string"} for name in operation.form}
        form = {"schema": {"type": "object", "properties": fields}}
        entry["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": form},
        }
    elif operation.upload is not None and method == "PUT":
        entry["requestBody"] = {"required": True, "content": {operation.upload: {}}}
    return entry


def _operation_id(tag: str, method: str, path: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path)
    return tag.lower() + method.capitalize() + "".join(word.capitalize() for word in words)


def _parameters(
    item: _Described, schema_of: Callable[[Any], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for name in item.in_path:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name, query in item.query.items():
        entry = {
            "name": name,
            "in": "query",
            "required": query.required,
            "schema": schema_of(query.type),
        }
        yield {**entry, "description": query.text} if query.text else entry
    once = _ONCE if item.operation.once else {}
    for name, text in {**item.operation.headers, **once, **_COMMON_HEADERS}.items():
        yield {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}


def _responses(
    item: _Described, method: str, schema_of: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    operation = item.operation
    found: dict[str, Any] = {}
    for status in (item.status, *operation.also):
        entry: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        found[str(status)] = entry
        if method == "HEAD" or status in (204, 304):
            continue
        if item.answer is not None:
            entry["content"] = {"application/json": {"schema": schema_of(item.answer)}}
        elif operation.media_type is not None:
            entry["content"] = {operation.media_type: {}}
    refusals = (401, 403) if _security(operation.needs) else ()
    for status in sorted({400, 500, *refusals, *operation.problems}):
        found[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": schema_of(Problem)}},
        }
    return found
