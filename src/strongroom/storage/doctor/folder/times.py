"""Whether the times of files are fine enough to tell that one was changed.

A digest that was taken counts as long as size, times and inode are the same; what was changed
within the last 100 ms is hashed again.
"""

from __future__ import annotations

import time

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.folder.site import FolderSite

#: seconds between two changes that must be told apart
_APART = 0.05
_TRIES = 4


def _times(site: FolderSite) -> Outcome:
    path = site.write("changed", b"0")
    seen = {_signature(path.stat())}
    for number in range(1, _TRIES + 1):
        time.sleep(_APART)
        with path.open("r+b") as stream:
            stream.write(b"%d" % number)
        seen.add(_signature(path.stat()))
    if len(seen) <= _TRIES:
        return bad(
            f"changes within {_APART * 1000:.0f} ms are not told",
            "A file that was changed could be taken for unchanged.",
        )
    return good("tell changes")


def _signature(status: object) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_ctime_ns  # type: ignore[attr-defined]


TIMES = Probe(
    name="times",
    title="Times of files",
    why="Digests that were taken are good until a file changes.",
    needed=BOTH,
    run=_times,
)
