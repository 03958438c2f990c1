"""Activity streams over HTTP: of Archival Groups (Preservation), of import jobs (Storage).

Contract section 7. Pages beyond the end are empty; page 0 and below are 400.
"""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath, JSONBody

from strongroom.api import values
from strongroom.api.edge import Agent, Given
from strongroom.api.operation import JSON, documented, somewhere
from strongroom.api.queries import page_number
from strongroom.domain.grants import Action
from strongroom.domain.paths import RepositoryPath, decode, strip_roots
from strongroom.errors import BadRequest, Fault
from strongroom.services import activity
from strongroom.services.context import Roots
from strongroom.wire import render_activity
from strongroom.wire.activity import ActivityIn, OrderedCollection, OrderedCollectionPage


@get(
    "/activity/archivalgroups/collection",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "The stream of changes to Archival Groups",
        needs=somewhere(),
    ),
)
def groups_collection(edge: Given) -> OrderedCollection:
    total = activity.page(edge.ctx, 1).total
    return render_activity.collection(edge.uris.groups_stream(), total, activity.PAGE)


@get(
    "/activity/archivalgroups/pages/{page:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "A page of the stream, oldest first",
        needs=somewhere(),
    ),
)
def groups_page(edge: Given, page: FromPath[str]) -> OrderedCollectionPage:
    number = page_number(page)
    found = activity.page(edge.ctx, number)
    return render_activity.page(
        edge.uris.groups_stream(),
        number,
        found.total,
        activity.PAGE,
        (render_activity.group_event(event, edge.uris) for event in found.events),
    )


@post(
    "/activity/archivalgroups/collection",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Announce an update of an Archival Group",
        demands=values.demands(
            "type",
            "object",
            type={"const": "Update"},
            object={
                "type": "object",
                **values.demands("id", "type", type={"const": "ArchivalGroup"}),
            },
        ),
        problems=(404, 410),
        needs=somewhere(Action.ARRANGE),
    ),
)
def push_update(edge: Given, agent: Agent, data: JSONBody[ActivityIn]) -> None:
    activity.push(edge.ctx, agent, _pushed_group(data, edge.ctx.roots))


def _pushed_group(sent: ActivityIn, roots: Roots) -> RepositoryPath:
    """The group that a pushed event is about. Raises BadRequest with all that is wrong."""
    thing = sent.object
    uri = (thing.id or "") if thing is not None else ""
    raw = strip_roots(uri, roots.all)
    faults = []
    if sent.type != "Update":
        faults.append(_unwelcome("type", "Update", sent.type))
    if thing is None or thing.type != "ArchivalGroup":
        found = None if thing is None else thing.type
        faults.append(_unwelcome("object.type", "ArchivalGroup", found))
    if not raw:
        faults.append(_unwelcome("object.id", f"{roots.public}/repository/…", uri or None))
    if faults or not raw:
        raise BadRequest(
            "Only updates of Archival Groups of this repository can be announced: "
            + "; ".join(f"{f.path} must be {f.expected}, and was {f.found}" for f in faults),
            code="bad-activity",
            faults=faults,
        )
    return RepositoryPath(decode(raw))


def _unwelcome(name: str, expected: str, found: str | None) -> Fault:
    return Fault(
        code="bad-activity",
        message="The event cannot be announced.",
        path=name,
        expected=expected,
        found="nothing" if found is None else found[:200],
    )


@get(
    "/activity/importjobs/collection",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "The stream of finished import jobs",
        needs=somewhere(),
    ),
)
def imports_collection(edge: Given) -> OrderedCollection:
    total = activity.imports_page(edge.ctx, 1).total
    return render_activity.collection(edge.uris.imports_stream(), total, activity.PAGE)


@get(
    "/activity/importjobs/pages/{page:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "A page of the stream, oldest first",
        needs=somewhere(),
    ),
)
def imports_page(edge: Given, page: FromPath[str]) -> OrderedCollectionPage:
    number = page_number(page)
    found = activity.imports_page(edge.ctx, number)
    return render_activity.page(
        edge.uris.imports_stream(),
        number,
        found.total,
        activity.PAGE,
        (render_activity.import_event(event, edge.uris) for event in found.events),
    )


PRESERVATION = (groups_collection, groups_page, push_update)
STORAGE = (imports_collection, imports_page)
