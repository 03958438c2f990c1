"""Reads the repository: Containers, Archival Groups at any version, and what is inside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from strongroom.db import members as member_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.grants import Sight, leads_to, sees
from strongroom.domain.paths import ROOT, MemberPath, RepositoryPath, check_slugs, inside, parent
from strongroom.domain.resources import Group, Kind, Member, Node, Version
from strongroom.domain.times import memento
from strongroom.domain.versions import bad_version, is_memento, version_name, version_number
from strongroom.errors import Conflict, NotFound
from strongroom.services import authority, nodes, streams
from strongroom.services.context import Context
from strongroom.services.views import ContainerView, Content, MemberView, ResourceView


def resource(ctx: Context, path: RepositoryPath, version: str | None = None) -> ResourceView:
    """Whatever is at a path; NotFound, or Gone where a tombstone is.

    ``version`` is ``vN`` or a memento timestamp; one that cannot be read is BadRequest, one that
    does not exist NotFound.
    """
    if path == ROOT:
        with ctx.db.read() as c:
            return ContainerView(node=None, children=_children(c, ROOT, authority.sight(ctx, c)))
    with ctx.db.read() as c:
        node = node_rows.node(c, path)
        sight = authority.sight(ctx, c)
        _check_seen(sight, path, node)
        if node is not None and node.kind is not Kind.GROUP:
            if node.deleted:
                raise nodes.tombstone(path)
            if version is not None:
                pick_version(node, version)
            return ContainerView(node=node, children=_children(c, path, sight))
        if node is None:
            return _member(ctx, c, path, version)
    return group(ctx, path, version)


def kind(ctx: Context, path: RepositoryPath) -> Kind:
    """The type of what is at a path; NotFound, or Gone where a tombstone is."""
    if path == ROOT:
        return Kind.ROOT
    with ctx.db.read() as c:
        node = node_rows.node(c, path)
        _check_seen(authority.sight(ctx, c), path, node)
        if node is not None:
            if node.deleted:
                raise nodes.tombstone(path)
            return node.kind
        return _living(c, _group_above(c, path), path).kind


def _children(c: Connection, path: RepositoryPath, sight: Sight) -> tuple[Node, ...]:
    """What lies directly in a Container, as far as it is in sight."""
    return tuple(node for node in node_rows.children(c, path) if _is_seen(sight, node))


def child_digests(
    c: Connection, path: RepositoryPath, sight: Sight
) -> Iterator[tuple[RepositoryPath, str]]:
    """Path and inventory digest of what lies directly in a Container, as far as it is in sight."""
    for child, kind, digest in node_rows.child_digests(c, path):
        if leads_to(sight, child) if kind is Kind.CONTAINER else sees(sight, child):
            yield child, digest


def is_seen(sight: Sight, path: RepositoryPath, node: Node | None) -> bool:
    """Whether the caller may see what is at a path: the node, or something inside a group."""
    return sees(sight, path) if node is None else _is_seen(sight, node)


def _is_seen(sight: Sight, node: Node) -> bool:
    """A Container is seen on the way to what is in sight, too; with nothing else in it."""
    if node.kind is Kind.CONTAINER and not node.deleted:
        return leads_to(sight, node.path)
    return sees(sight, node.path)


def _check_seen(sight: Sight, path: RepositoryPath, node: Node | None) -> None:
    """NotFound, as if nothing were at a path, if the caller may not see what is there."""
    if not is_seen(sight, path, node):
        raise nodes.not_there(path)


def group(ctx: Context, path: RepositoryPath, version: str | None = None) -> Group:
    """An Archival Group with all its members; NotFound where no group is, Gone for a tombstone."""
    with ctx.db.read() as c:
        node = node_rows.node(c, path) if path != ROOT else None
        if node is not None and node.deleted:
            raise nodes.tombstone(path)
        if node is None or node.kind is not Kind.GROUP:
            raise NotFound(
                f"There is no Archival Group at /repository/{path[:300]}.", code="no-group"
            )
        wanted = pick_version(node, version)
        object_path = ctx.repository.object_path(path)
        if wanted == node.head:
            return Group(
                node=node,
                version=wanted,
                members={m.path: m for m in member_rows.members(c, path)},
                object_path=object_path,
                name=node.name,
                mets=node.mets,
            )
    past = ctx.repository.past(node, wanted.number)
    return Group(
        node=node,
        version=wanted,
        members=past.members,
        object_path=object_path,
        name=past.name,
        mets=past.mets,
    )


def _member(ctx: Context, c: Connection, path: RepositoryPath, version: str | None) -> MemberView:
    """A Binary or Container inside a group."""
    node = _group_above(c, path)
    wanted = pick_version(node, version)
    object_path = ctx.repository.object_path(node.path)
    if wanted == node.head:
        found = _living(c, node, path, version)
        children: list[Member] = []
        if found.kind is Kind.CONTAINER:
            children = member_rows.child_members(c, node.path, found.path)
        return MemberView(
            group=node, object_path=object_path, member=found, children=tuple(children)
        )
    past = ctx.repository.past(node, wanted.number)
    inner = _inner(node, path)
    if inner not in past.members:
        raise NotFound(
            f"/repository/{path[:300]} is not in version {version_name(wanted.number)} of "
            f"/repository/{node.path}.",
            code="no-resource",
        )
    return MemberView(
        group=node,
        object_path=object_path,
        member=past.members[inner],
        children=tuple(m for p, m in sorted(past.members.items()) if parent(p) == inner),
    )


def _group_above(c: Connection, path: RepositoryPath) -> Node:
    found = node_rows.group_at_or_above(c, path)
    if found is None:
        raise nodes.not_there(path)
    return found


def _inner(node: Node, path: RepositoryPath) -> MemberPath:
    return MemberPath(inside(path, node.path) or "")


def _living(c: Connection, node: Node, path: RepositoryPath, version: str | None = None) -> Member:
    """The member at a path as the head of its group has it.

    NotFound; or Gone where it once was, unless the head was asked for as a version: what a version
    does not hold is not there, and that stays so when there are more.
    """
    found = member_rows.member(c, node.path, _inner(node, path))
    if found is None or (found.deleted and version is not None):
        raise nodes.not_there(path)
    if found.deleted:
        raise nodes.tombstone(path)
    return found


def pick_version(node: Node, wanted: str | None) -> Version:
    """The version of a node by ``vN`` or by timestamp (the newest of that second); None: head."""
    if wanted is None:
        return node.head
    number = version_number(wanted)
    for version in reversed(node.versions):
        if number == version.number or (is_memento(wanted) and memento(version.created) == wanted):
            return version
    if number is None and not is_memento(wanted):
        raise bad_version(wanted)
    raise NotFound(
        f"/repository/{node.path} has no version {wanted}; the newest is "
        f"{version_name(node.head.number)}.",
        code="no-version",
    )


def mets(ctx: Context, path: RepositoryPath, version: str | None = None) -> Content | None:
    """The METS file of an Archival Group; None if it has none or no group is at the path."""
    with ctx.db.read() as c:
        node = node_rows.node(c, path) if path != ROOT else None
        if node is None or node.kind is not Kind.GROUP or not authority.sees(ctx, c, path):
            return None
        wanted = pick_version(node, version)
        binary = None
        if wanted == node.head and node.mets is not None:
            binary = member_rows.member(c, path, node.mets)
    if wanted != node.head:
        past = ctx.repository.past(node, wanted.number)
        binary = past.members.get(past.mets) if past.mets else None
    if binary is None or binary.deleted:
        return None
    opened = streams.of_member(ctx, node, binary)
    return replace(opened, content_type="application/xml")


def name_and_mets(
    ctx: Context, node: Node, version: Version
) -> tuple[str | None, MemberPath | None]:
    """What a group was called at one of its versions, and where its METS was."""
    if version == node.head:
        return node.name, node.mets
    past = ctx.repository.past(node, version.number)
    return past.name, past.mets


def check_group_path(ctx: Context, path: RepositoryPath) -> None:
    """Whether an Archival Group is at a path, or one can be made there.

    BadRequest for an illegal path, Conflict for what is in the way, Gone for a tombstone.
    """
    if path == ROOT:
        raise Conflict("The root of the repository is no Archival Group.", code="not-a-group")
    check_slugs(path)
    with ctx.db.read() as c:
        if nodes.living_group(c, path) is None:
            nodes.check_parent(c, path)
