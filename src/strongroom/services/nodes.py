"""Finds things in the index, and says clearly when they are not there."""

from __future__ import annotations

from sqlalchemy import Connection

from strongroom.db import deposits as deposit_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.deposits import Deposit
from strongroom.domain.paths import ROOT, RepositoryPath, ancestors, parent
from strongroom.domain.resources import Kind, Node
from strongroom.errors import Conflict, Fault, Gone, NotFound


def deposit(c: Connection, deposit_id: str) -> Deposit:
    """The deposit with this id, or NotFound."""
    found = deposit_rows.get(c, deposit_id)
    if found is None:
        raise no_deposit(deposit_id)
    return found


def no_deposit(deposit_id: str) -> NotFound:
    return NotFound(f"There is no deposit '{deposit_id[:50]}'.", code="no-deposit")


def not_there(path: str) -> NotFound:
    return NotFound(f"There is nothing at /repository/{path[:300]}.", code="no-resource")


def tombstone(path: str) -> Gone:
    return Gone(
        f"The resource at /repository/{path[:300]} was deleted; a tombstone marks its place.",
        code="tombstone",
    )


def living_group(c: Connection, path: RepositoryPath) -> Node | None:
    """The Archival Group at a path, None where nothing is.

    Conflict where something else stands there or above it, Gone for a tombstone.
    """
    if path == ROOT:
        raise _no_group(path, Kind.ROOT)
    found = node_rows.node(c, path)
    if found is None:
        above = node_rows.group_at_or_above(c, path)
        if above is not None:
            raise Conflict(
                f"/repository/{path} lies inside the Archival Group /repository/{above.path}.",
                code="inside-group",
            )
        return None
    if found.deleted:
        raise tombstone(path)
    if found.kind is not Kind.GROUP:
        raise _no_group(path, found.kind)
    return found


def _no_group(path: str, kind: Kind) -> Conflict:
    return Conflict(
        f"/repository/{path} is a {kind}, not an Archival Group.",
        code="not-a-group",
        faults=[
            Fault(
                code="not-a-group",
                message="Something else is at this path.",
                path=path,
                expected=Kind.GROUP,
                found=kind,
            )
        ],
    )


def check_parent(c: Connection, path: RepositoryPath) -> None:
    """Conflict unless every ancestor is a living Container outside groups."""
    if parent(path) == ROOT:
        return
    faults = []
    for up in reversed(ancestors(path)):
        found = node_rows.node(c, RepositoryPath(up))
        if found is None or found.deleted:
            state = "a tombstone" if found else "nothing"
            faults.append(
                Fault(
                    code="no-parent",
                    message="A Container that must exist first is missing.",
                    path=up,
                    expected=Kind.CONTAINER,
                    found=state,
                )
            )
        elif found.kind is not Kind.CONTAINER:
            faults.append(
                Fault(
                    code="inside-group",
                    message="Nothing can be made inside an Archival Group but by importing.",
                    path=up,
                    expected=Kind.CONTAINER,
                    found=found.kind,
                )
            )
            break
    if faults:
        raise Conflict(
            f"/repository/{path} cannot be made: {faults[0].message} "
            f"(/repository/{faults[0].path})",
            code=faults[0].code,
            faults=faults,
        )
