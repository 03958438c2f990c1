"""Grants as rows: added, removed, found by subject."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from strongroom.db.sql import explaining
from strongroom.db.tables import grants as rows
from strongroom.domain.grants import EVERYONE, Grant, Role
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import Conflict

_G = rows.c


def insert(c: Connection, grant: Grant) -> None:
    """Keep a grant; Conflict (``already-granted``) if the same is there."""

    def same() -> Conflict:
        return Conflict(
            f"{grant.subject} has the role {grant.role} at /{grant.path} already.",
            code="already-granted",
        )

    with explaining(c, same):
        c.execute(
            sa.insert(rows).values(
                id=grant.id,
                subject=grant.subject,
                role=grant.role.value,
                path=grant.path,
                created=grant.created,
                created_by=grant.created_by,
            )
        )


def get(c: Connection, grant_id: str) -> Grant | None:
    row = c.execute(select(rows).where(_G.id == grant_id)).one_or_none()
    return None if row is None else _grant(row)


def delete(c: Connection, grant_id: str) -> None:
    """Forget a grant; harmless if it is gone."""
    c.execute(sa.delete(rows).where(_G.id == grant_id))


def every(c: Connection) -> list[Grant]:
    """All grants, by subject and path."""
    found = c.execute(select(rows).order_by(_G.subject, _G.path, _G.role))
    return [_grant(row) for row in found]


def of(c: Connection, subjects: Iterable[str]) -> list[Grant]:
    """The grants of some subjects, and those of everyone."""
    wanted = _G.subject.in_([EVERYONE, *subjects])
    found = c.execute(select(rows).where(wanted).order_by(_G.subject, _G.path, _G.role))
    return [_grant(row) for row in found]


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        id=row.id,
        subject=row.subject,
        role=Role(row.role),
        path=RepositoryPath(row.path),
        created=row.created,
        created_by=row.created_by,
    )
