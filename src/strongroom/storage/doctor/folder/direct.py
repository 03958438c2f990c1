"""Whether large files can be written past the page cache, which is faster and spares the cache."""

from __future__ import annotations

import os

from strongroom.storage.bigfile import LargeFile
from strongroom.storage.doctor.findings import Outcome, Probe, bad, good, limited
from strongroom.storage.doctor.folder.site import FolderSite

_SIZE = 3 << 20


def _direct(site: FolderSite) -> Outcome:
    path = site.folder / "large"
    data = os.urandom(_SIZE) + b"the rest"
    with LargeFile(str(path), len(data)) as large:
        buffer = large.buffer()
        buffer[: len(data)] = data
        large.submit(buffer[: len(data)])
        large.finish()
    if path.read_bytes() != data:
        return bad("other bytes came out", "Large files cannot be kept here.")
    flag = getattr(os, "O_DIRECT", 0)
    if not flag:
        return limited("not on this system", "Large files are written in the ordinary way.")
    try:
        os.close(os.open(path, os.O_WRONLY | flag))
    except OSError:
        return limited("not here", "Large files are written in the ordinary way.")
    return good("works")


DIRECT = Probe(
    name="direct",
    title="O_DIRECT",
    why="Large files are written past the page cache.",
    run=_direct,
)
