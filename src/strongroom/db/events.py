"""The activity stream: one event for each import that changed something, and pushed ones.

Oldest first, strictly increasing. Only what lies before the oldest unsettled ticket is shown, so
that nothing ever appears behind a reader's back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, func, select

from strongroom.db.sight import seen
from strongroom.db.sql import explaining
from strongroom.db.tables import events as rows
from strongroom.db.tables import tickets as open_tickets
from strongroom.db.tickets import next_end
from strongroom.domain.grants import Sight
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.resources import Event
from strongroom.errors import Conflict, Fault

_E = rows.c


def add_event(c: Connection, event: Event) -> None:
    """Record an event; one that is there already, exactly so, is left as it is.

    Conflict (``event-differs``) if another event has its job or its end time.
    """
    if event in _like(c, event):
        return
    with explaining(c, lambda: _differs(c, event)):
        c.execute(
            sa.insert(rows).values(
                ends=event.end,
                type=event.type,
                group_path=event.group,
                job=event.job,
                starts=event.start,
            )
        )


def push_event(c: Connection, group: RepositoryPath, now: datetime) -> Event:
    """Record that a group is to be looked at again, without an import behind it."""
    event = Event(end=next_end(c, now), type="Update", group=group)
    add_event(c, event)
    return event


def events(c: Connection, offset: int, limit: int, sight: Sight | None = None) -> list[Event]:
    """Part of the whole stream (in ``sight``), oldest first."""
    return _page(c, [_shown(), *seen(sight, _E.group_path)], offset, limit)


def total(c: Connection, sight: Sight | None = None) -> int:
    """Events in the whole stream (in ``sight``)."""
    return _count(c, [_shown(), *seen(sight, _E.group_path)])


def import_events(
    c: Connection, offset: int, limit: int, sight: Sight | None = None
) -> list[Event]:
    """Part of the stream without pushed events, oldest first."""
    where = [_shown(), _E.job.is_not(None), *seen(sight, _E.group_path)]
    return _page(c, where, offset, limit)


def import_total(c: Connection, sight: Sight | None = None) -> int:
    """Events in the stream without pushed ones."""
    return _count(c, [_shown(), _E.job.is_not(None), *seen(sight, _E.group_path)])


def _shown() -> ColumnElement[bool]:
    oldest = select(func.min(open_tickets.c.ends)).scalar_subquery()
    return sa.or_(oldest.is_(None), _E.ends < oldest)


def _page(c: Connection, where: list[ColumnElement[bool]], offset: int, limit: int) -> list[Event]:
    found = c.execute(select(rows).where(*where).order_by(_E.ends).limit(limit).offset(offset))
    return [_event(row) for row in found]


def _count(c: Connection, where: list[ColumnElement[bool]]) -> int:
    return c.scalar(select(func.count()).select_from(rows).where(*where)) or 0


def _like(c: Connection, event: Event) -> list[Event]:
    """Events with the same end time or the same job; at most two."""
    same = _E.ends == event.end
    if event.job is not None:
        same = sa.or_(same, _E.job == event.job)
    return [_event(row) for row in c.execute(select(rows).where(same).order_by(_E.ends))]


def _differs(c: Connection, event: Event) -> Conflict | None:
    others = _like(c, event)
    if not others:
        return None
    return Conflict(
        f"Another event of '{others[0].group}' has the job or the end time of this one.",
        code="event-differs",
        faults=[
            Fault(
                code="event-differs",
                message="An event with the same job or end time is recorded.",
                path=event.group,
                expected=f"{event.type} by job {event.job} at {event.end.isoformat()}",
                found=f"{other.type} of '{other.group}' by job {other.job} "
                f"at {other.end.isoformat()}",
            )
            for other in others
        ],
    )


def _event(row: Row[Any]) -> Event:
    return Event(end=row.ends, type=row.type, group=row.group_path, job=row.job, start=row.starts)
