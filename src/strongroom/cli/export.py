"""``strongroom export``: a version of an Archival Group becomes a local folder.

The work is done by the client; this reads options and prints what came of it.
"""

from __future__ import annotations

from pathlib import Path

import click

from strongroom.cli.amounts import counted, size
from strongroom.cli.bars import watching
from strongroom.cli.state import State, json_option, pass_state, server_options, threads_option
from strongroom.client.export import export as export_group


@click.command()
@click.argument("path")
@click.argument("dest", type=click.Path(path_type=Path))
@click.option("--version", metavar="vN", help="The version to export. [default: the newest]")
@threads_option
@server_options
@json_option
@pass_state
def export(state: State, path: str, dest: Path, version: str | None, threads: int) -> None:
    """Download the Archival Group at PATH into DEST, a new or empty folder.

    Every file is verified by its digest, and DEST appears as a whole or not at all.

    \b
    Example:
      strongroom export /library/books/my-book ./my-book-v1 --version v1
    """
    with state.client() as client, watching(drawn=not state.as_json) as progress:
        done = export_group(
            client, path, dest.absolute(), version=version, threads=threads, progress=progress
        )
    state.emit(
        {
            "path": f"/{done.path}",
            "version": done.version,
            "target": str(done.target),
            "bytes": done.size,
            "files": [
                {"path": name, "size": digest.size, "digest": digest.sha256}
                for name, digest in done.files.items()
            ],
            "folders": list(done.folders),
            "verified": True,
        },
        f"/{done.path} {done.version} is in {done.target} "
        f"({counted(len(done.files), 'file')}, {size(done.size)}, every digest verified).",
    )
