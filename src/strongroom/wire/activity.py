"""Activity streams as JSON, in the manner of IIIF Change Discovery 1.0."""

from __future__ import annotations

from msgspec import field

from strongroom.wire.base import UNSET, Shape, UnsetType

CONTEXT = "http://iiif.io/api/discovery/1/context.json"


class Link(Shape):
    id: str
    type: str


class ActivityObject(Shape):
    id: str
    type: str
    see_also: list[Link] | UnsetType = UNSET


class Activity(Shape):
    type: str
    object: ActivityObject
    start_time: str | UnsetType = UNSET
    end_time: str | None = None


class OrderedCollection(Shape, kw_only=True):
    context: str = field(name="@context", default=CONTEXT)
    id: str
    type: str = "OrderedCollection"
    total_items: int
    first: Link | UnsetType = UNSET
    #: left out while the stream is empty
    last: Link | UnsetType = UNSET


class OrderedCollectionPage(Shape, kw_only=True):
    context: str = field(name="@context", default=CONTEXT)
    id: str
    type: str = "OrderedCollectionPage"
    start_index: int
    part_of: Link
    prev: Link | UnsetType = UNSET
    next: Link | UnsetType = UNSET
    ordered_items: list[Activity]


class ActivityObjectIn(Shape):
    id: str | None = None
    type: str | None = None


class ActivityIn(Shape):
    """The body of a pushed event."""

    type: str | None = None
    object: ActivityObjectIn | None = None
