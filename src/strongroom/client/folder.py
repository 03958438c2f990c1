"""A local folder as material for a deposit: what is in it, and the digest of every file.

Anything that could not be preserved faithfully is refused here, all of it at once; whether METS
describes the rest is for the server to say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strongroom.client.digests import Digest, digest
from strongroom.client.parallel import Crew
from strongroom.client.progress import Progress
from strongroom.errors import BadRequest, Fault, NotFound

#: a cached listing that other clients leave in deposits; it is never preserved
LISTING_CACHE = "__METSlike.json"

#: below this many bytes, threads that hash get in each other's way
SMALL = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What a local folder holds; paths are relative to it, sorted."""

    root: Path
    #: bytes of each regular file
    files: dict[str, int]
    folders: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(self.files.values())

    @property
    def empty_folders(self) -> tuple[str, ...]:
        """Folders with no file anywhere below them."""
        filled = {parent for path in self.files for parent in _above(path)}
        return tuple(path for path in self.folders if path not in filled)


def scan(root: Path) -> Folder:
    """Walk a folder, following no links.

    Raises NotFound where there is no folder, and BadRequest naming every symbolic link, special
    file, name that is not UTF-8, and folder that cannot be read.
    """
    if not root.is_dir():
        raise NotFound(f"'{root}' is not a folder.", code="no-folder")
    files: dict[str, int] = {}
    folders: list[str] = []
    faults: list[Fault] = []
    for path, entry in _walk(root, "", faults):
        if (fault := _refusal(path, entry)) is not None:
            faults.append(fault)
        elif entry.is_dir(follow_symlinks=False):
            folders.append(path)
        elif path != LISTING_CACHE:
            files[path] = entry.stat(follow_symlinks=False).st_size
    if faults:
        count = len(faults)
        raise BadRequest(
            f"'{root}' holds {count} {'thing' if count == 1 else 'things'} that cannot be "
            "preserved. Replace or remove them, then run the command again.",
            code="bad-folder",
            faults=sorted(faults, key=lambda fault: fault.path or ""),
        )
    return Folder(root=root, files=dict(sorted(files.items())), folders=tuple(sorted(folders)))


def digests(folder: Folder, *, threads: int, progress: Progress) -> dict[str, Digest]:
    """The digest of every file, each read once."""
    progress.phase("Reading", files=len(folder.files), size=folder.size)

    crew = Crew(threads)
    seen = crew.counted(lambda size: progress.step(size=size))

    def one(path: str) -> tuple[str, Digest]:
        found = digest(folder.root / path, seen=seen)
        progress.step(files=1)
        return path, found

    small = {path for path, size in folder.files.items() if size < SMALL}
    found = dict(one(path) for path in folder.files if path in small)
    found.update(crew.each(one, (path for path in folder.files if path not in small)))
    return found


def _walk(root: Path, below: str, faults: list[Fault]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    pending = [below]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(root / here) as entries:
                listed = list(entries)
        except OSError as error:
            faults.append(
                Fault(
                    code="unreadable-folder",
                    message=f"The folder cannot be read: {error.strerror}.",
                    path=here or ".",
                )
            )
            continue
        for entry in listed:
            path = f"{here}/{entry.name}" if here else entry.name
            yield path, entry
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)


def _refusal(path: str, entry: os.DirEntry[str]) -> Fault | None:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return Fault(code="bad-name", message="The name is not UTF-8.", path=ascii(path).strip("'"))
    if entry.is_symlink():
        return Fault(code="symbolic-link", message="Symbolic links are not preserved.", path=path)
    if not (entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)):
        return Fault(code="special-file", message="Neither a regular file nor a folder.", path=path)
    return None


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
