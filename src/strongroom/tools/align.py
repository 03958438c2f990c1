"""Ties the paths that a tool saw to those of the deposit: one offset, the same for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

#: paths that are looked at to find the offset
_SAMPLE = 1000


def aligned(seen: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Path as seen → path in the deposit, for all that fit.

    The tool ran somewhere above or in the content; so of each path a beginning is dropped, or
    folders are put before it, the same for all. The offset that fits most paths is taken.
    """
    paths = [path for path in seen if path]
    votes: Counter[tuple[str, str]] = Counter()
    by_end: dict[str, list[str]] = {}
    for path in known:
        by_end.setdefault(path.rpartition("/")[2], []).append(path)
    for path in paths[:_SAMPLE]:
        for other in by_end.get(path.rpartition("/")[2], ()):
            if path == other or path.endswith(f"/{other}"):
                votes[path[: len(path) - len(other)], ""] += 1
            elif other.endswith(f"/{path}"):
                votes["", other[: len(other) - len(path)]] += 1
    if not votes:
        return {}
    # of offsets that fit as many, the one that drops and adds least
    (dropped, added), _ = min(votes.items(), key=lambda vote: (-vote[1], len("".join(vote[0]))))
    there = set(known)
    found = {}
    for path in paths:
        place = added + path[len(dropped) :]
        if path.startswith(dropped) and place in there:
            found[path] = place
    return found
