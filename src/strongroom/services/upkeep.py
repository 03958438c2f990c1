"""What is cleared away while the server runs: work that was given up, uploads that nobody finished.

What a killed server left is put in order when the next one starts, by
:mod:`strongroom.services.maintenance`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from strongroom.db import job_queue
from strongroom.errors import StrongroomError
from strongroom.services.context import Context

log = logging.getLogger(__name__)

#: seconds after which an upload, or work on a version, counts as abandoned unless a job is at it
ABANDONED = 24 * 3600.0


def tend(ctx: Context) -> int:
    """Clear abandoned work; how many pieces. What cannot be cleared now is tried the next time."""
    with ctx.db.read() as c:
        running = job_queue.running(c)
    return _counted(lambda: ctx.repository.sweep(older_than=ABANDONED, keep=running)) + tend_areas(
        ctx
    )


def tend_areas(ctx: Context) -> int:
    """Clear abandoned uploads, and exports into other places; how many."""
    places = (ctx.areas, *(place.areas for place in ctx.destinations))
    return sum(_counted(partial(areas.sweep, ABANDONED)) for areas in places)


def _counted(sweep: Callable[[], int]) -> int:
    try:
        return sweep()
    except (StrongroomError, OSError) as error:
        log.warning("abandoned work cannot be cleared now: %s", error)
        return 0
