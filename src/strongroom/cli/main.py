"""The command line: one group, one module for each command.

It reads options and turns every failure into a text and an exit code; the commands do the rest.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

import click

from strongroom import __version__
from strongroom.cli.demo import demo
from strongroom.cli.exits import Exit
from strongroom.cli.export import export
from strongroom.cli.grants import grants
from strongroom.cli.keys import keys
from strongroom.cli.ocfl import ocfl
from strongroom.cli.preserve import preserve
from strongroom.cli.rebuild import rebuild
from strongroom.cli.serve import serve
from strongroom.cli.show import show
from strongroom.cli.state import State, server_options
from strongroom.cli.storage_doctor import storage
from strongroom.cli.tools import tools
from strongroom.cli.versions import versions
from strongroom.cli.worker import worker
from strongroom.errors import OutOfSpace, StrongroomError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="strongroom")
@server_options
def cli() -> None:
    """Versioned object storage for preservation.

    Start a server with "strongroom serve", then preserve a folder that holds a METS file with
    "strongroom preserve FOLDER PATH". "strongroom demo" shows the whole of it.
    """


for command in (
    preserve,
    export,
    show,
    versions,
    serve,
    worker,
    rebuild,
    grants,
    keys,
    tools,
    ocfl,
    storage,
    demo,
):
    cli.add_command(command)


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
