"""Many syncs, several at once: a disk settles four for little more than the price of one.

Each file and each folder is synced by itself still, and nothing of what is asked for is left out;
only their order is not given. What must be on the disk before what is left to the callers, who go
on when all is done.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from strongroom.storage import durable

#: syncs at once; more were no faster on the disks that were tried
_TOGETHER = 4
#: seconds that one sync may take, on the average, for threads to cost more than they save
_QUICK = 0.001

_Step = Callable[[], None]


def sync_tree(top: Path | str, *, and_folder: Path | str | None = None) -> None:
    """Sync each file and folder below ``top``, ``top`` itself, and the one folder more."""
    _together(_below(top, and_folder))


def sync_folders(paths: Iterable[Path | str]) -> None:
    """Bring the names in several folders onto the disk; a folder that is gone has none."""
    _together(_folder(path) for path in paths)


def _below(top: Path | str, and_folder: Path | str | None) -> Iterator[_Step]:
    for folder, _, files in os.walk(top, topdown=False, onerror=_raise):
        for name in files:
            yield _file(f"{folder}/{name}")
        yield _folder(folder, must=True)
    if and_folder is not None:
        yield _folder(and_folder, must=True)


def _file(path: str) -> _Step:
    def sync() -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            durable.sync_file(descriptor)
        finally:
            os.close(descriptor)

    return sync


def _folder(path: Path | str, *, must: bool = False) -> _Step:
    def sync() -> None:
        try:
            durable.sync_folder(path)
        except FileNotFoundError:
            if must:
                raise

    return sync


def _together(steps: Iterator[_Step]) -> None:
    """Take all steps, several at once unless they are quick.

    What goes wrong with one is raised when nobody is at work any more; after it none is begun.
    """
    turn = threading.Lock()
    wrong: list[BaseException] = []

    def take() -> bool:
        """Whether there may be more to take."""
        try:
            with turn:
                step = next(steps, None)
            if step is None:
                return False
            step()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            wrong.append(error)
        return not wrong

    def work() -> None:
        while take():
            pass

    others: list[threading.Thread] = []
    began = time.monotonic()
    taken = 0
    while take():
        taken += 1
        if not others and time.monotonic() - began > taken * _QUICK:
            others = [threading.Thread(target=work, name="sync") for _ in range(_TOGETHER - 1)]
            for thread in others:
                thread.start()
    for thread in others:
        thread.join()
    if wrong:
        raise wrong[0]


def _raise(error: OSError) -> None:
    raise error
