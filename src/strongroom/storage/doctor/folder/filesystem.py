"""What kind of file system it is: some are gone after a start, some are shared with other hosts."""

from __future__ import annotations

from pathlib import Path

from strongroom.storage.doctor.findings import Outcome, Probe, good, limited, unknown
from strongroom.storage.doctor.folder.site import FolderSite

_VOLATILE = frozenset(("tmpfs", "ramfs"))
_SHARED = ("nfs", "cifs", "smb", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "9p", "glusterfs")
_MOUNTS = Path("/proc/self/mountinfo")


def _file_system(site: FolderSite) -> Outcome:
    if not _MOUNTS.exists():
        return unknown("not told on this system", "Look at it with 'mount'.")
    kind = kind_of(site.folder.resolve(), _MOUNTS.read_text(errors="surrogateescape"))
    if kind in _VOLATILE:
        return limited(f"{kind}, in memory", "Everything here is gone after the next start.")
    if kind.startswith(_SHARED):
        return limited(
            f"{kind}, shared",
            "What other hosts lock cannot be told from here: let one server and its workers write.",
        )
    return good(kind)


def kind_of(path: Path, mounts: str) -> str:
    """The file system of a path, by the text of ``mountinfo`` (proc_pid_mountinfo(5))."""
    best = (-1, "unknown")
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        place = Path(fields.split(" ")[4].replace("\\040", " "))
        if path.is_relative_to(place) and len(place.parts) >= best[0]:
            best = (len(place.parts), rest.split(" ")[0])
    return best[1]


FILE_SYSTEM = Probe(
    name="file-system",
    title="File system",
    why="It lasts, and it is this machine's.",
    run=_file_system,
)
