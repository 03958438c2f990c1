"""Containers outside Archival Groups: made, looked at, deleted."""

from __future__ import annotations

from strongroom.client.errors import StateConflict
from strongroom.client.operations import operation
from strongroom.client.references import PathRef, path_of
from strongroom.client.repository import Repository, resource_at
from strongroom.client.transport import Transport
from strongroom.wire.base import UNSET
from strongroom.wire.resources import Container


class Containers:
    """On one of the two surfaces."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, path: PathRef) -> Container:
        """A Container (or the root) with its immediate children, however many.

        :meth:`~strongroom.client.repository.Repository.children` reads them page by page.
        """
        return self._transport.json("GET", resource_at(path), Container)

    def exists(self, path: PathRef) -> bool:
        """Whether anything is at the path; raises Tombstone where something was deleted."""
        return Repository(self._transport).kind(path) is not None

    @operation("PUT /repository/{path}", both=True)
    def create(self, path: PathRef, *, name: str | None = None) -> Container:
        """Make a Container; its parent must exist. Raises StateConflict if anything is there.

        After a lost answer the same Container in the way counts as made by the try that got none.
        """
        body = None if name is None else {"name": name}
        try:
            return self._transport.json("PUT", resource_at(path), Container, body=body)
        except StateConflict as error:
            if not error.repeated or error.problem != "already-there":
                raise
            found, slug = self.get(path), path_of(path).rpartition("/")[2]
            called = slug if found.name is UNSET else found.name
            if found.type != "Container" or called != (name or slug):
                raise
            return found

    @operation("DELETE /repository/{path}", both=True)
    def delete(self, path: PathRef, *, purge: bool = False) -> None:
        """Delete an empty Container; without ``purge`` a tombstone stays."""
        params = {"purge": "true" if purge else "false"}
        self._transport.delete(resource_at(path), params=params)
