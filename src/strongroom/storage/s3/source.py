"""An object of a bucket as an open file: to be read by us, or copied by the store itself."""

from __future__ import annotations

import errno
from typing import BinaryIO, Self, cast

from strongroom.storage.s3.bucket import Bucket, Found, Listed
from strongroom.storage.s3.entries import entry_of
from strongroom.storage.s3.reading import AheadFile, ObjectFile
from strongroom.storage.s3.trouble import ConditionFailed

#: bytes from which an object is read by several requests at once
LARGE = 16 << 20


class ObjectSource:
    """An :class:`~strongroom.storage.protocols.OpenFile` in a bucket.

    Nothing is read before :attr:`stream` is asked for. All its bytes are those of the object that
    :attr:`found` describes: where another is put in its place, reading (or copying) it fails.
    """

    def __init__(self, path: str, bucket: Bucket, found: Listed) -> None:
        """``path`` is what the file is called in its place."""
        self.bucket = bucket
        self.found = found
        self.entry = entry_of(path, found)
        self._stream: AheadFile | ObjectFile | None = None

    @property
    def stream(self) -> BinaryIO:
        """The bytes, from the first on."""
        if self._stream is None:
            ahead = self.found.size >= LARGE
            self._stream = (
                AheadFile(self.bucket, self.found)
                if ahead
                else ObjectFile(self.bucket, self.found.key, self.found)
            )
        return cast(BinaryIO, self._stream)

    def vouched(self) -> str | None:
        """The SHA-256 that the store took of all bytes as they came in; None if it did not.

        It is asked for where a listing alone was looked at. ConditionFailed or FileNotFoundError
        if the object is not there any more.
        """
        if not isinstance(self.found, Found):
            now = self.bucket.head(self.found.key)
            if now is None:
                raise FileNotFoundError(errno.ENOENT, "there is no such key", self.found.key)
            if now.etag != self.found.etag:
                raise ConditionFailed(self.found.key)
            self.found = now
        return self.found.sha256

    def unchanged(self) -> bool:
        """True: a change would have ended the reading."""
        return True

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
