"""How much room there is, for bytes and for files."""

from __future__ import annotations

import os

from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good, limited
from strongroom.storage.doctor.folder.site import FolderSite

#: bytes and files below which it is worth a word
_LOW_BYTES, _LOW_FILES = 10 << 30, 10_000
_NONE_BYTES = 64 << 20


def _space(site: FolderSite) -> Outcome:
    found = os.statvfs(site.folder)
    room = found.f_bavail * found.f_frsize
    text = f"{room / 2**30:,.1f} GiB"
    # file systems without a fixed number of files tell 0 of 0
    files = found.f_favail if found.f_files else None
    if files is not None and files < _LOW_FILES:
        return limited(f"{text}, {files} files", "There is room for few files. Make room.")
    if room < _NONE_BYTES:
        return bad(text, "Nothing more can be kept here. Make room.")
    if room < _LOW_BYTES:
        return limited(text, "There is little room. Deposits and versions need it side by side.")
    return good(text)


SPACE = Probe(
    name="space",
    title="Free space",
    why="There is room.",
    needed=BOTH,
    run=_space,
)
