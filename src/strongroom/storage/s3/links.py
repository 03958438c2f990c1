"""Links by which others read and write files of an area in a bucket, without asking us each time.

What may be at which path is looked at when a link is made; who may ask for one is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from strongroom.errors import NotFound, StrongroomError
from strongroom.storage.protocols import FileEntry, PartLinks
from strongroom.storage.s3 import presigned, sharing
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.entries import entry_of
from strongroom.storage.s3.names import new_key
from strongroom.storage.s3.presigned import SignedRequest
from strongroom.storage.tree import split

#: paths that are looked at side by side
_WORKERS = 32


@dataclass(frozen=True, slots=True)
class S3Links:
    """Implements :class:`~strongroom.storage.protocols.Links`."""

    bucket: Bucket
    #: of the area, with a slash at its end
    prefix: str
    #: raises why a file cannot be put at a path
    check: Callable[[str], None]

    @property
    def largest(self) -> int:
        return presigned.LARGEST_PUT

    def trouble(self, reads: Iterable[str], writes: Iterable[str]) -> list[StrongroomError]:
        """See the protocol."""
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="strongroom-links") as pool:
            found = [*pool.map(self._unreadable, reads), *pool.map(self._unwritable, writes)]
        return [error for error in found if error is not None]

    def _unreadable(self, path: str) -> StrongroomError | None:
        split(path)
        if self.bucket.head(self.prefix + path, checksum=False) is None:
            return NotFound(f"There is no file '{path}'.")
        return None

    def _unwritable(self, path: str) -> StrongroomError | None:
        try:
            new_key(self.prefix, path)
            self.check(path)
        except StrongroomError as error:
            if error.retryable:
                raise
            return error
        return None

    def read(self, path: str, *, seconds: int) -> SignedRequest:
        split(path)
        return presigned.sign_get(self.bucket, self.prefix + path, expires=seconds)

    def write(
        self, path: str, *, sha256: str, size: int, content_type: str | None, seconds: int
    ) -> SignedRequest:
        return presigned.sign_put(
            self.bucket,
            new_key(self.prefix, path),
            sha256=sha256,
            size=size,
            content_type=content_type,
            expires=seconds,
        )

    def begin(
        self,
        path: str,
        *,
        size: int,
        part: int | None,
        content_type: str | None,
        upload: str | None,
        seconds: int,
    ) -> PartLinks:
        key = new_key(self.prefix, path)
        self.check(path)
        if upload is None:
            length = sharing.part_size(size, part)
            upload = sharing.begin(
                self.bucket, key, size=size, part=length, content_type=content_type
            )
        return sharing.links(self.bucket, key, upload, seconds=seconds)

    def complete(self, path: str, upload: str, etags: Sequence[str]) -> FileEntry:
        key = new_key(self.prefix, path)
        self.check(path)
        return entry_of(path, sharing.complete(self.bucket, key, upload, etags))

    def abort(self, path: str, upload: str) -> None:
        sharing.abort(self.bucket, new_key(self.prefix, path), upload)
