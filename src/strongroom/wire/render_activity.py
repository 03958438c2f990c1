"""Activity streams written as JSON shapes: collection and pages of both surfaces.

Streams are oldest first and pages are numbered from 1; which events there are is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.domain.resources import Event
from strongroom.domain.times import iso
from strongroom.wire import activity as wire
from strongroom.wire.uris import Uris

_PAGE = "OrderedCollectionPage"


def collection(stream: str, total: int, page_size: int) -> wire.OrderedCollection:
    """The head of a stream; while it is empty it has a first page but no last one."""
    shape = wire.OrderedCollection(
        id=f"{stream}/collection",
        total_items=total,
        first=wire.Link(id=f"{stream}/pages/1", type=_PAGE),
    )
    if total:
        last = (total + page_size - 1) // page_size
        shape.last = wire.Link(id=f"{stream}/pages/{last}", type=_PAGE)
    return shape


def page(
    stream: str, number: int, total: int, page_size: int, items: Iterable[wire.Activity]
) -> wire.OrderedCollectionPage:
    """One page; a page beyond the end is empty and leads back."""
    shape = wire.OrderedCollectionPage(
        id=f"{stream}/pages/{number}",
        start_index=(number - 1) * page_size,
        part_of=wire.Link(id=f"{stream}/collection", type="OrderedCollection"),
        ordered_items=list(items),
    )
    if number > 1:
        shape.prev = wire.Link(id=f"{stream}/pages/{number - 1}", type=_PAGE)
    if number * page_size < total:
        shape.next = wire.Link(id=f"{stream}/pages/{number + 1}", type=_PAGE)
    return shape


def group_event(event: Event, uris: Uris) -> wire.Activity:
    """An event of the Preservation stream: about the group, pointing to Storage's job result."""
    thing = wire.ActivityObject(id=uris.repository(event.group), type="ArchivalGroup")
    if event.job is not None:
        result = uris.storage_result(event.job, event.group)
        thing.see_also = [wire.Link(id=result, type="ImportJobResult")]
    return wire.Activity(type=event.type, object=thing, end_time=iso(event.end))


def import_event(event: Event, uris: Uris) -> wire.Activity:
    """An event of the Storage stream: about the job, pointing to the group. Always ``Update``."""
    thing = wire.ActivityObject(
        id=uris.storage_result(event.job or "", event.group),
        type="ImportJob",
        see_also=[wire.Link(id=uris.group_on_storage(event.group), type="ArchivalGroup")],
    )
    shape = wire.Activity(type="Update", object=thing, end_time=iso(event.end))
    if event.start is not None:
        shape.start_time = iso(event.start)
    return shape
