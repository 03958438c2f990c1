"""Who asks, and who may do what where: shown, granted, taken back, explained."""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.client.operations import operation
from strongroom.client.paths import encode
from strongroom.client.references import PathRef, path_of
from strongroom.client.transport import Transport
from strongroom.wire.grants import Explanation, Grant, GrantIn, Me


class Grants:
    """An ``agent`` is a name or a subject; ``groups`` are those that a token would state."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /v1/me")
    def me(self) -> Me:
        """Whoever asks, and the grants that count."""
        return self._transport.json("GET", "/v1/me", Me)

    @operation("GET /v1/grants")
    def all(self, *, agent: str | None = None, groups: Iterable[str] = ()) -> list[Grant]:
        """All grants that the caller may see; with ``agent``, those that count for someone."""
        params = {} if agent is None else {"agent": agent, "groups": ",".join(groups)}
        return self._transport.json("GET", "/v1/grants", list[Grant], params=params)

    @operation("POST /v1/grants")
    def add(self, subject: str, role: str, path: PathRef = "") -> Grant:
        """Grant a role to a subject (``agent:NAME``, ``group:NAME``, …), at a path and below."""
        body = GrantIn(subject=subject, role=role, path=f"/{path_of(path)}")
        return self._transport.json("POST", "/v1/grants", Grant, body=body)

    @operation("DELETE /v1/grants/{grant_id}")
    def remove(self, grant: Grant | str) -> None:
        """Take back a grant of the table; it is named by its id."""
        name = grant if isinstance(grant, str) else grant.id or ""
        self._transport.delete(f"/v1/grants/{encode(name)}")

    @operation("GET /v1/grants/explain")
    def explain(
        self, agent: str, action: str, path: PathRef, *, groups: Iterable[str] = ()
    ) -> Explanation:
        """Whether someone may do something at a path, and why."""
        params = {
            "agent": agent,
            "action": action,
            "path": f"/{path_of(path)}",
            "groups": ",".join(groups),
        }
        return self._transport.json("GET", "/v1/grants/explain", Explanation, params=params)
