"""Asking again until something has ended, at growing intervals.

It measures time by the pauses it makes; what is asked, and when it is done, callers say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from strongroom.client.errors import Unreachable

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
) -> T:
    """The first answer that is ``done``; ``seen`` is told of each.

    Raises :class:`Unreachable` after ``timeout`` seconds of pauses (None: never).
    """
    pause = FIRST
    waited = 0.0
    while True:
        answer = ask()
        if seen is not None:
            seen(answer)
        if done(answer):
            return answer
        if timeout is not None and waited >= timeout:
            raise Unreachable(f"Waited {waited:.0f} seconds for {what}, which has not ended.")
        sleep(pause)
        waited += pause
        pause = min(pause * 1.5, LONGEST)
