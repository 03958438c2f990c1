"""``strongroom versions``: what happened to an Archival Group, version by version.

Changes are counted by comparing each version's tree with the one before.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import click

from strongroom.cli.amounts import counted, size
from strongroom.cli.state import State, json_option, pass_state, server_options
from strongroom.client import Client
from strongroom.client.paths import canonical, decode, last_segment
from strongroom.client.repository import members, version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One version, and how its files differ from the version before."""

    version: str
    date: str | None
    agent: str | None
    files: int
    bytes: int
    added: int
    changed: int
    removed: int


@click.command()
@click.argument("path")
@server_options
@json_option
@pass_state
def versions(state: State, path: str) -> None:
    """List the versions of the Archival Group at PATH and what each changed."""
    with state.client() as client:
        found = history(client, path)
    table = [
        f"{item.version:<5} {item.date or '?':<28} {item.agent or '?':<16} "
        f"+{item.added} ~{item.changed} -{item.removed}  "
        f"{counted(item.files, 'file')}, {size(item.bytes)}"
        for item in found
    ]
    state.emit(
        {"path": f"/{canonical(path)}", "versions": [asdict(item) for item in found]},
        "\n".join(table),
    )


def history(client: Client, path: str) -> list[Change]:
    """Every version, the oldest first."""
    head = client.repository.group(path)
    found: list[Change] = []
    before: dict[str, str | None] = {}
    for listed in head.versions or []:
        name = listed.ocfl_version or listed.memento_timestamp
        group = head if name == version_of(head) else client.repository.group(path, version=name)
        files = members(group).files
        now = {member: binary.digest for member, binary in files.items()}
        found.append(
            Change(
                version=name,
                date=group.last_modified,
                agent=decode(last_segment(group.last_modified_by or "")) or None,
                files=len(now),
                bytes=sum(binary.size for binary in files.values()),
                added=len(now.keys() - before.keys()),
                changed=sum(now[key] != before[key] for key in now.keys() & before.keys()),
                removed=len(before.keys() - now.keys()),
            )
        )
        before = now
    return found
