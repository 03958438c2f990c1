"""Puts the results of a run into its deposit: all of them, whoever is killed on the way.

What is to be written and deleted is decided and recorded before the first step, and every step can
be taken again. So a run that was killed here is finished by the next worker, from the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from strongroom.db import digests as digest_rows
from strongroom.domain.content_types import guess
from strongroom.domain.deposits import Layout
from strongroom.domain.pipeline import ToolReport, ToolStatus
from strongroom.domain.workspace import PAYLOAD
from strongroom.errors import Conflict, Fault, NotFound, OutOfSpace, Unavailable
from strongroom.services.context import Context
from strongroom.services.pipeline_scratch import RESERVE
from strongroom.storage.protocols import CopyIn, FileEntry, Listing, WorkArea

METADATA = "metadata"
#: what people put into ``metadata`` themselves, and no run touches
AD_HOC = "metadata/ad-hoc"
#: where each task has its results; those of a tool that is absent stay
RESULTS = {
    "viruses": ("metadata/brunnhilde/logs", "metadata/virus-definition"),
    "formats": ("metadata/brunnhilde", "metadata/siegfried"),
    "metadata": ("metadata/exif",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A file to be put into the deposit."""

    #: relative to the content root
    path: str
    #: SHA-256, lower-case hex, and bytes
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a run changes in its deposit; paths are relative to the content root."""

    writes: tuple[Write, ...] = ()
    #: files and folders of earlier runs that this one has no use for, folders deepest first
    deletes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def prefix(layout: Layout) -> str:
    """What stands before the content root in paths of a deposit."""
    return PAYLOAD + "/" if layout is Layout.BAGIT else ""


def decide(
    listing: Listing,
    layout: Layout,
    outputs: Path,
    tools: Iterable[ToolReport],
    spared: Collection[str] = (),
) -> Placement:
    """All of ``outputs`` in the place of what ``metadata/`` holds now, but for ``ad-hoc``.

    Results of absent tools stay, since nothing comes in their place; and if no tool has run, all
    does. ``spared`` are paths of the deposit that are never deleted.
    """
    reports = list(tools)
    if all(report.status is not ToolStatus.RAN for report in reports):
        return Placement()
    absent = {report.task for report in reports if report.status is ToolStatus.ABSENT}
    writes = tuple(_writes(outputs))
    new = {write.path for write in writes}
    root = prefix(layout)
    old = [e.path[len(root) :] for e in listing.files if e.path.startswith(root + METADATA + "/")]
    deletes = tuple(
        path
        for path in old
        if path not in new
        and root + path not in spared
        and not _below(path, AD_HOC)
        and _task(path) not in absent
    )
    going = {up for path in deletes for up in _folders_above(path)}
    staying = {up for path in (*(set(old) - set(deletes)), *new) for up in _folders_above(path)}
    staying |= {METADATA, AD_HOC}
    return Placement(
        writes=writes,
        deletes=deletes,
        folders=tuple(sorted(going - staying, key=lambda p: (-p.count("/"), p))),
    )


def _task(path: str) -> str | None:
    """Whose results a file holds."""
    for task, places in RESULTS.items():
        if any(_below(path, place) for place in places):
            return task
    return None


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _folders_above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _writes(outputs: Path) -> Iterator[Write]:
    for place in sorted(path for path in outputs.rglob("*") if path.is_file()):
        with place.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        yield Write(
            path=place.relative_to(outputs).as_posix(),
            digest=digest,
            size=place.stat().st_size,
        )


def check_space(area: WorkArea, placement: Placement) -> None:
    """OutOfSpace, before anything is changed, if the deposits' disk cannot take the results."""
    needed = sum(write.size for write in placement.writes)
    free = area.free_bytes() - RESERVE
    if needed > free:
        raise OutOfSpace(
            f"The results of the tools have {needed} bytes, and {max(0, free)} are free for "
            "deposits; make room and run the tools again.",
            code="out-of-space",
        )


def place(ctx: Context, deposit: str, layout: Layout, placement: Placement, outputs: Path) -> None:
    """Carry the placement out, from its beginning; harmless where it was carried out before.

    Unavailable if a file could not be written: what is there stays until the next attempt.
    """
    area, root = ctx.areas.area(deposit), prefix(layout)
    for path in placement.deletes:
        if any(_below(write.path, path) or _below(path, write.path) for write in placement.writes):
            _delete(area, root + path)
    _delete_folders(area, root, placement)
    written, faults = _write(area, root, placement.writes, outputs)
    if faults:
        raise Unavailable(
            f"{faults[0].path}: {faults[0].message}", code="results-not-placed", faults=faults
        )
    for path in placement.deletes:
        _delete(area, root + path)
    _delete_folders(area, root, placement)
    area.sync()
    with ctx.db.write() as c:
        digest_rows.remember(c, deposit, written)


def _write(
    area: WorkArea, root: str, writes: Iterable[Write], outputs: Path
) -> tuple[list[tuple[str, str, str]], list[Fault]]:
    """Path, signature and digest of what was written, and what could not be."""
    digests = {root + write.path: write.digest for write in writes}
    written: list[tuple[str, str, str]] = []
    faults: list[Fault] = []
    for path, outcome in area.copy_in(_sources(root, writes, outputs)):
        if isinstance(outcome, FileEntry):
            written.append((path, outcome.signature, digests[path]))
        else:
            faults.append(outcome)
    return written, faults


def _sources(root: str, writes: Iterable[Write], outputs: Path) -> Iterator[CopyIn]:
    for write in writes:
        yield CopyIn(
            path=root + write.path,
            open=partial(_open, outputs / write.path),
            sha256=write.digest,
            size=write.size,
            content_type=guess(write.path),
        )


def _open(place: Path) -> BinaryIO:
    return place.open("rb")


def _delete(area: WorkArea, path: str) -> None:
    with suppress(NotFound):  # an earlier attempt has deleted it
        area.delete(path)


def _delete_folders(area: WorkArea, root: str, placement: Placement) -> None:
    for path in placement.folders:
        with suppress(NotFound, Conflict):  # gone, or somebody keeps something in it
            area.delete_folder(root + path)
