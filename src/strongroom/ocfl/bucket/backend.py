"""A storage root in a bucket; see the package for how it differs from a folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime

from strongroom.ocfl import declared, evidence, extensions, replacing
from strongroom.ocfl.backend import Repairs
from strongroom.ocfl.bucket import intents, opening, owners, purging, recovery, sweeping
from strongroom.ocfl.bucket.site import BURIAL, LEASE, BucketSite
from strongroom.ocfl.bucket.workplace import BucketWorkplace
from strongroom.ocfl.extensions import Unknown
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.stored import StoredObject
from strongroom.ocfl.versions import Style
from strongroom.ocfl.workplace import Workplace
from strongroom.storage.s3.bucket import NEW
from strongroom.storage.s3.store import S3Store

#: a bucket has no end that it would tell of
_UNLIMITED = 1 << 62


class BucketBackend:
    """A :class:`~strongroom.ocfl.backend.Backend` in a bucket."""

    def __init__(self, site: BucketSite) -> None:
        self._site = site

    @property
    def ground(self) -> BucketSite:
        return self._site

    def free_bytes(self) -> int:
        return _UNLIMITED

    def is_there(self, object_id: str) -> bool:
        key = self._site.object_key(self._site.object_path(object_id), "inventory.json")
        return self._site.bucket.head(key, checksum=False) is not None

    def begin(
        self, object_id: str, base: StoredObject | None, attempt: str, style: Style
    ) -> Workplace:
        """Attempts of that name that are there are given up: whoever begins it anew knows."""
        for held in intents.about(self._site, object_id):
            if held.note.attempt == attempt:
                intents.give_up(self._site, held)
        note = intents.Note(
            purpose="version",
            object_id=object_id,
            nonce=self._site.mint(),
            attempt=attempt,
            version=base.inventory.head + 1 if base else 1,
            base=base.inventory_digest if base else None,
            started=self._site.clock().isoformat(),
            owner=owners.this_process(),
        )
        held = intents.write(self._site, note)
        if base is None:
            # before any content, so that nobody takes it for files that belong to no object
            name, body = replacing.declaration(style.spec)
            path = self._site.object_path(object_id)
            self._site.bucket.put(self._site.object_key(path, name), body, NEW)
        return BucketWorkplace(self._site, object_id, base, held, style)

    def purge(self, object_id: str) -> None:
        if self.is_there(object_id) and evidence.is_its_own(self._site, object_id):
            purging.purge(self._site, object_id)

    def recover(self, object_id: str) -> str | None:
        return recovery.repair(self._site, object_id)

    def settle(self) -> Repairs:
        return sweeping.settle(self._site)

    def sweep(self, *, older_than: float, keep: Collection[str]) -> int:
        return sweeping.sweep(self._site, older_than=older_than, keep=keep)


def open_bucket(
    store: S3Store,
    *,
    create: bool,
    layout: Layout,
    unknown: Unknown,
    upgrade: bool,
    clock: Callable[[], datetime],
    single_writer: bool = False,
    lease: int = LEASE,
    burial: int = BURIAL,
) -> tuple[BucketBackend, bool]:
    """The root at a place in a bucket, and whether it was made here; see ``OcflRoot.open``."""
    opening.check_prefix(store)
    if not single_writer:
        opening.demand_conditions(store.bucket, store.location.prefix)
    is_new = create and not opening.is_root(store)
    if is_new:
        opening.create(store, layout)
    opening.check_there(store)
    opening.settle(store, upgrade=upgrade)
    spec, layout = declared.read(store)
    extensions.check(store, unknown)
    opening.make_identity(store)
    site = BucketSite(
        store=store,
        place=store,
        spec=spec,
        layout=layout,
        clock=clock,
        owner=owners.this_process(),
        mint=lambda: secrets.token_hex(6),
        lease=lease,
        burial=burial,
    )
    return BucketBackend(site), is_new
