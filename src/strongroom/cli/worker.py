"""``strongroom worker``: the process that runs import and export jobs.

The server starts and watches it; the command is hidden because people need it only to look for
faults.
"""

from __future__ import annotations

import click

from strongroom.cli.settings import settings_options
from strongroom.config import Settings


@click.command(hidden=True)
@settings_options
def worker(settings: Settings) -> None:
    """Run import and export jobs (started by serve)."""
    from strongroom.runtime import working

    raise SystemExit(working.work(settings))
