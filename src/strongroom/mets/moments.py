"""Moments as METS files write them: ISO 8601, and the long dates of older platform files."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_DAY_FIRST = re.compile(r"(?:[a-z]+, )?(\d{1,2}) ([a-z]+),? (\d{4})")
_MONTH_FIRST = re.compile(r"(?:[a-z]+, )?([a-z]+) (\d{1,2}), (\d{4})")
#: more digits of a second than Python keeps
_FRACTION = re.compile(r"(\.\d{6})\d+")


def parse(text: str) -> datetime | None:
    """The moment in UTC; None if the text is none. A date alone is its midnight in UTC.

    A time without an offset is taken for UTC. Long dates are those of English cultures, such as
    ``Wednesday, 21 January 2026`` and ``Wednesday, January 21, 2026``.
    """
    text = " ".join(text.split())
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        return _long_date(text.lower())
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None  # the offset leads out of the calendar


def _long_date(text: str) -> datetime | None:
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    elif match := _MONTH_FIRST.fullmatch(text):
        month, day, year = match.groups()
    else:
        return None
    if month not in _MONTHS:
        return None
    try:
        return datetime(int(year), _MONTHS.index(month) + 1, int(day), tzinfo=UTC)
    except ValueError:
        return None
