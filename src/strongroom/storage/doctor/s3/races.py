"""Whether conditions hold when many write at once: stores that look first and write then lose here.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from strongroom.storage.doctor.findings import WRITERS, Outcome, Probe, bad, good, limited, unknown
from strongroom.storage.doctor.s3.site import CONDITION, MISSING, Site, refusal

RACERS, ROUNDS = 16, 6


def race(
    site: Site, name: str, condition: dict[str, Any], racers: int
) -> tuple[list[int], set[str]]:
    """Let many put to one key at once: who is told to have won, and what the others are told."""
    ready = threading.Barrier(racers)

    def run(number: int) -> str | None:
        ready.wait(30)
        return refusal(lambda: site.put(name, b"racer %d" % number, **condition))

    with ThreadPoolExecutor(racers) as pool:
        said = list(pool.map(run, range(racers)))
    return [number for number, word in enumerate(said) if word is None], set(filter(None, said))


def judge(site: Site, *, etag: bool, racers: int = RACERS, rounds: int = ROUNDS) -> Outcome:
    """Race for a key that is there, or not there, again and again."""
    several = 0
    nobody = 0
    for number in range(rounds):
        name = f"race-{'etag' if etag else 'new'}-{number}"
        condition = {"IfMatch": site.put(name, b"before")} if etag else {"IfNoneMatch": "*"}
        won, said = race(site, name, condition, racers)
        odd = said - CONDITION - MISSING
        if odd:
            return unknown(f"refused oddly: {', '.join(sorted(odd))}")
        several += len(won) > 1
        nobody += not won
        if len(won) == 1 and site.get(name) != b"racer %d" % won[0]:
            return bad("the key holds what a loser sent", _LOST)
    if several:
        return bad(f"several of {racers} won in {several} of {rounds} races", _LOST)
    if nobody:
        return limited(
            f"nobody of {racers} won in {nobody} of {rounds} races",
            "Writers in each other's way have to try again.",
        )
    return good(f"one of {racers} won, {rounds} times")


def _new(site: Site) -> Outcome:
    return judge(site, etag=False)


def _etag(site: Site) -> Outcome:
    return judge(site, etag=True)


_LOST = "Of two writers at the same instant one can lose its version without being told."

RACE_NEW = Probe(
    name="race-if-none-match",
    title="Races for a new key",
    why="Of writers at the same instant one wins, and the others know.",
    needed=WRITERS,
    run=_new,
)
RACE_ETAG = Probe(
    name="race-if-match",
    title="Races to replace a key",
    why="Of writers at the same instant one wins, and the others know.",
    needed=WRITERS,
    run=_etag,
)
