"""The files that make a folder an OCFL storage root: made durably, and read strictly.

OCFL 1.1 section 4, https://ocfl.io/1.1/spec/#storage-root. What lies in the root besides is left to
:mod:`strongroom.ocfl.root`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from itertools import islice
from pathlib import Path

from strongroom.errors import Damaged, Fault, NotFound, Unprocessable
from strongroom.ocfl import layouts, metadata
from strongroom.ocfl.extensions import STAGING
from strongroom.ocfl.layouts import Layout
from strongroom.ocfl.locks import Locks
from strongroom.ocfl.texts import SPECIFICATIONS, published
from strongroom.ocfl.texts.readme import STAGING as STAGING_README
from strongroom.ocfl.texts.readme import of_root
from strongroom.storage import durable, syncing

#: in the staging folder: one line of 32 hex digits, by which the root is known again
IDENTITY = "root-id"
SPEC = "1.1"

_IDENTITY = re.compile(rb"[0-9a-f]{32}\r?\n?")
_DECLARATION = re.compile(r"[0-9]+=ocfl_[^/]*")
_KNOWN = {"0=ocfl_1.0": "1.0", "0=ocfl_1.1": "1.1"}


def read(folder: Path) -> tuple[str, Layout]:
    """The specification's version that the root follows, and its layout.

    NotFound if the folder is no storage root at all; Unprocessable if it is one that cannot be
    followed. A root whose upgrade was interrupted follows the newer version already.
    """
    return max(_declared(folder)), _read_layout(folder)


def _declared(folder: Path) -> list[str]:
    """The versions that the root declares: one, or both in the midst of an upgrade."""
    names = sorted(path.name for path in folder.iterdir() if _DECLARATION.fullmatch(path.name))
    if not names:
        raise NotFound(f"'{folder}' is no OCFL storage root: it has no file '0=ocfl_{SPEC}'.")
    for name in names:
        spec = _KNOWN.get(name)
        if spec is None:
            raise _refused(
                folder, f"'{name}' declares no version of OCFL that is known here (1.0, 1.1)"
            )
        body = metadata.read(folder / name, _owner(folder))
        if body is None:
            return _declared(folder)  # an upgrade has just removed it
        if body != _body(spec):
            raise _refused(folder, f"the file '{name}' must hold 'ocfl_{spec}' and a line end")
    return [_KNOWN[name] for name in names]


def _read_layout(folder: Path) -> Layout:
    text = metadata.read(folder / "ocfl_layout.json", _owner(folder))
    if text is None:
        raise _refused(
            folder,
            f"it does not say where its objects lie. If they lie by {layouts.DEFAULT.name}, "
            "add an ocfl_layout.json that says so",
        )
    try:
        said = json.loads(text)
    except ValueError as error:
        raise _refused(folder, f"its ocfl_layout.json is no JSON ({error})") from error
    name = said.get("extension") if isinstance(said, dict) else None
    if not isinstance(name, str):
        raise _refused(folder, "its ocfl_layout.json names no layout as its 'extension'")
    config = folder / "extensions" / name / "config.json"
    return layouts.read(
        name, metadata.read(config, _owner(folder)) if name in layouts.NAMES else None
    )


def _owner(folder: Path) -> str:
    return f"the storage root '{folder}'"


def create(folder: Path, layout: Layout = layouts.DEFAULT) -> None:
    """Make an empty folder a storage root; an interrupted making is taken up again.

    The declaration is written last, after all else is on disk: without it there is no root. If
    another process is making the root, this waits for it, and leaves the root as that one made it.
    Unprocessable if the folder holds anything else, or the layout cannot be followed.
    """
    files = _files(layout)
    foreign = list(islice(_foreign(folder, files), 6))
    if foreign and not _is_declared(folder):
        raise Unprocessable(
            f"'{folder}' is no OCFL storage root and holds something else "
            f"({', '.join(foreign[:5])}{', …' if foreign[5:] else ''}). Name an empty folder, or "
            "one that is a storage root.",
            code="not-a-storage-root",
        )
    with _alone(folder):
        if _is_declared(folder):
            return
        for path, data in files.items():
            make_folders((folder / path).parent)
            _put(folder / path, data, synced=True)
        make_identity(make_staging(folder))
        syncing.sync_tree(folder)
        _sync_above(folder)
        _put(folder / f"0=ocfl_{SPEC}", _body(SPEC), synced=True)
        durable.sync_folder(folder)


def _sync_above(folder: Path) -> None:
    """Bring the names of all folders on the way to this one onto the disk: some may be new."""
    device = folder.stat().st_dev
    for above in folder.parents:
        if above.stat().st_dev != device or not os.access(above, os.R_OK):
            break
        durable.sync_folder(above)


def _is_declared(folder: Path) -> bool:
    return os.path.lexists(folder / f"0=ocfl_{SPEC}")


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
            _put(folder / f"0=ocfl_{SPEC}", _body(SPEC), synced=True)
    return settle(folder)


def settle(folder: Path) -> bool:
    """Finish an interrupted :func:`upgrade`; whether there was one.

    Of the declarations 1.0 and 1.1, if both are there and well formed, the older one is removed.
    """
    if len(_declared(folder)) < 2:
        return False
    with _alone(folder):
        declared = _declared(folder)
        # the newer one must be on disk before the older one goes
        _sync(folder / f"0=ocfl_{max(declared)}")
        durable.sync_folder(folder)
        for spec in sorted(declared)[:-1]:
            durable.unlink(folder / f"0=ocfl_{spec}")
        durable.sync_folder(folder)
    return True


def _alone(folder: Path) -> AbstractContextManager[None]:
    """The lock of the root itself, as against that of an object."""
    place = folder / "extensions" / STAGING / "locks"
    make_folders(place)
    return Locks(place).hold(_owner(folder))


def _files(layout: Layout) -> dict[str, bytes]:
    """What a new root holds besides its declaration and its staging: path -> bytes."""
    text = SPECIFICATIONS[SPEC]
    said = {"extension": layout.name, "description": layout.description}
    readme = of_root(layout, spec=SPEC, specification=text, staging=STAGING)
    return {
        f"extensions/{layout.name}/config.json": layouts.write(layout),
        f"{layout.name}.md": published(f"{layout.name}.md"),
        "ocfl_layout.json": (json.dumps(said, indent=2) + "\n").encode(),
        "README.txt": readme.encode(),
        text: published(text),
    }


def _foreign(folder: Path, files: Mapping[str, bytes], below: str = "") -> Iterator[str]:
    """Paths in the folder that an interrupted :func:`create` of these files cannot have left."""
    folders = {path.rpartition("/")[0] for path in files} | {"extensions"}
    passing = {_passing(Path(path)) for path in (*files, f"0=ocfl_{SPEC}")}
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


def read_identity(folder: Path) -> str | None:
    """The root's identity; None if it has none, Damaged (``bad-root-id``) if it cannot be one."""
    data = metadata.read(folder / "extensions" / STAGING / IDENTITY, _owner(folder))
    if data is None:
        return None
    if not _IDENTITY.fullmatch(data):
        what = f"'extensions/{STAGING}/{IDENTITY}' of {_owner(folder)} is not 32 hex digits."
        raise Damaged(
            f"{what} Restore it from a copy.",
            code="bad-root-id",
            faults=[
                Fault(
                    code="bad-root-id",
                    message=what,
                    path=IDENTITY,
                    found=repr(data[:64]),
                )
            ],
        )
    return data.decode("ascii").strip()


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


def _body(spec: str) -> bytes:
    """What a root's declaration holds."""
    return f"ocfl_{spec}\n".encode()


def _refused(folder: Path, why: str) -> Unprocessable:
    return Unprocessable(
        f"The OCFL storage root '{folder}' cannot be opened: {why}.", code="bad-storage-root"
    )
