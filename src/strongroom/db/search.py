"""The search: paths of Binaries, and which groups are not in it yet.

Recording a version marks its group and does no more; the rows follow in transactions of their own
(:mod:`strongroom.services.search_fill`), since an index of trigrams makes inserts many times
dearer. A Binary's number is the moment of its version in milliseconds and a place among the
Binaries of that version, so that "newest first" is the order of numbers, backwards, and a page is
found without sorting whatever there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from strongroom.db import sqlite
from strongroom.db.paths import after, at, one_of
from strongroom.db.sight import seen
from strongroom.db.sql import insert_rows, upsert_rows
from strongroom.db.tables import (
    members,
    nodes,
    search_binaries,
    search_groups,
    search_pending,
    versions,
)
from strongroom.domain.grants import Sight
from strongroom.domain.paths import MemberPath, RepositoryPath, ancestors
from strongroom.domain.resources import Kind
from strongroom.domain.searching import path_text
from strongroom.domain.times import to_millis

_B, _G, _P = search_binaries.c, search_groups.c, search_pending.c
_BOTH = search_binaries.join(search_groups, _G.id == _B.grp)
#: of a Binary, from the root of the repository
_PATH = _G.path.concat("/").concat(_B.path)

#: bits of a number that tell the Binaries of one millisecond apart; the others last until 2248
_PLACE = 20
#: behind every other character
_LAST = "\U0010ffff"
#: Binaries of which all numbers are read at once
_FEW = 1_000
#: greater than every number
_NO_END = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """A Binary that answers to a search."""

    #: of the Binary, from the root of the repository
    path: str
    created: datetime
    modified: datetime
    #: bytes
    size: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A Binary as the search has it, or is to have it."""

    path: MemberPath
    #: milliseconds since 1970 of the version in which it changed last
    millis: int
    #: 0 while it has none
    number: int = 0


# ---------------------------------------------------------------------------- what is pending


def mark(c: Connection, group: RepositoryPath, inventory_digest: str) -> None:
    """Say that the search has to follow a group, which the index has by this inventory now."""
    upsert_rows(c, search_pending, [(group, inventory_digest)])


def pending(c: Connection) -> tuple[RepositoryPath, str] | None:
    """A group that is to be followed, and by which inventory; None if there is none."""
    row = c.execute(select(search_pending).limit(1)).one_or_none()
    return None if row is None else (row.path, row.inventory_digest)


def pending_count(c: Connection, sight: Sight | None = None) -> int:
    """How many groups (in ``sight``) are to be followed."""
    waiting = select(func.count()).select_from(search_pending).where(*seen(sight, _P.path))
    return c.scalar(waiting) or 0


def is_pending(c: Connection, group: RepositoryPath, inventory_digest: str) -> bool:
    """Whether the group is still to be followed, and by this inventory."""
    where = (at(_P.path, group), _P.inventory_digest == inventory_digest)
    return bool(c.scalar(select(sa.exists().where(*where))))


def settle(c: Connection, group: RepositoryPath, inventory_digest: str) -> None:
    """Say that the search has followed; unless the group has changed again meanwhile."""
    c.execute(
        sa.delete(search_pending).where(at(_P.path, group), _P.inventory_digest == inventory_digest)
    )


def clear(c: Connection) -> None:
    """Empty the search, marks included."""
    c.execute(sa.delete(search_binaries))
    c.execute(sa.delete(search_groups))
    c.execute(sa.delete(search_pending))
    if _by_trigrams(c):
        sqlite.clear_trigrams(c)


# ----------------------------------------------------------------------------- following a group


def wanted(c: Connection, group: RepositoryPath) -> Iterator[Entry]:
    """The Binaries that the search is to have of a group; none if it is gone."""
    node = c.execute(
        select(nodes.c.id).where(
            at(nodes.c.path, group), nodes.c.kind == Kind.GROUP.value, nodes.c.deleted.is_(False)
        )
    ).one_or_none()
    if node is None:
        return
    v, m = versions.c, members.c
    changed = c.execute(select(v.number, v.created).where(v.node == node.id))
    millis = {number: to_millis(created) for number, created in changed}
    rows = c.execute(
        select(m.path, m.modified).where(
            m.node == node.id, m.kind == Kind.BINARY.value, m.deleted.is_(False)
        )
    )
    for path, modified in rows:
        yield Entry(path, millis[modified])


