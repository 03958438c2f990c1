"""Repairs of what a stopped writer can leave behind, by the table of crash states.

Stopped before its version folder was moved in, a writer leaves staging only; after that, the
version is complete on disk (all was synced first) and is rolled forward; after the root inventory,
only the sidecar is missing. Whatever else is found is put aside or reported, never deleted.
Functions here expect the object's lock to be held, but for :func:`recover`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.errors import Damaged
from strongroom.ocfl import evidence, metadata, paths, replacing, stored
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl.evidence import VERSION
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.site import Site
from strongroom.ocfl.staging import Intent
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.storage import durable, syncing


def recover(site: Site, object_id: str) -> str | None:
    """Repair an object, under its lock; what was done, None if nothing was wrong.

    Damaged if it cannot be repaired without a copy.
    """
    with site.hold(object_id):
        return repair(site, object_id)


def repair(site: Site, object_id: str) -> str | None:
    """The same, for callers that hold the lock."""
    folder = site.object_folder(object_id)
    if not folder.is_dir() or not any(folder.iterdir()):
        pruned = prune(site, folder)
        return f"removed {pruned} empty folders of '{object_id}'" if pruned else None
    done = []
    if _restore_inventory(site, object_id, folder):
        done.append("restored its inventory from the copy that its sidecar proves")
    found = site.load(object_id)
    said = stored.read_sidecar(site.store, found.path, found.algorithm, f"'{object_id}'")
    if said != found.inventory_digest:
        name = stored.sidecar_name(found.algorithm)
        _write(site, object_id, folder / name, stored.sidecar(found.inventory_digest))
        done.append("rewrote the sidecar of its inventory")
    done += _settle_versions(site, found)
    found = site.load(object_id)
    if _settle_declarations(site, found):
        done.append(f"made {found.inventory.spec} the one specification that it declares")
    return f"'{object_id}': " + ", ".join(done) if done else None


def prune(site: Site, folder: Path) -> int:
    """Remove the empty folders where an object is (or was) not; how many there were (E073)."""
    removed = 0
    while folder != site.folder:
        try:
            durable.remove_folder(folder)
            removed += 1
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            break
        folder = folder.parent
    if removed:
        sync_nearest(site, folder)
    return removed


def sync_nearest(site: Site, folder: Path) -> None:
    """Sync a folder that lost a name; where a neighbour's purge took it away, the one above it."""
    while folder != site.folder:
        try:
            durable.sync_folder(folder)
            return
        except FileNotFoundError:
            folder = folder.parent
    durable.sync_folder(folder)


def _restore_inventory(site: Site, object_id: str, folder: Path) -> bool:
    """Put an inventory in the place of a lost or damaged one; whether that was needed."""
    try:
        site.load(object_id)
    except Damaged as error:
        copy = evidence.proven_copy(site.store, site.object_path(object_id), error)
        _write(site, object_id, folder / INVENTORY, copy)
        return True
    return False


def _settle_declarations(site: Site, found: StoredObject) -> bool:
    """Leave the declaration that the inventory's type names as the only one; whether it was not."""
    folder = site.folder / found.path
    names = replacing.declarations(folder)
    if names == [replacing.declaration(found.inventory.spec)[0]]:
        return False
    with _place(site, found.id) as place:
        return replacing.settle_declarations(folder, place, found.inventory.spec)


def _settle_versions(site: Site, found: StoredObject) -> list[str]:
    """Roll a version forward that was moved in but not committed, or put it aside."""
    head, inside = found.inventory.head, site.folder / found.path
    numbers = {
        int(match.group(1)): path
        for path in inside.iterdir()
        if (match := VERSION.fullmatch(path.name)) and int(match.group(1)) > head
    }
    if not numbers:
        return []
    if set(numbers) != {head + 1}:
        raise Damaged(
            f"'{found.id}' has folders for versions that its inventory (at v{head}) does not know. "
            "An older inventory seems to have been put in place of the newest; restore that.",
            code="unknown-versions",
            operator=f"the folders are {', '.join(map(str, numbers.values()))}",
        )
    folder = numbers[head + 1]
    data, wrong = _complete(found, folder)
    if data is not None:
        if not _roll_forward(site, found, data):
            return []
        return [f"committed version {head + 1}, which was complete"]
    target = site.staging.aside / f"{inside.name[:32]}-{folder.name}-{os.urandom(6).hex()}"
    durable.rename(folder, target)
    durable.sync_folder(site.staging.aside)
    durable.sync_folder(inside)
    return [f"put an uncommitted version {head + 1} aside as {target}, because {wrong}"]


