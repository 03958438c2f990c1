"""``strongroom serve``: the server, and the worker that it starts.

Settings are read by :mod:`strongroom.config`; everything else is the runtime's.
"""

from __future__ import annotations

import click

from strongroom.cli.settings import settings_options
from strongroom.config import Settings


@click.command()
@settings_options
def serve(settings: Settings) -> None:
    """Serve the Preservation and Storage APIs until stopped (Ctrl-C or SIGTERM).

    Everything can be set by an option, by an environment variable or in the --config file; the
    first of these that says something counts. GET /health answers 200 once requests are served.
    """
    from strongroom.runtime import serving

    raise SystemExit(serving.serve(settings))
