"""``strongroom demo``: the whole workflow on a sample book, with a server of its own.

It plays the application outside: it makes the book and its METS, copies files into the working
areas itself, and believes nothing that it has not compared digest by digest.
"""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from strongroom.cli import child
from strongroom.cli.amounts import counted, size
from strongroom.cli.sample import book
from strongroom.cli.show import tree
from strongroom.cli.state import State, json_option, pass_state
from strongroom.cli.versions import history
from strongroom.client import Client, VerificationFailed
from strongroom.client.repository import members
from strongroom.errors import Fault
from strongroom.wire.deposits import Deposit
from strongroom.wire.jobs import ImportJobResult

PATH = "library/books/strong-room"


@dataclass(slots=True, kw_only=True)
class Telling:
    """What is said on the way, and what the final document holds."""

    state: State
    document: dict[str, object] = field(default_factory=dict)

    def say(self, text: str) -> None:
        if not self.state.as_json:
            click.echo(text)


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("strongroom-demo"),
    show_default=True,
    help="Where a new folder is made for each run.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help="Port of the demo's server; another one is taken if it is busy.",
)
@json_option
@pass_state
def demo(state: State, folder: Path, port: int) -> None:
    """Preserve a sample book, export it, change it, preserve it again, and check every byte.

    Everything happens in a new folder, with a server that is stopped at the end.
    """
    run = _new_folder(folder)
    telling = Telling(state=state)
    chosen = child.free_port(port)
    telling.say(f"Everything of this run is in {run}")
    if chosen != port:
        telling.say(f"Port {port} is busy, so the server listens on {chosen}.")
    first, second = run / "book-v1", run / "book-v2"
    first.mkdir()
    book.make(first, created=datetime.now(UTC))
    made = book.digests(first)
    telling.say(
        f"Made a book of {book.PAGES} pages with its METS file: {counted(len(made), 'file')}, "
        f"{size(sum((first / path).stat().st_size for path in made))}."
    )
    with child.server(run / "data", chosen, run / "server.log") as client:
        _first_version(client, first, telling)
        exported = _export(client, "v1", first, telling)
        _second_version(client, exported, first, second, telling)
        for version, source in (("v2", second), ("v1", first)):
            client.deposits.delete(_export(client, version, source, telling))
        _tell(client, telling)
    _go_on(run, chosen, telling)
    state.emit({"folder": str(run), "port": chosen, "verified": True, **telling.document}, "")


def _new_folder(folder: Path) -> Path:
    number = 1
    while True:
        run = folder.absolute() / f"run-{number}"
        try:
            run.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return run


def _first_version(client: Client, source: Path, telling: Telling) -> None:
    client.containers.create("library", name="Library")
    client.containers.create("library/books", name="Books")
    deposit = client.deposits.create(archival_group=PATH, name=book.TITLE, note="First version")
    area = _area(deposit)
    telling.say(f"The deposit's working area is {deposit.files}; copying the book there.")
    shutil.copytree(source, area, dirs_exist_ok=True)
    _import(client, deposit, telling)


def _second_version(
    client: Client, deposit: Deposit, before: Path, after: Path, telling: Telling
) -> None:
    """A mended page, a new one, and METS that says so, in the exported working area."""
    shutil.copytree(before, after)
    book.add_page(after, 3, heading="STRONG ROOM, MENDED", grain=303)
    book.add_page(after, book.PAGES + 1)
    book.describe(after, created=datetime.now(UTC))
    telling.say(f"Replaced page 3, added page {book.PAGES + 1}, wrote METS anew.")
    area, old = _area(deposit), book.digests(before)
    for path, sha256 in book.digests(after).items():
        if old.get(path) != sha256:
            book.put(area, path, (after / path).read_bytes())
    _import(client, deposit, telling)


def _import(client: Client, deposit: Deposit, telling: Telling) -> None:
    begun = time.monotonic()
    job = client.jobs.run_diff(deposit)
    result = client.jobs.wait(job, timeout=300)
    seconds = time.monotonic() - begun
    telling.document[f"import {result.new_version} seconds"] = round(seconds, 3)
    telling.say(f"✓ Preserved as {result.new_version} in {seconds:.2f} seconds: {_what(result)}.")


def _what(result: ImportJobResult) -> str:
    counts = (
        (len(result.binaries_added), "added"),
        (len(result.binaries_patched), "replaced"),
        (len(result.binaries_deleted), "deleted"),
    )
    return ", ".join(f"{counted(count, 'file')} {word}" for count, word in counts if count)


def _export(client: Client, version: str, source: Path, telling: Telling) -> Deposit:
    """Export a version into a new working area and hold every file against its source."""
    deposit = client.deposits.export(PATH, version=version)
    deposit = client.deposits.wait_exported(deposit, timeout=300)
    _require_same(book.digests(source), book.digests(_area(deposit)), version)
    count = counted(len(book.digests(source)), "file")
    telling.document[f"export {version} files verified"] = len(book.digests(source))
    telling.say(f"✓ Exported {version}: every digest equals its source ({count}).")
    return deposit


def _require_same(source: dict[str, str], found: dict[str, str], version: str) -> None:
    faults = [
        Fault(
            code="digest-mismatch",
            message="The exported file is not its source.",
            path=path,
            expected=source.get(path, "no such file"),
            found=found.get(path, "no such file"),
        )
        for path in sorted(source.keys() | found.keys())
        if source.get(path) != found.get(path)
    ]
    if faults or not source:
        raise VerificationFailed(f"The export of {version} differs from its source.", faults=faults)


def _tell(client: Client, telling: Telling) -> None:
    for change in history(client, PATH):
        group = client.repository.group(PATH, version=change.version)
        telling.say(
            f"\n{change.version}  {change.date}  by {change.agent}: "
            f"{change.added} added, {change.changed} changed, {change.removed} removed"
        )
        for line in tree(group):
            telling.say(f"  {line}")
        telling.document[f"{change.version} files"] = len(members(group).files)
    place = _local(client.repository.group(PATH).origin or "")
    telling.document["ocflObject"] = str(place)
    telling.say(f"\nOn disk it is an OCFL object, readable without this software:\n  {place}")
    for path in sorted(place.rglob("*")):
        if path.is_file():
            telling.say(f"    {path.relative_to(place)}  {size(path.stat().st_size)}")


def _go_on(run: Path, port: int, telling: Telling) -> None:
    command = sys.argv[0] if Path(sys.argv[0]).name == "strongroom" else "strongroom"
    data = run / "data"
    telling.say(
        "\nThe demo's server is stopped. To go on with its data:\n"
        f"  {command} serve --data {data} --port {port}\n"
        "then, in another terminal:\n"
        f"  {command} --server http://localhost:{port} versions /{PATH}\n"
        f"  {command} --server http://localhost:{port} export /{PATH} ./a-copy --version v1\n"
        f"and http://localhost:{port}/docs describes the HTTP API."
    )


def _area(deposit: Deposit) -> Path:
    """The working area, which lies on this machine."""
    return _local(deposit.files or "")


def _local(uri: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise VerificationFailed(f"'{uri}' is no folder of this machine; expected file:///….")
    return Path(unquote(parts.path))
