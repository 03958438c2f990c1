"""What all commands share: where the server is, who asks, and how answers are printed.

Results go to stdout, everything else to stderr; with ``--json`` stdout holds one JSON document,
whether the command succeeds or fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strongroom.cli.exits import Exit, code_for
from strongroom.errors import Fault, StrongroomError

if TYPE_CHECKING:
    from strongroom.client import Client

F = TypeVar("F", bound=Callable[..., Any])

#: faults that are printed for people; ``--json`` has them all
SHOWN = 50


@dataclass(slots=True, kw_only=True)
class State:
    """Filled in by the options as they are read."""

    server: str = "http://localhost:8000"
    identity: str | None = None
    storage_url: str | None = None
    api_key: str | None = None
    as_json: bool = False

    def client(self) -> Client:
        """A client of the chosen server."""
        # commands without a server do not wait for what speaks to one
        from strongroom.client import Client

        return Client(
            self.server, self.identity, storage_url=self.storage_url, api_key=self.api_key
        )

    def emit(self, document: object, text: str) -> None:
        """Print a result: the document, or the text for people (if there is any to print)."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False))
        elif text:
            click.echo(text)

    def note(self, text: str) -> None:
        """Tell people something beside the result."""
        click.echo(text, err=True)

    def fail(self, error: StrongroomError) -> Exit:
        """Report an error and say which exit code it means."""
        code = code_for(error)
        hints = list(getattr(error, "__notes__", ()))
        if self.as_json:
            self.emit({"error": document_of(error, hints), "exit": int(code)}, "")
        else:
            self.note(text_of(error, hints))
        return code


def document_of(error: StrongroomError, hints: list[str]) -> dict[str, object]:
    """An error as JSON."""
    return {
        "code": error.problem,
        "message": error.message,
        "faults": [_fields(fault) for fault in error.faults],
        "hints": hints,
        "retryable": error.retryable,
    }


def text_of(error: StrongroomError, hints: list[str]) -> str:
    """An error for people: what, where, and what to do."""
    lines = [f"Error: {error.message}"]
    lines += [f"  {_line(fault)}" for fault in error.faults[:SHOWN]]
    if len(error.faults) > SHOWN:
        lines.append(f"  … and {len(error.faults) - SHOWN} more (--json lists all of them)")
    if error.operator:
        lines.append(error.operator)
    return "\n".join([*lines, *hints])


def _fields(fault: Fault) -> dict[str, str | None]:
    return {
        "code": fault.code,
        "message": fault.message,
        "path": fault.path,
        "expected": fault.expected,
        "found": fault.found,
    }


def _line(fault: Fault) -> str:
    where = f"{fault.path}: " if fault.path else ""
    seen = [
        f"{word} {value}"
        for word, value in (("expected", fault.expected), ("found", fault.found))
        if value is not None
    ]
    return f"{where}{fault.message}" + (f" ({', '.join(seen)})" if seen else "")


def server_options(function: F) -> F:
    """``--server``, ``--identity`` and others, before or after the command's name."""
    for decorate in (
        _kept(
            "--api-key",
            "api_key",
            metavar="KEY",
            envvar="STRONGROOM_API_KEY",
            help="An API key or a token, where the server asks who you are. Better in the "
            "environment, since others may see command lines.",
        ),
        _kept(
            "--storage-url",
            "storage_url",
            metavar="URL",
            envvar="STRONGROOM_STORAGE_URL",
            help="Where content is fetched: needed if the server's Storage root lies on another "
            "host than --server, or is reached by another address than the server gives.",
        ),
        _kept(
            "--identity",
            "identity",
            metavar="NAME",
            envvar="STRONGROOM_IDENTITY",
            help="The name under which the server records what you do.",
        ),
        _kept(
            "--server",
            "server",
            metavar="URL",
            envvar="STRONGROOM_SERVER",
            help="The server's address. [default: http://localhost:8000]",
        ),
    ):
        function = decorate(function)
    return function


def json_option(function: F) -> F:
    """``--json``."""
    return _kept(
        "--json", "as_json", is_flag=True, help="Print one JSON document and no progress."
    )(function)


def threads_option(function: F) -> F:
    """``--jobs``, the number of transfers at once."""
    return click.option(
        "--jobs",
        "threads",
        type=click.IntRange(1, 32),
        default=4,
        show_default=True,
        help="Transfers at the same time.",
    )(function)


def _kept(flag: str, attribute: str, **settings: Any) -> Callable[[F], F]:
    """An option whose value goes into the State instead of to the command."""

    def keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
        given = context.get_parameter_source(attribute)
        default = given in (None, click.core.ParameterSource.DEFAULT)
        # an environment variable must not undo what was given before the command's name
        from_environment = given is click.core.ParameterSource.ENVIRONMENT
        if default or (from_environment and context.parent is not None):
            return
        setattr(context.ensure_object(State), attribute, value)

    return click.option(
        flag, attribute, expose_value=False, callback=keep, show_envvar=True, **settings
    )


pass_state = click.make_pass_decorator(State, ensure=True)
