"""What stopped servers left behind in a folder of work areas, and its removal."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.storage import durable
from strongroom.storage.removal import remove_tree

log = logging.getLogger(__name__)

#: names in the root of all areas
INCOMING = ".incoming"
TRASH = ".trash"


def sweep(root: Path, older_than: float, now: float) -> int:
    """Delete abandoned uploads and half-done removals; how many.

    ``older_than`` is in seconds, ``now`` in seconds since 1970. An upload that is alive is locked
    by its writer and stays, however old. What cannot be deleted is logged, and left to the next
    sweep.
    """
    count = 0
    for path in sorted((root / INCOMING).iterdir()):
        with _going_on(path):
            count += now - path.lstat().st_mtime >= older_than and _remove_dead(path)
    for path in sorted((root / TRASH).iterdir()):
        with _going_on(path):
            # the rename into the trash is the last change of the folder's inode but for deletions
            if now - path.lstat().st_ctime >= older_than:
                remove_tree(path)
                count += 1
    return count


@contextmanager
def _going_on(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        pass  # someone else was faster
    except OSError as error:
        log.warning("%s cannot be deleted and stays: %s", path, error)


def _remove_dead(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        durable.unlink(path)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
