"""Repository resources as JSON: Container, Binary, ArchivalGroup, StorageMap.

Shapes of which a group has thousands are kept from the garbage collector (``gc=False``); they hold
nothing but texts and numbers, so they can form no cycles.
"""

from __future__ import annotations

from strongroom.wire.base import UNSET, Shape, UnsetType


class Container(Shape):
    """``type`` is ``Container``, ``RepositoryRoot``, or ``ArchivalGroup`` as a member of a list."""

    id: str | None = None
    type: str = "Container"
    name: str | UnsetType = UNSET
    other_names: list[str] | UnsetType = UNSET
    part_of: str | UnsetType = UNSET
    origin: str | UnsetType = UNSET
    containers: list[Container] = []
    binaries: list[Binary] = []
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None


class Binary(Shape, gc=False):
    id: str | None = None
    type: str = "Binary"
    name: str | UnsetType = UNSET
    other_names: list[str] | UnsetType = UNSET
    part_of: str | UnsetType = UNSET
    origin: str | UnsetType = UNSET
    content_type: str | None = None
    #: bytes
    size: int = 0
    #: SHA-256, lower-case hex
    digest: str | None = None
    #: where the bytes can be read (Storage API)
    content: str | None = None
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None


class ObjectVersion(Shape):
    #: ``yyyyMMddHHmmss``
    memento_timestamp: str
    #: the same as ISO 8601, without zone
    memento_date_time: str
    ocfl_version: str | None = None


class StoredFile(Shape, gc=False):
    #: SHA-256, lower-case hex
    hash: str
    #: content path relative to the OCFL object
    full_path: str


class StorageMap(Shape):
    """Where the bytes of one version lie."""

    version: ObjectVersion
    storage_type: str
    root: str
    object_path: str
    files: dict[str, StoredFile]
    hashes: dict[str, str]
    head_version: ObjectVersion
    archival_group: str
    all_versions: list[ObjectVersion]


class ArchivalGroup(Shape):
    id: str | None = None
    type: str = "ArchivalGroup"
    version: ObjectVersion | None = None
    name: str | UnsetType = UNSET
    other_names: list[str] | UnsetType = UNSET
    versions: list[ObjectVersion] | None = None
    part_of: str | UnsetType = UNSET
    storage_map: StorageMap | None = None
    origin: str | None = None
    containers: list[Container] = []
    binaries: list[Binary] = []
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None


class ContainerIn(Shape):
    """The body of PUT ``/repository/…``; only ``name`` is read."""

    name: str | None = None
