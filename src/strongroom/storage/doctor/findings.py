"""What was found of a store, capability by capability, and what it is good for.

How things are found is left to the probes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar


class State(StrEnum):
    #: as it should be
    GOOD = "good"
    #: it is not so, and there is another way, or something to know
    LIMITED = "limited"
    #: it is not so
    BAD = "bad"
    #: it could not be tried
    UNKNOWN = "unknown"


class Need(StrEnum):
    """What a capability is needed for; without any, another way is taken."""

    #: the working areas of deposits
    DEPOSITS = "deposits"
    #: the storage root
    OCFL = "ocfl-root"
    #: a storage root with more than one writer, among them one that was stopped and goes on
    WRITERS = "writers"


class Fit(StrEnum):
    YES = "yes"
    #: as long as the operator sees to it that just one server and its workers write
    SINGLE_WRITER = "single-writer"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a probe found."""

    state: State
    #: a few words
    found: str
    #: what that means here; empty: what the probe is for, which it is good for
    means: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A row of the report."""

    #: a stable word for programs
    name: str
    title: str
    state: State
    found: str
    means: str
    needed: frozenset[Need]


Place = TypeVar("Place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe(Generic[Place]):
    """One thing to find out about a place."""

    name: str
    #: the capability, for people
    title: str
    #: what it is for here
    why: str
    run: Callable[[Place], Outcome]
    needed: frozenset[Need] = frozenset()

    def finding(self, outcome: Outcome) -> Finding:
        return Finding(
            name=self.name,
            title=self.title,
            state=outcome.state,
            found=outcome.found,
            means=outcome.means or self.why,
            needed=self.needed,
        )


BOTH = frozenset((Need.DEPOSITS, Need.OCFL))
WRITERS = frozenset((Need.WRITERS,))


def good(found: str, means: str = "") -> Outcome:
    return Outcome(State.GOOD, found, means)


def limited(found: str, means: str) -> Outcome:
    return Outcome(State.LIMITED, found, means)


def bad(found: str, means: str) -> Outcome:
    return Outcome(State.BAD, found, means)


def unknown(found: str, means: str = "It could not be tried.") -> Outcome:
    return Outcome(State.UNKNOWN, found, means)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was found of one place."""

    place: str
    findings: tuple[Finding, ...]
    #: what could not be cleared away again
    left: tuple[str, ...] = ()

    @property
    def deposits(self) -> Fit:
        """Whether the place can hold the working areas of deposits."""
        return Fit.YES if _has(self.findings, Need.DEPOSITS) else Fit.NO

    @property
    def ocfl_root(self) -> Fit:
        """Whether the place can hold a storage root."""
        if not _has(self.findings, Need.OCFL):
            return Fit.NO
        return Fit.YES if _has(self.findings, Need.WRITERS) else Fit.SINGLE_WRITER


def _has(findings: Iterable[Finding], need: Need) -> bool:
    return all(
        finding.state in (State.GOOD, State.LIMITED)
        for finding in findings
        if need in finding.needed
    )
