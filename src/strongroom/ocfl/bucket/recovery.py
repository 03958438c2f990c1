"""Repairs of what a stopped writer can leave behind in a bucket, by the table of crash states.

The root inventory says at which version an object is. A version's own inventory that lies beyond it
is complete, for its content was proved before: it is committed, unless that work was given up.
Everything else follows from the root inventory. Nothing here deletes content.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from strongroom.errors import Damaged
from strongroom.ocfl import evidence, replacing, stored
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl.bucket import commit, intents
from strongroom.ocfl.bucket.commit import GivenUp, Root, VersionTaken
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.evidence import VERSION
from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import ContentPath, StoragePath
from strongroom.ocfl.reading import ObjectFolder
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.storage.s3.bucket import ANY, NEW, Condition, Listed
from strongroom.storage.s3.trouble import ConditionFailed

_WORKERS = 16
_CHUNK = 1 << 20


def repair(site: BucketSite, object_id: str) -> str | None:
    """Repair an object; what was done, None if nothing was wrong.

    Damaged if it cannot be repaired without a copy.
    """
    path = site.object_path(object_id)
    root = commit.root_of(site, path)
    done: list[str] = []
    if root is None:
        done += _begun(site, object_id, path)
    else:
        if _restore_inventory(site, path, root):
            done.append("restored its inventory from the copy that its sidecar proves")
        found = site.load(object_id)
        done += finish(site, path, found.inventory)
        done += _next_version(site, found)
    return f"'{object_id}': " + ", ".join(done) if done else None


def finish(site: BucketSite, path: StoragePath, inventory: Inventory) -> list[str]:
    """Make everything about an object agree with its root inventory; what was done.

    The sidecar, the newest version's own copy, and the declaration.
    """
    root = commit.root_of(site, path)
    if root is None or inventories.parse(root.data).head != inventory.head:
        return []
    done = []
    folder = inventory.version_folder(inventory.head)
    name = stored.sidecar_name(inventory.digest_algorithm)
    digest = hashlib.new(inventory.digest_algorithm, root.data).hexdigest()
    if _correct(site, path, f"{folder}/{INVENTORY}", root.data):
        done.append(f"rewrote the inventory of {folder}")
    if _correct(site, path, f"{folder}/{name}", stored.sidecar(digest)):
        done.append(f"rewrote the sidecar of {folder}")
    if _correct(site, path, name, stored.sidecar(digest)):
        done.append("rewrote the sidecar of its inventory")
    if _settle_declarations(site, path, inventory.spec):
        done.append(f"made {inventory.spec} the one specification that it declares")
    return done


def _correct(site: BucketSite, path: StoragePath, below: str, wanted: bytes) -> bool:
    """Make a file hold these bytes; whether it did not. Another writer that is faster is right."""
    key = site.object_key(path, below)
    try:
        data, found = site.bucket.get(key)
    except FileNotFoundError:
        condition = NEW
    else:
        if data == wanted:
            return False
        condition = Condition(etag=found.etag)
    try:
        site.bucket.put(key, wanted, condition)
    except ConditionFailed:
        return False
    return True


def _settle_declarations(site: BucketSite, path: StoragePath, spec: str) -> bool:
    """Leave the declaration that the inventory's type names as the only one; whether it was not."""
    name, body = replacing.declaration(spec)
    prefix = site.object_key(path, replacing.DECLARATION)
    names = [entry.key[len(prefix) - len(replacing.DECLARATION) :] for entry in _keys(site, prefix)]
    if names == [name]:
        return False
    if name not in names:
        site.bucket.put(site.object_key(path, name), body, ANY)
    for old in names:
        if old != name:
            site.bucket.delete(site.object_key(path, old))
    return True


def _keys(site: BucketSite, prefix: str) -> list[Listed]:
    return site.bucket.level(prefix)[0]


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


# ------------------------------------------------------------------- versions beyond the inventory


def _begun(site: BucketSite, object_id: str, path: StoragePath) -> list[str]:
    """A first version whose writer was stopped before its commit; what was done about it."""
    found = _version_at(site, path, "v1")
    if found is None:
        return []
    data, etag = found
    try:
        inventory = inventories.parse(data)
        wrong = _not_first(inventory, object_id) or next(_content_faults(site, path, inventory), "")
    except Damaged as error:
        return _put_aside(site, path, "v1", data, etag, f"it is damaged ({error.message})")
    return _settle_version(site, path, inventory, data, etag, None, wrong)


def _not_first(inventory: Inventory, object_id: str) -> str:
    if inventory.id != object_id or inventory.head != 1:
        return "its inventory is that of another version or object"
    return ""


