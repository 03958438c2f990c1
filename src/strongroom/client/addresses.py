"""Addresses of servers: checked, compared, and shown without what must not be shown.

A link to a file in a bucket can be used by whoever reads it, so its query is a secret.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from strongroom.errors import BadRequest

_PORTS = {"http": 80, "https": 443}


def checked(url: str) -> str:
    """The root of a server, without a slash at its end. BadRequest if it cannot be one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise BadRequest(
            f"'{bare(url)}' is no address of a server; expected http://host:port.",
            code="bad-server",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise BadRequest(
            "The address of a server holds no name, password, query or fragment; "
            "an API key is given apart from it.",
            code="bad-server",
        )
    return url.rstrip("/")


def origin(url: str) -> str:
    """Scheme, host and port: what must be equal for two URLs to lead to the same server."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def bare(url: str) -> str:
    """A URL as it may be shown: without query, name and password."""
    start, mark, rest = url.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return start + mark + host.rpartition("@")[2] + slash + path


def root(url: str) -> str:
    """Scheme and host of a URL, as it may be shown."""
    start, mark, rest = bare(url).partition("://")
    return start + mark + rest.partition("/")[0]


class Secret(httpx.URL):
    """A URL that shows nothing but its host, whoever prints or logs it."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}/"

    def __repr__(self) -> str:
        return f"Secret('{self}')"
