"""Counts proofs that failed, for each address, so that guessing is slow and fills no log.

Who proves to be someone is never held up: only failures are answered with 429 once there are many.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from strongroom.errors import StrongroomError, TooMany, Unauthenticated

#: failures that one address may have at once, and seconds until one of them is forgotten
BURST, REFILL = 20, 3.0
#: addresses that are remembered
_MOST = 10_000


log = logging.getLogger(__name__)


class Attempts:
    """The failures of late; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: failures that are not forgotten yet, and when they were counted
        self._failed: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def failed(
        self, error: StrongroomError, address: str, correlation: str | None
    ) -> StrongroomError:
        """The error to answer with: this one, or TooMany. It is logged, unless there are many.

        A request without any proof counts for nothing: that is how one finds out what is needed.
        """
        if isinstance(error, Unauthenticated) and error.challenge is None:
            return error
        if self._count(address) > BURST:
            return TooMany(
                "Too many requests of this address could not prove who asks; wait a moment.",
                code="too-many-failures",
            )
        log.warning(
            "not authenticated: %s%s (from %s, correlation id %s)",
            error.message,
            f" [{error.operator}]" if error.operator else "",
            address,
            correlation,
        )
        error.operator = None  # it was told
        return error

    def _count(self, address: str) -> float:
        with self._lock:
            now = self._clock()
            count, since = self._failed.pop(address, (0.0, now))
            count = max(0.0, count - (now - since) / REFILL) + 1.0
            self._failed[address] = (min(count, BURST + 1.0), now)
            if len(self._failed) > _MOST:
                self._failed.popitem(last=False)
        return count
