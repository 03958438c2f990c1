"""Repository values written as JSON shapes: Containers, Binaries, Archival Groups, storage maps.

Joins domain values with URIs, and nothing else: what is there, and who may see it, was decided
before. A group is rendered in one pass over its flat members, so that 10,000 of them take a few
tens of milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strongroom.domain.paths import (
    RepositoryPath,
    encode,
    map_key,
    parent,
    quote_path,
    slug,
)
from strongroom.domain.resources import Group, Kind, Member, Node, Version
from strongroom.domain.times import iso, memento, memento_datetime
from strongroom.domain.versions import version_name
from strongroom.wire import resources as wire
from strongroom.wire.uris import Uris, file_uri


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the OCFL root lies, for ``origin`` and storage maps."""

    #: URI of the OCFL root, with a trailing slash
    root_uri: str
    #: ``FileSystem`` or ``S3``
    storage_type: str

    def origin(self, object_path: str) -> str:
        """The URI of an object; it plus ``/`` plus a ``fullPath`` is a real place."""
        return file_uri(self.root_uri, object_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    """A version's date and agent, written once and used for all its members."""

    date: str | None = None
    agent: str | None = None


_NO_STAMP = _Stamp()


def _stamps(versions: Iterable[Version], uris: Uris) -> dict[int, _Stamp]:
    return {
        version.number: _Stamp(date=iso(version.created), agent=uris.agent(version.agent))
        for version in versions
    }


# ------------------------------------------------------------------------ outside groups


def root(children: Iterable[Node], uris: Uris) -> wire.Container:
    """The root of the repository with its immediate children."""
    return wire.Container(
        id=uris.repository(""),
        type=Kind.ROOT.value,
        name="repository",
        containers=_listed(children, uris),
    )


def container(node: Node, children: Iterable[Node], uris: Uris) -> wire.Container:
    """A Container outside groups with its immediate children."""
    shape = listed_node(node, uris)
    shape.part_of = uris.repository(parent(node.path))
    shape.containers = _listed(children, uris)
    return shape


def listed_node(node: Node, uris: Uris) -> wire.Container:
    """A Container, or an Archival Group as a list shows it: with a Container's properties only."""
    first, head = node.versions[0], node.head
    shape = wire.Container(
        id=uris.repository(node.path),
        type=node.kind.value,
        name=node.display_name,
        created=iso(first.created),
        created_by=uris.agent(first.agent),
        last_modified=iso(head.created),
        last_modified_by=uris.agent(head.agent),
    )
    if node.other_names:
        shape.other_names = list(node.other_names)
    return shape


def _listed(children: Iterable[Node], uris: Uris) -> list[wire.Container]:
    return sorted((listed_node(child, uris) for child in children), key=_by_id)


# ------------------------------------------------------------------------ inside groups


def member(
    value: Member,
    group: Node,
    object_path: str,
    children: Iterable[Member],
    uris: Uris,
    place: Place | None,
) -> wire.Binary | wire.Container:
    """One Binary, or one Container with its immediate children, asked for on its own.

    Only then does it tell, as ``partOf``, which Archival Group it belongs to. Without a place it
    has no origin.
    """
    drawing = Drawing.of(group, object_path, uris, place)
    part_of = uris.repository(group.path)
    if value.kind is Kind.BINARY:
        binary = drawing.binary(value)
        binary.part_of = part_of
        return binary
    shape = drawing.container(value)
    shape.part_of = part_of
    for child in children:
        if child.kind is Kind.BINARY:
            shape.binaries.append(drawing.binary(child))
        else:
            shape.containers.append(drawing.container(child))
    _sort(shape)
    return shape


def group(value: Group, uris: Uris, place: Place | None) -> wire.ArchivalGroup:
    """An Archival Group at one version, whole: every member nested in its Container.

    Without a place nothing tells where it is stored.
    """
    shape = lightweight_group(value, uris)
    shape.version = object_version(value.version)
    shape.versions = [object_version(version) for version in value.node.versions]
    if place is not None:
        shape.storage_map = storage_map(value, uris, place)
        shape.origin = place.origin(value.object_path)

    drawing = Drawing.of(value.node, value.object_path, uris, place)
    folders: dict[str, wire.ArchivalGroup | wire.Container] = {"": shape}
    binaries: list[Member] = []
    # a folder's path sorts before the paths below it
    for path in sorted(value.members):
        item = value.members[path]
        if item.kind is Kind.BINARY:
            binaries.append(item)
        else:
            child = drawing.container(item)
            folders[parent(path)].containers.append(child)
            folders[path] = child
    for item in binaries:
        folders[parent(item.path)].binaries.append(drawing.binary(item))
    for folder in folders.values():
        _sort(folder)
    return shape


def lightweight_group(value: Group, uris: Uris) -> wire.ArchivalGroup:
    """The group alone: no members, versions, storage map or origin."""
    node, first = value.node, value.node.versions[0]
    shape = wire.ArchivalGroup(
        id=uris.repository(node.path),
        name=value.name or slug(node.path),
        part_of=uris.repository(parent(node.path)),
        created=iso(first.created),
        created_by=uris.agent(first.agent),
        last_modified=iso(value.version.created),
        last_modified_by=uris.agent(value.version.agent),
    )
    if node.other_names:
        shape.other_names = list(node.other_names)
    return shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What all members of one group share while they are drawn."""

    base: str
    content: str
    #: URI of the OCFL object with a slash; None leaves ``origin`` out
    origin: str | None
    stamps: Mapping[int, _Stamp]

    @classmethod
    def of(cls, node: Node, object_path: str, uris: Uris, place: Place | None) -> Drawing:
        return cls(
            base=uris.repository(node.path) + "/",
            content=uris.content(node.path) + "/",
            origin=None if place is None else place.origin(object_path) + "/",
            stamps=_stamps(node.versions, uris),
        )

    def binary(self, item: Member) -> wire.Binary:
        encoded = encode(item.path)
        created = self.stamps.get(item.created, _NO_STAMP)
        modified = self.stamps.get(item.modified, _NO_STAMP)
        shape = wire.Binary(
            id=self.base + encoded,
            name=item.display_name,
            content_type=item.content_type or None,
            size=item.size,
            digest=item.digest or None,
            content=self.content + encoded,
            created=created.date,
            created_by=created.agent,
            last_modified=modified.date,
            last_modified_by=modified.agent,
        )
        if self.origin is not None:
            shape.origin = self.origin + self._content_path(item, encoded)
        return shape

    @staticmethod
    def _content_path(item: Member, encoded: str) -> str:
        """The content path, encoded; most end with the member's path, which is encoded already."""
        before = item.content_path.removesuffix(item.path)
        if len(before) == len(item.content_path) or "#" in item.path:
            return quote_path(item.content_path)
        return quote_path(before) + encoded

    def container(self, item: Member) -> wire.Container:
        created = self.stamps.get(item.created, _NO_STAMP)
        modified = self.stamps.get(item.modified, _NO_STAMP)
        return wire.Container(
            id=self.base + encode(item.path),
            name=item.display_name,
            created=created.date,
            created_by=created.agent,
            last_modified=modified.date,
            last_modified_by=modified.agent,
        )


def stored_members(
    items: Iterable[Member], path: RepositoryPath, versions: Mapping[int, Version], uris: Uris
) -> tuple[list[wire.Container], list[wire.Binary]]:
    """Members as an import result lists them: as stored, without ``origin``, in the order given."""
    drawing = Drawing(
        base=uris.repository(path) + "/",
        content=uris.content(path) + "/",
        origin=None,
        stamps=_stamps(versions.values(), uris),
    )
    containers: list[wire.Container] = []
    binaries: list[wire.Binary] = []
    for item in items:
        if item.kind is Kind.BINARY:
            binaries.append(drawing.binary(item))
        else:
            containers.append(drawing.container(item))
    return containers, binaries


def _by_id(shape: wire.Container | wire.Binary) -> str:
    return shape.id or ""


def _sort(folder: wire.ArchivalGroup | wire.Container) -> None:
    folder.containers.sort(key=_by_id)
    folder.binaries.sort(key=_by_id)


# ------------------------------------------------------------------------ versions and maps


def object_version(version: Version) -> wire.ObjectVersion:
    return wire.ObjectVersion(
        memento_timestamp=memento(version.created),
        memento_date_time=memento_datetime(version.created),
        ocfl_version=version_name(version.number),
    )


def storage_map(value: Group, uris: Uris, place: Place) -> wire.StorageMap:
    """Where the bytes of one version of a group lie."""
    files: dict[str, wire.StoredFile] = {}
    hashes: dict[str, str] = {}
    for path in sorted(value.members):
        item = value.members[path]
        if item.kind is Kind.BINARY:
            files[map_key(path)] = wire.StoredFile(hash=item.digest, full_path=item.content_path)
            hashes.setdefault(item.digest, item.content_path)
    return wire.StorageMap(
        version=object_version(value.version),
        storage_type=place.storage_type,
        root=place.root_uri.rstrip("/"),
        object_path=value.object_path,
        files=files,
        hashes=hashes,
        head_version=object_version(value.node.head),
        archival_group=uris.group_on_storage(value.node.path),
        all_versions=[object_version(version) for version in value.node.versions],
    )
