"""Where the bytes of new content come from, besides deposits: streams, and what is stored already.

Each function here makes what :meth:`strongroom.ocfl.draft.Draft.apply` opens its sources by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import BinaryIO, Self

from strongroom.errors import NotFound
from strongroom.ocfl.plan import NewFile
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.protocols import FileEntry, OpenFile


class OpenStream:
    """A stream as an :class:`~strongroom.storage.protocols.OpenFile`."""

    def __init__(self, path: str, stream: BinaryIO, size: int) -> None:
        self.entry = FileEntry(path=path, size=size, signature="", changed_ns=0)
        self.stream = stream

    def unchanged(self) -> bool:
        """Nobody else has the stream; what it brings is proved by its digest."""
        return True

    def close(self) -> None:
        self.stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def streams(held: Mapping[str, BinaryIO]) -> Callable[[str], OpenFile]:
    """Streams by the names that a plan calls its sources; each is read once and closed."""

    def opened(source: str) -> OpenFile:
        if source not in held:
            raise NotFound(f"There is no stream '{source}'.")
        return OpenStream(source, held[source], 0)

    return opened


def stored_files(
    stored: StoredObject, logicals: Collection[str], version: int | None = None
) -> list[NewFile]:
    """Files of an object's version, to be added to another object under the same paths.

    They are expected to have the digests that the inventory says. NotFound if one is not there.
    """
    digests = stored.inventory.logical(version)
    missing = [path for path in logicals if path not in digests]
    if missing:
        raise NotFound(f"'{stored.id}' has no file '{missing[0]}' in that version.")
    by_path = {str(path): digest for path, digest in digests.items()}
    return [
        NewFile(logical=path, source=path, digests={stored.algorithm: by_path[path]})
        for path in logicals
    ]


def from_object(stored: StoredObject, version: int | None = None) -> Callable[[str], OpenFile]:
    """The files of an object's version, by their logical paths."""
    digests: Mapping[str, str] = {
        str(path): digest for path, digest in stored.inventory.logical(version).items()
    }

    def opened(source: str) -> OpenFile:
        if source not in digests:
            raise NotFound(f"'{stored.id}' has no file '{source}' in that version.")
        content_path = stored.inventory.content_path(digests[source])
        return OpenStream(source, stored.open(content_path), stored.size(content_path))

    return opened
