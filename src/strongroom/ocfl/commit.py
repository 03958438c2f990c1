"""The steps by which a prepared version becomes part of its object, under the object's lock.

New objects appear by one rename; further versions by three, of which that of the root inventory
decides. Everything was synced before it gets here, so no rename can show half a file; what a stop
between two steps leaves is repaired by :mod:`strongroom.ocfl.recovery`.
"""

from __future__ import annotations

import errno
from pathlib import Path

from strongroom.errors import NotFound, Unavailable
from strongroom.ocfl import conflicts, evidence, recovery, replacing, stored
from strongroom.ocfl.declaration import make_folders
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.site import Site
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.storage import durable, syncing

_TRIES = 50


def publish_new(site: Site, object_id: str, staged: Path) -> None:
    """Move a whole staged object in; Conflict (``version-conflict``) if there is one."""
    folder = site.object_folder(object_id)
    with site.hold(object_id):
        for _ in range(_TRIES):
            try:
                make_folders(folder.parent)
                durable.rename_new(staged, folder)
                break
            except FileNotFoundError:
                # a purge beside us has just removed a folder that was empty
                continue
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
                raise conflicts.already_there(
                    object_id, evidence.id_at(site.store, site.object_path(object_id))
                ) from error
        else:
            raise Unavailable(
                f"The folders above '{object_id}' vanished again and again. Try again later."
            )
        # another writer may have made a folder above and not synced it yet, so all are
        # (where one is gone, a writer on another host has purged the object already)
        above = [folder.parent]
        while above[-1] != site.folder:
            above.append(above[-1].parent)
        syncing.sync_folders(above)


def publish_next(
    site: Site, base: StoredObject, inventory: Inventory, digest: str, staged: Path
) -> None:
    """Move a staged version in and replace the root inventory: the commit point.

    ``staged`` holds the version's folder and, beside it, root inventory (with this ``digest``) and
    sidecar. Conflict if the object is not at ``base`` any more, or another writer won. That holds
    for writers on other hosts, too, which no lock keeps apart from this one.
    """
    version = inventory.version_folder(inventory.head)
    folder = site.folder / base.path
    with site.hold(base.id):
        _bring_to(site, base, version)
        _refuse_mutable_head(base.id, folder)
        try:
            _move_in(base.id, folder, staged, version)
            replaced = replacing.replace_inventory(
                folder,
                staged,
                before=base.inventory_digest,
                algorithm=inventory.digest_algorithm,
            )
        except FileNotFoundError:
            # purged, or settled by another host; what is there now decides
            replaced = False
        if not replaced or replacing.digest_at(folder / INVENTORY, base.algorithm) != digest:
            _settle(site, base, inventory, digest, staged)
        if inventory.spec != base.inventory.spec:
            replacing.settle_declarations(folder, staged, inventory.spec)


def _bring_to(site: Site, base: StoredObject, version: str) -> None:
    """Make sure that the object is at ``base`` with nothing left over, repairing it if it must."""
    if _is_at(base, site.folder / base.path, version):
        return
    recovery.repair(site, base.id)
    try:
        now = site.load(base.id)
    except NotFound:
        raise conflicts.changed(base.id, "it was purged") from None
    if now.inventory_digest != base.inventory_digest:
        raise conflicts.changed(
            base.id,
            f"it is at version {now.inventory.head}, "
            f"and the change was made against version {base.inventory.head}",
        )


def _is_at(base: StoredObject, folder: Path, version: str) -> bool:
    """Whether the object is exactly as it was read, with nothing left over; cheap."""
    said = stored.read_sidecar(base.store, base.path, base.algorithm, f"'{base.id}'")
    return (
        replacing.digest_at(folder / INVENTORY, base.algorithm) == base.inventory_digest
        and said == base.inventory_digest
        and not (folder / version).exists()
    )


def _refuse_mutable_head(object_id: str, folder: Path) -> None:
    if (folder / "extensions" / "0005-mutable-head").exists():
        raise conflicts.uncommitted_elsewhere(object_id)


def _move_in(object_id: str, folder: Path, staged: Path, version: str) -> None:
    try:
        durable.rename_new(staged / version, folder / version)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise conflicts.changed(object_id, f"another writer has made version {version}") from error
    durable.sync_folder(folder)


def _settle(
    site: Site, base: StoredObject, inventory: Inventory, digest: str, staged: Path
) -> None:
    """Find out what became of a version whose inventory was not the last to be put in place.

    Whoever found our version complete has committed it for us. Conflict if that was not so; then
    the version is taken out again.
    """
    version = inventory.version_folder(inventory.head)
    try:
        now = site.load(base.id)
    except NotFound:
        raise conflicts.changed(base.id, "it was purged") from None
    folder = site.folder / now.path
    ours = replacing.digest_at(folder / version / INVENTORY, base.algorithm) == digest
    if ours and inventory.head in now.inventory.versions:
        recovery.repair(site, base.id)
        return
    if ours:
        durable.rename(folder / version, staged / version)
        durable.sync_folder(folder)
    if now.inventory_digest == base.inventory_digest:
        raise conflicts.changed(base.id, "another process has cleared away what was prepared")
    raise conflicts.changed(base.id, "another object has taken its place")
