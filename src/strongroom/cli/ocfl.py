"""``strongroom ocfl``: look after OCFL storage roots and objects here, whoever made them.

No server or index is needed; of the settings, those of the S3 store are used. Validation changes
nothing; repairs and upgrades are those that a server would make, and keep out of its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strongroom.cli.amounts import counted
from strongroom.cli.exits import Exit
from strongroom.cli.ocfl_report import Report, summary_of
from strongroom.cli.place import PLACE, Place
from strongroom.cli.state import State, json_option, pass_state
from strongroom.errors import Damaged, Fault, NotFound
from strongroom.ocfl.validation.objects import validate_object
from strongroom.ocfl.validation.places import what_is
from strongroom.ocfl.validation.progress import Progress
from strongroom.storage.localstore import LocalStore
from strongroom.storage.protocols import Store
from strongroom.storage.s3.location import Location

if TYPE_CHECKING:
    from rich.status import Status

    from strongroom.ocfl.root import OcflRoot
    from strongroom.ocfl.validation.objects import ObjectSummary
    from strongroom.ocfl.validation.roots import RootSummary
    from strongroom.storage.s3.store import S3Store


@click.group()
def ocfl() -> None:
    """Validate, repair and upgrade OCFL storage roots, with or without a server."""


@ocfl.command()
@click.argument("place", type=PLACE)
@click.option("--no-digests", is_flag=True, help="Check all but the bytes of content.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Files that are read at once. [default: one for each processor]",
)
@json_option
@pass_state
def validate(state: State, place: Place, no_digests: bool, workers: int | None) -> None:
    """Say all that is wrong with an OCFL storage root or object in PLACE, by the codes of OCFL.

    Every problem is one line; warnings do not make it invalid. Nothing is changed.
    """
    store = _store(place)
    judge: Callable[..., ObjectSummary | RootSummary] = validate_object
    if _kind(store) == "root":
        # what knows all layouts is not waited for by those who look at one object
        from strongroom.ocfl.validation.roots import validate_root

        judge = validate_root
    report = Report(as_json=state.as_json)
    with _shown(state) as progress:
        summary = judge(
            store,
            tell=report.problem,
            digests=not no_digests,
            workers=workers,
            progress=progress,
        )
    report.finish(summary_of(place, summary))
    if not summary.valid:
        raise SystemExit(int(Exit.VERIFICATION))


@ocfl.command()
@click.argument("place", type=PLACE)
@json_option
@pass_state
def recover(state: State, place: Place) -> None:
    """Finish or undo what stopped writers left in the OCFL storage root in PLACE.

    A server does this by itself for what its own unfinished work points to; this looks at every
    object, too. Nothing that could be content is deleted.
    """
    repairs = _root(place).repair(every=True)
    if repairs.failed:
        for done in repairs.done:
            state.note(f"Repaired: {done}")
        raise Damaged(
            f"{counted(len(repairs.failed), 'thing')} in '{place}' cannot be repaired without a "
            "copy or a person's decision.",
            code="not-repaired",
            faults=[Fault(code="not-repaired", message=text) for text in repairs.failed],
        )
    state.emit(
        {"root": str(place), "repaired": list(repairs.done)},
        "\n".join(repairs.done) or "Nothing was left to repair.",
    )


@ocfl.command()
@click.argument("place", type=PLACE)
@json_option
@pass_state
def upgrade(state: State, place: Place) -> None:
    """Make the OCFL 1.0 storage root in PLACE one of OCFL 1.1.

    Objects in it stay as they are: a root may hold older ones.
    """
    before = _root(place).spec
    after = _root(place, upgrade=True).spec
    state.emit(
        {"root": str(place), "before": before, "after": after},
        f"It is a storage root of OCFL {after}."
        if before != after
        else f"It was a storage root of OCFL {after} already.",
    )


def _store(place: Place) -> Store:
    return LocalStore(place.absolute()) if isinstance(place, Path) else _in_bucket(place)


def _root(place: Place, *, upgrade: bool = False) -> OcflRoot:
    from strongroom.ocfl.root import OcflRoot

    opened = place if isinstance(place, Path) else _in_bucket(place)
    return OcflRoot.open(opened, create=False, upgrade=upgrade)


def _in_bucket(place: Location) -> S3Store:
    from strongroom import config, places

    return places.store(place, config.load({}))


def _kind(store: Store) -> str:
    try:
        kind = what_is(store)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no folder '{store.place('')}'.") from error
    if kind is None:
        raise NotFound(
            f"'{store.place('')}' is neither an OCFL storage root nor an OCFL object: it has no "
            "file whose name starts with '0=ocfl', and no inventory."
        )
    return kind


@contextmanager
def _shown(state: State) -> Iterator[_Shower | None]:
    """Progress on stderr, for people who can see it."""
    if state.as_json:
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
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
