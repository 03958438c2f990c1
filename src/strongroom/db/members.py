"""The index of what lies inside Archival Groups at their head, derived from storage.

Written for groups with 100,000 members: many rows at once, groups referred to by number. A member
that was removed stays as a tombstone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, select

from strongroom.db.nodes import node_id
from strongroom.db.paths import after as paths_after
from strongroom.db.paths import at, below, in_order, one_of
from strongroom.db.sql import insert_rows, upsert_rows
from strongroom.db.tables import members as rows
from strongroom.db.tables import nodes
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Kind, Member, MemberChanges
from strongroom.errors import Damaged, Fault

_M = rows.c

#: rows that are taken from the driver at once
_FETCH = 1_000

_FIELDS = (
    _M.path,
    _M.kind,
    _M.name,
    _M.content_type,
    _M.size,
    _M.digest,
    _M.content_path,
    _M.created,
    _M.modified,
    _M.deleted,
)
_KINDS = {kind.value: kind for kind in Kind}


def replace_members(c: Connection, group: RepositoryPath, members: Iterable[Member]) -> None:
    """Record the members of a group (tombstones too), in place of all that it had.

    NotFound if the group itself is not recorded.
    """
    number = node_id(c, group)
    c.execute(sa.delete(rows).where(_M.node == number))
    insert_rows(c, rows, _rows(number, members))


def apply(c: Connection, group: RepositoryPath, changes: MemberChanges) -> None:
    """Record what a new version changed among the members of a group.

    A removed member keeps what it last was and becomes a tombstone, changed last in the version
    that removed it. Doing it again changes nothing. NotFound if the group is not recorded; Damaged
    (``index-differs``) if members that shall be removed are not there.
    """
    number = node_id(c, group)
    upsert_rows(c, rows, _rows(number, changes.put))
    if not changes.removed:
        return
    done = c.execute(
        sa.update(rows)
        .where(
            _M.node == number,
            _M.depth == sa.bindparam("slashes"),
            at(_M.path, sa.bindparam("gone", type_=_M.path.type)),
        )
        .values(deleted=True, modified=changes.version),
        [{"slashes": _depth(path), "gone": path} for path in changes.removed],
    )
    if done.rowcount != len(changes.removed):
        raise _absent(c, number, group, changes.removed)


def member(c: Connection, group: RepositoryPath, path: MemberPath) -> Member | None:
    """The member at this path, tombstones included."""
    return next(iter(_read(c, [_in(group), _M.depth == _depth(path), at(_M.path, path)])), None)


def members(c: Connection, group: RepositoryPath, *, deleted: bool = False) -> list[Member]:
    """The living members of a group, by path; with ``deleted`` its tombstones as well."""
    where = [_in(group)]
    if not deleted:
        where.append(_M.deleted.is_(False))
    # the rows come in runs, one for each depth, which sorting here is quick to merge
    return sorted(_read(c, where), key=attrgetter("path"))


def child_members(c: Connection, group: RepositoryPath, parent_path: str) -> list[Member]:
    """The living members directly below a Container of a group (``""``: the group), by path."""
    where = [_in(group), _M.deleted.is_(False)]
    if parent_path == "":
        where.append(_M.depth == 0)
    else:
        where += [_M.depth == _depth(parent_path) + 1, *below(_M.path, parent_path)]
    return _read(c, where)


def is_beyond(c: Connection, group: RepositoryPath, count: int, depth: int) -> bool:
    """Whether a group has more living members than so many, or some that lie deeper."""
    some = select(_M.depth).where(_in(group), _M.deleted.is_(False)).limit(count + 1).subquery()
    found = c.execute(select(sa.func.count(), sa.func.max(some.c.depth))).one()
    return found[0] > count or (found[1] or 0) > depth


def has_more_children(c: Connection, group: RepositoryPath, parent_path: str, count: int) -> bool:
    """Whether more living members than so many lie directly below a Container of a group."""
    depth = 0 if parent_path == "" else _depth(parent_path) + 1
    where = [_in(group), _M.depth == depth, _M.deleted.is_(False)]
    if parent_path != "":
        where += below(_M.path, parent_path)
    some = select(_M.depth).where(*where).limit(count + 1).subquery()
    return (c.scalar(select(sa.func.count()).select_from(some)) or 0) > count


def depths(c: Connection, group: RepositoryPath) -> list[int]:
    """At which depths (slashes in the path) a group has members, ascending."""
    return list(c.scalars(select(_M.depth).where(_in(group)).distinct().order_by(_M.depth)))


def containers(c: Connection, group: RepositoryPath) -> list[Member]:
    """The living Containers of a group, in no order that means anything."""
    return _read(c, [_in(group), _M.kind == Kind.CONTAINER.value, _M.deleted.is_(False)])


def binaries_after(
    c: Connection, group: RepositoryPath, digest: str, depth: int, after: str, limit: int
) -> list[Member] | None:
    """The first living Binaries of one depth behind a path, by path.

    None if the index has not (or no longer) the group by the inventory of this digest.
    """
    where = [_M.depth == depth, *paths_after(_M.path, after)]
    return _binaries_as(c, group, digest, where, limit)


def binaries_at(
    c: Connection, group: RepositoryPath, digest: str, depth: int, paths: Iterable[MemberPath]
) -> list[Member] | None:
    """The living Binaries at these paths, all of one depth; None as :func:`binaries_after`."""
    where = [_M.depth == depth, one_of(_M.path, paths)]
    return _binaries_as(c, group, digest, where, None)


def _binaries_as(
    c: Connection,
    group: RepositoryPath,
    digest: str,
    where: list[ColumnElement[bool]],
    limit: int | None,
) -> list[Member] | None:
    number = c.scalar(
        select(nodes.c.id).where(at(nodes.c.path, group), nodes.c.inventory_digest == digest)
    )
    if number is None:
        return None
    living = [_M.node == number, _M.kind == Kind.BINARY.value, _M.deleted.is_(False)]
    return _read(c, [*living, *where], limit)


def _in(group: RepositoryPath) -> ColumnElement[bool]:
    number = select(nodes.c.id).where(at(nodes.c.path, group)).scalar_subquery()
    return _M.node == number


def _rows(number: int, members: Iterable[Member]) -> Iterator[tuple[Any, ...]]:
    for each in members:
        yield (
            number,
            _depth(each.path),
            each.path,
            each.kind.value,
            each.name,
            each.content_type,
            each.size,
            each.digest,
            each.content_path,
            each.created,
            each.modified,
            each.deleted,
        )


def _read(
    c: Connection, where: list[ColumnElement[bool]], limit: int | None = None
) -> list[Member]:
    """Members in the order of their rows: by depth, then by path."""
    ordered = (_M.depth, in_order(_M.path))
    found = c.execute(select(*_FIELDS).where(*where).order_by(*ordered).limit(limit))
    return [
        Member(
            path=path,
            kind=_KINDS[kind],
            name=name,
            content_type=content_type,
            size=size,
            digest=digest,
            content_path=content_path,
            created=created,
            modified=modified,
            deleted=gone,
        )
        for (
            path,
            kind,
            name,
            content_type,
            size,
            digest,
            content_path,
            created,
            modified,
            gone,
        ) in chain.from_iterable(found.partitions(_FETCH))
    ]


def _depth(path: str) -> int:
    return path.count("/")


def _absent(
    c: Connection, number: int, group: RepositoryPath, paths: Iterable[MemberPath]
) -> Damaged:
    present = set(c.scalars(select(_M.path).where(_M.node == number)))
    faults = [
        Fault(code="index-differs", message="The index has no such member.", path=path)
        for path in paths
        if path not in present
    ]
    return Damaged(
        f"The index of '{group}' lacks {len(faults)} members that were removed from it; "
        "it has to be rebuilt from storage.",
        code="index-differs",
        faults=faults,
    )
