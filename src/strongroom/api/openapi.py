"""The OpenAPI 3.1 description, made from the routes themselves and from the wire shapes.

Paths are the true public ones; schemas come from msgspec, so they are what is read and written.
Nothing is described that no route declares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import UnionType
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec
from litestar.handlers import HTTPRouteHandler

import strongroom
from strongroom.api import values
from strongroom.api.described import Described, described
from strongroom.api.operation import At
from strongroom.api.settings import EdgeSettings
from strongroom.api.values import Value
from strongroom.wire.base import Shape
from strongroom.wire.problems import Problem

_REF = "#/components/schemas/{name}"

#: where an action is needed; elsewhere nothing is said of it
_ALLOWED = (At.SOMEWHERE, At.PATH, At.SHOWN, At.DEPOSIT)

_TAGS = {
    "Preservation": "With which applications work: deposits, import jobs, what is preserved",
    "Storage": "Which serves the bytes of what is preserved, and takes jobs without a deposit",
}

PROBLEM = "application/problem+json"
#: of several byte ranges
_RANGES = "multipart/byteranges"
#: headers that come with a problem, by its status
_WITH_PROBLEM = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


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


def document(parts: Iterable[Part], server: str, *, guarded: bool) -> dict[str, Any]:
    """The description of some surfaces as one server answers them.

    ``guarded``: callers have to prove who they are.
    """
    parts = list(parts)
    every = [(part, described(handler)) for part in parts for handler in part.handlers]
    schema_of, components = _schemas(item for _, item in every)
    paths: dict[str, dict[str, Any]] = {}
    for part, item in every:
        for method in item.methods:
            entry = _operation(item, method, part.tag, schema_of, guarded)
            paths.setdefault(part.prefix + item.path, {})[method.lower()] = entry
    proofs = {"securitySchemes": _schemes(server)} if guarded else {}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Strongroom",
            "version": strongroom.__version__,
            "summary": "Versioned object storage for preservation: deposits, import jobs, OCFL.",
            "description": "A parameter `path` at the end of a path takes the rest of it, slashes "
            "included: they are sent as they are. Names of query parameters are read in any case, "
            "and a parameter without a value counts as not sent.",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": part.tag, "description": _TAGS[part.tag]} for part in parts],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, **proofs},
    }


def _schemas(
    items: Iterable[Described],
) -> tuple[Callable[[Any], dict[str, Any]], dict[str, Any]]:
    """How a type is written in an operation, and the components that this refers to."""
    types: list[Any] = [Problem]
    for item in items:
        for kind in (item.answer, item.body, item.operation.refusal):
            types += _alternatives(kind)
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
    """Ways to prove who asks."""
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


_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}, {"clientCredentials": []}]

# ------------------------------------------------------------------------ to operations


def _operation(
    item: Described,
    method: str,
    tag: str,
    schema_of: Callable[[Any], dict[str, Any]],
    guarded: bool,
) -> dict[str, Any]:
    operation = item.operation
    entry: dict[str, Any] = {
        "tags": [tag],
        "summary": operation.summary,
        "operationId": _operation_id(tag, method, item.path),
        "parameters": [*_parameters(item, guarded)],
        "responses": {
            **_answers(item, method, schema_of),
            **_problems(item, method, schema_of, guarded),
        },
        "security": _SECURITY if guarded and not item.public else [],
    }
    if operation.needs is not None and operation.needs.at in _ALLOWED:
        entry["x-needs"] = {"action": operation.needs.action, "at": operation.needs.at}
    if item.body is not None:
        entry["requestBody"] = _body(item, schema_of)
    elif operation.form:
        entry["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": _form(operation.form)}},
        }
    elif operation.upload is not None and method == "PUT":
        entry["requestBody"] = {"required": True, "content": {operation.upload: {}}}
    return entry


def _body(item: Described, schema_of: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """A JSON body; where none is needed, the literal ``null`` counts as none."""
    demands = item.operation.demands
    schema = {**schema_of(item.body), **demands}
    needed = item.body_required or "required" in demands
    if not needed:
        schema = {"anyOf": [schema, {"type": "null"}]}
    return {"required": needed, "content": {"application/json": {"schema": schema}}}


def _operation_id(tag: str, method: str, path: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path)
    return tag.lower() + method.capitalize() + "".join(word.capitalize() for word in words)


def _form(fields: Mapping[str, Value]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _said(value) for name, value in fields.items()},
        "required": [name for name, value in fields.items() if value.required],
    }


def _said(value: Value) -> dict[str, Any]:
    """A schema with what it means."""
    return {**value.schema, **({"description": value.text} if value.text else {})}


def _parameters(item: Described, guarded: bool) -> Iterator[dict[str, Any]]:
    for name, value in item.in_path.items():
        yield {**_parameter(name, "path", value), "required": True}
    for name, value in item.query.items():
        entry = _parameter(name, "query", value)
        # any text may be empty anyway
        told = not value.required and value.schema != {"type": "string"}
        yield {**entry, "allowEmptyValue": True} if told else entry
    for name, value in item.headers(guarded=guarded).items():
        yield _parameter(name, "header", value)


def _parameter(name: str, place: str, value: Value) -> dict[str, Any]:
    entry = {"name": name, "in": place, "required": value.required, "schema": dict(value.schema)}
    return {**entry, "description": value.text} if value.text else entry


def _headers(names: Iterable[str]) -> dict[str, Any]:
    given = {name: values.GIVEN[name] for name in ("x-correlation-id", *names)}
    return {
        name: {
            **({"description": value.text} if value.text else {}),
            "required": value.required,
            "schema": dict(value.schema),
        }
        for name, value in given.items()
    }


# ------------------------------------------------------------------------ to answers


def _answers(
    item: Described, method: str, schema_of: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    operation = item.operation
    found: dict[str, Any] = {}
    replayed = ("Idempotency-Replayed",) if operation.once else ()
    for status in (item.status, *operation.also):
        gives = (*operation.gives, *replayed, *(("Content-Range",) if status == 206 else ()))
        if status == 304:
            gives = tuple(name for name in gives if name in ("ETag", "Link"))
        entry: dict[str, Any] = {
            "description": HTTPStatus(status).phrase,
            "headers": _headers(gives),
        }
        found[str(status)] = entry
        if method == "HEAD" or status in (204, 304):
            continue
        content: dict[str, Any] = {}
        if item.answer is not None and status != 206:
            content["application/json"] = {"schema": schema_of(item.answer)}
        if operation.media_type is not None:
            content[operation.media_type] = {}
        if status == 206:
            content[_RANGES] = {}
        if content:
            entry["content"] = content
    return found


def _problems(
    item: Described, method: str, schema_of: Callable[[Any], dict[str, Any]], guarded: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status in item.problems(guarded=guarded):
        content: dict[str, Any] = {PROBLEM: {"schema": schema_of(Problem)}}
        if item.operation.refusal is not None and status in (400, 401):
            content["application/json"] = {"schema": schema_of(item.operation.refusal)}
        elif status == 401:
            # what existing clients show as it comes
            content["text/plain"] = {"schema": {"type": "string"}}
        found[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "headers": _headers(_WITH_PROBLEM.get(status, ())),
        }
        if method != "HEAD":
            found[str(status)]["content"] = content
    return found
