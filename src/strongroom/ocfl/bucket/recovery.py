"""Repairs of what a stopped writer can leave behind in a bucket, by the table of crash states.

The root inventory says at which version an object is. A version's own inventory that lies beyond it
is complete, for its content was proved before: it is committed, unless that work was given up.
Everything else follows from the root inventory. Nothing here deletes content.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

from strongroom.errors import Damaged
from strongroom.ocfl import evidence, replacing, stored
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl.bucket import commit, completeness, intents, purging
from strongroom.ocfl.bucket.commit import Root, VersionTaken
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.evidence import VERSION
from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.storage.s3.bucket import NEW, Condition, Found
from strongroom.storage.s3.prepared import Expired, PreparedPut, prepare_put
from strongroom.storage.s3.trouble import ConditionFailed

_RESTORED = "restored its inventory from the copy that its sidecar proves"


def repair(site: BucketSite, object_id: str) -> str | None:
    """Repair an object; what was done, None if nothing was wrong.

    Damaged if it cannot be repaired without a copy.
    """
    path = site.object_path(object_id)
    root = commit.root_of(site, path)
    if root is None:
        done = _begun(site, object_id, path)
    else:
        done = [_RESTORED] if _restore_inventory(site, path, root) else []
        done += _settle(site, object_id, path)
    return f"'{object_id}': " + ", ".join(done) if done else None


def _settle(site: BucketSite, object_id: str, path: StoragePath) -> list[str]:
    """Make everything about an object that has a root inventory follow from it; what was done."""
    found = stored.load(site.store, path, f"'{object_id}'")
    return finish(site, path, found.inventory) + _next_version(site, found)


# ------------------------------------------------------------ what follows from the root inventory


def finish(site: BucketSite, path: StoragePath, inventory: Inventory) -> list[str]:
    """Make everything about an object agree with its root inventory; what was done.

    The sidecar, the newest version's own copy, and the declaration. The root inventory is read
    last, and again once the corrections are signed: a correction that comes late finds its file
    changed by whoever made the root inventory newer, and one that comes later still has expired.
    """
    folder = inventory.version_folder(inventory.head)
    name = stored.sidecar_name(inventory.digest_algorithm)
    lying = commit.look(site, path)
    names = (f"{folder}/{INVENTORY}", f"{folder}/{name}", name)
    held = {below: _at(site, path, below) for below in names}
    root = commit.root_of(site, path)
    if root is None or inventories.parse(root.data).head != inventory.head:
        return []
    line = stored.sidecar(hashlib.new(inventory.digest_algorithm, root.data).hexdigest())
    wanted = dict(zip(names, (root.data, line, line), strict=True))
    told = dict(
        zip(
            names,
            (
                f"rewrote the inventory of {folder}",
                f"rewrote the sidecar of {folder}",
                "rewrote the sidecar of its inventory",
            ),
            strict=True,
        )
    )
    spec, declared = replacing.declaration(inventory.spec)
    if spec not in lying.files:
        wanted[spec], held[spec] = declared, None
    prepared = {
        below: _correction(site, path, below, body, held[below])
        for below, body in wanted.items()
        if (now := held[below]) is None or now[0] != body
    }
    old = lying.declarations() - {spec}
    if not prepared and not old:
        return []
    again = commit.root_of(site, path)
    if again is None or again.etag != root.etag:
        return []  # it went on; so does whoever did that
    sent = {below for below, request in prepared.items() if _corrected(request)}
    for other in old:
        site.bucket.delete(site.object_key(path, other))
    done = [told[below] for below in names if below in sent]
    if old or spec in sent:
        done.append(f"made {inventory.spec} the one specification that it declares")
    return done


def _at(site: BucketSite, path: StoragePath, below: str) -> tuple[bytes, Found] | None:
    try:
        return site.bucket.get(site.object_key(path, below))
    except FileNotFoundError:
        return None


def _correction(
    site: BucketSite, path: StoragePath, below: str, body: bytes, now: tuple[bytes, Found] | None
) -> PreparedPut:
    condition = NEW if now is None else Condition(etag=now[1].etag)
    return prepare_put(
        site.bucket, site.object_key(path, below), body, condition, expires=site.lease
    )


def _corrected(request: PreparedPut) -> bool:
    """Send a correction; whether it was made. Another writer that is faster is right."""
    try:
        request.send()
    except (ConditionFailed, Expired):
        return False
    return True


def _restore_inventory(site: BucketSite, path: StoragePath, root: Root) -> bool:
    """Put a version's proven copy in the place of a damaged root inventory; whether it was one."""
    try:
        stored.load(site.store, path)
    except Damaged as error:
        copy = evidence.proven_copy(site.store, path, error)
        try:
            key = site.object_key(path, INVENTORY)
            site.bucket.put(key, copy, Condition(etag=root.etag))
        except ConditionFailed:
            return False
        return True
    return False


