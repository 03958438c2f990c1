"""Activity streams (IIIF Change Discovery): what happened, oldest first, from any moment on.

``endTime`` increases strictly along a stream, so that of the last activity that a program has seen
is all that it must remember.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from strongroom.client.operations import operation
from strongroom.client.paths import last_segment
from strongroom.client.references import PathRef, uri_of
from strongroom.client.transport import Transport
from strongroom.wire.activity import Activity, OrderedCollection, OrderedCollectionPage
from strongroom.wire.base import UNSET


class _Stream:
    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    def _collection(self) -> OrderedCollection:
        return self._transport.json("GET", f"{self._path}/collection", OrderedCollection)

    def _page(self, number: int) -> OrderedCollectionPage:
        return self._transport.json("GET", f"{self._path}/pages/{number}", OrderedCollectionPage)

    def events(self, *, after: datetime | str | None = None) -> Iterator[Activity]:
        """Every activity that ended ``after`` a moment (default: all), the oldest first.

        The iterator ends where the stream does now; what comes later is for the next call.
        """
        since = None if after is None else _moment(after)
        number = self._first_page(since)
        while True:
            page = self._page(number)
            for event in page.ordered_items:
                if since is None or event.end_time is None or _moment(event.end_time) > since:
                    yield event
            if page.next is UNSET:
                return
            number += 1

    def _first_page(self, since: datetime | None) -> int:
        """The page on which the first activity after a moment is; looked for from the end."""
        last = self._collection().last
        if since is None or last is UNSET:
            return 1
        number = int(last_segment(last.id))
        while number > 1:
            items = self._page(number).ordered_items
            if items and items[0].end_time is not None and _moment(items[0].end_time) <= since:
                break
            number -= 1
        return number


class GroupActivity(_Stream):
    """Changes of Archival Groups, on the Preservation API."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/activity/archivalgroups")

    @operation("GET /activity/archivalgroups/collection")
    def collection(self) -> OrderedCollection:
        """How many activities there are, and the first and last page."""
        return self._collection()

    @operation("GET /activity/archivalgroups/pages/{page}")
    def page(self, number: int) -> OrderedCollectionPage:
        """A page of 100, counted from 1; beyond the end it is empty."""
        return self._page(number)

    @operation("POST /activity/archivalgroups/collection")
    def push(self, group: PathRef) -> None:
        """Announce an update of a group, so that consumers look at it again."""
        body = {"type": "Update", "object": {"id": uri_of(group), "type": "ArchivalGroup"}}
        self._transport.request("POST", f"{self._path}/collection", body=body)


class ImportActivity(_Stream):
    """Finished import jobs that made a version, on the Storage API."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/activity/importjobs")

    @operation("GET /storage-api/activity/importjobs/collection")
    def collection(self) -> OrderedCollection:
        """How many activities there are, and the first and last page."""
        return self._collection()

    @operation("GET /storage-api/activity/importjobs/pages/{page}")
    def page(self, number: int) -> OrderedCollectionPage:
        """A page of 100, counted from 1; beyond the end it is empty."""
        return self._page(number)


def _moment(value: datetime | str) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)
