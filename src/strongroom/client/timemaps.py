"""States by time (RFC 7089): a moment that is asked for, and TimeMaps in the format of RFC 6690."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

from strongroom.client.errors import BadAnswer

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*"[^"]*")*)')
_ATTRIBUTE = re.compile(r'([\w*-]+)\s*=\s*"([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Memento:
    """One state."""

    uri: str
    #: ``vN``, to be asked for as ``version``
    version: str
    #: when it came to be, in UTC, whole seconds
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMap:
    #: URI of the resource as it is now
    original: str
    #: the oldest first
    mementos: tuple[Memento, ...]


def read_timemap(text: str) -> TimeMap:
    """Raises BadAnswer for what is no TimeMap of this server."""
    original, mementos = "", []
    for uri, attributes in _LINK.findall(text):
        told = dict(_ATTRIBUTE.findall(attributes))
        relations = told.get("rel", "").split()
        if "original" in relations:
            original = uri
        elif "memento" in relations:
            versions = parse_qs(urlsplit(uri).query).get("version", [])
            try:
                moment = parsedate_to_datetime(told.get("datetime", ""))
            except ValueError as error:
                raise BadAnswer(f"A memento without a moment is listed: {uri}") from error
            if not versions:
                raise BadAnswer(f"A memento without a version is listed: {uri}")
            mementos.append(Memento(uri=uri, version=versions[0], moment=moment))
    if not original or not mementos:
        raise BadAnswer("The answer is no TimeMap.")
    return TimeMap(original=original, mementos=tuple(mementos))


def accept_datetime(at: datetime | None) -> dict[str, str]:
    """The header that asks for what was there at a moment, to the second; a naive one is UTC."""
    if at is None:
        return {}
    moment = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return {"Accept-Datetime": format_datetime(moment.replace(microsecond=0), usegmt=True)}
