"""``strongroom preserve``: a local folder becomes a version of an Archival Group.

The work is done by the client; this reads options and prints what came of it.
"""

from __future__ import annotations

from pathlib import Path

import click

from strongroom.cli.amounts import counted, size
from strongroom.cli.bars import watching
from strongroom.cli.exits import NoMets
from strongroom.cli.state import State, json_option, pass_state, server_options, threads_option
from strongroom.client.folder import scan
from strongroom.client.preserve import Options, Preserved
from strongroom.client.preserve import preserve as preserve_folder
from strongroom.errors import Conflict


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("path")
@click.option("--name", metavar="TEXT", help="Display name of the Archival Group.")
@click.option(
    "--make-containers", is_flag=True, help="Make the Containers above PATH where missing."
)
@click.option(
    "--make-mets", is_flag=True, help="Write FOLDER/mets.xml from what FOLDER holds, first."
)
@click.option(
    "--resume", is_flag=True, help="Go on with the active deposit for PATH, if there is one."
)
@click.option("--everything", is_flag=True, help="Upload every file, even those preserved already.")
@threads_option
@server_options
@json_option
@pass_state
def preserve(
    state: State,
    folder: Path,
    path: str,
    name: str | None,
    make_containers: bool,
    make_mets: bool,
    resume: bool,
    everything: bool,
    threads: int,
) -> None:
    """Preserve FOLDER as the next version of the Archival Group at PATH.

    FOLDER holds the files and the METS file that describes them. It is only read (but for
    --make-mets). Afterwards every file's digest and size in the new version is compared with
    FOLDER.

    \b
    Example:
      strongroom preserve ./my-book /library/books/my-book --make-containers
    """
    material = scan(folder)
    title = name or folder.resolve().name
    if _need_mets(folder, title, make=make_mets):
        material = scan(folder)
    options = Options(
        name=name,
        make_containers=make_containers,
        resume=resume,
        everything=everything,
        threads=threads,
    )
    with state.client() as client, watching(drawn=not state.as_json) as progress:
        done = preserve_folder(client, material, path, options=options, progress=progress)
    for warning in done.warnings:
        state.note(f"Warning: {warning}")
    state.emit(_document(done), _text(done))


def _need_mets(folder: Path, title: str, *, make: bool) -> bool:
    """Make sure there is a METS file; whether one was written."""
    # not the runtime, whose parts take longer to load than the folder to preserve
    from strongroom import offline

    found = offline.find_mets(folder)
    if found is not None and make:
        raise Conflict(
            f"'{folder}' has a METS file already ({found.name}). Leave out --make-mets to use it, "
            "or remove it to have it written anew.",
            code="mets-exists",
        )
    if found is None and not make:
        raise NoMets(
            f"'{folder}' has no METS file, without which files cannot be preserved. Put the one "
            "that your application writes there (mets.xml), or give --make-mets to have one "
            "written from what the folder holds."
        )
    if found is None:
        offline.make_mets(folder, title)
    return found is None


def _document(done: Preserved) -> dict[str, object]:
    return {
        "path": f"/{done.path}",
        "version": done.version,
        "unchanged": done.unchanged,
        "deposit": done.deposit,
        "job": done.job,
        "files": done.files,
        "bytes": done.size,
        "uploadedFiles": done.uploaded,
        "uploadedBytes": done.uploaded_size,
        "containersMade": [f"/{name}" for name in done.containers],
        "verified": True,
        "warnings": list(done.warnings),
    }


def _text(done: Preserved) -> str:
    what = f"{counted(done.files, 'file')}, {size(done.size)}, every digest verified"
    if done.unchanged:
        return f"/{done.path} is unchanged: still {done.version} ({what})."
    sent = f"{counted(done.uploaded, 'file')} uploaded, {size(done.uploaded_size)}"
    return f"/{done.path} is preserved as {done.version} ({what}; {sent})."
