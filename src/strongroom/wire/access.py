"""Access conditions and rights as JSON, beside the contract; names as in its view of files."""

from __future__ import annotations

from msgspec import field

from strongroom.wire.base import UNSET, Shape, UnsetType


class AccessItem(Shape):
    #: relative to the content root; empty for the object as a whole
    path: str
    is_dir: bool
    #: its own
    access_restrictions: list[str]
    #: its own, else those it inherits
    effective_access_restrictions: list[str]
    #: the path that states the effective ones; null if none does
    access_restrictions_from: str | None
    rights_statement: str | None
    effective_rights_statement: str | None
    rights_statement_from: str | None


class AccessView(Shape):
    #: quoted, to be sent back verbatim as ``If-Match``
    mets_etag: str = field(name="metsETag")
    #: whether the platform manages the METS, so that access can be set here
    editable: bool
    items: list[AccessItem]


class AccessChange(Shape):
    path: str
    #: empty or null: its own from now on are none; left out: as they are
    access_restrictions: list[str] | UnsetType | None = UNSET
    #: null: from now on it has none of its own; left out: as it is
    rights_statement: str | UnsetType | None = UNSET


class AccessChanges(Shape):
    items: list[AccessChange] | None = None
