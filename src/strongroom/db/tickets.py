"""End times of imports, given out before they are committed, strictly increasing.

The time on a ticket becomes the version's ``created`` in the inventory, the job's ``finished`` and
the event's ``end``, so that a rebuild from storage gives the same stream. While a ticket is not
settled, events at or after its time are not shown (:mod:`strongroom.db.events`): a reader that
remembers the last time it saw misses nothing.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from strongroom.db import meta
from strongroom.db.tables import events, tickets
from strongroom.domain.times import from_millis, to_millis

#: the greatest end time that was ever given out, whether something came of it or not
_LAST = "last-end"


def allot(c: Connection, job: str, now: datetime) -> datetime:
    """The end time of a job: now, or later by what keeps it above all others; whole milliseconds.

    A ticket that the job had before is dropped.
    """
    ends = next_end(c, now)
    settle(c, job)
    c.execute(sa.insert(tickets).values(job=job, ends=ends))
    return ends


def settle(c: Connection, job: str) -> None:
    """Say that the event of this job is recorded, or that there will be none."""
    c.execute(sa.delete(tickets).where(tickets.c.job == job))


def has(c: Connection, job: str) -> bool:
    """Whether the job was given an end time, and its event is not recorded."""
    return c.scalar(select(tickets.c.job).where(tickets.c.job == job)) is not None


def next_end(c: Connection, now: datetime) -> datetime:
    """A time after all that were given out or recorded, without a ticket; it is used up."""
    given = meta.get(c, _LAST)
    recorded = c.scalar(select(func.max(events.c.ends)))
    last = max(
        int(given) if given is not None else -1,
        to_millis(recorded) if recorded is not None else -1,
    )
    millis = max(to_millis(now), last + 1)
    meta.put(c, _LAST, str(millis))
    return from_millis(millis)
