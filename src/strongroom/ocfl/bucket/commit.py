"""The requests by which a completed version becomes part of its object.

All of them are signed first, and good for a bounded time. Only then is it asked whether the work
may still be finished. So a writer that was asleep in between, however long, either is in time, or
changes nothing. The version exists once the root inventory is there (with ``If-Match`` that of its
predecessor, with ``If-None-Match`` the first).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from strongroom.errors import Conflict, Unavailable
from strongroom.ocfl import evidence, replacing, stored
from strongroom.ocfl.bucket import intents
from strongroom.ocfl.bucket.intents import Held
from strongroom.ocfl.bucket.site import BucketSite
from strongroom.ocfl.conflicts import already_there, uncommitted_elsewhere
from strongroom.ocfl.inventory import Inventory
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.stored import INVENTORY
from strongroom.storage.s3.bucket import ANY, NEW, Condition
from strongroom.storage.s3.prepared import Expired, PreparedPut, prepare_put
from strongroom.storage.s3.trouble import ConditionFailed


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


class VersionTaken(Exception):
    """Another version lies where this one should: one that is being committed, or was left."""


class GivenUp(Exception):
    """The work may not be finished any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that is sent for one version, signed and in order."""

    declaration: PreparedPut | None
    version: PreparedPut
    version_sidecar: PreparedPut
    root: PreparedPut
    root_sidecar: PreparedPut


def prepare(
    site: BucketSite, path: StoragePath, inventory: Inventory, data: bytes, base: Root | None
) -> Prepared:
    """Sign the requests for a version of the object at ``path``, whose root is ``base`` now."""
    folder = inventory.version_folder(inventory.head)
    algorithm = inventory.digest_algorithm
    name = stored.sidecar_name(algorithm)
    line = stored.sidecar(hashlib.new(algorithm, data).hexdigest())
    spec, declared = replacing.declaration(inventory.spec)

    before = site.bucket.head(site.object_key(path, name), checksum=False)

    def put(below: str, body: bytes, condition: Condition) -> PreparedPut:
        key = site.object_key(path, below)
        return prepare_put(site.bucket, key, body, condition, expires=site.lease)

    return Prepared(
        declaration=put(spec, declared, NEW) if base is None else None,
        version=put(f"{folder}/{INVENTORY}", data, NEW),
        version_sidecar=put(f"{folder}/{name}", line, ANY),
        root=put(INVENTORY, data, NEW if base is None else Condition(etag=base.etag)),
        root_sidecar=put(name, line, Condition(etag=before.etag) if before else NEW),
    )


def carry_out(site: BucketSite, prepared: Prepared, work: Iterable[Held]) -> bool:
    """Send them, if all the ``work`` that the version is made of may still be finished.

    Whether everything is in its place then; if not, the version exists, and its sidecar is to be
    seen to.

    GivenUp if it may not; VersionTaken if another version is in the way; ConditionFailed if the
    object is not at its base any more, of which the version's own files are left then. Unavailable
    (``commit-expired``) if it took longer than the requests are good for.
    """
    if not all(intents.is_open(site, held) for held in work):
        raise GivenUp
    try:
        return _send(prepared)
    except Expired:
        raise Unavailable(
            "The commit was not done in the time that it has, and nothing was changed. Try again.",
            code="commit-expired",
        ) from None


def _send(prepared: Prepared) -> bool:
    if prepared.declaration is not None:
        prepared.declaration.send()
    try:
        prepared.version.send()
    except ConditionFailed:
        raise VersionTaken from None
    prepared.version_sidecar.send()
    prepared.root.send()
    try:
        prepared.root_sidecar.send()
    except (Expired, ConditionFailed):
        return False
    return True


def taken_out(site: BucketSite, path: StoragePath, folder: str, etag: str, sidecar: str) -> bool:
    """Remove a version's inventory, which is this one and not committed; False if it is another."""
    try:
        site.bucket.delete(site.object_key(path, f"{folder}/{INVENTORY}"), Condition(etag=etag))
    except ConditionFailed:
        return False
    site.bucket.delete(site.object_key(path, f"{folder}/{sidecar}"))
    return True


def refuse_mutable_head(site: BucketSite, object_id: str, path: StoragePath) -> None:
    if site.bucket.any_below(site.object_key(path, "extensions/0005-mutable-head/")):
        raise uncommitted_elsewhere(object_id)


def taken(site: BucketSite, object_id: str) -> Conflict:
    """What to say where a new object meets one that is there."""
    return already_there(object_id, evidence.id_at(site.store, site.object_path(object_id)))
