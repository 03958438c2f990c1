"""Dates and addresses in an inventory: RFC 3339 and RFC 3986.

Where they must stand is left to the checks of the inventory.
"""

from __future__ import annotations

import calendar
import re

_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-]([0-9]{2}):([0-9]{2}))"
)
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
)


def is_date(text: str) -> bool:
    """Whether this is an RFC 3339 date with time, seconds and zone; leap seconds are allowed."""
    match = _DATE.fullmatch(text)
    if not match:
        return False
    year, month, day, hour, minute, second, *zone = (int(part or 0) for part in match.groups())
    return (
        1 <= month <= 12
        and 1 <= day <= calendar.monthrange(year, month)[1]
        and hour <= 23
        and minute <= 59
        and second <= 60
        and zone[0] <= 23
        and zone[1] <= 59
    )


def is_uri(text: str) -> bool:
    """Whether this is a URI with a scheme (RFC 3986)."""
    return bool(_URI.fullmatch(text))