@contextmanager
def _place(site: Site, object_id: str) -> Iterator[Path]:
    """A folder in staging for a repair; it is thrown away at the end."""
    intent = Intent(
        purpose="recovery",
        object_id=object_id,
        started=site.clock().isoformat(),
        owner=site.owner,
    )
    name = site.object_path(object_id).rpartition("/")[2][:32]
    place = site.staging.claim(site.staging.work, f"{name}-recovery-{os.urandom(6).hex()}", intent)
    try:
        yield place.folder
    finally:
        place.clear()


def _write(site: Site, object_id: str, path: Path, data: bytes) -> None:
    """Write or replace a file in an object's root, atomically and whole."""
    with _place(site, object_id) as place:
        durable.write_new(place / path.name, data)
        syncing.sync_tree(place)
        durable.rename(place / path.name, path)
        durable.sync_folder(path.parent)


def _roll_forward(site: Site, found: StoredObject, data: bytes) -> bool:
    """Put a version's inventory in the object's root; False if another writer was faster."""
    algorithm = found.algorithm
    digest = hashlib.new(algorithm, data).hexdigest()
    with _place(site, found.id) as place:
        durable.write_new(place / INVENTORY, data)
        durable.write_new(place / stored.sidecar_name(algorithm), stored.sidecar(digest))
        syncing.sync_tree(place)
        return replacing.replace_inventory(
            site.folder / found.path, place, before=found.inventory_digest, algorithm=algorithm
        )


def _complete(found: StoredObject, folder: Path) -> tuple[bytes | None, str]:
    """The inventory in a version folder, word for word, if that is the object's next version.

    Else None, and what speaks against it.
    """
    owner = f"{folder.name} of '{found.id}'"
    try:
        data = metadata.read(folder / INVENTORY, owner)
        if data is None:
            return None, "it has no inventory"
        inventory = inventories.parse(data)
        said = stored.read_sidecar(
            found.store,
            paths.below(found.path, folder.name),
            inventory.digest_algorithm,
            owner,
        )
        if said != stored.digest_of(data, inventory):
            return None, "its inventory does not match its sidecar"
        wrong = next(_against_rolling_forward(found, inventory, folder), None)
    except Damaged as error:
        return None, f"it is damaged ({error.message})"
    return (data, "") if wrong is None else (None, wrong)


def _against_rolling_forward(
    found: StoredObject, inventory: Inventory, folder: Path
) -> Iterator[str]:
    """What speaks against a version folder being the object's next version."""
    yield from evidence.not_following(found.inventory, inventory, folder.name)
    yield from _content_faults(found, inventory, folder)


def _content_faults(found: StoredObject, inventory: Inventory, folder: Path) -> Iterator[str]:
    """Whether the files of the version are exactly those of the manifest, byte for byte.

    Sizes would do after a kill, but not after a disk that lied about its syncs, and this happens
    too rarely to save on.
    """
    prefix = f"{folder.name}/"
    expected = {
        path: digest
        for digest, held in inventory.manifest.items()
        for path in held
        if path.startswith(prefix)
    }
    content = folder / inventory.content_directory
    present = {f"{prefix}{inventory.content_directory}/{path}" for path in files_below(content)}
    for path in sorted(present - expected.keys()):
        yield f"'{path}' is not in its manifest"
    for path, digest in expected.items():
        if path not in present:
            yield f"'{path}' is missing"
            continue
        with found.open(path) as stream:
            hasher = hashlib.new(inventory.digest_algorithm)
            while data := stream.read(1 << 20):
                hasher.update(data)
        if hasher.hexdigest() != digest:
            yield f"'{path}' does not have its digest"


def files_below(folder: Path) -> dict[str, int]:
    """Path (relative, with slashes) -> bytes of every regular file below a folder.

    Anything that is neither a file nor a folder counts as a file of -1 bytes.
    """
    found: dict[str, int] = {}
    waiting = [""] if folder.is_dir() else []
    while waiting:
        relative = waiting.pop()
        # by descriptor, so that nobody walks the way to the folder for each of its files
        descriptor = os.open(folder / relative, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    path = f"{relative}/{entry.name}" if relative else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    else:
                        status = entry.stat(follow_symlinks=False)
                        found[path] = status.st_size if stat.S_ISREG(status.st_mode) else -1
        finally:
            os.close(descriptor)
    return found
