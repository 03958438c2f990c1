"""What is checked of every request before it is routed: Host, Origin, correlation id, agent name.

Pure functions on header values; who may do what with a resource is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from strongroom.api.settings import EdgeSettings
from strongroom.domain.agents import MAX_AGENT, is_agent_name
from strongroom.errors import BadRequest, Fault, Forbidden

#: who acts while authentication is off and the request does not say
DEFAULT_AGENT = "dlipdev"

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: host and port; user information would make ``evil.example@localhost`` look like one of ours
_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s\[\]@/\\?#:,]*)(?::[0-9]*)?")
_CORRELATION = re.compile(r"[0-9A-Za-z._:@+/=|~,;-]{1,128}")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The host names, lower-case and without port, under which this server may be addressed."""

    #: None: any
    names: frozenset[str] | None

    @classmethod
    def of(cls, settings: EdgeSettings) -> Hosts:
        if not settings.loopback_only:
            return cls(None)
        roots = (urlsplit(root).hostname or "" for root in (settings.public, settings.storage))
        extra = (name.lower() for name in settings.allowed_hosts)
        return cls(frozenset((*_LOOPBACK, *roots, *extra)))

    def check(self, host: str | None, origins: Iterable[str] = ()) -> None:
        """Refuse a page elsewhere that talks to a server on loopback (DNS rebinding, CSRF).

        Raises Forbidden (``foreign-host``, ``foreign-site``). Ports do not matter; a missing Host
        (HTTP/1.0) is no browser's.
        """
        if self.names is None:
            return
        if host is not None and _name(host) not in self.names:
            raise _foreign("Host", "foreign-host", host)
        for origin in origins:
            scheme, found, authority = origin.partition("://")
            if not (scheme and found) or _name(authority) not in self.names:
                raise _foreign("Origin", "foreign-site", origin)


def authority(hosts: list[str], target: str, http_version: str) -> str | None:
    """Whom a request addresses, by its Host and its target; None where HTTP/1.0 leaves it open.

    ``target`` is a path, or a whole URI (as a proxy is asked), which then says the same as Host.
    Raises BadRequest (``bad-host``: RFC 9112 section 3.2) and Forbidden (``foreign-host``).
    """
    if len(hosts) > 1:
        raise _bad_host("The request has more than one Host header.", ", ".join(hosts))
    if not hosts and http_version == "1.1":
        raise _bad_host("The request has no Host header.", None)
    host = hosts[0] if hosts else None
    if host is not None and not _AUTHORITY.fullmatch(host):
        raise _bad_host(f"The Host header '{host[:200]}' is no host.", host)
    scheme, found, rest = target.partition("://")
    if not found or not scheme.isalpha():
        return host
    meant = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not _AUTHORITY.fullmatch(meant) or (host is not None and meant.lower() != host.lower()):
        raise _foreign("request target", "foreign-host", meant)
    return meant


def _name(text: str) -> str | None:
    """The host in ``host:port``, lower-case; None for what is no such thing."""
    found = _AUTHORITY.fullmatch(text)
    return None if found is None else found["name"].lower().strip("[]")


def _bad_host(message: str, found: str | None) -> BadRequest:
    return BadRequest(
        message,
        code="bad-host",
        faults=[
            Fault(
                code="bad-host",
                message="The Host header cannot be used.",
                path="Host",
                expected="one Host header: a name or address, and perhaps a port",
                found=None if found is None else found[:200],
            )
        ],
    )


def _foreign(header: str, code: str, found: str) -> Forbidden:
    return Forbidden(
        f"The {header} '{found[:200]}' is not one of this server's. Use localhost, or let the "
        "operator name the host in the public URL.",
        code=code,
        faults=[
            Fault(
                code=code,
                message=f"The {header} names another site.",
                path=header,
                expected="localhost, 127.0.0.1, [::1] or a host of the public URLs",
                found=found[:200],
            )
        ],
    )


def safe_correlation(sent: str | None) -> str | None:
    """The correlation id a client sent if it may be echoed and logged; None otherwise."""
    return sent if sent is not None and _CORRELATION.fullmatch(sent) else None


def agent_name(sent: str | None) -> str:
    """The agent that ``X-Client-Identity`` names; the default one where it is missing.

    Raises BadRequest (``bad-identity``) for names that cannot end a URI: 1 to 255 printable
    characters without slash are allowed.
    """
    if sent is None:
        return DEFAULT_AGENT
    name = sent.strip(" \t")
    if is_agent_name(name):
        return name
    raise BadRequest(
        "The header X-Client-Identity does not hold a name that can be used.",
        code="bad-identity",
        faults=[
            Fault(
                code="bad-identity",
                message="The name of the agent cannot be used.",
                path="X-Client-Identity",
                expected=f"1 to {MAX_AGENT} printable characters without '/'",
                found=repr(name[:80]),
            )
        ],
    )
