"""The steps by which a prepared version becomes part of its object, under the object's lock.

New objects appear by one rename; further versions by three, of which that of the root inventory
decides. Everything was synced before it gets here, so no rename can show half a file; what a stop
between two steps leaves is repaired by :mod:`strongroom.ocfl.recovery`.
"""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

from strongroom.errors import Conflict, NotFound, Unavailable
from strongroom.ocfl import metadata, recovery, stored
from strongroom.ocfl.declaration import make_folders
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.site import Site
from strongroom.ocfl.stored import INVENTORY, StoredObject
from strongroom.storage import durable

_TRIES = 50


def publish_new(site: Site, object_id: str, staged: Path) -> None:
    """Move a whole staged object in; Conflict (``version-conflict``) if there is one."""
    folder = site.object_folder(object_id)
    with site.locks.hold(object_id):
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
                raise _conflict(object_id, "it exists already") from error
        else:
            raise Unavailable(
                f"The folders above '{object_id}' vanished again and again. Try again later."
            )
        # another writer may have made a folder above and not synced it yet, so all are
        while folder != site.folder:
            folder = folder.parent
            durable.sync_folder(folder)


def publish_next(site: Site, base: StoredObject, inventory: Inventory, staged: Path) -> None:
    """Move a staged version in and replace the root inventory: the commit point.

    ``staged`` holds the version's folder and, beside it, root inventory and sidecar. Conflict if
    the object is not at ``base`` any more, or another writer won.
    """
    version = inventory.version_folder(inventory.head)
    with site.locks.hold(base.id):
        if not _is_at(base, version):
            recovery.repair(site, base.id)
            try:
                now = site.load(base.id)
            except NotFound:
                raise _conflict(base.id, "it was purged") from None
            if now.inventory_digest != base.inventory_digest:
                raise _conflict(
                    base.id,
                    f"it is at version {now.inventory.head}, "
                    f"and the change was made against version {base.inventory.head}",
                )
        if (base.folder / "extensions" / "0005-mutable-head").exists():
            raise Conflict(
                f"'{base.id}' has changes that another program has not committed (extension "
                "0005-mutable-head). Commit or discard them there first.",
                code="mutable-head",
            )
        try:
            durable.rename_new(staged / version, base.folder / version)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            raise _conflict(base.id, f"another writer has made version {version}") from error
        durable.sync_folder(base.folder)
        durable.rename(staged / INVENTORY, base.folder / INVENTORY)
        sidecar = stored.sidecar_name(inventory.digest_algorithm)
        durable.rename(staged / sidecar, base.folder / sidecar)
        durable.sync_folder(base.folder)


def _is_at(base: StoredObject, version: str) -> bool:
    """Whether the object is exactly as it was read, with nothing left over; cheap."""
    owner = f"'{base.id}'"
    data = metadata.read(base.folder / INVENTORY, owner)
    return (
        data is not None
        and hashlib.new(base.inventory.digest_algorithm, data).hexdigest() == base.inventory_digest
        and stored.read_sidecar(base.folder, base.inventory, owner) == base.inventory_digest
        and not (base.folder / version).exists()
    )


def _conflict(object_id: str, why: str) -> Conflict:
    return Conflict(
        f"'{object_id}' was changed by someone else: {why}. Look at it again and repeat the "
        "change against what it is now.",
        code="version-conflict",
    )
