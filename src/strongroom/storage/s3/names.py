"""Keys of an area's files and folders, and which of them are taken.

A bucket lets a file and a folder have the same name, and knows no folders above a key; here both
are as on a disk.
"""

from __future__ import annotations

from strongroom.errors import BadRequest, Conflict, Fault
from strongroom.storage.incoming import folder_in_the_way
from strongroom.storage.protocols import Listing
from strongroom.storage.s3.survey import MAX_KEY
from strongroom.storage.tree import FILE_IN_THE_WAY, split

#: bytes of one part of a path
MAX_PART = 255


def new_key(prefix: str, path: str) -> str:
    """The key of a file or folder to be made; BadRequest if no store or disk could hold it."""
    parts = split(path)
    key = prefix + path
    # one byte is left for the slash of a folder
    if max(len(part.encode()) for part in parts) > MAX_PART or len(key.encode()) >= MAX_KEY:
        raise BadRequest(
            f"A name in '{path[:200]}' is too long.",
            code="path-too-long",
            faults=[
                Fault(
                    code="path-too-long",
                    message="The path, or a name in it, is too long for the store.",
                    path=path[:200],
                    expected=f"at most {MAX_PART} bytes a name, "
                    f"and {MAX_KEY - 1 - len(prefix.encode())} in all",
                )
            ],
        )
    return key


def above(path: str) -> list[str]:
    """The folders above a path, the nearest first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]


def file_in_the_way(path: str) -> Conflict:
    return Conflict(
        f"'{path}' is a file, not a folder. Nothing can be put below it.", code=FILE_IN_THE_WAY
    )


class Names:
    """The names that are taken in an area, kept while many files are added."""

    def __init__(self, prefix: str, listing: Listing) -> None:
        self._prefix = prefix
        self._files = {entry.path for entry in listing.files}
        self._folders = set(listing.folders)
        # a name that is both is left alone
        self._files |= {fault.path for fault in listing.refused if fault.path}

    def take(self, path: str) -> tuple[str, bool]:
        """The key for a file at a path, and whether it replaces one.

        BadRequest for an impossible path, Conflict where a folder or, above, a file is in the way.
        """
        key = new_key(self._prefix, path)
        if path in self._folders:
            raise folder_in_the_way(path)
        replaces = path in self._files
        for folder in above(path):
            if folder in self._folders:
                break
            if folder in self._files:
                raise file_in_the_way(folder)
            self._folders.add(folder)
        self._files.add(path)
        return key, replaces

    def lacking(self, path: str) -> list[str]:
        """Those of a folder and the ones above it that are not there, which are taken now.

        BadRequest for an impossible path, Conflict where a file is in the way.
        """
        new_key(self._prefix, path)
        lacking = []
        for folder in (path, *above(path)):
            if folder in self._folders:
                break
            if folder in self._files:
                raise file_in_the_way(folder)
            lacking.append(folder)
        self._folders.update(lacking)
        return lacking
