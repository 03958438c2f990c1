"""The index of Containers and Archival Groups, derived from storage.

Their versions go with them; what lies inside a group is in :mod:`strongroom.db.members`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, select

from strongroom.db import search
from strongroom.db.paths import after, at, in_order, one_of, up_to
from strongroom.db.tables import events, members, versions
from strongroom.db.tables import nodes as rows
from strongroom.domain.paths import RepositoryPath, ancestors, parent
from strongroom.domain.resources import Kind, Node, Version
from strongroom.errors import NotFound

_N = rows.c
_V = versions.c

#: nodes read at once when all of them are
_PAGE = 500


def put_node(c: Connection, node: Node) -> None:
    """Record a node with its versions, in place of what was recorded at its path.

    Of its versions only those are written that differ from what is there.
    """
    values = {
        "parent": parent(node.path),
        "kind": node.kind.value,
        "name": node.name,
        "other_names": node.other_names,
        "deleted": node.deleted,
        "mets": node.mets,
        "inventory_digest": node.inventory_digest,
    }
    node_id = c.scalar(
        sa.update(rows).where(at(_N.path, node.path)).values(values).returning(_N.id)
    )
    if node_id is None:
        values["path"] = node.path
        node_id = c.scalar(sa.insert(rows).values(values).returning(_N.id))
        present = {}
    else:
        found = c.execute(select(versions).where(_V.node == node_id))
        present = {row.number: _version(row) for row in found}
    wanted = {version.number: version for version in node.versions}
    stale = [number for number, version in present.items() if wanted.get(number) != version]
    if stale:
        c.execute(sa.delete(versions).where(_V.node == node_id, _V.number.in_(stale)))
    fresh = [
        {
            "node": node_id,
            "number": version.number,
            "created": version.created,
            "agent": version.agent,
            "job": version.job,
            "deposit": version.deposit,
            "received": version.received,
        }
        for number, version in wanted.items()
        if present.get(number) != version
    ]
    if fresh:
        c.execute(sa.insert(versions), fresh)
    if node.kind is Kind.GROUP:
        search.mark(c, node.path, node.inventory_digest)


def node(c: Connection, path: RepositoryPath) -> Node | None:
    """The node at this path, tombstones included."""
    return next(iter(_read(c, [at(_N.path, path)])), None)


def children(c: Connection, path: RepositoryPath) -> list[Node]:
    """The living nodes directly below this path, sorted by path; ``""`` is the root."""
    return _read(c, [at(_N.parent, path), _N.deleted.is_(False)])


def nodes_at(c: Connection, paths: Iterable[str]) -> list[Node]:
    """The living nodes at these paths, by path."""
    return _read(c, [one_of(_N.path, paths), _N.deleted.is_(False)])


def child_digests(
    c: Connection, path: RepositoryPath
) -> Iterator[tuple[RepositoryPath, Kind, str]]:
    """Path, kind and inventory digest of the living nodes directly below this path, by path."""
    living = (at(_N.parent, path), _N.deleted.is_(False))
    columns = (_N.path, _N.kind, _N.inventory_digest)
    found = c.execute(select(*columns).where(*living).order_by(in_order(_N.path)))
    return ((RepositoryPath(child), Kind(kind), digest) for child, kind, digest in found)


def has_children(c: Connection, path: RepositoryPath) -> bool:
    """Whether a living node lies directly below this path."""
    living = sa.exists().where(at(_N.parent, path), _N.deleted.is_(False))
    return bool(c.scalar(select(living)))


def remove_node(c: Connection, path: RepositoryPath) -> None:
    """Forget a node with its versions and members; harmless if there is none."""
    kind = c.scalar(sa.delete(rows).where(at(_N.path, path)).returning(_N.kind))
    if kind == Kind.GROUP.value:
        search.mark(c, path, "")


def group_at_or_above(c: Connection, path: RepositoryPath) -> Node | None:
    """The Archival Group at this path, or the nearest one above it."""
    found = _read(
        c,
        [
            one_of(_N.path, [path, *ancestors(path)]),
            _N.kind == Kind.GROUP.value,
            _N.deleted.is_(False),
        ],
    )
    # all lie on one line: the longest is the nearest
    return found[-1] if found else None


def nodes(c: Connection) -> Iterator[Node]:
    """Every node, tombstones included, by path; a page at a time.

    What is recorded behind the current place while the caller iterates is not seen.
    """
    last = ""  # the root is no node
    while True:
        paths = c.scalars(
            select(_N.path).where(*after(_N.path, last)).order_by(in_order(_N.path)).limit(_PAGE)
        ).all()
        if not paths:
            return
        yield from _read(c, [*after(_N.path, last), *up_to(_N.path, paths[-1])])
        last = paths[-1]


def clear_index(c: Connection) -> None:
    """Empty the index (nodes, versions, members, the events of jobs), and the search with it.

    Deposits, jobs, tickets and pushed events stay.
    """
    # children first: whole tables are emptied at once, and no foreign key has work to do
    c.execute(sa.delete(members))
    c.execute(sa.delete(versions))
    c.execute(sa.delete(rows))
    c.execute(sa.delete(events).where(events.c.job.is_not(None)))
    search.clear(c)


def node_id(c: Connection, path: RepositoryPath) -> int:
    """The row number by which other tables refer to a node; NotFound if there is none."""
    found: int | None = c.scalar(select(_N.id).where(at(_N.path, path)))
    if found is None:
        raise NotFound(f"The index has no '{path}'.")
    return found


def _read(c: Connection, where: list[ColumnElement[bool]]) -> list[Node]:
    """The nodes that meet the conditions, by path, with their versions, in one query."""
    found = c.execute(
        select(rows, versions)
        .join(versions, _V.node == _N.id, isouter=True)
        .where(*where)
        .order_by(in_order(_N.path), _V.number)
    )
    return [_node(list(group)) for _, group in groupby(found, key=lambda row: row.id)]


def _node(joined: list[Row[Any]]) -> Node:
    row = joined[0]
    return Node(
        path=row.path,
        kind=Kind(row.kind),
        name=row.name,
        other_names=row.other_names,
        versions=tuple(_version(each) for each in joined if each.number is not None),
        deleted=row.deleted,
        mets=row.mets,
        inventory_digest=row.inventory_digest,
    )


def _version(row: Row[Any]) -> Version:
    return Version(
        number=row.number,
        created=row.created,
        agent=row.agent,
        job=row.job,
        deposit=row.deposit,
        received=row.received,
    )
