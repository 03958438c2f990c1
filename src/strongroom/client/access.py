"""Who may see files and folders: access restrictions and rights statements, own and inherited."""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.client.operations import operation
from strongroom.client.paths import encode
from strongroom.client.references import DepositRef, PathRef, at, path_of
from strongroom.client.transport import Transport
from strongroom.wire.access import AccessChange, AccessChanges, AccessView


class Access:
    """Of deposits, where it can be set, and of what is preserved."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /v1/deposits/{deposit_id}/access")
    def of_deposit(self, deposit: DepositRef, *, path: str | None = None) -> AccessView:
        """All that states something of its own, the object first; or one ``path`` alone."""
        params = None if path is None else {"path": path}
        return self._transport.json("GET", f"/v1{at(deposit)}/access", AccessView, params=params)

    @operation("PATCH /v1/deposits/{deposit_id}/access")
    def set(self, deposit: DepositRef, changes: Iterable[AccessChange], *, etag: str) -> AccessView:
        """Set own statements, all or none; ``etag`` is that of the METS (``metsETag``)."""
        return self._transport.json(
            "PATCH",
            f"/v1{at(deposit)}/access",
            AccessView,
            body=AccessChanges(items=list(changes)),
            headers={"If-Match": etag},
        )

    @operation("GET /v1/repository-access/{path}")
    def of_preserved(self, path: PathRef, *, version: str | None = None) -> AccessView:
        """Of an Archival Group, or of one file or folder in it."""
        params = {"version": version} if version else None
        where = f"/v1/repository-access/{encode(path_of(path))}"
        return self._transport.json("GET", where, AccessView, params=params)
