"""The command line: one group, one module for each command.

It reads options and turns every failure into a text and an exit code; the commands do the rest.
"""

from __future__ import annotations

import errno
import sys
from collections import UserDict
from collections.abc import Sequence
from importlib import import_module

import click

from strongroom import __version__
from strongroom.cli.exits import Exit
from strongroom.cli.state import State, server_options
from strongroom.errors import OutOfSpace, StrongroomError


class _Commands(UserDict[str, click.Command]):
    """Commands by their names, each loaded when it is asked for: all together take a second."""

    def __init__(self, *modules: str) -> None:
        super().__init__()
        self._modules = {module.partition("_")[0]: module for module in modules}
        self.data = dict.fromkeys(self._modules, click.Command(None))

    def __getitem__(self, name: str) -> click.Command:
        if name in self._modules:
            module = import_module(f"strongroom.cli.{self._modules.pop(name)}")
            self.data[name] = getattr(module, name)
        return self.data[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._modules.pop(name, None)
        self.data[name] = command


@click.group(
    commands=_Commands(
        "preserve",
        "export",
        "show",
        "versions",
        "serve",
        "worker",
        "rebuild",
        "grants",
        "keys",
        "tools",
        "ocfl",
        "storage_doctor",
        "demo",
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="strongroom")
@server_options
def cli() -> None:
    """Versioned object storage for preservation.

    Start a server with "strongroom serve", then preserve a folder that holds a METS file with
    "strongroom preserve FOLDER PATH". "strongroom demo" shows the whole of it.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (default: this process's own) and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # before parsing, so that a wrong command line is told in JSON too
    state = State(as_json="--json" in given)
    try:
        cli.main(given, prog_name="strongroom", standalone_mode=False, obj=state)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        if not state.as_json:
            error.show()
        return _told(state, Exit.USAGE, "usage", error.format_message())
    except click.Abort as stop:
        hints = list(getattr(stop.__cause__, "__notes__", ()))
        state.note("\n".join(["Interrupted.", *hints]))
        return _told(state, Exit.INTERRUPTED, "interrupted", "Interrupted.", hints=hints)
    except StrongroomError as error:
        return state.fail(error)
    except OSError as error:
        return state.fail(_of_system(error))
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else Exit.UNEXPECTED
    return Exit.OK


def _told(state: State, code: Exit, word: str, message: str, **more: object) -> Exit:
    if state.as_json:
        problem = {"code": word, "message": message, **more}
        state.emit({"error": problem, "exit": int(code)}, "")
    return code


def _of_system(error: OSError) -> StrongroomError:
    where = f" '{error.filename}'" if error.filename else ""
    kind = OutOfSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else StrongroomError
    return kind(f"{error.strerror or error}{where}", code="system")
