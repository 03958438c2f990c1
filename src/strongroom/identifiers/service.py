"""Identifiers from an HTTP identity service: one record by its id, or a query with one hit.

Sends the value percent-encoded, follows no redirects, reads a bounded answer within the timeout,
and never names the key it sends. Leaves the settings to
:mod:`strongroom.identifiers.configuration`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from strongroom.errors import (
    BadRequest,
    StrongroomError,
    Unprocessable,
    UpstreamFailed,
    UpstreamTimeout,
)
from strongroom.identifiers.identified import Identified, repository_path

MAX_ANSWER = 8 * 2**20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How to ask one service about one schema, and how to read its answer."""

    #: where the service is, without a slash at the end
    base: str
    #: what follows it, with ``{value}`` and ``{schema}``
    request: str
    #: the answer is a list of hits, not a record
    is_query: bool
    #: property that holds the list, unless the answer is the list
    results: str = "results"
    #: properties of a record
    path_field: str = "repositoryuri"
    name_field: str = "title"
    #: the beginning of repository URIs in records; None: their host does not matter
    repository_root: str | None = None
    #: replaced in repository URIs, each once, before anything else
    replace: Mapping[str, str] = field(default_factory=dict)
    #: a header with a secret
    header: tuple[str, str] | None = field(default=None, repr=False)
    #: seconds, for each step of the exchange and for the body as a whole
    timeout: float = 5.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def find(self, schema: str, value: str) -> list[Identified]:
        """All records for the identifier. UpstreamFailed, UpstreamTimeout or Unprocessable."""
        if value in (".", ".."):
            raise BadRequest(f"'{value}' cannot be an identifier.", code="bad-identifier")
        answer = self._ask(schema, value)
        if answer is None:
            return []
        return [self._identified(record, value) for record in self._records(answer)]

    @property
    def _host(self) -> str:
        return urlsplit(self.base).netloc.rpartition("@")[2]

    def _ask(self, schema: str, value: str) -> object:
        """The decoded answer; None for 404."""
        import httpx  # takes a while to load, and most servers ask no catalogue

        parts = {"value": quote(value, safe=""), "schema": quote(schema, safe="")}
        url = self.base + self.request.format_map(parts)
        headers = {"Accept": "application/json"}
        if self.header is not None:
            headers[self.header[0]] = self.header[1]
        end = self.clock() + self.timeout
        body = bytearray()
        try:
            with (
                httpx.Client(timeout=self.timeout, follow_redirects=False) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                status = response.status_code
                if status == 404:
                    return None
                if status != 200:
                    raise self._failed(f"answered with status {status}")
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER:
                        raise self._failed(f"sent more than {MAX_ANSWER:,} bytes")
                    if self.clock() > end:
                        raise self._timed_out()
        except httpx.TimeoutException as error:
            raise self._timed_out() from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._failed("cannot be reached", type(error).__name__) from error
        try:
            answer: object = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._failed("did not answer with JSON") from error
        if answer is None:
            raise self._failed("answered with nothing")
        return answer

    def _records(self, answer: object) -> list[Mapping[str, object]]:
        records: object = answer
        if isinstance(answer, dict):
            if isinstance(answer.get(self.results), list):
                records = answer[self.results]
            elif not self.is_query or self.path_field in answer:
                records = [answer]
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise self._failed(f"answered with neither a record nor a list in '{self.results}'")
        return records

    def _identified(self, record: Mapping[str, object], value: str) -> Identified:
        uri = record.get(self.path_field)
        if not isinstance(uri, str) or not uri.strip():
            raise _unusable(
                value, f"its record has no repository path (property '{self.path_field}')"
            )
        name = record.get(self.name_field)
        try:
            path = repository_path(self._below_root(uri.strip()))
        except ValueError as error:
            raise _unusable(
                value, f"the repository path '{uri[:200]}' is unusable: {error}"
            ) from error
        named = str(name).strip() if isinstance(name, str | int) else ""
        return Identified(path=path, name=named or None)

    def _below_root(self, uri: str) -> str:
        for old, new in self.replace.items():
            uri = uri.replace(old, new, 1)
        if self.repository_root is not None:
            root = self.repository_root.rstrip("/") + "/"
            if uri.startswith(root):
                return uri[len(root) :]
            raise ValueError(f"it does not begin with {root}")
        # urlsplit would cut at '#' and '?', which a path may not hold anyway
        path = uri.split("://", 1)[-1].partition("/")[2] if "://" in uri else uri.lstrip("/")
        return path.removeprefix("repository/")

    def _failed(self, what: str, detail: str | None = None) -> StrongroomError:
        return UpstreamFailed(
            f"The identity service {self._host} {what}. Try again later, or create the deposit "
            "with an Archival Group instead.",
            code="identity-service-failed",
            operator=detail,
        )

    def _timed_out(self) -> StrongroomError:
        return UpstreamTimeout(
            f"The identity service {self._host} did not answer within {self.timeout:g} s. Try "
            "again later, or create the deposit with an Archival Group instead.",
            code="identity-service-timeout",
        )


def _unusable(value: str, why: str) -> Unprocessable:
    return Unprocessable(
        f"The identifier '{value}' is known, but {why}.", code="identifier-without-path"
    )
