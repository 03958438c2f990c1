"""Whether this user may do what is done all the time; all else is tried only if so."""

from __future__ import annotations

from strongroom.storage import durable
from strongroom.storage.doctor.findings import BOTH, Outcome, Probe, bad, good
from strongroom.storage.doctor.folder.site import FolderSite


def _rights(site: FolderSite) -> Outcome:
    means = "Nothing else was tried. Look at the owner and the permissions of the folder."
    try:
        durable.make_folder(site.folder)
        path = site.write("rights", b"x")
        if path.read_bytes() != b"x" or [each.name for each in site.folder.iterdir()] != ["rights"]:
            return bad("what was written is not there", means)
        durable.unlink(path)
    except OSError as error:
        return bad(f"refused: {error.strerror}", means)
    return good("write, read, list and delete")


RIGHTS = Probe(
    name="rights",
    title="Rights",
    why="All that is done all the time is allowed.",
    needed=BOTH,
    run=_rights,
)
