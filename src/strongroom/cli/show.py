"""``strongroom show``: what is at a path of the repository.

A Container shows its immediate children, an Archival Group its whole tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from strongroom.cli.amounts import counted, size
from strongroom.cli.state import State, json_option, pass_state, server_options
from strongroom.client.paths import canonical, decode, last_segment
from strongroom.client.repository import Resource, version_of
from strongroom.wire.base import UNSET, UnsetType
from strongroom.wire.resources import ArchivalGroup, Binary, Container


@click.command()
@click.argument("path", default="/")
@click.option("--version", metavar="vN", help="The version to show. [default: the newest]")
@server_options
@json_option
@pass_state
def show(state: State, path: str, version: str | None) -> None:
    """Show what is at PATH: a Container's children or an Archival Group's tree.

    \b
    Example:
      strongroom show /library/books/my-book --version v1
    """
    with state.client() as client:
        found = client.repository.get(path, version=version)
    document: Any = msgspec.to_builtins(found)
    state.emit(document, "\n".join(lines(found, canonical(path))))


def lines(found: Resource, path: str) -> Iterator[str]:
    """The resource as text, a line for each member."""
    yield _title(found, path)
    if isinstance(found, Binary):
        yield f"  {found.content_type or 'type unknown'}, {size(found.size)}"
        yield f"  SHA-256 {found.digest}"
    else:
        yield from tree(found)


def tree(folder: ArchivalGroup | Container, indent: str = "") -> Iterator[str]:
    """The members of a group or Container, folders first, each with its own below it."""
    members: list[Container | Binary] = [*folder.containers, *folder.binaries]
    for number, member in enumerate(members, 1):
        last = number == len(members)
        yield indent + ("└── " if last else "├── ") + _entry(member)
        if isinstance(member, Container):
            yield from tree(member, indent + ("    " if last else "│   "))


def _title(found: Resource, path: str) -> str:
    named = f" “{found.name}”" if found.name is not UNSET else ""
    if not isinstance(found, ArchivalGroup):
        return f"/{path}  {found.type}{named}"
    count = counted(len(found.versions or []), "version")
    return f"/{path}  {found.type}{named}  {version_of(found)} of {count}"


def _entry(member: Container | Binary) -> str:
    slug = decode(last_segment(member.id or ""))
    named = _named(member.name, slug)
    if isinstance(member, Binary):
        return f"{slug}  {size(member.size)}  {(member.digest or '?')[:12]}{named}"
    kind = "" if member.type == "Container" else f"  {member.type}"
    return f"{slug}/{kind}{named}"


def _named(name: str | UnsetType, slug: str) -> str:
    return "" if name is UNSET or name == slug else f"  “{name}”"
