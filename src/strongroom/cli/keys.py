"""``strongroom keys``: API keys made, listed and revoked, on the database of a data folder.

A key is shown once, when it is made; only a hash of it is kept.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import click

from strongroom.cli.settings import settings_options
from strongroom.cli.state import State, json_option, pass_state
from strongroom.config import Settings
from strongroom.domain import grants as rules
from strongroom.domain.api_keys import ApiKey
from strongroom.domain.times import iso, utc_now

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@click.group()
def keys() -> None:
    """Make, list and revoke API keys, on the database of a data folder.

    The server may run meanwhile; what is changed counts from its next request on.
    """


def _lifetime(_context: click.Context, _parameter: click.Parameter, text: str) -> timedelta | None:
    if text == "never":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text)
    if match is None:
        raise click.BadParameter("write a number and h, d or w, such as 90d; or never")
    return int(match[1]) * _UNITS[match[2]]


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="ROLE[:PATH]",
    help="What the key may do, and where; can be given several times. "
    f"Roles: {', '.join(rules.Role)}. Without a path: everywhere.",
)
@click.option(
    "--expires",
    default="365d",
    show_default=True,
    callback=_lifetime,
    metavar="TIME",
    help="After how long it counts no more: 12h, 90d, 4w; or never.",
)
@click.option(
    "--agent",
    metavar="NAME",
    help="Under whose name is recorded what the key does. [default: NAME of the key]",
)
@click.option(
    "--names-agents",
    is_flag=True,
    help="Let X-Client-Identity say for whom the key acts, for applications with users.",
)
@settings_options
@json_option
@pass_state
def create(
    state: State,
    settings: Settings,
    name: str,
    scopes: tuple[str, ...],
    expires: timedelta | None,
    agent: str | None,
    names_agents: bool,
) -> None:
    """Make an API key called NAME, and show it, this once."""
    from strongroom.runtime import operating
    from strongroom.services import keys as service

    wanted = service.NewKey(
        name=name,
        agent=agent,
        scopes=[rules.read_scope(scope) for scope in scopes],
        names_agents=names_agents,
        lifetime=expires,
    )
    with operating.register(settings) as db:
        key, text = service.create(db, utc_now, wanted)
    state.emit({**_document(key), "key": text}, text)
    if not state.as_json:
        until = "never expires" if key.expires is None else f"expires {iso(key.expires)}"
        state.note(
            f"Key {key.id} ({_scopes(key)}) {until}. It is not shown again; keep it where only "
            f"its user can read it. To take it back: strongroom keys revoke {key.id}"
        )


@keys.command(name="list")
@settings_options
@json_option
@pass_state
def list_keys(state: State, settings: Settings) -> None:
    """List all keys, without their secrets; revoked and expired ones too."""
    from strongroom.runtime import operating
    from strongroom.services import keys as service

    with operating.register(settings) as db:
        found = service.every(db)
    now = utc_now()
    lines = [
        f"{key.id}  {_state(key, now):8}  {key.name}  ({_scopes(key)}; "
        f"expires {_moment(key.expires)}; last used {_moment(key.last_used)})"
        for key in found
    ]
    state.emit([_document(key) for key in found], "\n".join(lines) or "There are no keys.")


@keys.command()
@click.argument("key_id", metavar="ID")
@settings_options
@json_option
@pass_state
def revoke(state: State, settings: Settings, key_id: str) -> None:
    """Let the key ID count no longer, nor any token that it was exchanged for."""
    from strongroom.runtime import operating
    from strongroom.services import keys as service

    with operating.register(settings) as db:
        key = service.revoke(db, utc_now, key_id)
    state.emit(_document(key), f"Key {key.id} ({key.name}) is revoked.")


@keys.command()
@settings_options
@json_option
@pass_state
def rotate(state: State, settings: Settings) -> None:
    """Sign tokens with a new key from now on; tokens that were issued stay good until they end."""
    from strongroom.runtime import proving

    kid = proving.rotate_token_keys(settings)
    state.emit({"kid": kid}, f"Tokens are signed with the new key {kid}.")


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked is not None:
        return "revoked"
    return "valid" if key.fault(now) is None else "expired"


def _scopes(key: ApiKey) -> str:
    return ", ".join(f"{role}:/{path}" for role, path in key.scopes)


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else iso(moment)


def _document(key: ApiKey) -> dict[str, object]:
    """A key as JSON, without anything secret."""
    return {
        "id": key.id,
        "name": key.name,
        "agent": key.agent,
        "scopes": [f"{role}:/{path}" for role, path in key.scopes],
        "namesAgents": key.names_agents,
        "created": iso(key.created),
        "expires": iso(key.expires) if key.expires else None,
        "revoked": iso(key.revoked) if key.revoked else None,
        "lastUsed": iso(key.last_used) if key.last_used else None,
    }
