"""Every object of a storage root, in a stable order, found by looking and not by any index.

What cannot be read is handed out as an error among the objects, so that one damaged object does
not hide the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from strongroom.errors import Damaged, NotFound
from strongroom.ocfl import metadata, stored
from strongroom.ocfl.site import Site
from strongroom.ocfl.stored import StoredObject


def objects(site: Site) -> Iterator[StoredObject | Damaged]:
    """The objects by their paths in the root, and a Damaged for each thing that is none.

    Objects that are purged while the walk goes on are left out.
    """
    waiting = [""]
    while waiting:
        path = waiting.pop()
        folder = site.folder / path if path else site.folder
        try:
            files, folders, odd = _look(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            if path == "":
                raise
            yield _told(error, folder, path)
            continue
        if path == "":
            # files in the root itself are free (E087), as is everything in its extensions
            folders = [name for name in folders if name != "extensions"]
        elif any(name.startswith("0=ocfl_object_") for name in files):
            yield from _read(site, folder, path)
            continue
        else:
            odd += files
        for name in odd:
            yield Damaged(
                f"'{f'{path}/{name}'.strip('/')}' in the storage root belongs to no object.",
                code="stray-file",
                operator=f"move {folder / name} away, or restore the object it belonged to",
            )
        if odd and path and {"inventory.json"} & set(odd):
            continue
        waiting += [f"{path}/{name}" if path else name for name in reversed(folders)]


def _look(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Names of the files, the folders and all else in a folder, each sorted."""
    files, folders, odd = [], [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_file(follow_symlinks=False):
                files.append(entry.name)
            else:
                odd.append(entry.name)
    return sorted(files), sorted(folders), sorted(odd)


def _read(site: Site, folder: Path, path: str) -> Iterator[StoredObject | Damaged]:
    try:
        found = stored.load(folder, path)
        if site.object_path(found.id) != path:
            raise Damaged(
                f"'{found.id}' lies at '{path}' and not where its id leads, "
                f"'{site.object_path(found.id)}'. Move it there.",
                code="wrong-object",
            )
        yield found
    except NotFound:
        return
    except Damaged as error:
        yield error
    except OSError as error:
        yield _told(error, folder, path)


def _told(error: OSError, folder: Path, path: str) -> Damaged:
    """An error about one folder among the objects; raised as it is if it is about us."""
    better = metadata.unreadable(error, folder, "the storage root", name=path)
    if isinstance(better, OSError):
        raise better
    return better
