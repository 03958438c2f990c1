"""What virus scans have found, gathered from the PREMIS events of an administrative section.

Other kinds of events are passed over. Whose section it is, is left to others. Source: PREMIS Data
Dictionary 3.0, unit 2 (event); eventType ``virus check`` is a term of the Library of Congress.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from strongroom.domain.findings import VirusFinding
from strongroom.mets import moments
from strongroom.mets.names import PREMIS_READ, VIRUS_SCANNER, tag
from strongroom.mets.walker import Closer, Opener, Walker

_LEAVES = ("eventType", "eventDateTime", "eventDetail", "eventOutcome", "eventOutcomeDetailNote")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class EventGatherer:
    """Gathers the latest virus scan between :meth:`begin` and :meth:`finish`."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self._listening = False
        #: the leaves of the event that is open: the first of each name counts
        self._event: dict[str, str] | None = None
        self._found: VirusFinding | None = None
        for namespace in PREMIS_READ:
            walker.on(tag(namespace, "event"), self._open)
            for local in _LEAVES:
                walker.on(tag(namespace, local), self._leaf(local))

    def begin(self) -> None:
        self._listening, self._found = True, None

    def finish(self) -> VirusFinding | None:
        self._listening = False
        found, self._found = self._found, None
        return found

    def _open(self, _attributes: Mapping[str, str]) -> Closer | None:
        if not self._listening or self._event is not None:
            return None
        self._event = {}
        return self._close

    def _close(self) -> None:
        event, self._event = self._event or {}, None
        if " ".join(event.get("eventType", "").lower().split()) == "virus check":
            self._found = latest(self._found, _finding(event))

    def _leaf(self, local: str) -> Opener:
        def put(text: str) -> None:
            if self._event is not None:
                self._event.setdefault(local, text.strip())

        def open_leaf(_attributes: Mapping[str, str]) -> Closer | None:
            return self._walker.capture(put) if self._event is not None else None

        return open_leaf


def latest(one: VirusFinding | None, other: VirusFinding | None) -> VirusFinding | None:
    """The later one; of two that were made at the same time, or nobody knows when, the second."""
    if one is None or other is None:
        return one or other
    return one if (one.timestamp or _BEGINNING) > (other.timestamp or _BEGINNING) else other


def _finding(event: Mapping[str, str]) -> VirusFinding:
    has_virus = event.get("eventOutcome", "").lower() == "fail"
    return VirusFinding(
        source=VIRUS_SCANNER,
        timestamp=moments.parse(event.get("eventDateTime", "")),
        has_virus=has_virus,
        found=event.get("eventOutcomeDetailNote") or None if has_virus else None,
        definition=event.get("eventDetail") or None,
    )
