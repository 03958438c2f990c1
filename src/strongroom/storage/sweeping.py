"""What stopped servers left behind in a folder of work areas, and its removal."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from strongroom.storage import durable
from strongroom.storage.removal import remove_tree

#: names in the root of all areas
INCOMING = ".incoming"
TRASH = ".trash"


def sweep(root: Path, older_than: float, now: float) -> int:
    """Delete abandoned uploads and half-done removals; how many.

    ``older_than`` is in seconds, ``now`` in seconds since 1970. An upload that is alive is locked
    by its writer and stays, however old.
    """
    count = 0
    for path in sorted((root / INCOMING).iterdir()):
        with suppress(FileNotFoundError):
            count += now - path.lstat().st_mtime >= older_than and _remove_dead(path)
    for path in sorted((root / TRASH).iterdir()):
        with suppress(FileNotFoundError):
            # the rename into the trash is the last change of the folder's inode but for deletions
            if now - path.lstat().st_ctime >= older_than:
                remove_tree(path)
                count += 1
    return count


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
