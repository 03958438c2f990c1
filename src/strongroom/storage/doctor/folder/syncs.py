"""Whether files and names can be brought onto the disk: what was promised must outlive a power cut.

Whether the disk keeps what it says it has cannot be seen from here.
"""

from __future__ import annotations

import os

from strongroom.storage import durable
from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good, limited
from strongroom.storage.doctor.folder.site import FolderSite


def _syncs(site: FolderSite) -> Outcome:
    path = site.write("synced", b"x")
    descriptor = os.open(path, os.O_RDWR)
    try:
        durable.sync_file(descriptor)
        durable.sync_folder(site.folder)
    except OSError as error:
        return bad(f"refused: {error.strerror}", "A power cut can take what was preserved.")
    finally:
        os.close(descriptor)
    folder = os.open(site.folder, durable.FOLDER)
    try:
        whole = durable.sync_file_system(folder)
    finally:
        os.close(folder)
    if not whole:
        return limited("files and folders, one by one", "Many small files take longer.")
    return good("files, folders and the whole file system")


SYNCS = Probe(
    name="sync",
    title="fsync, syncfs",
    why="What was preserved outlives a power cut.",
    needed=BOTH,
    run=_syncs,
)
