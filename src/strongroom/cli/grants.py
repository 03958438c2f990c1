"""``strongroom grants``: who may do what, on the database of a data folder."""

from __future__ import annotations

import click

from strongroom.cli.settings import settings_options
from strongroom.cli.state import State, json_option, pass_state
from strongroom.config import Settings
from strongroom.domain.grants import Action, Grant, Role
from strongroom.domain.times import iso

#: under whose name is recorded what is done here
OPERATOR = "operator"

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def grants() -> None:
    """Say who may do what, and look it up, on the database of a data folder.

    SUBJECT is *, agent:NAME, client:ID, group:NAME or sub:ISSUER#SUBJECT; a grant holds at its PATH
    and at everything below. The server may run meanwhile; what is changed counts from its next
    request on.
    """


@grants.command(name="list")
@settings_options
@json_option
@pass_state
def list_grants(state: State, settings: Settings) -> None:
    """List all grants, with where they come from."""
    from strongroom.runtime import operating
    from strongroom.services import grants as service

    with operating.offline_context(settings) as ctx:
        found = service.every(ctx)
    lines = [f"{g.subject}  {g.role}  /{g.path}  ({g.source})" for g in found]
    state.emit([_document(grant) for grant in found], "\n".join(lines) or "There are no grants.")


@grants.command()
@click.argument("subject")
@click.argument("role", type=_ROLES)
@click.argument("path", default="/")
@settings_options
@json_option
@pass_state
def add(state: State, settings: Settings, subject: str, role: str, path: str) -> None:
    """Grant SUBJECT the ROLE at PATH (default: everywhere)."""
    from strongroom.runtime import operating
    from strongroom.services import grants as service

    with operating.offline_context(settings) as ctx:
        grant = service.add(ctx, OPERATOR, subject, role, path)
    state.emit(_document(grant), f"Granted: {grant}.")


@grants.command()
@click.argument("subject")
@click.argument("role", type=_ROLES)
@click.argument("path", default="/")
@settings_options
@json_option
@pass_state
def remove(state: State, settings: Settings, subject: str, role: str, path: str) -> None:
    """Take the grant of ROLE at PATH back from SUBJECT."""
    from strongroom.runtime import operating
    from strongroom.services import grants as service

    with operating.offline_context(settings) as ctx:
        grant = service.remove_same(ctx, OPERATOR, subject, role, path)
    state.emit(_document(grant), f"Taken back: {grant}.")


@grants.command()
@click.argument("agent")
@click.argument("action", type=click.Choice([action.value for action in Action]))
@click.argument("path", default="/")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of the agent.")
@settings_options
@json_option
@pass_state
def explain(
    state: State, settings: Settings, agent: str, action: str, path: str, groups: tuple[str, ...]
) -> None:
    """Say whether AGENT (a name, or a subject) may do ACTION at PATH, and why."""
    from strongroom.runtime import operating
    from strongroom.services import grants as service

    with operating.offline_context(settings) as ctx:
        found = service.explain(ctx, agent, groups, action, path)
    decision = found.decision
    lines = [f"{'Allowed' if decision.allowed else 'Not allowed'}: {decision.because}"]
    lines += [f"  {c.grant}: {c.because}" for c in found.considered]
    document = {
        "agent": found.caller.name,
        "action": found.action.value,
        "path": f"/{found.path}",
        "allowed": decision.allowed,
        "because": decision.because,
        "considered": [
            {"grant": _document(c.grant), "applies": c.applies, "because": c.because}
            for c in found.considered
        ],
    }
    state.emit(document, "\n".join(lines))


def _document(grant: Grant) -> dict[str, object]:
    return {
        "id": grant.id,
        "subject": grant.subject,
        "role": grant.role.value,
        "path": f"/{grant.path}",
        "source": grant.source.value,
        "created": iso(grant.created) if grant.created else None,
        "createdBy": grant.created_by,
    }
