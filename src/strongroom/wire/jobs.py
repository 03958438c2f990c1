"""Import jobs, their results, and exports as JSON."""

from __future__ import annotations

from strongroom.wire.base import UNSET, Shape, UnsetType
from strongroom.wire.resources import Binary, Container, ObjectVersion


class Error(Shape):
    id: str | None
    message: str


class InfectedFile(Shape):
    """Beyond the contract: a file in which a virus was found."""

    #: relative to the Archival Group
    path: str
    #: the virus, as the scanner names it
    signature: str | None
    #: who says so: ``METS``, or the scanner
    source: str


class ImportJob(Shape):
    id: str | None = None
    type: str = "ImportJob"
    original_id: str | None = None
    deposit: str | UnsetType = UNSET
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None
    archival_group: str | None = None
    archival_group_name: str | None = None
    is_update: bool = False
    source: str | None = None
    source_version: ObjectVersion | None = None
    containers_to_add: list[Container] = []
    binaries_to_add: list[Binary] = []
    containers_to_delete: list[Container] = []
    binaries_to_delete: list[Binary] = []
    binaries_to_patch: list[Binary] = []
    containers_to_rename: list[Container] = []
    binaries_to_rename: list[Binary] = []
    #: beyond the contract: files to add or patch in which a virus was found; an import of them is
    #: refused unless ``allowInfected`` names them
    infected: list[InfectedFile] | UnsetType = UNSET


class ItemIn(Shape):
    """A Container or Binary as a client lists it in a job."""

    id: str | None = None
    name: str | None = None
    origin: str | None = None
    content_type: str | None = None
    #: bytes; numbers may be sent as strings
    size: int | str | None = None
    digest: str | None = None


class ImportJobIn(Shape):
    """A job as a client posts it: a reference to the diff, or written out."""

    id: str | None = None
    original_id: str | None = None
    deposit: str | None = None
    archival_group: str | None = None
    archival_group_name: str | None = None
    is_update: bool | None = None
    source: str | None = None
    #: the object, or (as documents show it) the string ``vN``
    source_version: ObjectVersionIn | str | None = None
    containers_to_add: list[ItemIn] | None = None
    binaries_to_add: list[ItemIn] | None = None
    containers_to_delete: list[ItemIn] | None = None
    binaries_to_delete: list[ItemIn] | None = None
    binaries_to_patch: list[ItemIn] | None = None
    containers_to_rename: list[ItemIn] | None = None
    binaries_to_rename: list[ItemIn] | None = None
    #: beyond the contract: paths of infected files that are to be preserved all the same
    allow_infected: list[str] | None = None


class StorageImportJobIn(ImportJobIn):
    """A job as it is posted to the Storage API: without a deposit, and for whom it says."""

    #: agent by URI or name: who makes the version; the caller if it is not given
    created_by: str | None = None
    #: agent by URI or name: whose job it is; the caller if it is not given
    last_modified_by: str | None = None


class ExportIn(Shape):
    """The body of POST ``/export`` and ``/exportMetsOnly`` (Storage API)."""

    archival_group: str | None = None
    #: URI of a folder
    destination: str | None = None
    #: ``vN`` or a timestamp; the head if it is not given
    source_version: str | None = None


class ObjectVersionIn(Shape):
    memento_timestamp: str | None = None
    memento_date_time: str | None = None
    ocfl_version: str | None = None


class Progress(Shape):
    """Beyond the contract: how far a running job has come (files, bytes)."""

    phase: str
    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int


class ImportJobResult(Shape):
    id: str
    type: str = "ImportJobResult"
    import_job: str | None = None
    original_import_job: str | UnsetType = UNSET
    deposit: str | UnsetType = UNSET
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None
    archival_group: str | None = None
    #: ``waiting``, ``running``, ``completed`` or ``completedWithErrors``
    status: str = "waiting"
    date_begun: str | None = None
    date_finished: str | None = None
    source_version: str | None = None
    new_version: str | None = None
    errors: list[Error] | None = None
    containers_added: list[Container] = []
    binaries_added: list[Binary] = []
    containers_deleted: list[Container] = []
    binaries_deleted: list[Binary] = []
    binaries_patched: list[Binary] = []
    binaries_renamed: list[Binary] = []
    containers_renamed: list[Container] = []
    progress: Progress | UnsetType = UNSET
    #: beyond the contract: infected files that were preserved because the job named them
    infected_allowed: list[InfectedFile] | UnsetType = UNSET


class Export(Shape):
    id: str | None = None
    type: str = "Export"
    files: list[str] = []
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None
    archival_group: str | None = None
    destination: str | None = None
    date_begun: str | None = None
    date_finished: str | None = None
    source_version: str | None = None
    errors: list[Error] | None = None
