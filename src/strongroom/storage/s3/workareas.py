"""All deposits' areas in a bucket: one prefix for each, named by the deposit's id."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from strongroom.errors import BadRequest
from strongroom.storage.s3 import abandoned
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.workarea import S3WorkArea
from strongroom.storage.tree import split


class S3WorkAreas:
    """All deposits' prefixes below a place in a bucket, which must be there."""

    def __init__(self, bucket: Bucket, location: Location) -> None:
        self._bucket = bucket
        self._location = location

    def check(self) -> None:
        """Unavailable (``no-bucket``, ``storage-…``) if the place cannot be looked at."""
        self._bucket.any_below(self._location.prefix)

    def area(self, deposit: str) -> S3WorkArea:
        """The prefix of a deposit, whether it is there or not; BadRequest for an impossible id."""
        if deposit.startswith(".") or len(split(deposit)) != 1:
            raise BadRequest(f"'{deposit[:100]}' cannot be the id of a deposit.", code="bad-path")
        return S3WorkArea(self._bucket, self._location.below(deposit))

    def names(self) -> Iterator[str]:
        """Ids of all areas that are there, sorted."""
        start = len(self._location.prefix)
        _, deeper = self._bucket.level(self._location.prefix)
        yield from sorted(name for prefix in deeper if (name := prefix[start:-1]))

    def sweep(self, older_than: float, *, now: Callable[[], float] = time.time) -> int:
        """Abort uploads that were abandoned so many seconds ago; how many."""
        return abandoned.abort(self._bucket, self._location.prefix, now() - older_than)
