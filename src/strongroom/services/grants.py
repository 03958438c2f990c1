"""Grants: listed, made, taken back, and explained."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from strongroom.db import api_keys as key_rows
from strongroom.db import grants as grant_rows
from strongroom.domain import api_keys
from strongroom.domain import grants as rules
from strongroom.domain.grants import Action, Caller, CallerKind, Decision, Grant
from strongroom.domain.paths import RepositoryPath, decode
from strongroom.errors import BadRequest, Conflict, Fault, NotFound
from strongroom.services import authority
from strongroom.services.context import Context

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A grant that a caller has, and what it means for one question."""

    grant: Grant
    applies: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    caller: Caller
    action: Action
    path: RepositoryPath
    decision: Decision
    considered: tuple[Considered, ...]


def every(ctx: Context) -> list[Grant]:
    """All grants at paths where the caller may see grants, configured ones first."""
    with ctx.db.read() as c:
        sight = authority.sight(ctx, c, Action.AUDIT)
        found = [*ctx.configured, *grant_rows.every(c)]
    return [grant for grant in found if rules.sees(sight, grant.path)]


def of_someone(ctx: Context, agent: str, groups: Sequence[str]) -> list[Grant]:
    """The grants that count for someone, as far as the caller may see them."""
    with ctx.db.read() as c:
        held = rules.own(_caller(c, agent, groups), [*ctx.configured, *grant_rows.every(c)])
        sight = authority.sight(ctx, c, Action.AUDIT)
    return [grant for grant in held if rules.sees(sight, grant.path)]


def effective(ctx: Context) -> tuple[Grant, ...]:
    """The grants that count for the caller itself."""
    with ctx.db.read() as c:
        return rules.own(ctx.caller, authority.grants(ctx, c))


def add(ctx: Context, agent: str, subject: str, role: str, path: str) -> Grant:
    """A new grant; Conflict if it is there already. Only where the caller administers."""
    wanted = rules.make(subject, role, path)
    authority.authorise(ctx, Action.ADMINISTER, wanted.path)
    grant = replace(wanted, id=ctx.mint(), created=ctx.clock(), created_by=agent)
    with ctx.db.write() as c:
        grant_rows.insert(c, grant)
    log.info("%s granted: %s", agent, grant)
    return grant


def remove(ctx: Context, agent: str, grant_id: str) -> Grant:
    """Take a grant of the table back; NotFound if it is not there, or not to be seen."""
    with ctx.db.read() as c:
        grant = grant_rows.get(c, grant_id)
        sight = authority.sight(ctx, c, Action.AUDIT)
    if grant is None or not rules.sees(sight, grant.path):
        raise NotFound(f"There is no grant '{grant_id[:50]}'.", code="no-grant")
    authority.authorise(ctx, Action.ADMINISTER, grant.path)
    with ctx.db.write() as c:
        grant_rows.delete(c, grant_id)
    log.info("%s took back: %s", agent, grant)
    return grant


def remove_same(ctx: Context, agent: str, subject: str, role: str, path: str) -> Grant:
    """Take back the grant of the table that says this; Conflict if configuration says it."""
    wanted = rules.make(subject, role, path)
    with ctx.db.read() as c:
        found = [g for g in grant_rows.every(c) if _same(g, wanted)]
    if found and found[0].id is not None:
        return remove(ctx, agent, found[0].id)
    configured = [g for g in ctx.configured if _same(g, wanted)]
    if configured:
        raise Conflict(
            f"{configured[0]} comes from the {configured[0].source}; change it there.",
            code="configured-grant",
        )
    raise NotFound(f"There is no such grant: {wanted}.", code="no-grant")


def _same(one: Grant, other: Grant) -> bool:
    return (one.subject, one.role, one.path) == (other.subject, other.role, other.path)


def explain(ctx: Context, agent: str, groups: Sequence[str], action: str, path: str) -> Explanation:
    """Whether someone may do something at a path, and why; only where the caller sees grants.

    ``agent`` is a subject of grants; without a kind it is the name of a person.
    """
    where = _path(path)
    wanted = _action(action)
    authority.authorise(ctx, Action.AUDIT, where)
    with ctx.db.read() as c:
        caller = _caller(c, agent, groups)
        # what this one has elsewhere is none of the business of who sees only here
        sight = authority.sight(ctx, c, Action.AUDIT)
        held = tuple(
            grant
            for grant in (*ctx.configured, *grant_rows.every(c))
            if grant.covers(where) or rules.sees(sight, grant.path)
        )
    return Explanation(
        caller=caller,
        action=wanted,
        path=where,
        decision=rules.decide(caller, held, wanted, where),
        considered=tuple(_considered(rules.own(caller, held), wanted, where)),
    )


def _caller(c: Connection, agent: str, groups: Sequence[str]) -> Caller:
    """Who would come with that name."""
    subject = agent if rules.subject_fault(agent) is None or _is_key(agent) else f"agent:{agent}"
    if _is_key(subject):
        key = key_rows.get(c, subject.removeprefix("key:"))
        if key is None:
            raise NotFound(f"There is no API key '{agent[4:54]}'.", code="no-key")
        return Caller(
            name=key.agent,
            kind=CallerKind.KEY,
            named_by_proof=not key.names_agents,
            subjects=frozenset({subject}),
            scopes=api_keys.scopes(key),
        )
    return Caller(
        name=subject.partition(":")[2],
        kind=CallerKind.USER if subject.startswith(("agent:", "sub:")) else CallerKind.CLIENT,
        named_by_proof=subject.startswith("agent:"),
        subjects=frozenset({subject, *(f"group:{name}" for name in groups)}),
    )


def _is_key(subject: str) -> bool:
    return subject.startswith("key:")


def _considered(
    held: Iterable[Grant], action: Action, path: RepositoryPath
) -> Iterable[Considered]:
    for grant in held:
        gives, covers = action in grant.role.actions, grant.covers(path)
        if gives and covers:
            because = f"The role gives '{action}', and the path is at or below the grant's."
        elif not gives:
            because = f"The role does not give '{action}'."
        else:
            because = "The path is not at or below the grant's."
        yield Considered(grant=grant, applies=gives and covers, because=because)


def _action(text: str) -> Action:
    if text in set(Action):
        return Action(text)
    raise BadRequest(
        f"'{text[:40]}' is no action.",
        code="bad-parameter",
        faults=[
            Fault(
                code="bad-parameter",
                message="The action is not known.",
                path="action",
                expected=f"one of {', '.join(Action)}",
                found=text[:40],
            )
        ],
    )


def _path(text: str) -> RepositoryPath:
    return RepositoryPath(decode(text.strip("/")))
