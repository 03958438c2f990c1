"""What the parts of the engine share about one storage root in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.paths import StoragePath
from strongroom.ocfl.site import Ground
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.store import S3Store

#: seconds for which a prepared commit can be sent; the store takes none after that
LEASE = 900
#: seconds after which work that was given up can come to nothing any more: the lease, and twice the
#: difference of clocks that a store suffers
BURIAL = LEASE + 2 * 900 + 300


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSite(Ground):
    """A storage root below a prefix of a bucket."""

    place: S3Store
    #: makes names that no other attempt has
    mint: Callable[[], str]
    #: seconds; see :data:`LEASE` and :data:`BURIAL`
    lease: int = LEASE
    burial: int = BURIAL

    @property
    def bucket(self) -> Bucket:
        return self.place.bucket

    def key_of(self, path: str) -> str:
        """The key of something in the root."""
        return self.place.key(path)

    def object_key(self, path: StoragePath, below: str) -> str:
        """The key of something in an object."""
        return self.place.key(f"{path}/{below}")

    @property
    def work(self) -> str:
        """Where notes of unfinished work lie: a prefix of keys."""
        return self.place.key(f"extensions/{STAGING}/work/")
