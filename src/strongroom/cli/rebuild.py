"""``strongroom rebuild``: make the index again from storage.

The server must be stopped; what storage holds is left exactly as it is.
"""

from __future__ import annotations

from dataclasses import asdict

import click

from strongroom.cli.amounts import counted
from strongroom.cli.settings import settings_options
from strongroom.cli.state import State, json_option, pass_state
from strongroom.config import Settings
from strongroom.errors import Damaged


@click.command()
@settings_options
@json_option
@pass_state
def rebuild(state: State, settings: Settings) -> None:
    """Empty the index and make it again from what storage holds.

    Run it while no server uses the same data. Deposits' files and the OCFL root are only read.
    """
    from strongroom.runtime import operating

    def tell(count: int) -> None:
        if not state.as_json and count % 100 == 0:
            state.note(f"{counted(count, 'object')} read …")

    report = operating.rebuild(settings, tell)
    for repair in report.repaired:
        state.note(f"Repaired: {repair}")
    if report.damaged:
        raise Damaged(
            f"The index was made again from {counted(report.objects, 'object')}, but what follows "
            "cannot be read and is not in it. Restore it from a copy, then run this again.",
            code="damaged-objects",
            faults=report.damaged,
        )
    state.emit(
        {**asdict(report), "data": str(settings.data)},
        f"The index was made again from {counted(report.objects, 'object')}.",
    )
