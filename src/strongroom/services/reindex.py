"""Makes the index say what storage says: for one object after a change, or for all of them.

The rows of an object follow from its versions alone, so an index that was lost or fell behind is
made again and comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection

from strongroom.db import events as event_rows
from strongroom.db import members as member_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Event, Kind, Member, Node, Version
from strongroom.errors import Conflict, Damaged, StrongroomError
from strongroom.ocfl.stored import StoredObject
from strongroom.repository import history
from strongroom.services.context import Context


def record(c: Connection, stored: StoredObject, before: Node | None) -> Node:
    """Write the rows of an object whose index row was ``before`` (None: it has none).

    Versions that the index has not seen are folded in one by one.
    """
    known = _still_true(before, stored)
    node = history.node(stored, known)
    node_rows.put_node(c, node)
    if node.kind is not Kind.GROUP:
        return node
    first = known.head.number + 1 if known else 1
    if known is None:
        member_rows.replace_members(c, node.path, history.members_at(stored).values())
    else:
        members = {m.path: m for m in member_rows.members(c, node.path, deleted=True)}
        for number in range(first, node.head.number + 1):
            document = history.document_at(stored, number)
            now = history.living(stored.inventory, document, number)
            changes = history.advance(members, now, number)
            member_rows.apply(c, node.path, changes)
            history.merge(members, changes)
    for version in node.versions[first - 1 :]:
        event_rows.add_event(c, event(node, version))
    return node


def _still_true(before: Node | None, stored: StoredObject) -> Node | None:
    """The index's node if storage has only gone on from it, else None."""
    if before is None or before.head.number > stored.inventory.head:
        return None
    entries = stored.inventory.versions
    same = all(v.created == entries[v.number].created for v in before.versions)
    return before if same else None


def event(node: Node, version: Version) -> Event:
    """The activity that a version of an Archival Group is."""
    return Event(
        end=version.created,
        type="Create" if version.number == 1 else "Update",
        group=node.path,
        job=version.job,
        start=version.received,
    )


def head_members(
    c: Connection, node: Node, paths: Collection[MemberPath]
) -> dict[MemberPath, Member]:
    """These members of a group as the index has them, tombstones included."""
    if len(paths) > 1000:
        return {m.path: m for m in member_rows.members(c, node.path, deleted=True)}
    found = (member_rows.member(c, node.path, path) for path in paths)
    return {member.path: member for member in found if member is not None}


def follow_storage(ctx: Context, path: RepositoryPath) -> Node | None:
    """Make the rows of one path follow storage; the node, if there is one.

    Damaged if the object of an Archival Group is gone: nothing here deletes groups, so that is a
    loss to be mended in storage, and the index goes on telling what was there.
    """
    stored = ctx.repository.find(path)
    with ctx.db.write() as c:
        before = node_rows.node(c, path)
        if stored is None:
            if before is not None and before.kind is Kind.GROUP:
                raise Damaged(
                    f"The object of the Archival Group /repository/{path} is missing from storage. "
                    "Is the OCFL root in its place? Restore the object from a copy.",
                    code="missing-object",
                )
            if before is not None:
                node_rows.remove_node(c, path)
            return None
        if before is not None and before.inventory_digest == stored.inventory_digest:
            return before
        return record(c, stored, before)


def _not_indexed(stored: StoredObject, error: StrongroomError) -> Damaged:
    return Damaged(
        f"The object {stored.id} cannot be indexed: {error.message}",
        code=error.problem,
        operator=f"it lies in {stored.store.place(stored.path)}",
    )


def rebuild(
    ctx: Context, *, progress: Callable[[int], None] | None = None
) -> tuple[int, list[Damaged]]:
    """Empty the index and make it again from storage; objects indexed, and those that are damaged.

    Deposits, jobs and pushed events are kept as they are.
    """
    damaged: list[Damaged] = []
    count = 0
    with ctx.db.write() as c:
        node_rows.clear_index(c)
    for stored in ctx.repository.objects():
        if isinstance(stored, Damaged):
            damaged.append(stored)
            continue
        try:
            with ctx.db.write() as c:
                record(c, stored, None)
        except (Damaged, Conflict) as error:
            damaged.append(_not_indexed(stored, error))
            continue
        count += 1
        if progress is not None:
            progress(count)
    return count, damaged
