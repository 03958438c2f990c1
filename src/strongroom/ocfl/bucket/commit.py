"""The requests by which a completed version becomes part of its object.

All of them are signed first, and good for a bounded time. Only then is it asked whether the work
may still be finished. So a writer that was asleep in between, however long, either is in time, or
changes nothing. The version exists once the root inventory is there (with ``If-Match`` that of its
predecessor, with ``If-None-Match`` the first).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.errors import Conflict, NotFound, StrongroomError, Unavailable
from strongroom.ocfl import conflicts, evidence, replacing, stored
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import INVENTORY
from strongroom.storage.s3.bucket import NEW, Condition
from strongroom.storage.s3.prepared import Expired, PreparedPut, prepare_put
from strongroom.storage.s3.trouble import ConditionFailed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """An object's root inventory as it lies in the bucket."""

    data: bytes
    etag: str


def root_of(site: BucketSite, path: StoragePath) -> Root | None:
    """The root inventory as it is now; None if there is no object."""
    try:
        data, found = site.bucket.get(site.object_key(path, INVENTORY))
    except FileNotFoundError:
        return None
    return Root(data=data, etag=found.etag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """What lies directly in an object."""

    #: names, and their ETags
    files: Mapping[str, str]
    #: names, without a slash
    folders: tuple[str, ...]

    def declarations(self) -> set[str]:
        return {name for name in self.files if name.startswith(replacing.DECLARATION)}


def look(site: BucketSite, path: StoragePath) -> Lying:
    prefix = site.object_key(path, "")
    keys, deeper = site.bucket.level(prefix)
    return Lying(
        files={entry.key[len(prefix) :]: entry.etag for entry in keys},
        folders=tuple(folder[len(prefix) : -1] for folder in deeper),
    )


class VersionTaken(Exception):
    """Another version lies where this one should: one that is being committed, or was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that is sent for one version, signed and in order."""

    declaration: PreparedPut | None
    version: PreparedPut
    version_sidecar: PreparedPut
    root: PreparedPut
    root_sidecar: PreparedPut
    #: whether other declarations lie in the object, too
    is_untidy: bool


def prepare(
    site: BucketSite,
    path: StoragePath,
    inventory: Inventory,
    data: bytes,
    base: Root | None,
    lying: Lying,
) -> Prepared:
    """Sign the requests for a version of the object at ``path``, whose root is ``base`` now.

    ``lying`` is what was there before ``base`` was read.
    """
    folder = inventory.version_folder(inventory.head)
    algorithm = inventory.digest_algorithm
    name = stored.sidecar_name(algorithm)
    line = stored.sidecar(hashlib.new(algorithm, data).hexdigest())
    spec, declared = replacing.declaration(inventory.spec)
    declarations = lying.declarations()
    before = Condition(etag=lying.files[name]) if name in lying.files else NEW

    def put(below: str, body: bytes, condition: Condition) -> PreparedPut:
        key = site.object_key(path, below)
        return prepare_put(site.bucket, key, body, condition, expires=site.lease)

    return Prepared(
        declaration=put(spec, declared, NEW) if base is None and spec not in declarations else None,
        version=put(f"{folder}/{INVENTORY}", data, NEW),
        version_sidecar=put(f"{folder}/{name}", line, NEW),
        root=put(INVENTORY, data, NEW if base is None else Condition(etag=base.etag)),
        root_sidecar=put(name, line, before),
        is_untidy=not declarations <= {spec},
    )


def send(prepared: Prepared) -> bool:
    """Send them; that the work may still be finished was asked after they were prepared.

    Whether everything is in its place then; if not, the version exists, and what belongs to it is
    to be seen to.

    VersionTaken if another version is in the way; ConditionFailed if the object is not at its base
    any more, of which the version's own files are left then. Unavailable (``commit-expired``) if it
    took longer than the requests are good for.
    """
    try:
        if prepared.declaration is not None:
            prepared.declaration.send()
        try:
            prepared.version.send()
        except ConditionFailed:
            raise VersionTaken from None
        is_whole = _sent_for_itself(prepared.version_sidecar)
        prepared.root.send()
    except Expired:
        raise Unavailable(
            "The commit was not done in the time that it has. Try again.", code="commit-expired"
        ) from None
    return _sent_after(prepared.root_sidecar) and is_whole and not prepared.is_untidy


def _sent_for_itself(request: PreparedPut) -> bool:
    """Send what may be left of another attempt, and is put right after the commit."""
    try:
        request.send()
    except ConditionFailed:
        return False
    return True


def _sent_after(request: PreparedPut) -> bool:
    """Send what belongs to a version that exists, whatever becomes of this."""
    try:
        request.send()
    except (Expired, ConditionFailed):
        return False
    except (StrongroomError, OSError) as error:
        log.warning("a sidecar is left to be rewritten: %s", error)
        return False
    return True


def take_out(site: BucketSite, path: StoragePath, folder: str, etag: str) -> bool:
    """Remove the inventory, which is just this one, of a version that is not committed.

    False if it is another by now, or gone.
    """
    prefix = site.object_key(path, f"{folder}/{INVENTORY}")
    found = site.bucket.level(prefix)[0]
    if not any(entry.key == prefix and entry.etag == etag for entry in found):
        return False
    for entry in found:
        # the inventory comes first; whoever has put another there has other sidecars, too
        try:
            site.bucket.delete(entry.key, Condition(etag=entry.etag))
        except ConditionFailed:
            return False
    return True


def refuse_mutable_head(site: BucketSite, object_id: str, path: StoragePath, lying: Lying) -> None:
    head = site.object_key(path, "extensions/0005-mutable-head/")
    if "extensions" in lying.folders and site.bucket.any_below(head):
        raise conflicts.uncommitted_elsewhere(object_id)


def taken(site: BucketSite, object_id: str) -> Conflict:
    """What to say where a new object meets one that is there."""
    try:
        found = evidence.id_at(site.store, site.object_path(object_id))
    except NotFound:
        return conflicts.changed(object_id, "it came, and was purged")
    return conflicts.already_there(object_id, found)
