"""What is checked of every request before it is routed: Host, Origin, correlation id, agent name.

Pure functions on header values; who may do what with a resource is not decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from strongroom.api.settings import EdgeSettings
from strongroom.errors import BadRequest, Fault, Forbidden

#: who acts while authentication is off and the request does not say
DEFAULT_AGENT = "dlipdev"
MAX_AGENT = 255

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
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

    def check(self, host: str | None, origin: str | None) -> None:
        """Refuse a page elsewhere that talks to a server on loopback (DNS rebinding, CSRF).

        Raises Forbidden (``foreign-host``, ``foreign-site``). Ports do not matter; a missing Host
        (HTTP/1.0) is no browser's.
        """
        if self.names is None:
            return
        if host is not None and _name(f"//{host}") not in self.names:
            raise _foreign("Host", "foreign-host", host)
        if origin is not None and _name(origin) not in self.names:
            raise _foreign("Origin", "foreign-site", origin)


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _foreign(header: str, code: str, found: str) -> Forbidden:
    return Forbidden(
        f"The {header} '{found[:200]}' is not one of this server's. Use localhost, or let the "
        "operator name the host in the public URL.",
        code=code,
        faults=[
            Fault(
                code=code,
                message=f"The {header} header names another site.",
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
    name = sent.strip()
    fits = 0 < len(name) <= MAX_AGENT and name not in (".", "..")
    if fits and name.isprintable() and "/" not in name:
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
