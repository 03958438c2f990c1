"""``strongroom tools``: which tools a server on this machine would run over deposits.

What they find, and when they run, is told by a server; none is needed here.
"""

from __future__ import annotations

import click

from strongroom.cli.state import State, json_option, pass_state
from strongroom.tools import running


@click.command()
@json_option
@pass_state
def tools(state: State) -> None:
    """List the tools that can be run over deposits, with their versions or why they are absent.

    They are looked for as a server would that is started here. A tool that is absent is no error.
    """
    probes = [(tool.task, tool.probe()) for tool in running.ALL]
    state.emit(
        {
            "tools": [
                {"task": task, "name": p.name, "version": p.version, "reason": p.reason}
                for task, p in probes
            ]
        },
        "\n".join(
            f"{task:<9} {p.name:<10} "
            + (f"{p.version}" if p.reason is None else f"absent: {p.reason}")
            for task, p in probes
        ),
    )
