"""A version of an Archival Group becomes a local folder, every byte of it verified.

The folder appears whole or not at all: it is built beside its place under a temporary name.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from strongroom.client.client import Client
from strongroom.client.digests import Digest
from strongroom.client.parallel import Crew
from strongroom.client.paths import canonical
from strongroom.client.progress import Progress, Silent
from strongroom.client.repository import Members, members, version_of
from strongroom.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    path: str
    #: ``vN``
    version: str
    target: Path
    files: dict[str, Digest]
    folders: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(digest.size for digest in self.files.values())


def export(
    client: Client,
    path: str,
    target: Path,
    *,
    version: str | None = None,
    threads: int = 4,
    progress: Progress | None = None,
) -> Exported:
    """Download a version (default: the head) into ``target``, which is absent or empty.

    Raises Conflict where ``target`` holds something, NotFound where its parent is missing, and the
    client's errors; after any of them ``target`` is as it was.
    """
    progress = progress or Silent()
    _check_target(target)
    group = client.repository.group(path, version=version)
    exact = version_of(group)
    tree = members(group)
    part = target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}.part"
    part.mkdir()
    try:
        files = _download(client, tree, part, exact, threads=threads, progress=progress)
        _sync_folders(part, tree)
        if target.exists():
            target.rmdir()  # it is empty, or this fails and nothing is lost
        part.rename(target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Exported(
        path=canonical(path),
        version=exact,
        target=target,
        files=files,
        folders=tuple(sorted(tree.folders)),
    )


def _check_target(target: Path) -> None:
    if not target.parent.is_dir():
        raise NotFound(f"'{target.parent}' is not a folder; make it first.", code="no-folder")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Conflict(f"'{target}' exists and is no folder.", code="exists")
    if target.exists() and any(target.iterdir()):
        raise Conflict(f"'{target}' is not empty. Name a new or an empty folder.", code="not-empty")


def _download(
    client: Client,
    tree: Members,
    part: Path,
    version: str,
    *,
    threads: int,
    progress: Progress,
) -> dict[str, Digest]:
    for folder in sorted(tree.folders):
        (part / folder).mkdir(parents=True, exist_ok=True)
    progress.phase(
        "Downloading",
        files=len(tree.files),
        size=sum(binary.size for binary in tree.files.values()),
    )

    crew = Crew(threads)
    seen = crew.counted(lambda size: progress.step(size=size))

    def one(name: str) -> tuple[str, Digest]:
        place = part / name
        place.parent.mkdir(parents=True, exist_ok=True)
        found = client.content.fetch(tree.files[name], place, version=version or None, seen=seen)
        progress.step(files=1)
        return name, found

    return dict(crew.each(one, sorted(tree.files)))


def _sync_folders(part: Path, tree: Members) -> None:
    """Make names durable as the bytes already are, so that the rename says the truth."""
    for folder in sorted(tree.folders, reverse=True):
        _sync(part / folder)
    _sync(part)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
