"""Where the suite of storage roots makes its roots: a folder, and a prefix of a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.s3.bucket import Bucket
from support import bucket_roots, ocfl_check


class Place(Protocol):
    """A place for one root, and a way to it past the product."""

    #: whether a version's own inventory that is missing is written again
    repairs_copies: bool

    def open(self, **settings: Any) -> OcflRoot: ...
    def put(self, path: str, data: bytes) -> None: ...
    def delete(self, path: str) -> None: ...
    def files(self) -> dict[str, bytes]:
        """Everything but staging: path in the root -> bytes."""

    def assert_valid(self, stored: StoredObject) -> None:
        """ocfl-py finds nothing wrong with an object."""

    def bury(self, root: OcflRoot) -> None:
        """Do what is left to do when all writers are long dead."""


class LocalPlace:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.repairs_copies = False

    def open(self, **settings: Any) -> OcflRoot:
        return OcflRoot.open(self._folder, **settings)

    def put(self, path: str, data: bytes) -> None:
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def delete(self, path: str) -> None:
        (self._folder / path).unlink()

    def files(self) -> dict[str, bytes]:
        return {
            path: file.read_bytes()
            for file in sorted(self._folder.rglob("*"))
            if file.is_file()
            and not (path := str(file.relative_to(self._folder))).startswith(bucket_roots.STAGING)
        }

    def assert_valid(self, stored: StoredObject) -> None:
        ocfl_check.assert_valid(self._folder / stored.path)

    def bury(self, root: OcflRoot) -> None:
        root.recover_all()


class BucketPlace:
    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._store = bucket_roots.store(bucket)
        self.repairs_copies = True

    def open(self, **settings: Any) -> OcflRoot:
        return OcflRoot.open(self._store, **settings)

    def put(self, path: str, data: bytes) -> None:
        self.bucket.put(self._store.key(path), data)

    def delete(self, path: str) -> None:
        self.bucket.delete(self._store.key(path))

    def files(self) -> dict[str, bytes]:
        prefix = self._store.key("")
        return {
            path: self.bucket.get(entry.key)[0]
            for entry in self.bucket.listing(prefix)
            if not (path := entry.key.removeprefix(prefix)).startswith(bucket_roots.STAGING)
        }

    def assert_valid(self, stored: StoredObject) -> None:
        with bucket_roots.downloaded(self.bucket, self._store.key(f"{stored.path}/")) as folder:
            ocfl_check.assert_valid(folder)

    def bury(self, root: OcflRoot) -> None:
        bucket_roots.buried_as_dead(root)
