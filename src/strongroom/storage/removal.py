"""Delete a folder with everything in it, whatever its depth; links are removed, never followed.

Works through descriptors, without recursion and without long paths: every deeper folder is first
moved up to the top, so that each is one level below it when its turn comes.
"""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from strongroom.storage import durable


def remove_tree(folder: Path, *, last: str | None = None) -> None:
    """Delete ``folder``; harmless if it is gone. A stopped run is finished by the next.

    ``last`` names a file directly in it that is to go after everything else.
    """
    try:
        top = os.open(folder, durable.FOLDER)
    except FileNotFoundError:
        return
    try:
        numbers = itertools.count()
        waiting = _clear(".", top, numbers, keep=last)
        while waiting:
            name = waiting.pop()
            waiting += _clear(name, top, numbers)
            durable.remove_folder(name, folder=top)
        if last is not None:
            with suppress(FileNotFoundError):
                durable.unlink(last, folder=top)
    finally:
        os.close(top)
    durable.remove_folder(folder)


def _clear(name: str, top: int, numbers: Iterator[int], keep: str | None = None) -> list[str]:
    """Unlink the files of ``top/name`` and move its folders into ``top``; their names there."""
    descriptor = os.open(name, durable.FOLDER, dir_fd=top)
    try:
        with os.scandir(descriptor) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        folders = []
        for child, is_folder in found:
            if child == keep:
                continue
            if not is_folder:
                durable.unlink(child, folder=descriptor)
            elif name == ".":
                folders.append(child)
            else:
                folders.append(_move_up(child, descriptor, top, numbers))
        return folders
    finally:
        os.close(descriptor)


def _move_up(child: str, parent: int, top: int, numbers: Iterator[int]) -> str:
    for number in numbers:
        name = f".removing-{number}"
        try:
            # what a stopped run has left under such a name must not be replaced: it is listed
            durable.rename_new(child, name, source_folder=parent, target_folder=top)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        else:
            return name
    raise AssertionError("numbers never end")
