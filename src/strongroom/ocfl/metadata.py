"""Small files of the archive's own (inventories, sidecars, declarations), read whole and warily.

Only a regular file is read: a link is not followed, and a pipe or a device in a file's place cannot
hold up the reader. What the bytes mean is left to the callers.
"""

from __future__ import annotations

import errno
from pathlib import Path

from strongroom.errors import Damaged, Fault
from strongroom.storage.localstore import LocalStore
from strongroom.storage.protocols import NotAFile, Store

#: refusals that say something about this process or machine, and nothing about the file
_OWN_TROUBLE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def read_from(store: Store, path: str, owner: str) -> bytes | None:
    """The bytes of a file; None if nothing is there.

    ``owner`` is what holds it, such as ``the object at 'abc/…'``, for the message. Damaged
    (``unreadable-metadata``) if it cannot be read or is no regular file.
    """
    try:
        return store.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        name = path.rpartition("/")[2]
        raise unreadable(error, store.place(path), owner, name=name) from error


def read(path: Path, owner: str) -> bytes | None:
    """The same, for a file of this machine."""
    return read_from(LocalStore(path.parent), path.name, owner)


def unreadable(
    error: OSError,
    place: str,
    owner: str,
    *,
    name: str,
    code: str = "unreadable-metadata",
) -> Damaged | OSError:
    """What to raise where a file of the archive cannot be opened or read.

    ``name`` is what messages call the file, ``place`` where operators find it.
    The error itself where it is this process's trouble, so that no file is called damaged for it.
    """
    if error.errno in _OWN_TROUBLE:
        return error
    if isinstance(error, NotAFile):
        return _not_regular(error, place, owner, name, code)
    reason = error.strerror or "the system does not say why"
    what = f"'{name}' of {owner} cannot be read: {reason}."
    return Damaged(
        f"{what} Check the disk and the permissions; if that does not help, restore it from a "
        "copy.",
        code=code,
        faults=[Fault(code=code, message=what, path=name, found=reason)],
        operator=f"{error}; it is {place}",
    )


def _not_regular(error: NotAFile, place: str, owner: str, name: str, code: str) -> Damaged:
    what = f"'{name}' of {owner} is {error.found} and no regular file."
    return Damaged(
        f"{what} Restore it from a copy.",
        code=code,
        faults=[
            Fault(
                code=code,
                message=what,
                path=name,
                expected="a regular file",
                found=error.found,
            )
        ],
        operator=f"it is {place}",
    )
