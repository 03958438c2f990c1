"""The one place where services and edges ask whether their caller may do something.

The rules are :mod:`strongroom.domain.grants`'. What may not be seen is answered as if it were not
there, in the very words; what may be seen and not be done is Forbidden. The reason goes to the log.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from strongroom.db import deposits as deposit_rows
from strongroom.db import grants as grant_rows
from strongroom.domain import grants as rules
from strongroom.domain.deposits import Deposit
from strongroom.domain.grants import Action, Decision, Grant, Sight
from strongroom.domain.importjob import Job
from strongroom.domain.paths import ROOT, RepositoryPath
from strongroom.errors import Fault, Forbidden, NotFound
from strongroom.services import nodes
from strongroom.services.context import Context


def grants(ctx: Context, c: Connection) -> tuple[Grant, ...]:
    """The grants that may count for the caller: those of the configuration and of the table."""
    if ctx.caller.unlimited or ctx.caller.scopes is not None:
        return ()
    return (*ctx.configured, *grant_rows.of(c, ctx.caller.subjects))


# -------------------------------------------------------------------------------- one thing


def authorise(ctx: Context, action: Action, path: RepositoryPath) -> None:
    """Forbidden unless the caller may do this at a path, whether or not anything is there."""
    if ctx.caller.unlimited:
        return
    with ctx.db.read() as c:
        decision = rules.decide(ctx.caller, grants(ctx, c), action, path)
    if not decision.allowed:
        raise _forbidden(ctx, action, f"/repository/{path[:300]}", decision)


def authorise_reading(ctx: Context, action: Action, path: RepositoryPath) -> None:
    """The same for what reveals whether something is there: NotFound if it may not be seen."""
    if ctx.caller.unlimited:
        return
    with ctx.db.read() as c:
        held = grants(ctx, c)
    _check_somewhere(ctx, held, action)
    seen = rules.decide(ctx.caller, held, Action.READ, path)
    if not seen.allowed:
        raise _hidden(ctx, nodes.not_there(path), seen)
    decision = rules.decide(ctx.caller, held, action, path)
    if not decision.allowed:
        raise _forbidden(ctx, action, f"/repository/{path[:300]}", decision)


def authorise_deposit(ctx: Context, action: Action, deposit_id: str) -> None:
    """Forbidden unless the caller may do this with a deposit; NotFound if it may not see it.

    A deposit that is not there is NotFound too, in the same words.
    """
    if ctx.caller.unlimited:
        return
    with ctx.db.read() as c:
        held = grants(ctx, c)
        _check_somewhere(ctx, held, action)
        deposit = nodes.deposit(c, deposit_id)
    seen = _of_deposit(ctx, held, Action.READ, deposit)
    if not seen.allowed:
        raise _hidden(ctx, nodes.no_deposit(deposit_id), seen)
    decision = _of_deposit(ctx, held, action, deposit)
    if not decision.allowed:
        raise _forbidden(ctx, action, f"deposit {deposit_id}", decision)


def authorise_new_deposit(ctx: Context, group: RepositoryPath | None) -> None:
    """Forbidden unless the caller may make a deposit for a group; or (None) for none yet."""
    if group is not None:
        authorise(ctx, Action.DEPOSIT, group)
        return
    if ctx.caller.unlimited:
        return
    with ctx.db.read() as c:
        decision = rules.decide_unplaced(
            ctx.caller, grants(ctx, c), Action.DEPOSIT, ctx.caller.name
        )
    if not decision.allowed:
        raise _forbidden(ctx, Action.DEPOSIT, "a deposit without archivalGroup", decision)


def authorise_somewhere(ctx: Context, action: Action) -> None:
    """Forbidden unless there is any path at which the caller may do this."""
    if ctx.caller.unlimited:
        return
    with ctx.db.read() as c:
        held = grants(ctx, c)
    _check_somewhere(ctx, held, action)


def _check_somewhere(ctx: Context, held: Iterable[Grant], action: Action) -> None:
    """Forbidden, whatever is there, for who may do this nowhere: that tells nothing of anything."""
    decision = rules.decide_somewhere(ctx.caller, held, action)
    if not decision.allowed:
        raise _forbidden(ctx, action, "any path", decision)


def may(ctx: Context, action: Action, path: RepositoryPath) -> bool:
    """Whether the caller may do this at a path."""
    if ctx.caller.unlimited:
        return True
    with ctx.db.read() as c:
        return rules.decide(ctx.caller, grants(ctx, c), action, path).allowed


def authorise_names(ctx: Context, *agents: str) -> None:
    """Forbidden (``identity-not-allowed``) if the caller may not act in the names of these agents.

    Who proved to be someone acts in that name alone; others may name whom they act for.
    """
    others = [agent for agent in agents if agent != ctx.caller.name]
    if ctx.caller.unlimited or not ctx.caller.named_by_proof or not others:
        return
    raise Forbidden(
        f"{ctx.caller.name} may not act in the name of '{others[0][:100]}'.",
        code="identity-not-allowed",
        operator=f"refused to {ctx.caller.who}: named {', '.join(others)[:300]}",
    )


# ------------------------------------------------------------------------------------ lists


def sight(ctx: Context, c: Connection, action: Action = Action.READ) -> Sight:
    """All at which the caller may do this."""
    return rules.sight(ctx.caller, grants(ctx, c), action)


def sees(ctx: Context, c: Connection, path: RepositoryPath) -> bool:
    """Whether the caller may see what is at a path."""
    return rules.sees(sight(ctx, c), path)


def sees_run(ctx: Context, c: Connection, job: Job) -> bool:
    """Whether the caller may see a run of tools: by its deposit, or what that was for."""
    if ctx.caller.unlimited:
        return True
    deposit = deposit_rows.get(c, job.deposit)
    held = grants(ctx, c)
    if deposit is not None:
        return _of_deposit(ctx, held, Action.READ, deposit).allowed
    if job.group == ROOT:
        return rules.decide_unplaced(ctx.caller, held, Action.READ, job.created_by).allowed
    return rules.decide(ctx.caller, held, Action.READ, job.group).allowed


def _of_deposit(ctx: Context, held: Iterable[Grant], action: Action, deposit: Deposit) -> Decision:
    if deposit.group is None:
        return rules.decide_unplaced(ctx.caller, held, action, deposit.created_by)
    return rules.decide(ctx.caller, held, action, deposit.group)


# ---------------------------------------------------------------------------------- refusals


def _forbidden(ctx: Context, action: Action, what: str, decision: Decision) -> Forbidden:
    return Forbidden(
        f"{ctx.caller.name} has no grant to '{action}' here ({what}). An administrator can look "
        "it up at /v1/grants/explain.",
        code="not-granted",
        faults=[
            Fault(
                code="not-granted",
                message="A grant is missing.",
                path=what,
                expected=str(action),
            )
        ],
        operator=f"refused to {ctx.caller.who}: {decision.because}",
    )


def _hidden(ctx: Context, error: NotFound, decision: Decision) -> NotFound:
    """An error for what may not be seen: the same as for what is not there."""
    return NotFound(
        error.message,
        code=error.problem,
        faults=error.faults,
        operator=f"hidden from {ctx.caller.who}: {decision.because}",
    )