def present(c: Connection, group: RepositoryPath) -> Iterator[Entry]:
    """The Binaries that the search has of a group."""
    rows = c.execute(
        select(_B.path, _B.id).join(search_groups, _G.id == _B.grp).where(at(_G.path, group))
    )
    for path, number in rows:
        yield Entry(path, number >> _PLACE, number)


def add(c: Connection, group: RepositoryPath, entries: Sequence[Entry]) -> None:
    """Put Binaries in; those that another worker has put in meanwhile are there already."""
    group_id = _group_id(c, group)
    paths = [entry.path for entry in entries]
    known = set(c.scalars(select(_B.path).where(_B.grp == group_id, one_of(_B.path, paths))))
    entries = [entry for entry in entries if entry.path not in known]
    free: dict[int, int] = {}
    rows: list[tuple[int, str, str]] = []
    for entry in entries:
        number = free.get(entry.millis) or _first_free(c, entry.millis)
        free[entry.millis] = number + 1
        rows.append((number, entry.path, path_text(f"{group}/{entry.path}")))
    trigrams = _by_trigrams(c)
    insert_rows(
        c,
        search_binaries,
        ((number, group_id, path, None if trigrams else text) for number, path, text in rows),
    )
    if trigrams:
        sqlite.add_trigrams(c, ((number, text) for number, _, text in rows))


def remove(c: Connection, group: RepositoryPath, entries: Sequence[Entry]) -> None:
    """Take Binaries out; those that another worker has taken out meanwhile are gone already."""
    group_id = _group_id(c, group)
    gone: list[Entry] = []
    for entry in entries:
        same = (_B.id == entry.number, _B.grp == group_id, _B.path == entry.path)
        if c.execute(sa.delete(search_binaries).where(*same)).rowcount:
            gone.append(entry)
    if _by_trigrams(c):
        sqlite.drop_trigrams(c, ((e.number, path_text(f"{group}/{e.path}")) for e in gone))


def drop_group(c: Connection, group: RepositoryPath) -> None:
    """Forget a group of which nothing is left."""
    c.execute(sa.delete(search_groups).where(at(_G.path, group)))


def _group_id(c: Connection, group: RepositoryPath) -> int:
    found: int | None = c.scalar(select(_G.id).where(at(_G.path, group)))
    if found is None:
        found = c.scalar(sa.insert(search_groups).values(path=group).returning(_G.id))
    if found is None:
        raise RuntimeError("an insert told no number")
    return found


def _first_free(c: Connection, millis: int) -> int:
    start = millis << _PLACE
    last = c.scalar(select(func.max(_B.id)).where(_B.id >= start, _B.id < (millis + 1) << _PLACE))
    return start if last is None else int(last) + 1


# ----------------------------------------------------------------------------------- searching


def page(
    c: Connection, pattern: str, *, limit: int, offset: int, sight: Sight | None = None
) -> tuple[int, list[int]]:
    """How many Binaries (in ``sight``) answer to a pattern, and the numbers on a page of them,
    newest first."""
    if _by_trigrams(c) and _unlimited(sight):
        few = sqlite.few_with_trigrams(c, pattern, _FEW)
        if few is not None:
            return len(few), few[offset : offset + limit]
    total = count(c, pattern, sight)
    if offset >= total:
        return total, []
    return total, numbers(c, pattern, limit=limit, offset=offset, sight=sight)


