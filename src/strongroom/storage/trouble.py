"""What the operating system refuses, told in the words of :mod:`strongroom.errors`.

Only refusals that a person can do something about are translated; an input/output error of the
disk stays the OSError it is.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from strongroom.errors import (
    BadRequest,
    Conflict,
    Fault,
    OutOfSpace,
    StrongroomError,
    Unprocessable,
)

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


def translated(error: OSError, path: str) -> StrongroomError | None:
    """The error in our words; None if there are no better words than its own.

    ``path`` is what the caller calls the file: the operating system's own name for it may hold
    folders that are nobody's business.
    """
    if error.errno in _FULL:
        return out_of_space(error, path)
    if error.errno in _FORBIDDEN:
        return Unprocessable(
            f"'{path}' cannot be read or written: permission is denied. "
            "Give the server's user the right to it and try again.",
            code="unreadable-file",
            faults=[unreadable(error, path)],
            operator=str(error),
        )
    if error.errno == errno.ESTALE:
        return Conflict(
            f"'{path}' was replaced while it was read. Nothing was changed; try again.",
            code="changed-file",
            faults=[
                Fault(
                    code="changed-file",
                    message="The file was replaced while it was read.",
                    path=path,
                )
            ],
        )
    if error.errno == errno.ENAMETOOLONG:
        return BadRequest(
            f"A name in '{path[:200]}' is too long.",
            code="path-too-long",
            faults=[
                Fault(
                    code="path-too-long",
                    message="A name is too long for the file system.",
                    path=path[:200],
                    expected="at most 255 bytes",
                )
            ],
        )
    return None


def out_of_space(error: OSError, path: str) -> OutOfSpace:
    quota = error.errno == errno.EDQUOT
    what = "The server's disk quota is used up" if quota else "The disk is full"
    return OutOfSpace(
        f"{what}: '{path}' could not be written, and nothing was changed. "
        "Make room, then try again.",
        faults=[Fault(code="out-of-space", message=f"{what}.", path=path)],
        operator=str(error),
    )


def unreadable(error: OSError, path: str) -> Fault:
    """The fault of a file that cannot be read, for lists of faults."""
    return Fault(
        code="unreadable-file",
        message="The file cannot be read: " + (error.strerror or "the system does not say why"),
        path=path,
    )


@contextmanager
def told_as(path: str) -> Iterator[None]:
    """Run the body; an OSError with better words is raised in them."""
    try:
        yield
    except OSError as error:
        better = translated(error, path)
        if better is None:
            raise
        raise better from error
