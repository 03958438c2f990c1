"""Clears unfinished work away: first it is given up, and later, when nobody can finish it, buried.

Between the two lies the time in which a request that was signed before can still be carried out.
Only then is content deleted, and only content that no inventory names.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import datetime

from strongroom.errors import StrongroomError
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl import replacing
from strongroom.ocfl.backend import Repairs, reason
from strongroom.ocfl.bucket import commit, intents, recovery
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.evidence import VERSION
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import INVENTORY

log = logging.getLogger(__name__)


def settle(site: BucketSite) -> Repairs:
    """Repair every object that a note points to, and give up or bury what was stopped."""
    done: list[str] = []
    failed: list[str] = []
    for held, modified in _notes(site):
        try:
            done += _settle_one(site, held, modified)
        except (StrongroomError, OSError) as error:
            failed.append(reason(error, f"unfinished work {held.key}"))
    return Repairs(done=tuple(done), failed=tuple(failed))


def sweep(site: BucketSite, *, older_than: float, keep: Collection[str]) -> int:
    """The same for work that is older than so many seconds and not in ``keep``; how many ended."""
    now = site.bucket.clock()
    ended: int = 0
    for held, modified in _notes(site):
        if held.note.attempt in keep:
            continue
        if not held.note.given_up and (now - modified).total_seconds() < older_than:
            continue
        try:
            _settle_one(site, held, modified)
            ended += 1
        except (StrongroomError, OSError) as error:
            log.warning("unfinished work is left where it is: %s", reason(error, held.key))
    return ended


def _notes(site: BucketSite) -> Iterator[tuple[Held, datetime]]:
    for entry in list(intents.listed(site)):
        held = intents.read(site.bucket, entry.key)
        if held is not None:
            yield held, entry.modified


def _settle_one(site: BucketSite, held: Held, modified: datetime) -> list[str]:
    """Bring one piece of work nearer to its end; what there is to tell."""
    name = held.key.rpartition("/")[2]
    repaired = recovery.repair(site, held.note.object_id)
    told = [repaired] if repaired else []
    if not held.note.given_up:
        if _is_committed(site, held):
            intents.remove(site, held)
        else:
            intents.give_up(site, held)
        return told or [f"gave up unfinished work {name}"]
    if (site.bucket.clock() - modified).total_seconds() >= site.burial:
        bury(site, held)
        return [*told, f"cleared unfinished work {name}"]
    return told


def _is_committed(site: BucketSite, held: Held) -> bool:
    """Whether the version that the work was for is in its object."""
    root = commit.root_of(site, site.object_path(held.note.object_id))
    if root is None:
        return False
    inventory = inventories.parse(root.data)
    mark = f"/{held.note.nonce}/"
    return any(mark in path for paths in inventory.manifest.values() for path in paths)


def bury(site: BucketSite, held: Held) -> None:
    """Delete what is left of work that nobody can finish any more, and its note."""
    path = site.object_path(held.note.object_id)
    named = _named(site, path)
    others = {
        other.note.nonce
        for other in intents.about(site, held.note.object_id)
        if other.key != held.key
    }
    if held.note.purpose == "purge":
        _delete_unnamed(site, path, named, others)
    else:
        _delete_attempt(site, path, held.note.nonce, named)
    if named is None and not others:
        _delete_declarations(site, held, path)
    intents.remove(site, held)


def _named(site: BucketSite, path: StoragePath) -> frozenset[str] | None:
    """All content paths that the object's inventory names; None if there is no object.

    Damaged if that cannot be told.
    """
    root = commit.root_of(site, path)
    if root is None:
        return None
    inventory = inventories.parse(root.data)
    return frozenset(held for paths in inventory.manifest.values() for held in paths)


def _delete_attempt(
    site: BucketSite, path: StoragePath, nonce: str, named: frozenset[str] | None
) -> None:
    """The content of one attempt, whichever version it was for."""
    start = len(site.object_key(path, ""))
    prefixes = [
        f"{prefix}{folder}{nonce}/"
        for prefix in _version_prefixes(site, path)
        for folder in _folders(site, prefix)
    ]
    keys = [
        entry.key
        for prefix in prefixes
        for entry in site.bucket.listing(prefix)
        if named is None or entry.key[start:] not in named
    ]
    site.bucket.delete_all(keys)


def _delete_unnamed(
    site: BucketSite, path: StoragePath, named: frozenset[str] | None, others: Collection[str]
) -> None:
    """All content that neither the inventory names nor another attempt has."""
    start = len(site.object_key(path, ""))

    def is_dead(below: str) -> bool:
        segments = below.split("/")
        if len(segments) < 3 or segments[2] in others:
            return False
        return named is None or below not in named

    keys = [
        entry.key
        for prefix in _version_prefixes(site, path)
        for entry in site.bucket.listing(prefix)
        if is_dead(entry.key[start:])
    ]
    site.bucket.delete_all(keys)


def _delete_declarations(site: BucketSite, held: Held, path: StoragePath) -> None:
    """The declaration of an object that never was, or is no more.

    A writer that begins meanwhile has left its note first, and so is seen afterwards.
    """
    prefix = site.object_key(path, replacing.DECLARATION)
    declared = [(entry.key, site.bucket.get(entry.key)[0]) for entry in site.bucket.listing(prefix)]
    for key, _ in declared:
        site.bucket.delete(key)
    begun = any(other.key != held.key for other in intents.about(site, held.note.object_id))
    if begun or commit.root_of(site, path) is not None:
        for key, body in declared:
            site.bucket.put(key, body)


def purge(site: BucketSite, object_id: str) -> None:
    """Take an object away by one request; its content is buried later, with the note of this."""
    path = site.object_path(object_id)
    root = commit.root_of(site, path)
    if root is None:
        return
    note = intents.Note(
        purpose="purge",
        object_id=object_id,
        nonce=site.mint(),
        started=site.clock().isoformat(),
        owner=site.owner,
        given_up=True,
    )
    for held in list(intents.about(site, object_id)):
        if not held.note.given_up:
            intents.give_up(site, held)
    intents.write(site, note)
    site.bucket.delete(site.object_key(path, INVENTORY))
    site.bucket.delete_all(_metadata(site, path))


def _metadata(site: BucketSite, path: StoragePath) -> list[str]:
    """The keys of an object that are neither content nor its declaration."""
    keys, _ = site.bucket.level(site.object_key(path, ""))
    found = [
        entry.key
        for entry in keys
        if not entry.key.startswith(site.object_key(path, replacing.DECLARATION))
    ]
    for prefix in _version_prefixes(site, path):
        found += [entry.key for entry in site.bucket.level(prefix)[0]]
    extras = site.bucket.listing(site.object_key(path, "extensions/"))
    logs = site.bucket.listing(site.object_key(path, "logs/"))
    return [*found, *(entry.key for entry in extras), *(entry.key for entry in logs)]


def _version_prefixes(site: BucketSite, path: StoragePath) -> list[str]:
    start = len(site.object_key(path, ""))
    _, deeper = site.bucket.level(site.object_key(path, "v"))
    return [prefix for prefix in deeper if VERSION.fullmatch(prefix[start:-1])]


def _folders(site: BucketSite, prefix: str) -> list[str]:
    """The names, with a slash, of the folders below a version: its content folder."""
    _, deeper = site.bucket.level(prefix)
    return [folder[len(prefix) :] for folder in deeper]