def page_inside(
    c: Connection, start: str, *, limit: int, offset: int, sight: Sight | None = None
) -> tuple[int, list[int]] | None:
    """The same for Binaries whose path begins so, exactly as it is written; None unless that is
    inside an Archival Group, of which every path then is."""
    above = ancestors(start)
    group = c.execute(select(_G.id, _G.path).where(one_of(_G.path, above))).one_or_none()
    if group is None:
        return None
    inner = start[len(group.path) + 1 :]
    where = [_B.grp == group.id, *_from(inner), *seen(sight, _PATH)]
    total = c.scalar(select(func.count()).select_from(_BOTH).where(*where)) or 0
    found = (
        select(_B.id)
        .select_from(_BOTH)
        .where(*where)
        .order_by(_B.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return total, list(c.scalars(found))


def _from(inner: str) -> list[sa.ColumnElement[bool]]:
    """That a path begins so."""
    if inner == "":
        return []
    return [sa.or_(at(_B.path, inner), sa.and_(*after(_B.path, inner), _B.path < inner + _LAST))]


def count(c: Connection, pattern: str, sight: Sight | None = None) -> int:
    """How many Binaries (in ``sight``) have a text that holds the pattern: they are
    :func:`~strongroom.domain.searching.path_text` and
    :func:`~strongroom.domain.searching.path_pattern`."""
    if not _unlimited(sight):
        where = (_holds(c, pattern), *seen(sight, _PATH))
        return c.scalar(select(func.count()).select_from(_BOTH).where(*where)) or 0
    if _by_trigrams(c):
        return sqlite.count_trigrams(c, pattern)
    holds = _holds(c, pattern)
    return c.scalar(select(func.count()).select_from(search_binaries).where(holds)) or 0


def numbers(
    c: Connection,
    pattern: str,
    *,
    limit: int,
    offset: int = 0,
    before: int = _NO_END,
    sight: Sight | None = None,
) -> list[int]:
    """Their numbers, newest first; ``before`` a number, if one is given."""
    if _by_trigrams(c) and _unlimited(sight):
        return sqlite.with_trigrams(c, pattern, limit=limit, offset=offset, before=before)
    rows = c.scalars(
        select(_B.id)
        .select_from(search_binaries if _unlimited(sight) else _BOTH)
        .where(_holds(c, pattern), _B.id < before, *seen(sight, _PATH))
        .order_by(_B.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return list(rows)


def _unlimited(sight: Sight | None) -> bool:
    return sight is None or sight.everything


def _holds(c: Connection, pattern: str) -> sa.ColumnElement[bool]:
    """That a Binary's text holds the pattern."""
    if _by_trigrams(c):
        return _B.id.in_(sqlite.trigrams_with(pattern))
    # by an index of trigrams on the column, where there is one
    return _B.text.contains(pattern, autoescape=True)


def found(c: Connection, chosen: Iterable[int]) -> list[Found]:
    """What is known of Binaries, in the order of these numbers; the index is asked, so that what
    left it a moment ago is not among them."""
    wanted_ids = list(chosen)
    first, last = versions.alias(), versions.alias()
    m = members.c
    depth = func.length(_B.path) - func.length(func.replace(_B.path, "/", ""))
    rows = c.execute(
        select(
            _B.id,
            _G.path,
            m.path,
            first.c.created,
            last.c.created,
            m.size,
            m.content_type,
        )
        .select_from(search_binaries)
        .join(search_groups, _G.id == _B.grp)
        .join(nodes, at(nodes.c.path, _G.path))
        .join(
            members,
            sa.and_(m.node == nodes.c.id, m.depth == depth, at(m.path, _B.path), ~m.deleted),
        )
        .join(first, sa.and_(first.c.node == nodes.c.id, first.c.number == m.created))
        .join(last, sa.and_(last.c.node == nodes.c.id, last.c.number == m.modified))
        .where(_B.id.in_(wanted_ids))
    )
    by_number = {
        number: Found(f"{group}/{path}", created, modified, size, content_type)
        for number, group, path, created, modified, size, content_type in rows
    }
    return [by_number[number] for number in wanted_ids if number in by_number]


def _by_trigrams(c: Connection) -> bool:
    """Whether the index of trigrams is a table of its own (SQLite) or one of the column's."""
    return c.dialect.name == "sqlite"
