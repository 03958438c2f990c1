"""The few pages for people: the API's documentation and an explanation of every problem.

Plain HTML made here, with one style sheet and no script, so nothing is loaded from anywhere else.
What the pages say comes from the OpenAPI description and from the registry of problems.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from strongroom.api import problem_texts
from strongroom.api.operation import PUBLIC_PAGE
from strongroom.errors import NotFound

HTML = "text/html"

_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

_STYLE = """\
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { background: var(--soft); padding: 0.8rem; overflow-x: auto; border-radius: 4px; }
details { border-bottom: 1px solid var(--line); padding: 0.3rem 0; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 4.5rem; }
summary span { opacity: 0.75; margin-left: 0.6rem; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.6rem 0.2rem 0; }
dt { font-weight: 600; margin-top: 0.8rem; }
dd { margin: 0; }
"""


def _page(title: str, body: str, *, up: str) -> Response[str]:
    """A whole page; ``up`` leads relatively to the root of the surface."""
    text = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{up}docs/style.css"></head>'
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )
    return Response(text, media_type=HTML, headers=_POLICY)


# ------------------------------------------------------------------------ the API


def documentation(describe: Callable[[], Mapping[str, Any]]) -> list[HTTPRouteHandler]:
    """Routes that serve an OpenAPI description, and a page made from it.

    It is made when somebody asks for it first, for it takes as long as the rest of a start.
    """

    described = functools.cache(describe)

    @functools.cache
    def encoded() -> bytes:
        return msgspec.json.encode(described())

    @functools.cache
    def page() -> tuple[str, str]:
        description = described()
        return f"{description['info']['title']} HTTP API", "\n".join(_sections(description))

    @get("/openapi.json", media_type="application/json", sync_to_thread=True, opt=PUBLIC_PAGE)
    def openapi_json() -> Response[bytes]:
        return Response(encoded())

    @get("/docs", media_type=HTML, sync_to_thread=True, opt=PUBLIC_PAGE)
    def docs() -> Response[str]:
        return _page(*page(), up="")

    return [openapi_json, docs]


def _sections(description: Mapping[str, Any]) -> Iterator[str]:
    server = description["servers"][0]["url"]
    yield f"<p>{escape(description['info']['description'])}</p>"
    yield f"<p>Server <code>{escape(server)}</code>, version {description['info']['version']}. "
    yield 'The same for programs: <a href="openapi.json">openapi.json</a>.</p>'
    tags: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    for tag, operations in tags.items():
        yield f"<h2>{escape(tag)}</h2>"
        yield from operations
    yield "<h2>Shapes</h2>"
    for name, schema in description["components"]["schemas"].items():
        text = msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
        yield (
            f'<details id="{escape(name)}"><summary><b>{escape(name)}</b></summary>'
            f"<pre>{escape(text)}</pre></details>"
        )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(entry['name'])}</code></td><td>{entry['in']}</td>"
        f"<td>{escape(_type(entry['schema']))}</td>"
        f"<td>{escape(entry.get('description', ''))}</td></tr>"
        for entry in operation["parameters"]
    )
    answers = "".join(
        f"<tr><td>{status}</td><td>{escape(answer['description'])}</td><td>{_content(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    body = operation.get("requestBody")
    sent = f"<p>Body: {_content(body)}</p>" if body else ""
    return (
        f"<details><summary><b>{method.upper()}</b><code>{escape(path)}</code>"
        f"<span>{escape(operation['summary'])}</span></summary>"
        f"<table>{parameters}</table>{sent}<table>{answers}</table></details>"
    )


def _content(entry: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{escape(media_type)} {_link(content.get('schema', {}))}"
        for media_type, content in entry.get("content", {}).items()
    )


def _link(schema: Mapping[str, Any]) -> str:
    """A type with links to the shapes in it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_link(part) for part in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_link(schema.get('items', {}))}"
    return escape(_type(schema))


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        parts = (_type(part) for part in schema["anyOf"])
        return " or ".join(part for part in parts if part != "null")
    return str(schema.get("type", ""))


# ------------------------------------------------------------------------ problems


def problem_pages() -> list[HTTPRouteHandler]:
    """Routes that explain every code a problem's ``type`` can point to, and the style sheet."""

    @get("/problems", media_type=HTML, sync_to_thread=False, opt=PUBLIC_PAGE)
    def problems() -> Response[str]:
        entries = "".join(
            f'<dt><a href="problems/{code}">{code}</a></dt><dd>{escape(text)}</dd>'
            for code, text in sorted(problem_texts.TEXTS.items())
        )
        return _page("Problems", f"<dl>{entries}</dl>", up="")

    @get("/problems/{code:str}", media_type=HTML, sync_to_thread=False, opt=PUBLIC_PAGE)
    def problem(code: FromPath[str]) -> Response[str]:
        text = problem_texts.TEXTS.get(code)
        if text is None:
            raise NotFound(f"There is no problem called '{code[:80]}'.", code="no-route")
        return _page(code, f"<p>{escape(text)}</p>\n<p><a href='.'>All problems</a></p>", up="../")

    @get("/docs/style.css", media_type="text/css", sync_to_thread=False, opt=PUBLIC_PAGE)
    def style() -> str:
        return _STYLE

    return [problems, problem, style]
