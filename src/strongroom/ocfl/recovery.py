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
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from strongroom.errors import Damaged
from strongroom.ocfl import inventory as inventories
from strongroom.ocfl import metadata, stored
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.site import Site
from strongroom.ocfl.staging import Intent
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.storage import durable

_VERSION = re.compile(r"v0*([1-9][0-9]*)")
_DECLARATION = "0=ocfl_object_"


def recover(site: Site, object_id: str) -> str | None:
    """Repair an object, under its lock; what was done, None if nothing was wrong.

    Damaged if it cannot be repaired without a copy.
    """
    with site.locks.hold(object_id):
        return repair(site, object_id)


def repair(site: Site, object_id: str) -> str | None:
    """The same, for callers that hold the lock."""
    folder = site.object_folder(object_id)
    if not folder.is_dir() or not any(folder.iterdir()):
        pruned = prune(site, folder)
        return f"removed {pruned} empty folders of '{object_id}'" if pruned else None
    done = []
    found = site.load(object_id)
    if _settle_declarations(found):
        done.append("removed a superseded declaration")
    if stored.read_sidecar(folder, found.inventory, f"'{object_id}'") != found.inventory_digest:
        _install(site, found, {stored.sidecar_name(found.inventory.digest_algorithm): None})
        done.append("rewrote the sidecar of its inventory")
    done += _settle_versions(site, found)
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
        durable.sync_folder(folder)
    return removed


def _settle_declarations(found: StoredObject) -> bool:
    """Remove declarations beside the one that the inventory's type names; whether there were."""
    right = f"{_DECLARATION}{found.inventory.spec}"
    names = [p.name for p in found.folder.iterdir() if p.name.startswith(_DECLARATION)]
    if right not in names or len(names) == 1:
        return False
    for name in names:
        if name != right:
            durable.unlink(found.folder / name)
    durable.sync_folder(found.folder)
    return True


def _settle_versions(site: Site, found: StoredObject) -> list[str]:
    """Roll a version forward that was moved in but not committed, or put it aside."""
    head = found.inventory.head
    numbers = {
        int(match.group(1)): path
        for path in found.folder.iterdir()
        if (match := _VERSION.fullmatch(path.name)) and int(match.group(1)) > head
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
        digest = hashlib.new(found.inventory.digest_algorithm, data).hexdigest()
        name = stored.sidecar_name(found.inventory.digest_algorithm)
        _install(site, found, {INVENTORY: data, name: stored.sidecar(digest)})
        return [f"committed version {head + 1}, which was complete"]
    target = site.staging.aside / f"{found.folder.name[:32]}-{folder.name}-{os.urandom(6).hex()}"
    durable.rename(folder, target)
    durable.sync_folder(site.staging.aside)
    durable.sync_folder(found.folder)
    return [f"put an uncommitted version {head + 1} aside as {target}, because {wrong}"]


def _install(site: Site, found: StoredObject, files: dict[str, bytes | None]) -> None:
    """Replace files in an object's root, one after the other, each atomically and whole.

    None stands for the sidecar of the inventory that is there.
    """
    intent = Intent(
        purpose="recovery",
        object_id=found.id,
        started=site.clock().isoformat(),
        owner=site.owner,
    )
    name = f"{found.folder.name[:32]}-recovery-{os.urandom(6).hex()}"
    place = site.staging.claim(site.staging.work, name, intent)
    try:
        for file, data in files.items():
            durable.write_new(
                place.folder / file,
                stored.sidecar(found.inventory_digest) if data is None else data,
            )
        durable.sync_tree(place.folder)
        durable.sync_folder(site.staging.work)
        for file in files:
            durable.rename(place.folder / file, found.folder / file)
        durable.sync_folder(found.folder)
    finally:
        place.clear()


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
        if stored.read_sidecar(folder, inventory, owner) != stored.digest_of(data, inventory):
            return None, "its inventory does not match its sidecar"
        wrong = next(_against_rolling_forward(found, inventory, folder), None)
    except Damaged as error:
        return None, f"it is damaged ({error.message})"
    return (data, "") if wrong is None else (None, wrong)


def _against_rolling_forward(
    found: StoredObject, inventory: Inventory, folder: Path
) -> Iterator[str]:
    """What speaks against a version folder being the object's next version."""
    yield from _not_following(found.inventory, inventory, folder.name)
    yield from _content_faults(found, inventory, folder)


def _not_following(base: Inventory, new: Inventory, name: str) -> Iterator[str]:
    if (new.id, new.head, new.version_folder(new.head)) != (base.id, base.head + 1, name):
        yield "its inventory is that of another version or object"
    if (new.digest_algorithm, new.content_directory) != (
        base.digest_algorithm,
        base.content_directory,
    ):
        yield "it uses another digest algorithm or content folder"
    for number, entry in base.versions.items():
        if new.versions.get(number) != entry:
            yield f"it tells version {number} otherwise"
    for digest, held in base.manifest.items():
        if not set(held) <= set(new.manifest.get(digest, ())):
            yield f"it has lost the content with the digest {digest}"


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
        with os.scandir(folder / relative) as entries:
            for entry in entries:
                path = f"{relative}/{entry.name}" if relative else entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    found[path] = status.st_size if stat.S_ISREG(status.st_mode) else -1
    return found