def _restore_lost(site: BucketSite, object_id: str, path: StoragePath) -> bool:
    """Put a version's proven copy where there is no root inventory any more; whether it was lost.

    An object has a sidecar only after it had an inventory. A purge leaves its note before it takes
    that away, and keeps it until the sidecar is gone; so the note is looked for after the sidecar.
    """
    lying = commit.look(site, path).files
    if not any(name.startswith(f"{INVENTORY}.") for name in lying):
        return False
    copy = evidence.copy_by_sidecar(site.store, path, f"'{object_id}'")
    if copy is None or inventories.parse(copy).id != object_id:
        return False
    if any(held.note.purpose == "purge" for held in intents.about(site, object_id)):
        return False
    try:
        site.bucket.put(site.object_key(path, INVENTORY), copy, NEW)
    except ConditionFailed:
        return False  # another was faster
    return True


# ------------------------------------------------------------------- versions beyond the inventory


def _begun(site: BucketSite, object_id: str, path: StoragePath) -> list[str]:
    """What lies of an object without a root inventory: a first version, or what a purge has left.

    A first version is committed only for a note that announces just this one. Without that it may
    be the beginning of an object whose root inventory was lost, which is restored if it can be.
    """
    data = _at(site, path, f"v1/{INVENTORY}")
    notes = intents.about(site, object_id)
    if any(held.note.purpose == "purge" for held in notes):
        cleared = purging.clear_metadata(site, path, notes)
        if cleared:
            return ["removed what a purge has left"]
    work = _announced(notes, data[0]) if data else []
    if not work and _restore_lost(site, object_id, path):
        return [_RESTORED, *_settle(site, object_id, path)]
    if data is None:
        return []
    text, found = data
    if not work:
        if commit.root_of(site, path) is not None or _at(site, path, f"v1/{INVENTORY}") is None:
            return []  # another writer was faster
        raise Damaged(
            f"'{object_id}' has no inventory, though its first version has one. "
            "Restore it from a copy.",
            code="bad-inventory",
            operator=f"the object is {site.store.place(path)}",
        )
    try:
        inventory = inventories.parse(text)
        wrong = _not_first(inventory, work[0].note.object_id) or next(
            completeness.faults(site, path, inventory), ""
        )
    except Damaged as error:
        return _put_aside(site, path, "v1", text, found.etag, f"it is damaged ({error.message})")
    return _settle_version(site, path, inventory, text, found.etag, None, wrong)


def _not_first(inventory: Inventory, object_id: str) -> str:
    if inventory.id != object_id or inventory.head != 1:
        return "its inventory is that of another version or object"
    return ""


def _announced(notes: Iterable[Held], data: bytes) -> list[Held]:
    """The notes of those who were committing just this inventory."""
    found = {hashlib.new(name, data).hexdigest() for name in ("sha256", "sha512")}
    return [held for held in notes if held.note.inventory in found]


