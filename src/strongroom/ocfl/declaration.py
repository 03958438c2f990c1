"""The files that make a folder an OCFL storage root: made durably, and read strictly.

OCFL 1.1 section 4, https://ocfl.io/1.1/spec/#storage-root. What lies in the root besides is left to
:mod:`strongroom.ocfl.root`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path

from strongroom.errors import Damaged, Fault, NotFound, Unprocessable
from strongroom.ocfl import layouts, metadata
from strongroom.ocfl.layouts import Layout
from strongroom.storage import durable

STAGING = "strongroom-staging"
#: in the staging folder: one line of 32 hex digits, by which the root is known again
IDENTITY = "root-id"
SPEC = "1.1"

_IDENTITY = re.compile(rb"[0-9a-f]{32}\r?\n?")
_DECLARATION = re.compile(r"[0-9]+=ocfl_[^/]*")
_KNOWN = {"0=ocfl_1.0": "1.0", "0=ocfl_1.1": "1.1"}

README = f"""\
What this folder is
===================

This folder is an OCFL storage root: an archive of digital objects and all their versions, laid out
by the Oxford Common File Layout, version {SPEC}, an open specification: https://ocfl.io/{SPEC}/spec/
Everything in it can be read with an ordinary computer and no special software.

How to read it
==============

1. Each object is a folder three levels down, such as 70c/b11/831/70cb11831e.... A file whose name
   starts with "0=ocfl_object_" marks it.
2. In an object, "inventory.json" is a text file that says everything:
     "id"        what the object is called
     "head"      its newest version; v1, v2, ... are the older ones
     "versions"  for each version: when it was made, by whom, and its "state": for every file a
                 digest, and the names the file had
     "manifest"  for every digest, where in the object's folder the file is kept
   To get a file of a version, look for its name in that version's "state", take the digest beside
   it, and look the digest up in "manifest". The file there is the file, unchanged.
3. The digest is the file's SHA-256 (unless "digestAlgorithm" says otherwise). If "sha256sum" of the
   file gives the same digits, the file is exactly what was once put in.
4. To find an object whose id you know, compute the SHA-256 of the id. The first nine digits, three
   at a time, are the folders; the whole is the name of the object's folder.
5. Files named ".strongroom/resources.json" in a version's state are a text that Strongroom, the
   program that wrote this archive, keeps beside the files: display names, media types, empty
   folders, and who asked for the version. The other files do not depend on it.

Please do not change, add or remove anything here by hand. The folder
extensions/{STAGING} holds unfinished work of the program and no content of the archive.
"""

STAGING_README = """\
Unfinished work of Strongroom, the program that writes this archive. Nothing in here belongs to the
archive yet, or any more.

  work/   versions that are being prepared; each has an intent.json that says for which object
  trash/  what was purged or thrown away and is being deleted
  locks/  empty files by which writers keep out of each other's way; they are never deleted
  aside/  what was found in the archive and could not belong there; a person should look at it
  root-id by these digits Strongroom knows this archive again, wherever it lies, and notices when
          another one (or none, on a disk that is not mounted) lies in its place; please keep it

If no Strongroom is running, work/ and trash/ may be deleted after its next start, which first
finishes what had reached the archive and then clears them by itself.
"""


def read(folder: Path) -> tuple[str, Layout]:
    """The specification's version that the root follows, and its layout.

    NotFound if the folder is no storage root at all; Unprocessable if it is one that cannot be
    followed.
    """
    names = sorted(path.name for path in folder.iterdir() if _DECLARATION.fullmatch(path.name))
    if not names:
        raise NotFound(f"'{folder}' is no OCFL storage root: it has no file '0=ocfl_{SPEC}'.")
    if len(names) > 1:
        raise _refused(folder, f"it has several declarations ({', '.join(names)}); keep one")
    spec = _KNOWN.get(names[0])
    if spec is None:
        raise _refused(folder, f"'{names[0]}' is no version of OCFL that is known here (1.0, 1.1)")
    if metadata.read(folder / names[0], _owner(folder)) != f"ocfl_{spec}\n".encode():
        raise _refused(folder, f"the file '{names[0]}' must hold 'ocfl_{spec}' and a line end")
    return spec, _read_layout(folder)


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


def create(folder: Path) -> None:
    """Make an empty folder a storage root; an interrupted making is taken up again.

    The declaration is written last, after all else is on disk: without it there is no root.
    """
    foreign = _foreign(folder)
    if foreign:
        raise Unprocessable(
            f"'{folder}' is no OCFL storage root and holds something else "
            f"({', '.join(foreign[:5])}). Name an empty folder, or one that is a storage root.",
            code="not-a-storage-root",
        )
    chosen = layouts.DEFAULT
    config = folder / "extensions" / chosen.name / "config.json"
    make_folders(config.parent)
    description = {"extension": chosen.name, "description": chosen.description}
    _put(config, layouts.write(chosen))
    _put(folder / "ocfl_layout.json", (json.dumps(description, indent=2) + "\n").encode())
    _put(folder / "README.txt", README.encode())
    make_identity(make_staging(folder))
    durable.sync_tree(folder)
    _put(folder / f"0=ocfl_{SPEC}", f"ocfl_{SPEC}\n".encode())
    durable.sync_tree(folder)
    durable.sync_folder(folder.parent)


def _foreign(folder: Path) -> list[str]:
    """Names in the folder that an interrupted :func:`create` cannot have left."""
    made = ["ocfl_layout.json", "README.txt", f"0=ocfl_{SPEC}"]
    ours = {"extensions", *made[:2], *map(_passing, made)}
    found = sorted(path.name for path in folder.iterdir() if path.name not in ours)
    extensions = folder / "extensions"
    if extensions.is_dir():
        found += sorted(
            f"extensions/{path.name}"
            for path in extensions.iterdir()
            if path.name not in (layouts.DEFAULT.name, STAGING)
        )
    return found


def make_staging(folder: Path) -> Path:
    """The root's staging folder with its parts, made where they are missing."""
    staging = folder / "extensions" / STAGING
    for name in ("work", "trash", "locks", "aside"):
        make_folders(staging / name)
    readme = staging / "README.txt"
    if not readme.exists():
        _put(readme, STAGING_README.encode())
        durable.sync_tree(staging)
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


def _passing(name: str) -> str:
    return f".{name}.new"


def _put(path: Path, data: bytes) -> None:
    """Write a small file whole: under another name first, so that it is never seen half done."""
    passing = path.with_name(_passing(path.name))
    passing.unlink(missing_ok=True)
    durable.write_new(passing, data)
    durable.rename(passing, path)


def _refused(folder: Path, why: str) -> Unprocessable:
    return Unprocessable(
        f"The OCFL storage root '{folder}' cannot be opened: {why}.", code="bad-storage-root"
    )
