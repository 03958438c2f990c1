"""Moments in UTC: how they are written on the wire, in inventories and in memento ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

#: a clock: aware UTC, passed in wherever time matters
Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS_BEFORE_EPOCH = 621_355_968_000_000_000


def utc_now() -> datetime:
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z``; no more fraction digits than are needed, none when zero."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return text + "Z"


def parse_iso(text: str) -> datetime:
    """An ISO 8601 moment; one without a zone is taken as UTC. ValueError if it is none.

    More than six fraction digits are cut, since seven are what existing clients send.
    """
    head, dot, tail = text.strip().partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6]}{tail[digits:]}" if digits else head + tail
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the moment lies outside the years 1 to 9999 in UTC") from error


def memento(moment: datetime) -> str:
    """The second-precision id of a version, ``yyyyMMddHHmmss``."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def memento_datetime(moment: datetime) -> str:
    """The same as ISO 8601 without zone, as clients expect ``mementoDateTime``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def to_millis(moment: datetime) -> int:
    """Whole milliseconds since 1970 (UTC), rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=millis)


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970 (UTC), as the database keeps moments."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def ticks(moment: datetime) -> int:
    """100-nanosecond ticks since 0001-01-01, which number transient diffs."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 10 + _TICKS_BEFORE_EPOCH
