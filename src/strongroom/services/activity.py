"""The activity streams: what was preserved, in the order in which it happened."""

from __future__ import annotations

from strongroom.db import events as event_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.grants import Action
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.resources import Kind
from strongroom.errors import BadRequest, Fault
from strongroom.services import authority, nodes
from strongroom.services.context import Context
from strongroom.services.views import ActivityPage

#: events on a page
PAGE = 100


def page(ctx: Context, number: int) -> ActivityPage:
    """A page (from 1) of the stream of Archival Groups; empty beyond the end."""
    offset = _offset(number)
    with ctx.db.read() as c:
        sight = authority.sight(ctx, c)
        return ActivityPage(
            events=tuple(event_rows.events(c, offset, PAGE, sight)),
            total=event_rows.total(c, sight),
        )


def imports_page(ctx: Context, number: int) -> ActivityPage:
    """A page (from 1) of the stream of import jobs: the same without pushed events."""
    offset = _offset(number)
    with ctx.db.read() as c:
        sight = authority.sight(ctx, c)
        return ActivityPage(
            events=tuple(event_rows.import_events(c, offset, PAGE, sight)),
            total=event_rows.import_total(c, sight),
        )


def _offset(number: int) -> int:
    if number < 1:
        raise BadRequest(
            "Pages of the activity stream begin with 1.",
            code="bad-page",
            faults=[
                Fault(
                    code="bad-page",
                    message="There is no such page.",
                    path="page",
                    expected="1 or more",
                    found=str(number),
                )
            ],
        )
    return (number - 1) * PAGE


def push(ctx: Context, _agent: str, group: RepositoryPath) -> None:
    """Add an Update of a group to the stream, so that its consumers look at it again.

    NotFound if nothing is there, BadRequest for what is no Archival Group, Gone for a tombstone.
    """
    authority.authorise(ctx, Action.ARRANGE, group)
    with ctx.db.write() as c:
        node = node_rows.node(c, group)
        if node is None and node_rows.group_at_or_above(c, group) is not None:
            raise BadRequest(
                f"/repository/{group} lies inside an Archival Group; name the group itself.",
                code="not-a-group",
            )
        if node is None:
            raise nodes.not_there(group)
        if node.deleted:
            raise nodes.tombstone(group)
        if node.kind is not Kind.GROUP:
            raise BadRequest(f"/repository/{group} is no Archival Group.", code="not-a-group")
        event_rows.push_event(c, group, ctx.clock())
