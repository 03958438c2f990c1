"""A prefix of a bucket as a store: the files of an archive, found and read by their paths.

A folder is a prefix that some key has; a key that ends with a slash marks one and is no file.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import BinaryIO, cast

from strongroom.storage.protocols import Child, ChildKind
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.reading import ObjectFile

#: keys in a page
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class S3Store:
    """A :class:`~strongroom.storage.protocols.Store` in a bucket, below a prefix, which lists all
    at once (:class:`~strongroom.storage.protocols.Flat`)."""

    bucket: Bucket
    location: Location

    @property
    def uri(self) -> str:
        return self.location.uri

    @property
    def made_in_place(self) -> bool:
        return True

    def key(self, path: str) -> str:
        """The key of a file."""
        return f"{self.location.prefix}{path}"

    def children(self, folder: str) -> list[Child]:
        prefix = self.key(f"{folder}/" if folder else "")
        keys, deeper = self.bucket.level(prefix)
        if folder and not keys and not deeper:
            raise FileNotFoundError(errno.ENOENT, "no key begins so", prefix)
        found = [
            Child(listed.key[len(prefix) :], ChildKind.FILE, listed.size)
            for listed in keys
            if listed.key != prefix
        ]
        found += [Child(name[len(prefix) : -1], ChildKind.FOLDER) for name in deeper]
        return sorted(found, key=lambda child: child.name)

    def page(self, after: str, token: str | None = None) -> tuple[list[str], str | None]:
        page = self.bucket.page(
            self.location.prefix, after=token, beyond=self.key(after) or None, most=_PAGE
        )
        start = len(self.location.prefix)
        return [listed.key[start:] for listed in page.keys], page.next

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, ObjectFile(self.bucket, self.key(path)))

    def read(self, path: str) -> bytes:
        return self.bucket.get(self.key(path))[0]

    def place(self, path: str) -> str:
        return f"s3://{self.bucket.name}/{self.key(path)}"