def _next_version(site: BucketSite, found: StoredObject) -> list[str]:
    """A version beyond the root inventory: committed if it is complete, else taken out."""
    head = found.inventory.head
    _, deeper = site.bucket.level(site.object_key(found.path, "v"))
    start = len(site.object_key(found.path, ""))
    beyond = {
        int(match.group(1)): match.group(0)
        for prefix in deeper
        if (match := VERSION.fullmatch(prefix[start:-1])) and int(match.group(1)) > head
    }
    lying = {
        number: version
        for number, name in beyond.items()
        if (version := _version_at(site, found.path, name)) is not None
    }
    if not lying:
        return []
    if set(lying) != {head + 1}:
        raise Damaged(
            f"'{found.id}' has versions that its inventory (at v{head}) does not know. "
            "An older inventory seems to have been put in place of the newest; restore that.",
            code="unknown-versions",
            operator=f"the versions are {', '.join(beyond[number] for number in lying)}",
        )
    folder = beyond[head + 1]
    data, etag = lying[head + 1]
    root = commit.root_of(site, found.path)
    if root is None or stored.digest_of(root.data, found.inventory) != found.inventory_digest:
        return []  # another writer was faster
    try:
        inventory = inventories.parse(data)
        wrong = next(_against(site, found, inventory, folder), "")
    except Damaged as error:
        return _put_aside(site, found.path, folder, data, etag, f"it is damaged ({error.message})")
    return _settle_version(site, found.path, inventory, data, etag, root, wrong)


def _settle_version(
    site: BucketSite,
    path: StoragePath,
    inventory: Inventory,
    data: bytes,
    etag: str,
    root: Root | None,
    wrong: str,
) -> list[str]:
    """Commit a version that lies in its object, if nothing is wrong with it."""
    folder = inventory.version_folder(inventory.head)
    if wrong:
        return _put_aside(site, path, folder, data, etag, wrong)
    work = [held for held in intents.about(site, inventory.id) if _is_for(held, inventory)]
    # signed before it is asked whether the work may be finished: see the module commit
    prepared = commit.prepare(site, path, inventory, data, root)
    try:
        if any(held.note.given_up for held in work):
            raise GivenUp
        commit.carry_out(site, prepared, work)
    except GivenUp:
        return _put_aside(site, path, folder, data, etag, "the work on it was given up")
    except (VersionTaken, ConditionFailed):
        return []  # another writer was faster
    return [f"committed version {inventory.head}, which was complete"]


def _is_for(held: Held, inventory: Inventory) -> bool:
    """Whether a note is that of the attempt whose content this newest version has.

    A version without content of its own has nothing that could be lost meanwhile.
    """
    mark = f"{inventory.version_folder(inventory.head)}/{inventory.content_directory}/"
    mark += f"{held.note.nonce}/"
    return any(path.startswith(mark) for paths in inventory.manifest.values() for path in paths)


def _version_at(site: BucketSite, path: StoragePath, folder: str) -> tuple[bytes, str] | None:
    try:
        data, found = site.bucket.get(site.object_key(path, f"{folder}/{INVENTORY}"))
    except FileNotFoundError:
        return None
    return data, found.etag


def _put_aside(
    site: BucketSite, path: StoragePath, folder: str, data: bytes, etag: str, why: str
) -> list[str]:
    """Take a version's inventory out of an object, and keep it for people to look at."""
    label = path.rpartition("/")[2][:32]
    name = f"extensions/{STAGING}/aside/{label}-{folder}-{secrets.token_hex(6)}.json"
    site.bucket.put(site.key_of(name), data, NEW, content_type="application/json")
    prefix = site.object_key(path, f"{folder}/{INVENTORY}.")
    sidecars = [entry.key for entry in _keys(site, prefix)]
    try:
        site.bucket.delete(site.object_key(path, f"{folder}/{INVENTORY}"), Condition(etag=etag))
    except ConditionFailed:
        return []
    for key in sidecars:
        site.bucket.delete(key)
    return [f"put the inventory of an uncommitted {folder} aside as {name}, because {why}"]


# -------------------------------------------------------------------- whether a version is complete


def _against(
    site: BucketSite, found: StoredObject, inventory: Inventory, folder: str
) -> Iterator[str]:
    yield from evidence.not_following(found.inventory, inventory, folder)
    yield from _content_faults(site, found.path, inventory)


def _content_faults(site: BucketSite, path: StoragePath, inventory: Inventory) -> Iterator[str]:
    """What is missing of a version's content, or is not what its digest says."""
    mark = f"{inventory.version_folder(inventory.head)}/"
    wanted = [
        (held, digest)
        for digest, paths in inventory.manifest.items()
        for held in paths
        if held.startswith(mark)
    ]
    folder = ObjectFolder(
        id=inventory.id, store=site.store, path=path, algorithm=inventory.digest_algorithm
    )

    def fault(item: tuple[ContentPath, str]) -> str:
        held, digest = item
        found = site.bucket.head(site.object_key(path, held))
        if found is None:
            return f"'{held}' is missing"
        if inventory.digest_algorithm == "sha256" and found.sha256 is not None:
            return "" if found.sha256 == digest else f"'{held}' does not have its digest"
        hasher = hashlib.new(inventory.digest_algorithm)
        with folder.open(held) as stream:
            while data := stream.read(_CHUNK):
                hasher.update(data)
        return "" if hasher.hexdigest() == digest else f"'{held}' does not have its digest"

    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from (text for text in pool.map(fault, wanted) if text)
