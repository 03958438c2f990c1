"""The index as a whole, written out so that two of them can be compared.

The index is what storage holds the truth of: nodes, versions, members and the events of jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, select

from strongroom.db.tables import events, members, nodes, versions

#: rows in memory at once
_PAGE = 1_000


def dump_index(c: Connection) -> Iterator[tuple[Any, ...]]:
    """Every row of the index as plain values, in an order that does not depend on its history.

    The first value names the table; groups go by path, not by row number. Two indexes are equal
    if and only if their dumps are.
    """
    n, v, m, e = nodes.c, versions.c, members.c, events.c
    yield from _rows(
        c,
        "node",
        select(
            n.path, n.parent, n.kind, n.name, n.other_names, n.deleted, n.mets, n.inventory_digest
        ).order_by(n.path),
    )
    yield from _rows(
        c,
        "version",
        select(n.path, v.number, v.created, v.agent, v.job, v.deposit, v.received)
        .join_from(versions, nodes, v.node == n.id)
        .order_by(n.path, v.number),
    )
    yield from _rows(
        c,
        "member",
        select(n.path, *(column for column in m if column is not m.node))
        .join_from(members, nodes, m.node == n.id)
        .order_by(n.path, m.depth, m.path),
    )
    yield from _rows(
        c,
        "event",
        select(e.ends, e.type, e.group_path, e.job, e.starts)
        .where(e.job.is_not(None))
        .order_by(e.ends),
    )


def _rows(c: Connection, table: str, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    with c.execute(query.execution_options(yield_per=_PAGE)) as result:
        for row in result:
            yield (table, *row)
