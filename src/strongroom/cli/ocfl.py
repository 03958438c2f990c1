"""``strongroom ocfl``: look after OCFL storage roots and objects here, whoever made them.

No server, index or setting is needed. Validation changes nothing; repairs and upgrades are those
that a server would make, and keep out of its way by the same locks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from strongroom.cli.amounts import counted
from strongroom.cli.exits import Exit
from strongroom.cli.ocfl_report import Report, summary_of
from strongroom.cli.state import State, json_option, pass_state
from strongroom.errors import Damaged, Fault, NotFound
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.validation.objects import validate_object
from strongroom.ocfl.validation.places import what_is
from strongroom.ocfl.validation.progress import Progress
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.localstore import LocalStore

_FOLDER = click.Path(path_type=Path)


@click.group()
def ocfl() -> None:
    """Validate, repair and upgrade OCFL storage roots, with or without a server."""


@ocfl.command()
@click.argument("folder", type=_FOLDER)
@click.option("--no-digests", is_flag=True, help="Check all but the bytes of content.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Files that are read at once. [default: one for each processor]",
)
@json_option
@pass_state
def validate(state: State, folder: Path, no_digests: bool, workers: int | None) -> None:
    """Say all that is wrong with an OCFL storage root or object in FOLDER, by the codes of OCFL.

    Every problem is one line; warnings do not make it invalid. Nothing is changed.
    """
    store = LocalStore(folder.absolute())
    kind = _kind(store, folder)
    report = Report(as_json=state.as_json)
    with _shown(state) as progress:
        judge = validate_root if kind == "root" else validate_object
        summary = judge(
            store,
            tell=report.problem,
            digests=not no_digests,
            workers=workers,
            progress=progress,
        )
    report.finish(summary_of(folder, summary))
    if not summary.valid:
        raise SystemExit(int(Exit.VERIFICATION))


@ocfl.command()
@click.argument("folder", type=_FOLDER)
@json_option
@pass_state
def recover(state: State, folder: Path) -> None:
    """Finish or undo what stopped writers left in the OCFL storage root in FOLDER.

    A server does this by itself for what its own unfinished work points to; this looks at every
    object, too. Nothing that could be content is deleted.
    """
    repairs = OcflRoot.open(folder, create=False).repair(every=True)
    if repairs.failed:
        for done in repairs.done:
            state.note(f"Repaired: {done}")
        raise Damaged(
            f"{counted(len(repairs.failed), 'thing')} in '{folder}' cannot be repaired without a "
            "copy or a person's decision.",
            code="not-repaired",
            faults=[Fault(code="not-repaired", message=text) for text in repairs.failed],
        )
    state.emit(
        {"root": str(folder), "repaired": list(repairs.done)},
        "\n".join(repairs.done) or "Nothing was left to repair.",
    )


@ocfl.command()
@click.argument("folder", type=_FOLDER)
@json_option
@pass_state
def upgrade(state: State, folder: Path) -> None:
    """Make the OCFL 1.0 storage root in FOLDER one of OCFL 1.1.

    Objects in it stay as they are: a root may hold older ones.
    """
    before = OcflRoot.open(folder, create=False).spec
    after = OcflRoot.open(folder, create=False, upgrade=True).spec
    state.emit(
        {"root": str(folder), "before": before, "after": after},
        f"It is a storage root of OCFL {after}."
        if before != after
        else f"It was a storage root of OCFL {after} already.",
    )


def _kind(store: LocalStore, folder: Path) -> str:
    try:
        kind = what_is(store)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no folder '{folder}'.") from error
    if kind is None:
        raise NotFound(
            f"'{folder}' is neither an OCFL storage root nor an OCFL object: it has no file whose "
            "name starts with '0=ocfl', and no inventory."
        )
    return kind


@contextmanager
def _shown(state: State) -> Iterator[_Shower | None]:
    """Progress on stderr, for people who can see it."""
    console = Console(stderr=True)
    if state.as_json or not console.is_terminal:
        yield None
        return
    with console.status("Looking …") as status:
        yield _Shower(status)


class _Shower:
    def __init__(self, status: Status) -> None:
        self._status = status

    def __call__(self, done: Progress) -> None:
        self._status.update(
            f"{counted(done.objects, 'object')}, {counted(done.files, 'file')}, "
            f"{done.bytes / 2**20:,.0f} MiB"
        )
