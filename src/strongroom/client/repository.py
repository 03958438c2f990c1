"""What is preserved: resources, Archival Groups at a version, storage maps, and Containers.

It reads descriptions and makes or deletes Containers; bytes are fetched by ``content``.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from strongroom.client.errors import NotThere
from strongroom.client.paths import below, canonical, encode
from strongroom.client.transport import Transport, decode
from strongroom.errors import Conflict
from strongroom.wire.resources import ArchivalGroup, Binary, Container, StorageMap

Resource = Container | Binary | ArchivalGroup


class Repository:
    """Reading the repository."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, path: str, *, version: str | None = None) -> Resource:
        """The resource at a path: Container, Binary or ArchivalGroup, as its ``type`` says."""
        answer = self._transport.request("GET", _at(path), params=_version(version))
        url = str(answer.url)
        kind = decode(answer.content, _Kind, url=url).type
        if kind == "ArchivalGroup":
            return decode(answer.content, ArchivalGroup, url=url)
        if kind == "Binary":
            return decode(answer.content, Binary, url=url)
        return decode(answer.content, Container, url=url)

    def group(self, path: str, *, version: str | None = None) -> ArchivalGroup:
        """The Archival Group at a path, with all its members; Conflict if another kind is there."""
        found = self.get(path, version=version)
        if not isinstance(found, ArchivalGroup):
            raise Conflict(
                f"'/{canonical(path)}' is a {found.type}, not an Archival Group.",
                code="not-a-group",
            )
        return found

    def kind(self, path: str) -> str | None:
        """``Container``, ``ArchivalGroup``, ``Binary``, ``RepositoryRoot``; None where nothing is.

        Raises Tombstone where something was deleted.
        """
        try:
            answer = self._transport.request("HEAD", _at(path))
        except NotThere:
            return None
        return str(answer.headers.get("X-Preservation-Resource-Type", ""))

    def storage_map(self, path: str, *, version: str | None = None) -> StorageMap:
        """Where the bytes of a group's version lie."""
        where = f"/ocfl/storagemap/{encode(canonical(path))}"
        return self._transport.json("GET", where, StorageMap, params=_version(version))


class Containers:
    """Containers outside Archival Groups."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, path: str) -> Container:
        """A Container (or the root) with its immediate children."""
        return self._transport.json("GET", _at(path), Container)

    def exists(self, path: str) -> bool:
        """Whether anything is at the path; raises Tombstone where something was deleted."""
        return Repository(self._transport).kind(path) is not None

    def create(self, path: str, *, name: str | None = None) -> Container:
        """Make a Container; its parent must exist. Raises StateConflict if anything is there.

        Never sent twice: after a lost answer a second try would find its own Container in the way.
        """
        body = None if name is None else {"name": name}
        return self._transport.json("PUT", _at(path), Container, body=body, again=False)

    def delete(self, path: str, *, purge: bool = False) -> None:
        """Delete an empty Container; without ``purge`` a tombstone stays."""
        self._transport.request(
            "DELETE", _at(path), params={"purge": "true" if purge else "false"}, again=False
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """A group's tree, flat: by path relative to the group."""

    files: dict[str, Binary]
    folders: dict[str, Container]


def members(group: ArchivalGroup) -> Members:
    """Every Binary and Container of a group by its path, parents before children."""
    base = group.id or ""
    files: dict[str, Binary] = {}
    folders: dict[str, Container] = {}
    pending: list[ArchivalGroup | Container] = [group]
    while pending:
        here = pending.pop()
        for binary in here.binaries:
            files[below(binary.id or "", base)] = binary
        for folder in here.containers:
            folders[below(folder.id or "", base)] = folder
        pending += reversed(here.containers)
    return Members(files=files, folders=folders)


def version_of(group: ArchivalGroup) -> str:
    """``vN`` of a loaded group; ``""`` where the server left it out."""
    return (group.version.ocfl_version or "") if group.version else ""


class _Kind(msgspec.Struct):
    type: str


def _at(path: str) -> str:
    inner = canonical(path)
    return f"/repository/{encode(inner)}" if inner else "/repository"


def _version(version: str | None) -> dict[str, str]:
    return {"version": version} if version else {}
