"""Small files of the archive's own (inventories, sidecars, declarations), read whole and warily.

Only a regular file is read: a link is not followed, and a pipe or a device in a file's place cannot
hold up the reader. What the bytes mean is left to the callers.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from strongroom.errors import Damaged, Fault

#: how every file of the archive is opened; O_NONBLOCK: a pipe must not wait for its writer
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY

#: refusals that say something about this process or machine, and nothing about the file
_OWN_TROUBLE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
#: refusals to open what is no regular file -> what it is
_ODD = {errno.ELOOP: "a symbolic link", errno.ENXIO: "a socket or a device"}
_KINDS = {
    stat.S_IFREG: "a regular file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
_CHUNK = 1 << 20


def read(path: Path, owner: str) -> bytes | None:
    """The bytes of a file; None if nothing is there.

    ``owner`` is what holds it, such as ``the object at 'abc/…'``, for the message. Damaged
    (``unreadable-metadata``) if it cannot be read or is no regular file.
    """
    try:
        descriptor = os.open(path, READ)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable(error, path, owner) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise not_regular(path, owner, kind(status.st_mode))
        parts = []
        while data := os.read(descriptor, max(_CHUNK, status.st_size)):
            parts.append(data)
        return b"".join(parts)
    except OSError as error:
        raise unreadable(error, path, owner) from error
    finally:
        os.close(descriptor)


def unreadable(
    error: OSError,
    path: Path,
    owner: str,
    *,
    name: str | None = None,
    code: str = "unreadable-metadata",
) -> Damaged | OSError:
    """What to raise where a file of the archive cannot be opened or read.

    ``name`` is what messages call the file, by default its own name.
    The error itself where it is this process's trouble, so that no file is called damaged for it.
    """
    if error.errno in _OWN_TROUBLE:
        return error
    if error.errno in _ODD:
        return not_regular(path, owner, _ODD[error.errno], code=code)
    reason = error.strerror or "the system does not say why"
    name = name or path.name
    what = f"'{name}' of {owner} cannot be read: {reason}."
    return Damaged(
        f"{what} Check the disk and the permissions; if that does not help, restore it from a "
        "copy.",
        code=code,
        faults=[Fault(code=code, message=what, path=name, found=reason)],
        operator=f"{error}; it is {path}",
    )


def not_regular(
    path: Path, owner: str, found: str, *, code: str = "unreadable-metadata"
) -> Damaged:
    """What to raise where something else, ``found``, lies in the place of a file."""
    what = f"'{path.name}' of {owner} is {found} and no regular file."
    return Damaged(
        f"{what} Restore it from a copy.",
        code=code,
        faults=[
            Fault(
                code=code,
                message=what,
                path=path.name,
                expected="a regular file",
                found=found,
            )
        ],
        operator=f"it is {path}",
    )


def kind(mode: int) -> str:
    """What a mode of stat(2) stands for, in words for people."""
    return _KINDS.get(stat.S_IFMT(mode), "a device")
