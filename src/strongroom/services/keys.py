"""API keys: made, listed, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from strongroom.db import api_keys as key_rows
from strongroom.db.engine import Database
from strongroom.domain import api_keys
from strongroom.domain.agents import is_agent_name
from strongroom.domain.api_keys import ApiKey
from strongroom.domain.grants import Role
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.times import Clock
from strongroom.errors import BadRequest, Fault, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    name: str
    #: None: the name
    agent: str | None
    scopes: Sequence[tuple[Role, RepositoryPath]]
    names_agents: bool
    #: None: never expires
    lifetime: timedelta | None


def create(db: Database, clock: Clock, new: NewKey) -> tuple[ApiKey, str]:
    """A new key, and its text, which is told now and never again."""
    agent = new.agent or new.name
    faults = []
    if not new.name.strip() or not new.name.isprintable() or len(new.name) > 200:
        faults.append(Fault(code="bad-key-name", message="1 to 200 printable characters."))
    if not is_agent_name(agent):
        faults.append(
            Fault(
                code="bad-identity",
                message="The name of the agent cannot be used: 1 to 255 printable characters "
                "without '/'.",
                path="agent",
                found=repr(agent[:80]),
            )
        )
    if not new.scopes:
        faults.append(Fault(code="no-scope", message="A key needs a scope, such as reader:/."))
    if faults:
        raise BadRequest(
            "The key cannot be made: " + " ".join(fault.message for fault in faults),
            code=faults[0].code,
            faults=faults,
        )
    now = clock()
    key_id, text = api_keys.mint()
    key = ApiKey(
        id=key_id,
        name=new.name,
        agent=agent,
        digest=api_keys.digest(text),
        scopes=tuple(new.scopes),
        names_agents=new.names_agents,
        created=now,
        expires=None if new.lifetime is None else now + new.lifetime,
    )
    with db.write() as c:
        key_rows.insert(c, key)
    return key, text


def every(db: Database) -> list[ApiKey]:
    """All keys, the revoked and the expired ones too."""
    with db.read() as c:
        return key_rows.every(c)


def revoke(db: Database, clock: Clock, key_id: str) -> ApiKey:
    """Let a key, and every token that it was exchanged for, count no longer."""
    with db.write() as c:
        if key_rows.get(c, key_id) is None:
            raise NotFound(f"There is no API key '{key_id[:50]}'.", code="no-key")
        key_rows.revoke(c, key_id, clock())
        found = key_rows.get(c, key_id)
    if found is None:
        raise NotFound(f"There is no API key '{key_id[:50]}'.", code="no-key")
    return found