def _next_version(site: BucketSite, found: StoredObject) -> list[str]:
    """A version beyond the root inventory: committed if it is complete, else taken out."""
    head = found.inventory.head
    beyond = {
        int(match.group(1)): name
        for name in commit.look(site, found.path).folders
        if (match := VERSION.fullmatch(name)) and int(match.group(1)) > head
    }
    lying = {
        number: version
        for number, name in beyond.items()
        if (version := _at(site, found.path, f"{name}/{INVENTORY}")) is not None
    }
    root = commit.root_of(site, found.path)
    if root is None or stored.digest_of(root.data, found.inventory) != found.inventory_digest:
        return []  # another writer was faster
    done: list[str] = []
    for number in sorted(lying):
        if number > head + 1 and _follows(found.inventory, lying[number][0]):
            raise Damaged(
                f"'{found.id}' has versions that its inventory (at v{head}) does not know. "
                "An older inventory seems to have been put in place of the newest; restore that.",
                code="unknown-versions",
                operator=f"the versions are {', '.join(beyond[each] for each in lying)}",
            )
    for number in sorted(lying, reverse=True):
        text, entry = lying[number]
        folder, etag = beyond[number], entry.etag
        try:
            inventory = inventories.parse(text)
            wrong = next(evidence.not_following(found.inventory, inventory, folder), "")
            wrong = wrong or next(completeness.faults(site, found.path, inventory), "")
        except Damaged as error:
            why = f"it is damaged ({error.message})"
            done += _put_aside(site, found.path, folder, text, etag, why)
            continue
        done += _settle_version(site, found.path, inventory, text, etag, root, wrong, folder)
    return done


def _follows(base: Inventory, text: bytes) -> bool:
    """Whether an inventory, of however many versions more, is of the same object's history."""
    try:
        inventory = inventories.parse(text)
    except Damaged:
        return True  # nobody can tell that it is not
    return inventory.id == base.id and all(
        inventory.versions.get(number) == entry for number, entry in base.versions.items()
    )


def _settle_version(
    site: BucketSite,
    path: StoragePath,
    inventory: Inventory,
    data: bytes,
    etag: str,
    root: Root | None,
    wrong: str,
    folder: str | None = None,
) -> list[str]:
    """Commit a version that lies in its object, if nothing is wrong with it."""
    folder = folder or inventory.version_folder(inventory.head)
    if wrong:
        return _put_aside(site, path, folder, data, etag, wrong)
    # signed before it is asked whether the work may be finished: see the module commit
    prepared = commit.prepare(site, path, inventory, data, root, commit.look(site, path))
    work = _announced(intents.about(site, inventory.id), data)
    if any(held.note.given_up for held in work):
        return _put_aside(site, path, folder, data, etag, "the work on it was given up")
    # where no note is (other programs leave none), what lies there still is not cleared yet
    still = site.bucket.head(site.object_key(path, f"{folder}/{INVENTORY}"), checksum=False)
    if still is None or still.etag != etag or (root is None and not work):
        return []
    try:
        if not commit.send(prepared):
            finish(site, path, inventory)
    except (VersionTaken, ConditionFailed):
        return []  # another writer was faster
    return [f"committed version {inventory.head}, which was complete"]


def _put_aside(
    site: BucketSite, path: StoragePath, folder: str, data: bytes, etag: str, why: str
) -> list[str]:
    """Take a version's inventory out of an object, and keep it for people to look at."""
    label = path.rpartition("/")[2][:32]
    name = f"extensions/{STAGING}/aside/{label}-{folder}-{secrets.token_hex(6)}.json"
    site.bucket.put(site.key_of(name), data, NEW, content_type="application/json")
    if not commit.take_out(site, path, folder, etag):
        site.bucket.delete(site.key_of(name))
        return []
    root = commit.root_of(site, path)
    if root is not None and root.data == data:
        # its writer was not dead, and has committed it in this moment
        return finish(site, path, inventories.parse(data))
    return [f"put the inventory of an uncommitted {folder} aside as {name}, because {why}"]
