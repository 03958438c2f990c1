"""``strongroom storage doctor``: try what the stores can do, and say what they are fit for.

What is tried, and why, is left to :mod:`strongroom.storage.doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from strongroom import places
from strongroom.cli.exits import Exit
from strongroom.cli.place import PLACE, Place
from strongroom.cli.settings import settings_options
from strongroom.cli.state import State, json_option, pass_state
from strongroom.config import Settings
from strongroom.storage.doctor.findings import Fit, Report

if TYPE_CHECKING:
    from strongroom.storage.doctor.examine import Tell

DEPOSITS, ROOT = "deposits", "ocfl-root"
_STYLES = {"good": "green", "limited": "yellow", "bad": "bold red", "unknown": "magenta"}
_FITS = {
    Fit.YES: "fit",
    Fit.SINGLE_WRITER: "fit as long as one server alone writes (setting s3_single_writer)",
    Fit.NO: "NOT fit",
}
_WORST = (Exit.OK, Exit.SINGLE_WRITER, Exit.UNFIT)
_USES = {DEPOSITS: "the working areas of deposits", ROOT: "an OCFL storage root"}


class _Wanted(NamedTuple):
    place: Place
    uses: tuple[str, ...]


@click.group()
def storage() -> None:
    """Look after the stores that deposits and the OCFL root are kept in."""


@storage.command()
@click.argument("place", type=PLACE, required=False)
@click.option(
    "--for",
    "uses",
    type=click.Choice([DEPOSITS, ROOT]),
    multiple=True,
    help="What PLACE is to be used for. [default: both]",
)
@settings_options
@json_option
@pass_state
def doctor(state: State, place: Place | None, uses: tuple[str, ...], settings: Settings) -> None:
    """Try what a store can do, and say what it is fit for.

    PLACE is a folder or s3://bucket/prefix; without it, both places of the settings are tried.
    All that is made for it is removed again. A server may run meanwhile.
    """
    wanted = (
        [_Wanted(place, uses or (DEPOSITS, ROOT))]
        if place is not None
        else [_Wanted(settings.deposits, (DEPOSITS,)), _Wanted(settings.ocfl_root, (ROOT,))]
    )
    single_writer = settings.s3_single_writer.lower() == "yes"
    documents, codes = [], [Exit.OK]
    for each in wanted:
        with _shown(state) as tell:
            report = _examine(each.place, settings, tell)
        fits = {use: _fit(report, use) for use in each.uses}
        documents.append(_document(report, fits))
        codes += [_exit(fit, single_writer=single_writer) for fit in fits.values()]
        if not state.as_json:
            _print(report, fits)
        for left in report.left:
            state.note(f"Not cleared away: {left}")
    code = max(codes, key=_WORST.index)
    state.emit({"stores": documents, "exit": int(code)}, "")
    if code is not Exit.OK:
        raise SystemExit(int(code))


def _examine(place: Place, settings: Settings, tell: Tell) -> Report:
    # boto3 takes its time to load
    from strongroom.storage.doctor.examine import examine_bucket, examine_folder

    if isinstance(place, Path):
        return examine_folder(_there(place.absolute()), tell=tell)
    return examine_bucket(places.store(place, settings).bucket, place.prefix, tell=tell)


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that is there: the server would make the rest."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def _fit(report: Report, use: str) -> Fit:
    return report.deposits if use == DEPOSITS else report.ocfl_root


def _exit(fit: Fit, *, single_writer: bool) -> Exit:
    if fit is Fit.SINGLE_WRITER:
        return Exit.OK if single_writer else Exit.SINGLE_WRITER
    return Exit.OK if fit is Fit.YES else Exit.UNFIT


def _document(report: Report, fits: dict[str, Fit]) -> dict[str, Any]:
    return {
        "place": report.place,
        "fit": {use: fit.value for use, fit in fits.items()},
        "findings": [
            {
                "name": finding.name,
                "title": finding.title,
                "state": finding.state.value,
                "found": finding.found,
                "means": finding.means,
                "needed": sorted(need.value for need in finding.needed),
            }
            for finding in report.findings
        ],
        "left": list(report.left),
    }


def _print(report: Report, fits: dict[str, Fit]) -> None:
    table = Table(title=escape(report.place), title_justify="left", box=None, pad_edge=False)
    for heading in ("", "Capability", "Found", "What it means here"):
        table.add_column(heading, overflow="fold")
    for finding in report.findings:
        style = _STYLES[finding.state]
        table.add_row(
            f"[{style}]{finding.state.value}[/]",
            escape(finding.title),
            escape(finding.found),
            escape(finding.means),
        )
    console = Console(highlight=False)
    console.print(table)
    for use, fit in fits.items():
        console.print(f"For {_USES[use]}: {_FITS[fit]}.", style="bold", soft_wrap=True)


@contextmanager
def _shown(state: State) -> Iterator[Tell]:
    """What is tried right now on stderr, for people who can see it."""
    console = Console(stderr=True)
    if state.as_json or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("Looking …") as status:
        yield lambda title: status.update(f"{title} …")
