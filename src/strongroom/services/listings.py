"""Containers with very many children, in pages or piece by piece.

What is small is read whole by :mod:`strongroom.services.browse`. Here only the paths of all
children are held; the rest is read a few hundred at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from strongroom.db import members as member_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.paths import ROOT, RepositoryPath, encode, inside
from strongroom.domain.resources import Kind, Member, Node
from strongroom.services import authority, browse, nodes
from strongroom.services.context import Context
from strongroom.services.large import Members

#: children up to which a Container is read whole
SMALL = 1_000
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPage:
    """Some children of the root, or of a Container outside groups."""

    #: None for the root
    node: Node | None
    children: Iterator[Node]
    #: of all children that the caller may see
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeMember:
    """A Container inside a group; its children are asked for."""

    group: Node
    object_path: str
    member: Member
    members: Members


def page(
    ctx: Context, path: RepositoryPath, *, start: int = 0, size: int | None = None
) -> ContainerPage | None:
    """The children (in sight of the caller) from ``start`` on, by id; all of them without ``size``.

    None where something else is than the root or a Container outside groups.
    """
    with ctx.db.read() as c:
        node = node_rows.node(c, path) if path != ROOT else None
        sight = authority.sight(ctx, c)
        if path != ROOT:
            if node is None or node.kind is not Kind.CONTAINER:
                return None
            if not browse.is_seen(sight, path, node):
                raise nodes.not_there(path)
        if node is not None and node.deleted:
            raise nodes.tombstone(path)
        paths = sorted((child for child, _ in browse.child_digests(c, path, sight)), key=encode)
    chosen = paths[start:] if size is None else paths[start : start + size]
    return ContainerPage(node=node, children=_read(ctx, chosen), total=len(paths))


def _read(ctx: Context, paths: Sequence[RepositoryPath]) -> Iterator[Node]:
    for start in range(0, len(paths), _BATCH):
        some = paths[start : start + _BATCH]
        with ctx.db.read() as c:
            found = {node.path: node for node in node_rows.nodes_at(c, some)}
        # one that was deleted a moment ago is left out
        yield from (found[path] for path in some if path in found)


def in_group(ctx: Context, path: RepositoryPath) -> LargeMember | None:
    """The Container inside a group at a path, if it has very many children; else None."""
    with ctx.db.read() as c:
        group = node_rows.group_at_or_above(c, path) if path != ROOT else None
        inner = inside(path, group.path) if group is not None else None
        if group is None or not inner or not authority.sees(ctx, c, path):
            return None
        member = member_rows.member(c, group.path, inner)  # type: ignore[arg-type]
        if member is None or member.deleted or member.kind is not Kind.CONTAINER:
            return None
        if not member_rows.has_more_children(c, group.path, inner, SMALL):
            return None
    return LargeMember(
        group=group,
        object_path=ctx.repository.object_path(group.path),
        member=member,
        members=Members(ctx, group, group.head.number),
    )
