"""What is preserved: resources, Archival Groups at a version or a moment, storage maps, states.

It reads descriptions; Containers are made in ``containers``, bytes are fetched by ``content``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx
import msgspec

from strongroom.client.errors import NotThere
from strongroom.client.operations import operation
from strongroom.client.paths import below, encode
from strongroom.client.references import PathRef, path_of
from strongroom.client.timemaps import TimeMap, accept_datetime, read_timemap
from strongroom.client.transport import Transport, decoded
from strongroom.errors import Conflict
from strongroom.wire.resources import ArchivalGroup, Binary, Container, StorageMap

Resource = Container | Binary | ArchivalGroup


class Repository:
    """Reading the repository, on one of the two surfaces."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /repository/{path}", both=True)
    def get(
        self,
        path: PathRef,
        *,
        version: str | None = None,
        at: datetime | None = None,
        lightweight: bool = False,
    ) -> Resource:
        """The resource at a path: Container, Binary or ArchivalGroup, as its ``type`` says.

        ``version`` is ``vN`` or a timestamp ``yyyyMMddHHmmss``; ``at`` asks for what was there at
        a moment. ``lightweight`` leaves children and storage map out.
        """
        params = _version(version)
        if lightweight:
            params["view"] = "lightweight"
        answer = self._transport.request(
            "GET", resource_at(path), params=params, headers=accept_datetime(at)
        )
        return _resource(answer)

    def group(
        self, path: PathRef, *, version: str | None = None, at: datetime | None = None
    ) -> ArchivalGroup:
        """The Archival Group at a path, with all its members; Conflict if another kind is there."""
        found = self.get(path, version=version, at=at)
        if not isinstance(found, ArchivalGroup):
            raise _other(path, found, "an Archival Group", "not-a-group")
        return found

    def binary(
        self, path: PathRef, *, version: str | None = None, at: datetime | None = None
    ) -> Binary:
        """The Binary at a path; Conflict if another kind is there."""
        found = self.get(path, version=version, at=at)
        if not isinstance(found, Binary):
            raise _other(path, found, "a Binary", "not-a-binary")
        return found

    def children(self, path: PathRef = "", *, page_size: int = 100) -> Iterator[Container]:
        """What lies immediately in a Container outside Archival Groups, page by page.

        Archival Groups among them have ``type`` ``ArchivalGroup``, and nothing of what they hold.
        """
        number = 0
        while True:
            number += 1
            params = {"page": str(number), "pageSize": str(page_size)}
            answer = self._transport.request("GET", resource_at(path), params=params)
            yield from decoded(answer, Container).containers
            if "next" not in answer.links:
                return

    @operation("HEAD /repository/{path}", both=True)
    def kind(self, path: PathRef) -> str | None:
        """``Container``, ``ArchivalGroup``, ``Binary``, ``RepositoryRoot``; None where nothing is.

        Raises Tombstone where something was deleted.
        """
        try:
            answer = self._transport.request("HEAD", resource_at(path))
        except NotThere:
            return None
        return str(answer.headers.get("X-Preservation-Resource-Type", ""))

    @operation("GET /ocfl/storagemap/{path}", both=True)
    def storage_map(self, path: PathRef, *, version: str | None = None) -> StorageMap:
        """Where the bytes of a group's version lie."""
        where = f"/ocfl/storagemap/{encode(path_of(path))}"
        return self._transport.json("GET", where, StorageMap, params=_version(version))

    @operation("GET /v1/timemap/{path}", both=True)
    def timemap(self, path: PathRef) -> TimeMap:
        """The states of an Archival Group or something in one, by version (RFC 7089)."""
        return read_timemap(
            self._transport.request("GET", f"/v1/timemap/{encode(path_of(path))}").text
        )


class PreservedRepository(Repository):
    """The repository on the Preservation API, which knows METS."""

    def mets(self, path: PathRef, *, version: str | None = None) -> bytes | None:
        """The METS file of an Archival Group; None where there is none."""
        params = {"view": "mets", **_version(version)}
        answer = self._transport.request("GET", resource_at(path), params=params)
        is_xml = answer.headers.get("Content-Type", "").startswith("application/xml")
        return answer.content if is_xml else None

    @operation("GET /validation/archivalgroup/{path}")
    def check_path(self, path: PathRef) -> None:
        """Returns if an Archival Group is at a path or can be made there; raises what is wrong."""
        self._transport.request("GET", f"/validation/archivalgroup/{encode(path_of(path))}")


class StoredRepository(Repository):
    """The repository on the Storage API."""

    @operation("GET /storage-api/import/test-path/{path}")
    def check_path(self, path: PathRef) -> None:
        """Returns if an Archival Group is at a path or can be made there; raises what is wrong."""
        self._transport.request("GET", f"/import/test-path/{encode(path_of(path))}")


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


def _resource(answer: httpx.Response) -> Resource:
    kind = decoded(answer, _Kind).type
    if kind == "ArchivalGroup":
        return decoded(answer, ArchivalGroup)
    if kind == "Binary":
        return decoded(answer, Binary)
    return decoded(answer, Container)


def _other(path: PathRef, found: Resource, wanted: str, code: str) -> Conflict:
    return Conflict(f"'/{path_of(path)}' is a {found.type}, not {wanted}.", code=code)


def resource_at(path: PathRef) -> str:
    inner = path_of(path)
    return f"/repository/{encode(inner)}" if inner else "/repository"


def _version(version: str | None) -> dict[str, str]:
    return {"version": version} if version else {}
