"""Pages lead somewhere, and the commands they show are commands that there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import documents
import pytest

from strongroom.cli.main import cli

SPLIT = re.compile(r"&&|\|\||[|;&]")


def commands(page: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and words of every ``strongroom`` command in the ``sh`` blocks of a page."""
    for block in documents.blocks(page):
        if block.language != "sh":
            continue
        text = block.text.replace("\\\n", "  ")  # as long, so that lines stay countable
        for number, line in enumerate(text.splitlines()):
            for part in SPLIT.split(re.sub(r"(^|\s)#.*", "", line)):
                if part.split()[:1] == ["strongroom"]:
                    yield block.line + number, shlex.split(part)[1:]


COMMANDS = [
    (f"{documents.name(page)}:{line}", words)
    for page in documents.pages()
    for line, words in commands(page)
]


@pytest.mark.parametrize("page", documents.pages(), ids=documents.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    dead = []
    for link in documents.links(page):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / target).resolve() if target else page
        there = file.exists() and file.is_relative_to(documents.ROOT)
        if not there or (anchor and anchor not in documents.anchors(file)):
            dead.append(link)
    assert not dead, f"{documents.name(page)} links to nothing: {dead}"


def parse(words: list[str]) -> None:
    """Read a command line, but neither convert values nor run it. Raises click.UsageError."""
    command: click.Command = cli
    context = click.Context(command)
    rest = list(words)
    while True:
        given, rest, _ = command.make_parser(context).parse_args(rest)
        for parameter in command.params:
            wanted = isinstance(parameter, click.Argument) and parameter.required
            if wanted and not isinstance(given.get(parameter.name), str | tuple):
                raise click.MissingParameter(ctx=context, param=parameter)
        if not isinstance(command, click.Group):
            break
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    if rest:
        raise click.UsageError(f"unexpected: {' '.join(rest)}", context)


@pytest.mark.parametrize(("where", "words"), COMMANDS, ids=[where for where, _ in COMMANDS])
def test_commands_are_commands_that_there_are(where: str, words: list[str]) -> None:
    try:
        parse(words)
    except click.UsageError as error:
        pytest.fail(f"{where}: strongroom {shlex.join(words)}: {error.format_message()}")


def test_wrong_commands_are_seen() -> None:
    for words in (["conserve"], ["export", "--nonsense", "/x", "y"], ["versions"], ["serve", "x"]):
        with pytest.raises(click.UsageError):
            parse(words)


def test_blocks_and_commands_are_found() -> None:
    assert any(where.startswith("README.md") for where, _ in COMMANDS)
    assert len(COMMANDS) > 5
