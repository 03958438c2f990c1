"""What a place for bytes must be able to do, capability by capability.

Paths are relative to the place, with ``/`` between segments, never leading. No implementation
follows a symbolic link or leaves its place, whatever the path says.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from strongroom.errors import Fault, StrongroomError


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A regular file, as a listing sees it."""

    path: str
    #: bytes
    size: int
    #: changes whenever the bytes may have changed (locally: size, mtime_ns, ctime_ns, inode; in S3:
    #: size and ETag)
    signature: str
    #: nanoseconds since 1970 of the last change that the place knows of (locally: max of mtime and
    #: ctime), as exactly as it tells; without an ``etag``, a digest taken within 100 ms of it is no
    #: proof for later
    changed_ns: int = field(compare=False)
    #: the place's own ETag of these bytes, with its quotes; None where it has none. Where it is the
    #: same the bytes are, however soon one change follows another, and whatever the clocks say
    etag: str | None = None
    #: whether the place says that it took a SHA-256 of all bytes as they came in; None if it does
    #: not tell
    vouched: bool | None = field(default=None, compare=False)
    #: what the place itself knows beyond that, for entries of single files; a listing has none of
    #: it. The SHA-256 that it took of all bytes (lower-case hex), the content type and the display
    #: name that whoever stored them stated
    sha256: str | None = field(default=None, compare=False)
    content_type: str | None = field(default=None, compare=False)
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything in a place; files and folders sorted by path (code points)."""

    files: tuple[FileEntry, ...]
    folders: tuple[str, ...]
    #: what is there but can be no file of a deposit: links, devices, names that are not UTF-8 or
    #: lead elsewhere, what is both file and folder, unreadable folders; one fault each, with its
    #: path
    refused: tuple[Fault, ...]


class OpenFile(Protocol):
    """A file open for reading, and what it was when it was opened."""

    @property
    def entry(self) -> FileEntry: ...

    @property
    def stream(self) -> BinaryIO: ...

    def unchanged(self) -> bool:
        """Whether all that was read since it was opened are bytes of this entry.

        In S3 they always are: reading ends in an OSError where another object was put there.
        """

    def close(self) -> None: ...

    def __enter__(self) -> OpenFile: ...
    def __exit__(self, *exc: object) -> None: ...


@runtime_checkable
class Folders(Protocol):
    """A place with folders that can be opened: many small files are then read at once."""

    def folder(self, path: str) -> int:
        """A descriptor of a folder, for the caller to close; ``""`` is the place itself."""


class Upload(Protocol):
    """A file on its way in; nothing is seen at its path before :meth:`finish`."""

    def write(self, chunk: bytes | memoryview) -> None: ...

    def finish(
        self,
        *,
        sha256: str | None = None,
        size: int | None = None,
        replacing: FileEntry | None = None,
    ) -> tuple[FileEntry, str]:
        """Put the file in its place, atomically and durably; its entry and its SHA-256.

        The entry's signature is proof of the digest at once: whoever changes the file later,
        however soon, changes its signature. A digest or size that differs from the expected raises
        Unprocessable (``digest-mismatch``, ``size-mismatch``) and leaves everything as it was; and
        so does Conflict (``changed-file``) if not the file ``replacing`` is there any more. Where
        that has an ``etag``, no change that comes between can be lost.
        """

    def abort(self) -> None:
        """Throw away what came so far; harmless after finish."""


class Link(Protocol):
    """A request that whoever has it can make, with no credentials, until it ends."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str:
        """A secret while it lives."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What must be sent besides, exactly so."""

    @property
    def expires(self) -> datetime:
        """Aware UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLink:
    """By which one part of a file can be sent."""

    #: from 1
    number: int
    #: bytes
    size: int
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLinks:
    """By which a file can be sent in parts, in any order and again."""

    #: what the upload is called
    upload: str
    #: bytes of every part but the last
    part: int
    parts: tuple[PartLink, ...]


class Links(Protocol):
    """An area whose place itself can be read and written by links."""

    @property
    def largest(self) -> int:
        """Bytes of the largest file that a link can bring."""

    def trouble(self, reads: Iterable[str], writes: Iterable[str]) -> list[StrongroomError]:
        """Why files cannot be read (NotFound) or put at these paths (Conflict, BadRequest)."""

    def read(self, path: str, *, seconds: int) -> Link:
        """A link to the bytes of a file, whatever they will be."""

    def write(
        self, path: str, *, sha256: str, size: int, content_type: str | None, seconds: int
    ) -> Link:
        """A link by which just these bytes can be put at a path, in place of any that are there.

        The place itself holds them against their digest when they come.
        """

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
        """Links for all parts of a file; new ones for an ``upload`` that was begun.

        ``part`` is how many bytes each is to have. Nothing is seen at the path before the upload is
        completed, and it is thrown away a day after it was begun. Conflict or BadRequest where no
        file can be; BadRequest (``bad-parts``), NotFound (``no-upload``).
        """

    def complete(self, path: str, upload: str, etags: Sequence[str]) -> FileEntry:
        """Put a file in its place whose parts have these ETags; Unprocessable (``bad-parts``)."""

    def abort(self, path: str, upload: str) -> None:
        """Throw away what came of an upload; harmless if there is none."""


class WorkArea(Protocol):
    """The files of one deposit."""

    @property
    def uri(self) -> str:
        """Where clients find it, with a trailing slash (``file:///…/`` percent-encoded)."""

    @property
    def folders(self) -> Folders | None:
        """Its folders, where they are those of an operating system; None where they are not."""

    @property
    def remote(self) -> bool:
        """Whether each look at a file is a journey, so that many should be under way at once."""

    @property
    def links(self) -> Links | None:
        """Links to its files; None where its place knows none."""

    def exists(self) -> bool: ...
    def create(self) -> None:
        """Make the (empty) area; Conflict if it is there."""

    def listing(self) -> Listing: ...

    def children(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Bare names of the regular files and of the folders directly in one folder, sorted.

        ``""`` is the area itself; a folder that is not there has none.
        """

    def entry(self, path: str) -> FileEntry | None:
        """The regular file at this path; None where there is none (or only a link to one)."""

    def open(self, path: str) -> OpenFile:
        """Open a regular file beneath the area, following no link at any level.

        NotFound if it is not there; BadRequest for links and special files; Unprocessable
        (``unreadable-file``) where permissions forbid it.
        """

    def opener(self, count: int) -> Callable[[str], OpenFile]:
        """:meth:`open`, for so many files: the place may look at all that it has first."""

    def look(self, paths: Iterable[str]) -> Iterator[FileEntry]:
        """Entries with all that the place knows of each file, many at once, in this order.

        Files that are not there are left out.
        """

    def folder_names(self, paths: Iterable[str]) -> dict[str, str]:
        """Display names that folders have beside their own, by path, where a place keeps any."""

    def read_start(self, path: str, size: int) -> bytes:
        """The first bytes of a file."""

    def upload(
        self,
        path: str,
        *,
        size: int | None = None,
        content_type: str | None = None,
        name: str | None = None,
    ) -> Upload:
        """Begin to write a file; folders above it are made. Conflict where a folder stands.

        ``size`` is how many bytes are thought to come. A place that keeps content types and
        display names keeps these.
        """

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it; harmless if it is there."""

    def make_folders(self, paths: Iterable[str]) -> None:
        """Make many folders, each as :meth:`make_folder` does."""

    def delete(self, path: str) -> None:
        """Remove one file; NotFound if it is not there."""

    def delete_folder(self, path: str) -> None:
        """Remove an empty folder; NotFound if it is not there, Conflict if it is not empty."""

    def remove(self) -> None:
        """Remove the whole area; harmless if it is gone."""

    def copy_in(self, files: Iterable[CopyIn]) -> Iterator[tuple[str, FileEntry | Fault]]:
        """Copy files into the area, hashing while copying; for each its entry or what is wrong.

        After a digest mismatch nothing is left of the file, and what was at its path before stays.
        New inodes always (never links). Where source and area lie in one store, that copies by
        itself, and tells the digest. Signatures are proof at once, as with :meth:`Upload.finish`.
        """

    def sync(self) -> None:
        """Make all that was written so far durable."""

    def free_bytes(self) -> int:
        """Bytes that can still be written; a very large number where nothing limits them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyIn:
    """One file to copy into a work area."""

    path: str
    #: opens the bytes, for whoever copies them to read once and close
    open: Callable[[], BinaryIO]
    #: expected SHA-256, lower-case hex, and size in bytes
    sha256: str
    size: int
    #: the store that the bytes lie in, and their path there, if it can be asked to copy by itself
    store: Store | None = None
    place: str = ""
    #: what a place that keeps these is to keep
    content_type: str | None = None
    name: str | None = None


class WorkAreas(Protocol):
    """All deposits' areas."""

    def area(self, deposit: str) -> WorkArea:
        """The area of a deposit, whether it is there or not; BadRequest for an impossible id."""

    def names(self) -> Iterator[str]:
        """Ids of all areas that are there."""

    def check(self) -> None:
        """Unavailable where the place cannot be reached, or does not exist."""

    def sweep(self, older_than: float) -> int:
        """Throw away uploads and removals that were abandoned so many seconds ago; how many."""


# ------------------------------------------------------------------------ the files of an archive


class ChildKind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    #: a symbolic link
    LINK = "symbolic link"
    #: a device, a pipe, a socket
    SPECIAL = "special file"


class Child(NamedTuple):
    """What lies directly in a folder of a store."""

    name: str
    kind: ChildKind
    #: bytes of a file
    size: int = 0
    #: how many names the file has; 1 where the place has no hard links
    names: int = 1


class NotAFile(OSError):
    """Something else than a regular file lies at the path; ``found`` says what, for people."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(errno.EINVAL, f"it is {found} and no regular file", path)
        self.found = found

    def __reduce__(self) -> tuple[type[NotAFile], tuple[str, str]]:
        return type(self), (str(self.filename), self.found)


class Store(Protocol):
    """Where an archive lies, for reading: files by path, relative to the store.

    ``""`` is the store itself. What the place refuses is raised as the OSError that it is
    (FileNotFoundError, NotADirectoryError, PermissionError, …), in every driver. Safe to share
    between threads, and can be sent to other processes (pickle).
    """

    @property
    def uri(self) -> str:
        """The place, with a trailing slash, percent-encoded."""

    def children(self, folder: str) -> list[Child]:
        """All that lies directly in a folder, sorted by name (code points).

        Names that are not UTF-8 come with surrogates, as :func:`os.fsdecode` makes them.
        """

    def open(self, path: str) -> BinaryIO:
        """A regular file, unbuffered, with ``readinto``; NotAFile if it is anything else."""

    def read(self, path: str) -> bytes:
        """A small regular file whole; NotAFile if it is anything else."""

    @property
    def made_in_place(self) -> bool:
        """Whether things are made where they will lie: then files may be there before the one that
        says that they count."""

    def place(self, path: str) -> str:
        """What the people who run the store call the place of a file or folder."""


@runtime_checkable
class Flat(Protocol):
    """A store that lists all that lies in it at once, however deep, by pages."""

    def page(self, after: str, token: str | None = None) -> tuple[list[str], str | None]:
        """Paths of files that come after this one by their UTF-8, and what the next page begins at.

        That is the ``token`` to ask on with, for the same ``after``; None at the end. A folder that
        is marked comes as its path and a slash.
        """
