"""What a search finds, as JSON. Source: contract http-api.md 1.4 and 9."""

from __future__ import annotations

from strongroom.wire.base import UNSET, Shape, UnsetType
from strongroom.wire.deposits import Deposit


class FoundBinary(Shape, gc=False):
    #: ``info:fedora/{path}``
    fedora_id: str
    #: ISO 8601 in UTC, without zone
    created: str
    last_modified: str
    #: bytes
    content_size: int
    mime_type: str


class FedoraSearch(Shape):
    """A page (from 0) of the Binaries whose path holds the text, newest first."""

    #: on all pages
    total: int
    #: on this page
    count: int
    results: list[FoundBinary]
    page_size: int
    page: int
    #: beyond the contract: Archival Groups whose newest version is not yet searched, if there are
    pending: int | UnsetType = UNSET


class DepositSearch(Shape):
    deposits: list[Deposit]
    total: int
    page: int
    page_size: int


class IdentifierRecord(Shape):
    """What a catalogue says of an identifier; null where no resolver tells it."""

    id: str | None = None
    e_pid: str | None = None
    created: str | None = None
    updated: str | None = None
    cat_irn: str | None = None
    desc: str | None = None
    status: str | None = None
    title: str | None = None
    catalogue_api_uri: str | None = None
    manifest_uri: str | None = None
    repository_uri: str | None = None


class SearchCollection(Shape):
    fedora_search: FedoraSearch | None = None
    #: never echoed
    text: str | None = None
    #: null if there is no deposit on its page
    deposit_search: DepositSearch | None = None
    identifier: IdentifierRecord | None = None
    search_type: str | None = None
