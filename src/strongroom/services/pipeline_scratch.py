"""Where a run of tools works: a folder of its own on this machine, kept until the run has ended.

It outlives a killed worker, so that the next one can finish what the first began to put in place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

from strongroom.db import job_queue
from strongroom.errors import OutOfSpace
from strongroom.services.context import Context
from strongroom.storage.protocols import FileEntry, WorkArea
from strongroom.storage.removal import remove_tree

CHUNK = 1 << 20
#: bytes that are always left free on the disk
RESERVE = 64 << 20
#: files that are fetched at once
_WORKERS = 8


def folder(ctx: Context, job_id: str) -> Path:
    """The folder of a run, whether it is there or not."""
    return ctx.scratch / job_id


def begin(ctx: Context, job_id: str) -> Path:
    """An empty folder for a run; what an earlier attempt left is gone."""
    remove_tree(folder(ctx, job_id))
    folder(ctx, job_id).mkdir(parents=True)
    return folder(ctx, job_id)


def drop(ctx: Context, job_id: str) -> None:
    """Remove the folder of a run; harmless if it is gone."""
    remove_tree(folder(ctx, job_id))


def sweep(ctx: Context) -> int:
    """Remove the folders of runs that have ended; how many. Only while no worker runs."""
    if not ctx.scratch.is_dir():
        return 0
    names = {path.name for path in ctx.scratch.iterdir()}
    with ctx.db.read() as c:
        ended = names - job_queue.unfinished_of(c, names)
    for name in ended:
        drop(ctx, name)
    return len(ended)


def local(area: WorkArea, path: str) -> Path | None:
    """A folder of a work area as this machine's tools can reach it; None where they cannot."""
    parts = urlsplit(area.uri)
    if parts.scheme != "file" or parts.netloc:
        return None
    return Path(unquote(parts.path)) / path


def copy_out(
    area: WorkArea, entries: Iterable[FileEntry], target: Path, go_on: Callable[[], None]
) -> None:
    """Copy files of an area that no tool can reach to ``target``, by their paths in the area.

    ``go_on`` is asked between files and raises where it is time to stop. OutOfSpace before the
    first byte if the disk cannot hold them all.
    """
    wanted = list(entries)
    target.mkdir(parents=True, exist_ok=True)
    check_space(target, sum(entry.size for entry in wanted))

    def one(entry: FileEntry) -> None:
        place = target / entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        with area.open(entry.path) as file, place.open("xb") as copy:
            while chunk := file.stream.read(CHUNK):
                copy.write(chunk)

    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="strongroom-fetch") as pool:
        try:
            for copied in [pool.submit(one, entry) for entry in wanted]:
                copied.result()
                go_on()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def check_space(place: Path, needed: int) -> None:
    """OutOfSpace if the disk of ``place`` cannot take so many bytes more."""
    status = os.statvfs(place)
    free = status.f_bavail * status.f_frsize - RESERVE
    if needed > free:
        raise OutOfSpace(
            f"The tools need {needed} bytes beside the data, and {max(0, free)} are free; "
            "make room and run them again.",
            code="out-of-space",
        )
