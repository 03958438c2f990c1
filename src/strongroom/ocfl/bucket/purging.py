"""Takes objects away for ever: by one request, after which the rest is nobody's.

The root inventory goes first, if it is the one that was looked at. All other metadata goes at once,
each file only as it was when it was listed, so that nothing of an object that comes anew is hit.
Content, and the declaration, are left to the burial of the note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from strongroom.ocfl import conflicts, replacing
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl.bucket import commit, intents, owners
from strongroom.ocfl.bucket.commit import Root
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.digests import CONTENT, of
from strongroom.ocfl.evidence import VERSION
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import INVENTORY
from strongroom.storage.s3.bucket import Condition, Listed
from strongroom.storage.s3.trouble import ConditionFailed

_WORKERS = 16


def purge(site: BucketSite, object_id: str) -> None:
    """Take an object away; harmless if it is gone. Conflict if it is changed at this moment."""
    path = site.object_path(object_id)
    root = commit.root_of(site, path)
    if root is None:
        return
    if not site.layout.one_to_one and inventories.parse(root.data).id != object_id:
        return
    note = intents.Note(
        purpose="purge",
        object_id=object_id,
        nonce=site.mint(),
        base=of("sha256", root.data),
        started=site.clock().isoformat(),
        owner=owners.this_process(),
        given_up=True,
    )
    intents.write(site, note)
    for other in intents.about(site, object_id):
        intents.give_up(site, other)
    try:
        site.bucket.delete(site.object_key(path, INVENTORY), Condition(etag=root.etag))
    except ConditionFailed:
        # the note stays: the answer of a purge that was carried out may have been lost
        raise conflicts.changed(object_id, "it was, just as it was to be purged") from None
    clear_metadata(site, path, intents.about(site, object_id))


def clear_metadata(site: BucketSite, path: StoragePath, notes: Iterable[Held]) -> int:
    """Remove what lies of an object that has no root inventory, but for content and declaration.

    A first version that somebody commits at this moment is left alone: ``notes`` tell of it, which
    were read after that was looked for. How many files went.
    """
    found = metadata(site, path)
    if commit.root_of(site, path) is not None:
        return 0
    spared = _being_committed(site, path, notes)
    dead = [entry for entry in found if not entry.key.startswith(spared)]

    def remove(entry: Listed) -> None:
        with suppress(ConditionFailed):
            site.bucket.delete(entry.key, Condition(etag=entry.etag))

    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(remove, dead))
    return len(dead)


def _being_committed(site: BucketSite, path: StoragePath, notes: Iterable[Held]) -> tuple[str, ...]:
    """How the keys of a first version begin for which there is an open note."""
    key = site.object_key(path, f"v1/{INVENTORY}")
    found = _digests(site, key)
    is_open = any(held.note.inventory in found and not held.note.given_up for held in notes)
    return (key,) if is_open else ()


def metadata(site: BucketSite, path: StoragePath) -> list[Listed]:
    """The files of an object that are neither content nor its declaration."""
    declaration = site.object_key(path, replacing.DECLARATION)
    keys, _ = site.bucket.level(site.object_key(path, ""))
    found = [entry for entry in keys if not entry.key.startswith(declaration)]
    for prefix in version_prefixes(site, path):
        found += site.bucket.level(prefix)[0]
    for folder in ("extensions/", "logs/"):
        found += site.bucket.listing(site.object_key(path, folder))
    return found


def version_prefixes(site: BucketSite, path: StoragePath) -> list[str]:
    """The prefixes, with a slash, of an object's versions."""
    start = len(site.object_key(path, ""))
    _, deeper = site.bucket.level(site.object_key(path, "v"))
    return [prefix for prefix in deeper if VERSION.fullmatch(prefix[start:-1])]


def clear_sidecars(site: BucketSite, path: StoragePath, digest: str) -> None:
    """Remove sidecars of an inventory that did not come to anything, where it is not itself.

    A writer that was asleep may have sent one after the inventory was taken out.
    """
    for prefix in version_prefixes(site, path):
        for entry in site.bucket.level(f"{prefix}{INVENTORY}.")[0]:
            try:
                line = site.bucket.get(entry.key)[0]
                if line.split()[:1] != [digest.encode()]:
                    continue
                if digest in _digests(site, f"{prefix}{INVENTORY}"):
                    continue
                site.bucket.delete(entry.key, Condition(etag=entry.etag))
            except (FileNotFoundError, ConditionFailed):
                continue  # somebody is at it


def _digests(site: BucketSite, key: str) -> set[str]:
    """What the digest of a file is, by any algorithm that addresses content; empty without it."""
    try:
        data, _ = site.bucket.get(key)
    except FileNotFoundError:
        return set()
    return {of(name, data) for name in CONTENT}


def named(root: Root) -> Collection[str]:
    """All content paths that a root inventory names; Damaged if that cannot be told."""
    inventory = inventories.parse(root.data)
    return frozenset(held for paths in inventory.manifest.values() for held in paths)


def clear_declarations(site: BucketSite, held: Held, path: StoragePath) -> None:
    """Remove the declaration of an object that never was, or is no more, if nothing else is there.

    ``held`` is the note of whoever does this. A writer that begins meanwhile has left its note
    first, and so is seen afterwards.
    """
    lying = list(site.bucket.listing(site.object_key(path, "")))
    declaration = site.object_key(path, replacing.DECLARATION)
    if any(not entry.key.startswith(declaration) for entry in lying):
        return  # something that we do not know lies there
    declared = [(entry.key, site.bucket.get(entry.key)[0]) for entry in lying]
    for key, _ in declared:
        site.bucket.delete(key)
    if declared and (others(site, held) or commit.root_of(site, path) is not None):
        for key, body in declared:
            site.bucket.put(key, body)


def others(site: BucketSite, held: Held) -> list[Held]:
    """The notes of others in the same place."""
    return [other for other in intents.about(site, held.note.object_id) if other.key != held.key]
