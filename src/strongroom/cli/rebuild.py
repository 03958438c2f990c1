"""``strongroom rebuild``: make the index again from storage.

The server must be stopped; what storage holds is left exactly as it is.
"""

from __future__ import annotations

import click

from strongroom.cli.bars import watching
from strongroom.cli.settings import settings_options
from strongroom.cli.state import State, json_option, pass_state
from strongroom.config import Settings


@click.command()
@settings_options
@json_option
@pass_state
def rebuild(state: State, settings: Settings) -> None:
    """Empty the index and make it again from what storage holds.

    Run it while no server uses the same data. Deposits' files and the OCFL root are only read.
    """
    from strongroom import runtime

    with watching(drawn=not state.as_json) as progress:
        report = runtime.rebuild(settings, progress)
    state.emit(report, "")
