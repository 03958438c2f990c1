"""Makes a folder an OCFL storage root, durably, and lifts one to a newer specification.

OCFL 1.1 section 4, https://ocfl.io/1.1/spec/#storage-root. What the files say is read by
:mod:`strongroom.ocfl.declared`; what lies in the root besides is left to
:mod:`strongroom.ocfl.root`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from itertools import islice
from pathlib import Path

from strongroom.ocfl import declared, layouts
from strongroom.ocfl.declared import IDENTITY, SPEC
from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.locks import Locks
from strongroom.ocfl.texts import SPECIFICATIONS, published
from strongroom.ocfl.texts.readme import STAGING as STAGING_README
from strongroom.storage import durable, syncing
from strongroom.storage.localstore import LocalStore


def _declared(folder: Path) -> list[str]:
    return declared.versions(LocalStore(folder))


def create(folder: Path, layout: Layout = layouts.DEFAULT) -> None:
    """Make an empty folder a storage root; an interrupted making is taken up again.

    The declaration is written last, after all else is on disk: without it there is no root. If
    another process is making the root, this waits for it, and leaves the root as that one made it.
    Unprocessable if the folder holds anything else, or the layout cannot be followed.
    """
    files = declared.files(layout)
    foreign = list(islice(_foreign(folder, files), 6))
    if foreign and not _is_declared(folder):
        raise declared.holds_something_else(LocalStore(folder), foreign)
    with _alone(folder):
        if _is_declared(folder):
            return
        for path, data in files.items():
            make_folders((folder / path).parent)
            _put(folder / path, data, synced=True)
        make_identity(make_staging(folder))
        syncing.sync_tree(folder)
        _sync_above(folder)
        _put(folder / declared.name_of(SPEC), declared.body(SPEC), synced=True)
        durable.sync_folder(folder)


def _sync_above(folder: Path) -> None:
    """Bring the names of all folders on the way to this one onto the disk: some may be new."""
    device = folder.stat().st_dev
    for above in folder.parents:
        if above.stat().st_dev != device or not os.access(above, os.R_OK):
            break
        durable.sync_folder(above)


def _is_declared(folder: Path) -> bool:
    return os.path.lexists(folder / declared.name_of(SPEC))


def upgrade(folder: Path) -> bool:
    """Make a root of OCFL 1.0 one of 1.1, durably; whether anything was left to do.

    Objects stay as they are: a root may hold older ones. Between the two declarations both are
    there, which :func:`settle` resolves if this is interrupted.
    """
    with _alone(folder):
        if _declared(folder) == ["1.0"]:
            text = SPECIFICATIONS[SPEC]
            if not os.path.lexists(folder / text):
                _put(folder / text, published(text), synced=True)
            _put(folder / declared.name_of(SPEC), declared.body(SPEC), synced=True)
    return settle(folder)


def settle(folder: Path) -> bool:
    """Finish an interrupted :func:`upgrade`; whether there was one.

    Of the declarations 1.0 and 1.1, if both are there and well formed, the older one is removed.
    """
    if len(_declared(folder)) < 2:
        return False
    with _alone(folder):
        found = _declared(folder)
        # the newer one must be on disk before the older one goes
        _sync(folder / declared.name_of(max(found)))
        durable.sync_folder(folder)
        for spec in sorted(found)[:-1]:
            durable.unlink(folder / declared.name_of(spec))
        durable.sync_folder(folder)
    return True


def _alone(folder: Path) -> AbstractContextManager[None]:
    """The lock of the root itself, as against that of an object."""
    place = folder / "extensions" / STAGING / "locks"
    make_folders(place)
    return Locks(place).hold(declared.owner(LocalStore(folder)))


def _foreign(folder: Path, files: Mapping[str, bytes], below: str = "") -> Iterator[str]:
    """Paths in the folder that an interrupted :func:`create` of these files cannot have left."""
    folders = {path.rpartition("/")[0] for path in files} | {"extensions"}
    passing = {_passing(Path(path)) for path in (*files, declared.name_of(SPEC))}
    for whole in sorted((folder / below).iterdir()):
        path = f"{below}/{whole.name}" if below else whole.name
        if whole.is_dir() and not whole.is_symlink():
            if path in folders:
                yield from _foreign(folder, files, path)
            elif path != f"extensions/{STAGING}":
                yield path
        elif path in files:
            if not _begins(whole, files[path]):
                yield path
        elif Path(path) not in passing:
            yield path


def _begins(path: Path, data: bytes) -> bool:
    """Whether a file holds the data, or no more than the start of it as after a power loss."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return data.startswith(stream.read(len(data) + 1))


def make_staging(folder: Path) -> Path:
    """The root's staging folder with its parts, made where they are missing."""
    staging = folder / "extensions" / STAGING
    for name in ("work", "trash", "locks", "aside"):
        make_folders(staging / name)
    readme = staging / "README.txt"
    if not readme.exists():
        _put(readme, STAGING_README.encode(), synced=True)
        syncing.sync_tree(staging)
        durable.sync_folder(staging.parent)
    return staging


def make_identity(staging: Path) -> None:
    """Give the root an identity, durably, unless it has one; whoever is first decides."""
    if os.path.lexists(staging / IDENTITY):
        return
    identity = secrets.token_hex(16)
    # a name of its own: another process may be doing the same
    passing = staging / f".{IDENTITY}-{identity}.new"
    descriptor = durable.create(passing)
    try:
        durable.write(descriptor, f"{identity}\n".encode())
        durable.sync_file(descriptor)
    finally:
        os.close(descriptor)
    try:
        durable.rename_new(passing, staging / IDENTITY)
    except FileExistsError:
        durable.unlink(passing)
    durable.sync_folder(staging)


def make_folders(path: Path) -> None:
    """Make a folder and those above it; harmless where they are there. Not synced."""
    if not path.is_dir():
        make_folders(path.parent)
        try:
            durable.make_folder(path)
        except FileExistsError:
            if not path.is_dir():
                raise


def _passing(path: Path) -> Path:
    """What a file is called until it is whole."""
    return path.with_name(f".{path.name}.new")


def _put(path: Path, data: bytes, *, synced: bool = False) -> None:
    """Write a small file whole: under another name first, so that it is never seen half done.

    ``synced``: it is on disk before it has its name. The name itself is never synced here.
    """
    passing = _passing(path)
    with suppress(FileNotFoundError):
        durable.unlink(passing)
    durable.write_new(passing, data)
    if synced:
        _sync(passing)
    durable.rename(passing, path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        durable.sync_file(descriptor)
    finally:
        os.close(descriptor)
