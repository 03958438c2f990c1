"""Reads the configuration of resolvers, a TOML file with one table ``[schemas.NAME]`` per schema.

Names everything that is wrong with it at once. Leaves looking things up to the resolvers it makes.
"""

from __future__ import annotations

import os
import string
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from strongroom.errors import BadRequest, Fault
from strongroom.identifiers.resolvers import Resolver, Resolvers
from strongroom.identifiers.service import Service
from strongroom.identifiers.tables import Table

#: schemas whose value is the id of a record; others are queried
_BY_ID = ("id", "pid")
_RECORD = "/api/v1/ids/{value}"
_QUERY = "/api/v1/ids?q={value}&s={schema}"
_SERVICE_KEYS = (
    "service",
    "path",
    "query",
    "results",
    "fields",
    "repository_root",
    "replace",
    "header",
    "timeout",
)
_MAX_TIMEOUT = 300.0  # seconds
_MAX_SHOWN = 50  # faults in the text of the error


def load(file: Path | None, environ: Mapping[str, str] | None = None) -> Resolvers:
    """The resolvers that ``file`` configures; none without a file.

    Secrets come from ``environ`` (default: the process's own). BadRequest (``bad-identifiers``)
    with a fault for each wrong key, naming the file.
    """
    if file is None:
        return Resolvers()
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(file, [_fault(str(file), f"cannot be read: {error.strerror}")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(file, [_fault(str(file), f"is no TOML: {error}")]) from error
    reading = _Reading(file, os.environ if environ is None else environ)
    by_schema = reading.schemas(document)
    if reading.faults:
        raise _refused(file, reading.faults)
    return Resolvers(by_schema=by_schema)


class _Reading:
    """One reading of one file, and what was wrong with it."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self._file = file
        self._environ = environ
        self.faults: list[Fault] = []
        self._tables: dict[Path, Table] = {}

    def schemas(self, document: Mapping[str, Any]) -> dict[str, Resolver]:
        self._no_others("", document, ("schemas",))
        schemas = self._typed(
            document, "", "schemas", dict, "a table [schemas.NAME] for each schema"
        )
        found: dict[str, Resolver] = {}
        for name, settings in (schemas or {}).items():
            key = f"schemas.{name}"
            if not isinstance(settings, dict):
                self._bad(key, "is no table", expected=f"[{key}]")
                continue
            if ("table" in settings) == ("service" in settings):
                self._bad(key, "needs either 'table' (a file) or 'service' (a URL)")
                continue
            resolver: Resolver | None
            if "table" in settings:
                resolver = self._table(key, settings)
            else:
                resolver = self._service(name, key, settings)
            if resolver is not None:
                found[name] = resolver
        return found

    def _table(self, key: str, settings: Mapping[str, Any]) -> Table | None:
        self._no_others(key, settings, ("table",))
        name = self._typed(settings, key, "table", str, "a CSV or JSON file")
        if name is None:
            return None
        file = self._file.parent / name
        if file.suffix.lower() not in (".csv", ".json"):
            self._bad(
                f"{key}.table", "is neither CSV nor JSON", expected="*.csv or *.json", found=name
            )
            return None
        table = self._tables.get(file)
        if table is None:
            table = self._tables[file] = Table(file)
            self.faults += table.load()[1]
        return table

    def _service(self, schema: str, key: str, settings: Mapping[str, Any]) -> Service | None:
        before = len(self.faults)
        self._no_others(key, settings, _SERVICE_KEYS)
        base = self._typed(settings, key, "service", str, "a URL") or ""
        self._url(f"{key}.service", base)
        root = self._typed(settings, key, "repository_root", str, "a URL")
        if root is not None:
            self._url(f"{key}.repository_root", root)
        if "path" in settings and "query" in settings:
            self._bad(key, "has both 'path' and 'query'; only one is possible")
        is_query = "query" in settings or ("path" not in settings and schema not in _BY_ID)
        request = self._typed(
            settings, key, "query" if is_query else "path", str, "a path with {value}"
        ) or (_QUERY if is_query else _RECORD)
        self._request(f"{key}.{'query' if is_query else 'path'}", request)
        fields = self._typed(settings, key, "fields", dict, "{ path = …, name = … }") or {}
        self._no_others(f"{key}.fields", fields, ("path", "name"))
        timeout = self._number(settings, key)
        header = self._header(key, settings)
        results = self._typed(settings, key, "results", str, "a property") or "results"
        path_field = self._typed(fields, f"{key}.fields", "path", str, "a property")
        name_field = self._typed(fields, f"{key}.fields", "name", str, "a property")
        replacements = self._replace(key, settings)
        if len(self.faults) > before:
            return None
        return Service(
            base=base.rstrip("/"),
            request=request if request.startswith("/") else f"/{request}",
            is_query=is_query,
            results=results,
            path_field=path_field or "repositoryuri",
            name_field=name_field or "title",
            repository_root=root,
            replace=replacements,
            header=header,
            timeout=timeout,
        )

    # -- single values

    def _url(self, key: str, url: str) -> None:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
            good = good and parts.port != 0 and not parts.query and not parts.fragment
        except ValueError:
            good = False
        if not good:
            self._bad(key, "is no URL of a service", expected="http://… or https://…", found=url)
        elif parts.username is not None or parts.password is not None:
            self._bad(key, "holds a password; use 'header' with a variable of the environment")

    def _request(self, key: str, request: str) -> None:
        try:
            parts = list(string.Formatter().parse(request))
        except ValueError as error:
            self._bad(key, f"has unpaired braces ({error})", found=request)
            return
        names = [name for _, name, _, _ in parts if name is not None]
        if any(form or conversion for _, _, form, conversion in parts):
            self._bad(key, "may not format what it holds", expected="{value}", found=request)
        if "value" not in names or set(names) - {"value", "schema"}:
            self._bad(key, "must hold {value}, and may hold {schema}", found=request)

    def _number(self, settings: Mapping[str, Any], key: str) -> float:
        value = settings.get("timeout", 5.0)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not 0 < value <= _MAX_TIMEOUT:
            self._bad(
                f"{key}.timeout",
                "is no number of seconds",
                expected=f"more than 0, at most {_MAX_TIMEOUT:g}",
                found=repr(value),
            )
            return 5.0
        return float(value)

    def _header(self, key: str, settings: Mapping[str, Any]) -> tuple[str, str] | None:
        header = self._typed(settings, key, "header", dict, '{ name = "…", env = "…" }')
        if header is None:
            return None
        place = f"{key}.header"
        self._no_others(place, header, ("name", "env"))
        name = self._typed(header, place, "name", str, "the name of a header", needed=True)
        env = self._typed(header, place, "env", str, "a variable of the environment", needed=True)
        if name is None or env is None:
            return None
        secret = self._environ.get(env)
        if not secret:
            self._bad(f"{place}.env", f"names {env}, which is not set", expected=f"{env} set")
            return None
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
            self._bad(f"{place}.name", "is no name of a header", found=name)
        if not (secret.isascii() and secret.isprintable()):
            self._bad(f"{place}.env", f"names {env}, whose value no header can carry")
        return name, secret

    def _replace(self, key: str, settings: Mapping[str, Any]) -> dict[str, str]:
        found = self._typed(settings, key, "replace", dict, '{ "old" = "new" }') or {}
        for old, new in found.items():
            if not old or not isinstance(new, str):
                self._bad(f"{key}.replace", "must replace text by text", found=f"{old!r} = {new!r}")
        return dict(found)

    def _typed(
        self,
        settings: Mapping[str, Any],
        key: str,
        name: str,
        kind: type[Any],
        expected: str,
        *,
        needed: bool = False,
    ) -> Any:
        """The value, if it is there, of that type and not empty; else None, with a fault."""
        place = f"{key}.{name}" if key else name
        if name not in settings:
            if needed:
                self._bad(place, "is missing", expected=expected)
            return None
        value = settings[name]
        if not isinstance(value, kind) or (kind is str and not value.strip()):
            self._bad(place, "has the wrong kind of value", expected=expected, found=repr(value))
            return None
        return value

    def _no_others(self, key: str, settings: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in settings:
            if name not in known:
                place = f"{key}.{name}" if key else name
                self._bad(place, "is not known", expected=", ".join(known))

    def _bad(
        self, key: str, what: str, *, expected: str | None = None, found: str | None = None
    ) -> None:
        self.faults.append(_fault(key, what, expected=expected, found=found))


def _fault(key: str, what: str, *, expected: str | None = None, found: str | None = None) -> Fault:
    return Fault(
        code="bad-identifiers",
        message=f"'{key}' {what}.",
        path=key,
        expected=expected,
        found=found,
    )


def _refused(file: Path, faults: list[Fault]) -> BadRequest:
    lines = [
        f"- {fault.message}"
        + (f" Expected: {fault.expected}." if fault.expected else "")
        + (f" Found: {fault.found}." if fault.found else "")
        for fault in faults[:_MAX_SHOWN]
    ]
    if len(faults) > _MAX_SHOWN:
        lines.append(f"- and {len(faults) - _MAX_SHOWN} more")
    return BadRequest(
        f"The identifier configuration {file} cannot be used:\n" + "\n".join(lines),
        code="bad-identifiers",
        faults=faults,
    )
