"""The files of one deposit below a prefix of a bucket.

A folder is marked by an empty object whose key ends with a slash, as clients of such buckets do it;
keys below it make one, too. Nothing in a bucket is changed in place: an object is put there whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from strongroom.errors import Conflict, NotFound
from strongroom.storage.incoming import folder_in_the_way
from strongroom.storage.protocols import CopyIn, FileEntry, Listing, OpenFile
from strongroom.storage.s3 import abandoned, copyin, survey
from strongroom.storage.s3.arriving import S3Upload
from strongroom.storage.s3.bucket import NEW, Bucket, Found
from strongroom.storage.s3.entries import display_name, entry_of, name_metadata
from strongroom.storage.s3.links import S3Links
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.names import Names, above, file_in_the_way, new_key
from strongroom.storage.s3.source import ObjectSource
from strongroom.storage.s3.trouble import ConditionFailed
from strongroom.storage.tree import split

#: requests about single keys that are under way at once, and keys that wait for their turn
_WORKERS, _BATCH = 32, 1024
#: nothing limits a bucket; more bytes than anybody has
NO_LIMIT = 1 << 62


#: files from which on a listing takes less than a look at each
_MANY = 64


class S3WorkArea:
    """The files of one deposit. Safe to share between threads."""

    def __init__(self, bucket: Bucket, location: Location) -> None:
        self._bucket = bucket
        self._location = location
        self._prefix = location.prefix

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix/id/``, percent-encoded."""
        return self._location.uri

    @property
    def folders(self) -> None:
        return None

    @property
    def remote(self) -> bool:
        return True

    @property
    def links(self) -> S3Links:
        """Requests to the store that others can make, signed here."""
        return S3Links(self._bucket, self._prefix, self._check_free_for_file)

    def exists(self) -> bool:
        return self._bucket.any_below(self._prefix)

    def create(self) -> None:
        """Mark the empty area; Conflict if anything is there."""
        try:
            if self.exists():
                raise ConditionFailed(self._prefix)
            self._bucket.put(self._prefix, b"", NEW)
        except ConditionFailed:
            raise Conflict(f"The working area of deposit {self._name} is there already.") from None

    @property
    def _name(self) -> str:
        return self._prefix[:-1].rpartition("/")[2]

    def _key(self, path: str) -> str:
        split(path)
        return self._prefix + path

    # --------------------------------------------------------------------------------- reading

    def listing(self) -> Listing:
        """Everything in the area, by pages of keys; NotFound if it is not there."""
        found = list(survey.keys(self._bucket, self._prefix))
        if not found:
            raise self._gone()
        return survey.as_listing(self._prefix, found)

    def _gone(self) -> NotFound:
        return NotFound(f"The working area of deposit {self._name} is not there.")

    def children(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Bare names of files and folders directly in one folder, sorted."""
        prefix = f"{self._key(folder)}/" if folder else self._prefix
        keys, deeper = self._bucket.level(prefix)
        # what can be no file is left out here; a listing names it
        files = (listed.key[len(prefix) :] for listed in keys if not listed.key.endswith("/"))
        folders = [name[len(prefix) : -1] for name in deeper]
        return (
            tuple(sorted(n for n in files if survey.name_fault(n, prefix + n) is None)),
            tuple(sorted(n for n in folders if survey.name_fault(n, prefix + n) is None)),
        )

    def entry(self, path: str) -> FileEntry | None:
        """The file at this path, with all that the store knows of it; None where there is none."""
        found = self._found(path)
        return entry_of(path, found) if found else None

    def _found(self, path: str) -> Found | None:
        return self._bucket.head(self._key(path))

    def look(self, paths: Iterable[str]) -> Iterator[FileEntry]:
        """Entries of files, in this order, many asked for at once."""
        rest = iter(paths)
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="strongroom-look") as pool:
            while batch := list(islice(rest, _BATCH)):
                yield from (entry for entry in pool.map(self.entry, batch) if entry is not None)

    def folder_names(self, paths: Iterable[str]) -> dict[str, str]:
        """Display names of folders, as their marks have them."""

        def one(path: str) -> tuple[str, str | None]:
            found = self._bucket.head(f"{self._key(path)}/", checksum=False)
            name = display_name(found.metadata) if found else None
            return path, name if name != path.rpartition("/")[2] else None

        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="strongroom-look") as pool:
            return {path: name for path, name in pool.map(one, paths) if name}

    def open(self, path: str) -> OpenFile:
        """Open a file; NotFound if it is not there. Its bytes are asked for when they are read."""
        found = self._found(path)
        if found is None:
            raise NotFound(f"There is no file '{path}'.")
        return ObjectSource(path, self._bucket, found)

    def opener(self, count: int) -> Callable[[str], OpenFile]:
        """For many files, one listing instead of a look at each."""
        if count < _MANY:
            return self.open
        listed = {each.key: each for each in survey.keys(self._bucket, self._prefix)}

        def opened(path: str) -> OpenFile:
            found = listed.get(self._key(path))
            return self.open(path) if found is None else ObjectSource(path, self._bucket, found)

        return opened

    def read_start(self, path: str, size: int) -> bytes:
        """The first ``size`` bytes of a file, fewer if it has fewer."""
        try:
            return self._bucket.start(self._key(path), size)
        except FileNotFoundError:
            raise NotFound(f"There is no file '{path}'.") from None

    # -------------------------------------------------------------------------------- changing

    def upload(
        self,
        path: str,
        *,
        size: int | None = None,
        content_type: str | None = None,
        name: str | None = None,
    ) -> S3Upload:
        """Begin to write a file; Conflict where a folder stands, NotFound without the area."""
        key = new_key(self._prefix, path)
        self._check_free_for_file(path)
        return S3Upload(
            self._bucket,
            key,
            path,
            size=size,
            content_type=content_type,
            name=name,
            check=partial(self._check_free_for_file, path),
        )

    def _check_free_for_file(self, path: str) -> None:
        if self._is_folder(path):
            raise folder_in_the_way(path)
        self._check_folders_above(path)

    def _check_folders_above(self, path: str) -> None:
        """Conflict if a file is where a folder would have to be, NotFound without the area."""
        for folder in above(path):
            if self._is_folder(folder):
                return
            if self._found(folder) is not None:
                raise file_in_the_way(folder)
        if not self.exists():
            raise self._gone()

    def _is_folder(self, path: str) -> bool:
        return self._bucket.any_below(f"{self._key(path)}/")

    def make_folder(self, path: str) -> None:
        """Mark a folder and those above it; harmless if it is there."""
        if not path:
            return
        new_key(self._prefix, path)
        lacking = []
        for folder in (path, *above(path)):
            if self._is_folder(folder):
                break
            if self._found(folder) is not None:
                raise file_in_the_way(folder)
            lacking.append(folder)
        if len(lacking) > path.count("/") and not self.exists():
            raise self._gone()
        for folder in reversed(lacking):
            self._mark(folder)

    def make_folders(self, paths: Iterable[str]) -> None:
        """Mark many folders and those above them, side by side."""
        names = Names(self._prefix, self.listing())
        lacking = sorted({folder for path in paths for folder in names.lacking(path)})
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="strongroom-mark") as pool:
            list(pool.map(self._mark, lacking))

    def _mark(self, folder: str) -> None:
        name = folder.rpartition("/")[2]
        self._bucket.put(f"{self._key(folder)}/", b"", metadata=name_metadata(name))

    def delete(self, path: str) -> None:
        """Remove one file; NotFound if it is not there, Conflict for folders."""
        found = self._found(path)
        if found is None:
            if self._is_folder(path):
                raise Conflict(f"'{path}' is a folder; only files can be deleted.")
            raise NotFound(f"There is no file '{path}'.")
        self._bucket.delete(found.key)

    def delete_folder(self, path: str) -> None:
        """Remove an empty folder; NotFound if it is not there, Conflict if it is not empty."""
        mark = f"{self._key(path)}/"
        there = [listed.key for listed in self._bucket.page(mark, most=2).keys]
        if not there:
            raise NotFound(f"There is no folder '{path}'.")
        if there != [mark]:
            raise Conflict(f"'{path}' is not empty.", code="folder-not-empty")
        self._bucket.delete(mark)

    def remove(self) -> None:
        """Remove all keys of the area, and uploads that are under way; harmless if it is gone."""
        abandoned.abort(self._bucket, self._prefix, time.time() + 86400)
        marks: list[str] = []

        def files() -> Iterator[str]:
            for listed in self._bucket.listing(self._prefix):
                if listed.key.endswith("/"):
                    marks.append(listed.key)
                else:
                    yield listed.key

        self._bucket.delete_all(files())
        # the deepest first: some stores keep a folder's mark while there is anything in it
        self._bucket.delete_all(sorted(marks, reverse=True))

    def copy_in(self, files: Iterable[CopyIn]) -> Iterator[tuple[str, copyin.Outcome]]:
        """Copy files in, many at once; for each its entry or what is wrong, in their order."""
        return copyin.copy_in(self._bucket, Names(self._prefix, self.listing()), files)

    def sync(self) -> None:
        """Nothing to do: what a store has accepted is durable."""

    def free_bytes(self) -> int:
        """More than anybody has: nothing limits a bucket, and no store tells what is left."""
        return NO_LIMIT
