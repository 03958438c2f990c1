"""API keys as rows: kept, found, revoked, and when they were last used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from strongroom.db.tables import api_keys as rows
from strongroom.domain.api_keys import ApiKey
from strongroom.domain.paths import RepositoryPath

_K = rows.c

#: how exactly the last use is kept: a write for each request would cost more than it tells
EXACTNESS = timedelta(minutes=1)


def insert(c: Connection, key: ApiKey) -> None:
    c.execute(
        sa.insert(rows).values(
            id=key.id,
            name=key.name,
            agent=key.agent,
            digest=key.digest,
            scopes=key.scopes,
            names_agents=key.names_agents,
            created=key.created,
            expires=key.expires,
        )
    )


def get(c: Connection, key_id: str) -> ApiKey | None:
    row = c.execute(select(rows).where(_K.id == key_id)).one_or_none()
    return None if row is None else _key(row)


def every(c: Connection) -> list[ApiKey]:
    """All keys, the oldest first, the revoked ones too."""
    return [_key(row) for row in c.execute(select(rows).order_by(_K.created, _K.id))]


def revoke(c: Connection, key_id: str, now: datetime) -> None:
    """Revoke a key; one that was revoked before keeps that moment."""
    c.execute(sa.update(rows).where(_K.id == key_id, _K.revoked.is_(None)).values(revoked=now))


def used(c: Connection, key_id: str, now: datetime) -> None:
    """Record that a key was used."""
    c.execute(sa.update(rows).where(_K.id == key_id).values(last_used=now))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        agent=row.agent,
        digest=row.digest,
        scopes=tuple((role, RepositoryPath(path)) for role, path in row.scopes),
        names_agents=row.names_agents,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        last_used=row.last_used,
    )
