"""Files of a deposit as JSON, in the words of the contract: working trees, and combined ones.

``metadata`` items are told apart by ``type``, which comes first because readers need it there.
Contract http-api.md 14.1, 14.7; mets.md 4.7, 5.
"""

from __future__ import annotations

from strongroom.wire.base import UNSET, Shape, UnsetType
from strongroom.wire.problems import ProblemFault

# ------------------------------------------------------------------------------------ metadata


class DigestMetadata(Shape, tag_field="type", tag="DigestMetadata"):
    source: str
    timestamp: str
    digest: str | None


class FileFormatMetadata(Shape, tag_field="type", tag="FileFormatMetadata"):
    source: str
    timestamp: str
    digest: str | None
    size: int | None
    pronom_key: str | None
    format_name: str | None
    original_name: str | None
    storage_location: str | None
    content_type: str | None


class ExifTag(Shape):
    tag_name: str
    tag_value: str
    #: an inner flag of older servers
    mismatch_added: bool = False


class ExifMetadata(Shape, tag_field="type", tag="ExifMetadata"):
    source: str
    timestamp: str
    tags: list[ExifTag]


class VirusScanMetadata(Shape, tag_field="type", tag="VirusScanMetadata"):
    source: str
    timestamp: str
    has_virus: bool
    virus_found: str
    virus_definition: str | None


class StorageMetadata(Shape, tag_field="type", tag="StorageMetadata"):
    source: str
    timestamp: str
    original_name: str | None
    storage_location: str | None


class ToolOutput(Shape, tag_field="type", tag="ToolOutput"):
    source: str
    timestamp: str
    #: type of the report
    content_type: str
    #: the URI at which the report can be read
    content: str


class StoredToolOutput(
    Shape,
    tag_field="type",
    tag="ToolOutput",
    rename={"content_type": "ContentType", "content": "Content"},
):
    """The same as files in deposits name it."""

    source: str
    timestamp: str
    content_type: str
    content: str


Metadata = (
    DigestMetadata
    | FileFormatMetadata
    | ExifMetadata
    | VirusScanMetadata
    | StorageMetadata
    | ToolOutput
)

# --------------------------------------------------------------------------------- the deposit


class MetsExtensions(Shape):
    """Ids in the METS."""

    div_id: str | UnsetType = UNSET
    adm_id: str | UnsetType = UNSET


class WorkingFile(Shape):
    type: str
    local_path: str
    name: str | None
    modified: str
    access_restrictions: list[str]
    effective_access_restrictions: list[str]
    rights_statement: str | None
    effective_rights_statement: str | None
    content_type: str | None
    digest: str | None
    size: int
    mets_extensions: MetsExtensions | UnsetType = UNSET
    metadata: list[Metadata] = []


class WorkingDirectory(Shape, kw_only=True):
    type: str
    local_path: str
    name: str | None
    modified: str
    #: of the root alone, beside the contract: tells one state of the tree from another
    fingerprint: str | UnsetType = UNSET
    files: list[WorkingFile]
    access_restrictions: list[str]
    directories: list[WorkingDirectory]
    effective_access_restrictions: list[str]
    rights_statement: str | None
    effective_rights_statement: str | None
    mets_extensions: MetsExtensions | UnsetType = UNSET
    metadata: list[Metadata] = []
    #: of the root alone, beside the contract: what could not be read, or contradicts itself
    warnings: list[ProblemFault] | UnsetType = UNSET


# ---------------------------------------------------------------------- the deposit beside METS


class MisMatch(Shape):
    metadata_type: str
    field: str
    value_in_deposit: str | None
    value_in_mets: str | None


class CombinedFile(Shape):
    local_path: str
    file_in_deposit: WorkingFile | None
    file_in_mets: WorkingFile | None
    mis_matches: list[MisMatch]
    #: Both 0, Mets 1, Deposit 2, Neither 3, Extra 4
    whereabouts: int
    deposit_file_format_metadata: FileFormatMetadata | None
    deposit_virus_scan_metadata: VirusScanMetadata | None
    deposit_exif_metadata: ExifMetadata | None
    mets_file_format_metadata: FileFormatMetadata | None
    mets_virus_scan_metadata: VirusScanMetadata | None
    mets_exif_metadata: ExifMetadata | None


class CombinedDirectory(Shape):
    local_path: str
    name: str | None
    #: without what lies in it
    directory_in_deposit: WorkingDirectory | None
    directory_in_mets: WorkingDirectory | None
    files: list[CombinedFile]
    directories: list[CombinedDirectory]
    whereabouts: int


class CombinedItem(Shape):
    """A file or folder, on whichever side it is (beside the contract)."""

    path: str
    is_dir: bool
    #: ``Both``, ``Mets``, ``Deposit`` or ``Extra``
    where: str
    #: what deposit and METS disagree about
    mismatches: list[MisMatch]
    #: what sources within the deposit disagree about
    doubts: list[ProblemFault] | UnsetType = UNSET


class CombinedItems(Shape):
    """A deposit and its METS, path by path."""

    items: list[CombinedItem]
    #: what could not be read, or belongs to no path
    warnings: list[ProblemFault]
