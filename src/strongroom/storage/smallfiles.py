"""Small files of known digest, copied from one open folder to another, many at a time.

One tight loop that knows only success: whatever is odd about a file, it is left out and nothing of
it remains, and somebody else takes it by itself and says what is wrong. Runs in this process and in
a second one (:mod:`strongroom.storage.copier`), so it needs the standard library alone.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress

from strongroom.storage import durable

# not from typing, whose import the second process would wait for
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

#: bytes up to which a file is small enough to be held in memory, with others waiting for it
SMALL = 256 << 10
#: algorithms (OCFL's names) that files can be known by here
HASHES: dict[str, Callable[[bytes], Any]] = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}

# O_NONBLOCK: opening a pipe must not wait for its writer
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def copy_known(
    source: int, target: int, algorithm: str, files: Sequence[tuple[bytes, bytes, int, str]]
) -> list[int]:
    """Copy files from the open folder ``source`` to new names in the open folder ``target``.

    Each as :class:`strongroom.storage.copier.Known` has it.
    Returns the places (in ``files``) of those that were left out. Of all others exactly the bytes
    that have the size and digest were written, not yet synced.
    """
    take = HASHES[algorithm]
    left_out = []
    for number, (name, new, size, digest) in enumerate(files):
        try:
            descriptor = os.open(name, READ, dir_fd=source)
            try:
                status = os.fstat(descriptor)
                if status.st_size != size or not stat.S_ISREG(status.st_mode):
                    left_out.append(number)
                    continue
                # a regular file gives all it has; one byte more would show that it has grown
                data = os.read(descriptor, size + 1)
            finally:
                os.close(descriptor)
            if len(data) != size or take(data).hexdigest() != digest:
                left_out.append(number)
            elif new:
                _write(new, data, target)
        except OSError:
            # whoever takes the file by itself meets the error again, and can say of which it is
            left_out.append(number)
    return left_out


def _write(name: bytes, data: bytes, folder: int) -> None:
    try:
        durable.write_new(name, data, folder=folder)
    except FileExistsError:
        raise
    except OSError:
        with suppress(FileNotFoundError):
            durable.unlink(name, folder=folder)
        raise
