"""Whether names change in one step: a version appears so, and a reader never sees half of one."""

from __future__ import annotations

from strongroom.storage import durable, kernel
from strongroom.storage.doctor.findings import BOTH, WRITERS, Outcome, Probe, bad, good, limited
from strongroom.storage.doctor.folder.site import FolderSite


def _replace(site: FolderSite) -> Outcome:
    """A file that is open goes on being what it was, and the name never is without a file."""
    target = site.write("replaced", b"old")
    source = site.write("replacing", b"new")
    with target.open("rb") as stream:
        durable.rename(source, target)
        held = stream.read()
    if (held, target.read_bytes(), source.exists()) != (b"old", b"new", False):
        return bad("a file that was open changed under its reader", "Readers can see half of two.")
    return good("replaces, and readers keep what they had")


def _noreplace(site: FolderSite) -> Outcome:
    """``renameat2`` with ``RENAME_NOREPLACE``: of two writers of a version one wins."""
    target = site.write("taken", b"first")
    source = site.write("late", b"second")
    try:
        here = kernel.rename_noreplace(str(source), str(target))
    except FileExistsError:
        return good("enforced")
    if here:
        return bad("a file was replaced", "A version of another writer could be overwritten.")
    return limited("not here", "Two hosts must not write to the same storage root.")


def _exchange(site: FolderSite) -> Outcome:
    """``RENAME_EXCHANGE``: what was replaced can be looked at, and put back."""
    one, other = site.write("one", b"1"), site.write("other", b"2")
    if not durable.exchange(one, other):
        return limited("not here", "Two hosts must not write to the same storage root.")
    if (one.read_bytes(), other.read_bytes()) != (b"2", b"1"):
        return bad("the files were not exchanged", "A version of another could be overwritten.")
    return good("works")


REPLACE = Probe(
    name="rename",
    title="Atomic rename",
    why="Files and versions appear whole.",
    needed=BOTH,
    run=_replace,
)
NOREPLACE = Probe(
    name="rename-noreplace",
    title="Rename to a free name",
    why="Of two writers of a version one wins.",
    needed=WRITERS,
    run=_noreplace,
)
EXCHANGE = Probe(
    name="rename-exchange",
    title="Exchange of names",
    why="Writers on other hosts are kept apart, too.",
    needed=WRITERS,
    run=_exchange,
)
