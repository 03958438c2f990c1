"""Deposits as JSON."""

from __future__ import annotations

from msgspec import field

from strongroom.wire.base import UNSET, Shape, UnsetType


class Deposit(Shape):
    id: str
    type: str = "Deposit"
    archival_group: str | None = None
    archival_group_exists: bool = False
    #: URI of the working area, with a trailing slash
    files: str | None = None
    status: str = "new"
    submission_text: str | None = None
    archival_group_name: str | None = None
    active: bool = True
    preserved: str | None = None
    preserved_by: str | None = None
    version_preserved: str | None = None
    exported: str | None = None
    exported_by: str | None = None
    version_exported: str | None = None
    #: always ``None`` (the text), whatever was asked for; see ``layout``
    template: str = "None"
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None
    #: quoted, to be sent back verbatim as ``If-Match``
    mets_etag: str | None = field(name="metsETag", default=None)
    locked_by: str | None = None
    lock_date: str | None = None
    archived: str | None = None
    #: beyond the contract: ``RootLevel``, ``BagIt`` or ``Undecided``
    layout: str = "Undecided"
    #: beyond the contract: URI of the export that fills, or has filled, the working area
    export_result: str | UnsetType = UNSET


class DepositIn(Shape):
    """What a client may send when it creates or patches a Deposit; all of it optional."""

    archival_group: str | None = None
    archival_group_name: str | None = None
    submission_text: str | None = None
    template: str | int | None = None
    version_exported: str | None = None
    archived: str | None = None


class DepositQueryPage(Shape):
    deposits: list[Deposit]
    page: int
    page_size: int
    total: int


class SchemaAndValue(Shape):
    """The body of POST ``/deposits/from-identifier``."""

    schema: str | None = None
    value: str | None = None
    template: str | int | None = None
