"""Puts a new inventory with its sidecar, and a new declaration, in the root of an object.

Each file is replaced atomically and whole. The inventory goes in only in the place of the one that
it follows: a writer on another host, whom no lock of this one keeps out, may have been faster,
however long this process slept between its look and its step.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from strongroom.ocfl import metadata, stored
from strongroom.ocfl.stored import INVENTORY
from strongroom.storage import durable, syncing

DECLARATION = "0=ocfl_object_"


def replace_inventory(folder: Path, staged: Path, *, before: str, algorithm: str) -> bool:
    """Move inventory and sidecar from ``staged`` into the object in ``folder``, durably.

    ``before`` is the digest of the inventory that is replaced. False if another one is there; then
    the object is as it was. FileNotFoundError if the object or what was staged is gone.
    """
    staged_file, file = staged / INVENTORY, folder / INVENTORY
    if digest_at(file, algorithm) != before:
        return False
    if durable.exchange(staged_file, file):
        if digest_at(staged_file, algorithm) != before:
            # what came out is newer than what went in
            durable.exchange(staged_file, file)
            return False
    else:
        durable.rename(staged_file, file)
    sidecar = stored.sidecar_name(algorithm)
    durable.rename(staged / sidecar, folder / sidecar)
    durable.sync_folder(folder)
    return True


def digest_at(path: Path, algorithm: str) -> str | None:
    """The digest of a small file as it is now; None if there is none."""
    data = metadata.read(path, f"the object at '{path.parent.name}'")
    return None if data is None else hashlib.new(algorithm, data).hexdigest()


def declaration(spec: str) -> tuple[str, bytes]:
    """Name and bytes of the file by which an object declares its specification (E003, E007)."""
    value = f"ocfl_object_{spec}"
    return f"0={value}", f"{value}\n".encode()


def declarations(folder: Path) -> list[str]:
    """Names of the declarations that an object has, sorted."""
    return sorted(p.name for p in folder.iterdir() if p.name.startswith(DECLARATION))


def settle_declarations(folder: Path, staged: Path, spec: str) -> bool:
    """Make ``spec`` the only one that the object declares; whether there was anything to do.

    The new declaration is in place before an old one goes. ``staged`` is a folder of ours on the
    same file system.
    """
    name, data = declaration(spec)
    names = declarations(folder)
    if names == [name]:
        return False
    if name not in names:
        durable.write_new(staged / name, data)
        syncing.sync_tree(staged)
        durable.rename(staged / name, folder / name)
        durable.sync_folder(folder)
    for old in names:
        if old != name:
            durable.unlink(folder / old)
    durable.sync_folder(folder)
    return True
