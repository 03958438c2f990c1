"""What commands can do with a folder on this machine, without a server: find METS, write METS."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from strongroom.domain.content_types import guess
from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.diff import GENERIC_TYPE
from strongroom.domain.paths import LISTING_CACHE, check_member
from strongroom.domain.times import utc_now
from strongroom.errors import BadRequest, Conflict, Fault
from strongroom.mets import locate, writer

_CHUNK = 1 << 20
_START = 1 << 16
METS_NAME = "mets.xml"


def find_mets(folder: Path) -> Path | None:
    """The METS file of a folder, found as the server finds it; None if there is none."""

    def names(place: Path) -> list[str]:
        return sorted(p.name for p in place.iterdir() if p.is_file() and not p.is_symlink())

    def start(path: str) -> bytes:
        with (folder / path).open("rb") as stream:
            return stream.read(_START)

    data = folder / "data"
    located = locate.choose(names(folder), names(data) if data.is_dir() else [], start)
    return folder / located.path if located else None


def make_mets(folder: Path, title: str) -> Path:
    """Write ``mets.xml`` for all files and folders below ``folder``; its path.

    Conflict if the folder has METS already; BadRequest naming every link or special file.
    """
    existing = find_mets(folder)
    if existing is not None:
        raise Conflict(f"{existing} is there already.", code="already-there")
    files, folders = _walk(folder)
    data = writer.write(
        title=title,
        files=(_describe(folder, path) for path in files),
        folders=folders,
        created=utc_now(),
    )
    target = folder / METS_NAME
    handle, temporary = tempfile.mkstemp(prefix=".mets-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        os.link(temporary, target)  # fails where something is there meanwhile
    finally:
        os.unlink(temporary)  # noqa: PTH108
    return target


def _walk(folder: Path) -> tuple[list[str], list[DescribedFolder]]:
    files: list[str] = []
    folders: list[DescribedFolder] = []
    faults: list[Fault] = []
    for place, inner, names in os.walk(folder):
        base = Path(place)
        for name in sorted([*inner, *names]):
            path = base / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                faults.append(
                    Fault(
                        code="special-file",
                        message="Links and special files cannot be preserved.",
                        path=relative,
                    )
                )
            elif path.is_dir():
                folders.append(DescribedFolder(path=check_member(relative)))
            elif relative != LISTING_CACHE:
                files.append(check_member(relative))
    if faults:
        raise BadRequest(
            f"{len(faults)} entries of {folder} are links or special files.",
            code="special-file",
            faults=faults,
        )
    return sorted(files), folders


def _describe(folder: Path, path: str) -> DescribedFile:
    digest, size = hashlib.sha256(), 0
    with (folder / path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return DescribedFile(
        path=path,
        content_type=guess(path) or GENERIC_TYPE,
        size=size,
        digest=digest.hexdigest(),
    )
