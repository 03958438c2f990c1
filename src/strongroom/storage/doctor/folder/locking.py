"""Whether locks part writers, as far as one machine can tell."""

from __future__ import annotations

import fcntl
import os

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.folder.site import FolderSite


def _locks(site: FolderSite) -> Outcome:
    path = site.write("locked", b"")
    first, second = os.open(path, os.O_RDWR), os.open(path, os.O_RDWR)
    means = "Whether another process works on something cannot be told."
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return good("part writers of this machine")
        return bad("two have the same lock", means)
    except OSError as error:
        return bad(f"refused: {error.strerror}", means)
    finally:
        os.close(first)
        os.close(second)


LOCKS = Probe(
    name="locks",
    title="Locks (flock)",
    why="Writers of one object take turns; what stopped writers left is told from work in hand.",
    needed=BOTH,
    run=_locks,
)
