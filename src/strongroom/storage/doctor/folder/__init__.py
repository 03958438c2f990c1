"""Probes of a folder of this machine, in the order in which they are run and told."""

from __future__ import annotations

from strongroom.storage.doctor.findings import Probe
from strongroom.storage.doctor.folder import (
    direct,
    filesystem,
    locking,
    names,
    renames,
    rights,
    space,
    syncs,
    times,
)
from strongroom.storage.doctor.folder.site import FolderSite

#: without these nothing else can be tried
FIRST: Probe[FolderSite] = rights.RIGHTS

PROBES: tuple[Probe[FolderSite], ...] = (
    filesystem.FILE_SYSTEM,
    space.SPACE,
    syncs.SYNCS,
    renames.REPLACE,
    renames.NOREPLACE,
    renames.EXCHANGE,
    locking.LOCKS,
    times.TIMES,
    names.NAMES,
    direct.DIRECT,
)
