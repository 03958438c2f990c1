"""Which state of a resource an answer shows, found without reading what the resource holds.

For conditions (an answer that a client has already need not be made again) and for datetimes (a
client may ask for what was there at a moment, RFC 7089).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from strongroom.db import nodes as node_rows
from strongroom.domain.grants import Sight
from strongroom.domain.paths import ROOT, RepositoryPath, inside
from strongroom.domain.resources import Kind, Node, Version
from strongroom.errors import NotFound
from strongroom.services import authority, browse, nodes
from strongroom.services.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of a resource."""

    #: another text for every other state
    mark: str
    #: the Archival Group that the resource is or lies in; None outside of groups
    group: RepositoryPath | None = None
    #: of that group
    version: Version | None = None
    #: whether the version was chosen (by its name, or by a moment), and is not just the newest
    chosen: bool = False


def look(
    ctx: Context, path: RepositoryPath, version: str | None = None, at: datetime | None = None
) -> Revision | None:
    """The state that is asked for: the newest, a version, or what was there at a moment.

    Before the first version the first counts. None where nothing is that could be told of; then
    whoever reads the resource says why.
    """
    with ctx.db.read() as c:
        sight = authority.sight(ctx, c)
        if path == ROOT:
            return Revision(mark=_children(c, path, "", sight))
        there = node_rows.node(c, path)
        node = there or node_rows.group_at_or_above(c, path)
        if node is None or node.deleted or not browse.is_seen(sight, path, there):
            return None
        if node.kind is not Kind.GROUP:
            return Revision(mark=_children(c, path, node.inventory_digest, sight))
    chosen = version is not None or at is not None
    if version is not None:
        wanted = browse.pick_version(node, version)
    else:
        wanted = node.head if at is None else _at(node, at)
    mark = f"{node.inventory_digest} v{wanted.number}"
    return Revision(mark=mark, group=node.path, version=wanted, chosen=chosen)


def _children(c: Connection, path: RepositoryPath, digest: str, sight: Sight) -> str:
    state = hashlib.sha256(digest.encode())
    for child, inventory in browse.child_digests(c, path, sight):
        state.update(f"\n{child} {inventory}".encode())
    return state.hexdigest()


def _at(node: Node, moment: datetime) -> Version:
    # moments are told to the second, and a version of that second is meant by it
    before = [v for v in node.versions if v.created.replace(microsecond=0) <= moment]
    return before[-1] if before else node.versions[0]


def history(ctx: Context, path: RepositoryPath) -> list[Version]:
    """The versions in which an Archival Group, or something inside one, had another state.

    All of them for a group; for a Binary those in which it came, changed, or came again. NotFound
    where nothing with versions is or was.
    """
    with ctx.db.read() as c:
        group = node_rows.group_at_or_above(c, path) if path != ROOT else None
        if group is None or not authority.sees(ctx, c, path):
            raise nodes.not_there(path)
    inner = inside(path, group.path) or ""
    if inner == "":
        return list(group.versions)
    stored = ctx.repository.find(group.path)
    if stored is None:
        raise nodes.not_there(path)
    found: list[Version] = []
    before: str | None = None
    entries = stored.inventory.versions
    for version in group.versions:
        entry = entries.get(version.number)
        held = entry.state.items() if entry else ()
        state = next((digest for digest, paths in held if inner in paths), None)
        if state is not None and state != before:
            found.append(version)
        before = state
    if not found:
        raise NotFound(
            f"/repository/{path[:300]} is no Archival Group and no Binary, so it has no versions "
            "of its own.",
            code="no-history",
        )
    return found
