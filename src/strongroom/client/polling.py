"""Asking again until something has ended, at growing intervals.

What is asked, and when it is done, callers say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from strongroom.client.errors import NotEnded

T = TypeVar("T")

#: seconds before the second question
FIRST = 0.05
#: seconds between two questions at most
LONGEST = 2.0


def poll(
    ask: Callable[[], T],
    *,
    done: Callable[[T], bool],
    sleep: Callable[[float], None],
    what: str,
    seen: Callable[[T], None] | None = None,
    timeout: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """The first answer that is ``done``; ``seen`` is told of each.

    Raises :class:`NotEnded` once ``timeout`` seconds have gone by (None: never).
    """
    begun, pause, paused = clock(), FIRST, 0.0
    while True:
        answer = ask()
        if seen is not None:
            seen(answer)
        if done(answer):
            return answer
        waited = max(clock() - begun, paused)
        if timeout is not None and waited >= timeout:
            raise NotEnded(f"Waited {waited:.0f} seconds for {what}, which has not ended.")
        sleep(pause)
        paused += pause
        pause = min(pause * 1.5, LONGEST)
