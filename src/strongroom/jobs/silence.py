"""Which workers have fallen silent, seen by one that lives; asks no clock but its own.

The clocks of hosts differ, so the time in a sign of life says nothing to another host; that it does
not change says enough.
"""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.db.job_queue import Sign


class Silence:
    """Remembers when each job's last sign of life was first seen."""

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._seen: dict[Sign, float] = {}

    def among(self, signs: Iterable[Sign], now: float) -> list[Sign]:
        """Those that have not changed for longer than the lease (seconds of a steady clock)."""
        self._seen = {sign: self._seen.get(sign, now) for sign in signs}
        return [sign for sign, since in self._seen.items() if now - since > self._lease]
