"""Lets the search follow the index, one group after another, a few thousand Binaries at a time.

Begun anew wherever it was stopped: what the search has of a group is compared with what the index
has, and only the difference is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from strongroom.db import search as rows
from strongroom.db.search import Entry
from strongroom.domain.paths import RepositoryPath
from strongroom.services.context import Context

#: Binaries in one transaction; others wait for it about a tenth of a second
_CHUNK = 2_000


def fill(ctx: Context, stopping: Callable[[], bool] = lambda: False) -> int:
    """Follow every group that has changed; how many groups."""
    count = 0
    while not stopping():
        with ctx.db.read() as c:
            mark = rows.pending(c)
        if mark is None:
            break
        count += _follow(ctx, *mark, stopping)
    return count


def _follow(ctx: Context, group: RepositoryPath, digest: str, stopping: Callable[[], bool]) -> bool:
    """Follow one group; False if it changed meanwhile, or there was no time."""
    with ctx.db.read() as c:
        wanted = {entry.path: entry for entry in rows.wanted(c, group)}
        present = {entry.path: entry for entry in rows.present(c, group)}
    gone = [e for path, e in present.items() if not _same(e, wanted.get(path))]
    fresh = sorted(
        (e for path, e in wanted.items() if not _same(e, present.get(path))),
        key=lambda entry: (entry.millis, entry.path),
    )
    for write, entries in ((rows.remove, gone), (rows.add, fresh)):
        for chunk in _chunks(entries):
            if stopping():
                return False
            with ctx.db.write() as c:
                if not rows.is_pending(c, group, digest):
                    return False  # compare again: another version has come
                write(c, group, chunk)
    with ctx.db.write() as c:
        if not wanted:
            rows.drop_group(c, group)
        rows.settle(c, group, digest)
    return True


def _same(one: Entry, other: Entry | None) -> bool:
    return other is not None and one.millis == other.millis


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), _CHUNK):
        yield entries[start : start + _CHUNK]
