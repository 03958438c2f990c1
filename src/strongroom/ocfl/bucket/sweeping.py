"""Clears unfinished work away: first it is given up, and later, when nobody can finish it, buried.

Between the two lies the time in which a request that was signed before can still be carried out.
Only then is content deleted: what was listed before the notes were read, and these before the
inventory. Whatever a writer has stored by then is its note's, or was named before the note went.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from strongroom.errors import StrongroomError
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl import replacing
from strongroom.ocfl.backend import Repairs, reason
from strongroom.ocfl.bucket import commit, intents, owners, purging, recovery
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.declared import IDENTITY
from strongroom.ocfl.digests import CONTENT, of
from strongroom.ocfl.evidence import VERSION
from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.paths import StoragePath
from strongroom.storage.s3 import abandoned
from strongroom.storage.s3.bucket import Listed

log = logging.getLogger(__name__)

#: seconds after which work of another host, of which nobody can say whether it lives, is given up
_FORGOTTEN = 24 * 3600
#: what lies in staging and is no trial of the store
_STAYS = ("README.txt", IDENTITY, "work/", "aside/")


def settle(site: BucketSite) -> Repairs:
    """Repair every object that a note points to, and give up or bury what was stopped."""
    done: list[str] = []
    failed: list[str] = []
    for held, age in _notes(site):
        try:
            done += _settle_one(site, held, age, 0)
        except (StrongroomError, OSError) as error:
            failed.append(reason(error, f"unfinished work {held.key}"))
    _clear_trials(site)
    return Repairs(done=tuple(done), failed=tuple(failed))


def sweep(site: BucketSite, *, older_than: float, keep: Collection[str]) -> int:
    """The same for work that is older than so many seconds and not in ``keep``; how many ended."""
    ended: int = 0
    for held, age in _notes(site):
        if held.note.attempt in keep:
            continue
        try:
            ended += bool(_settle_one(site, held, age, older_than))
        except (StrongroomError, OSError) as error:
            log.warning("unfinished work is left where it is: %s", reason(error, held.key))
    return ended


def _notes(site: BucketSite) -> Iterator[tuple[Held, float]]:
    """All notes, and how many seconds ago each was written, by the clock of the store."""
    lying = list(intents.listed(site))
    now = site.bucket.clock() if lying else None
    for entry in lying:
        held = intents.read(site.bucket, entry.key)
        if held is not None and now is not None:
            # the clocks of a store tick in seconds, and not all at once
            yield held, max(0.0, (now - _written(held)).total_seconds())


def _written(held: Held) -> datetime:
    if held.modified is None:
        raise ValueError("a note that was never read")
    return held.modified


def _settle_one(site: BucketSite, held: Held, age: float, older_than: float) -> list[str]:
    """Bring one piece of work nearer to its end; what there is to tell."""
    name = held.key.rpartition("/")[2]
    if not held.note.given_up and _may_live(held, age, older_than):
        return []
    repaired = recovery.repair(site, held.note.object_id)
    told = [repaired] if repaired else []
    if held.note.given_up:
        if age >= site.burial and bury(site, held):
            told.append(f"cleared unfinished work {name}")
    elif _is_committed(site, held):
        if intents.close(site, held):
            told = told or [f"ended the work {name}, which was done"]
    elif intents.give_up(site, held):
        told = told or [f"gave up unfinished work {name}"]
    return told


def _may_live(held: Held, age: float, older_than: float) -> bool:
    """Whether somebody may be at this work, or else whether it is too young to be judged."""
    lives = owners.lives(held.note.owner)
    return age < older_than or bool(lives) or (lives is None and age < _FORGOTTEN)


def _clear_trials(site: BucketSite) -> None:
    """Remove what openers of the root have left that were stopped as they tried the store."""
    staging = site.key_of(f"extensions/{STAGING}/")
    keys, deeper = site.bucket.level(staging)
    odd = [entry for entry in keys if entry.key[len(staging) :] not in _STAYS]
    for prefix in deeper:
        if prefix[len(staging) :] not in _STAYS:
            odd += site.bucket.listing(prefix)
    if odd:
        now = site.bucket.clock()
        for entry in odd:
            # the clocks of a store tick in seconds, and not all at once
            if max(0.0, (now - entry.modified).total_seconds()) >= site.burial:
                site.bucket.delete(entry.key)


def _is_committed(site: BucketSite, held: Held) -> bool:
    """Whether the version that the work was for is in its object."""
    root = commit.root_of(site, site.object_path(held.note.object_id))
    if root is None:
        return False
    if held.note.inventory in {of(name, root.data) for name in CONTENT}:
        return True
    inventory = inventories.parse(root.data)
    mark = f"/{held.note.nonce}/"
    return any(mark in path for paths in inventory.manifest.values() for path in paths)


# ------------------------------------------------------------------------------------------ burial


def bury(site: BucketSite, held: Held) -> bool:
    """Delete what is left of work that nobody can finish any more, and its note.

    False, and nothing is done, if that has to wait for other work.
    """
    path = site.object_path(held.note.object_id)
    is_purge = held.note.purpose == "purge"
    found = _of_purged(site, path) if is_purge else _of_attempt(site, path, held.note.nonce)
    notes = purging.others(site, held)
    root = commit.root_of(site, path)
    named = None if root is None else purging.named(root)
    in_the_way = [other for other in notes if not _is_old_purge(site, other)]
    if is_purge:
        if root is None and in_the_way:
            return False
        if root is not None and of("sha256", root.data) == held.note.base:
            found = []  # it was stopped before it purged anything
        # of an object that came since, nothing is older than the purge
        until = _written(held) + timedelta(seconds=0 if named is not None else site.burial)
        found = [entry for entry in found if entry.modified <= until]
    start = len(site.object_key(path, ""))
    others = {other.note.nonce for other in notes}
    site.bucket.delete_all(
        [entry.key for entry in found if _is_dead(entry.key[start:], named, others)]
    )
    if held.note.inventory is not None:
        purging.clear_sidecars(site, path, held.note.inventory)
    if not is_purge:
        whole = site.object_key(path, "v")
        abandoned.abort(site.bucket, whole, math.inf, within=f"/{held.note.nonce}/")
    if named is None and not in_the_way:
        purging.clear_declarations(site, held, path)
    intents.remove(site, held)
    return True


def _is_old_purge(site: BucketSite, held: Held) -> bool:
    """Whether a note is of a purge that waits for its own burial, as soon as somebody comes."""
    age = (site.bucket.clock() - _written(held)).total_seconds()
    return held.note.purpose == "purge" and age >= site.burial


def _is_dead(below: str, named: Collection[str] | None, others: Collection[str]) -> bool:
    """Whether a file that an attempt or a purge has left belongs to nobody."""
    if named is None:
        return True
    segments = below.split("/")
    is_content = len(segments) > 2 and VERSION.fullmatch(segments[0]) is not None
    # all else is that of the object that came since
    return is_content and segments[2] not in others and below not in named


def _of_attempt(site: BucketSite, path: StoragePath, nonce: str) -> list[Listed]:
    """The content of one attempt, whichever version it was for."""
    return [
        entry
        for prefix in purging.version_prefixes(site, path)
        for folder in site.bucket.level(prefix)[1]
        for entry in site.bucket.listing(f"{folder}{nonce}/")
    ]


def _of_purged(site: BucketSite, path: StoragePath) -> list[Listed]:
    """All that lies there, but for the declaration."""
    prefix = site.object_key(path, "")
    declaration = prefix + replacing.DECLARATION
    return [entry for entry in site.bucket.listing(prefix) if not entry.key.startswith(declaration)]
