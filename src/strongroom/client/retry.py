"""When a request is sent again, and after how long.

Pure: time and chance are given. Whether a request may be sent twice at all is the transport's
affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from strongroom.client.errors import ApiError

#: answers that say "not now" (RFC 9110, 15.6.3 to 15.6.5)
AGAIN = frozenset({502, 503, 504})
#: the code by which a server says that an earlier request under a key is still being carried out
BUSY = "key-in-use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How patiently a failed request is tried again."""

    #: times in all, the first included
    attempts: int = 5
    #: seconds before the second try; doubled each time
    first: float = 0.2
    #: seconds at most between two tries, where the server does not ask for more
    longest: float = 10.0
    #: seconds that a server may ask for (``Retry-After``); where it asks for more, none is made
    patience: float = 60.0

    def pause(self, attempt: int, chance: float, asked: float | None = None) -> float:
        """Seconds before the next try, after ``attempt`` of them.

        ``chance`` (0 to 1) spreads clients that failed together: it takes away up to half of the
        pause. What the server asked for is a floor.
        """
        spread = min(self.first * 2.0 ** min(attempt - 1, 60), self.longest)
        return max(spread * (1.0 - chance / 2.0), asked or 0.0)

    def waits_for(self, error: ApiError) -> bool:
        """Whether a refusal only means "later", and not too late."""
        if error.retry_after is not None and error.retry_after > self.patience:
            return False
        if error.status == 429:
            return error.retry_after is not None and error.problem != "too-many-failures"
        return error.status in AGAIN


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds that ``Retry-After`` asks for, as a number or as a date (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
