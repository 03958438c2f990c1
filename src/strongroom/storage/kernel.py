"""The calls of the kernel that Python does not offer: syncfs, renameat2 and fallocate, by ctypes.

Each says whether the platform has it, so that :mod:`strongroom.storage.durable` can fall back;
what the calls are good for is decided there.
"""

from __future__ import annotations

import errno
import functools
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
#: answers that mean "not here", as opposed to "it failed"
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)


@functools.cache
def _libc() -> ctypes.CDLL:
    # late, as everywhere here: helpers of this program never need it, and are ready sooner without
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def syncfs(descriptor: int) -> bool:
    """Write the whole file system of ``descriptor`` to disk; False where there is no such call.

    Errors of earlier write-back are reported if the descriptor was open when they happened
    (syncfs(2), Linux 5.8), so open it before writing.
    """
    if sys.platform != "linux" or not hasattr(_libc(), "syncfs"):
        return False
    import ctypes

    if _libc().syncfs(ctypes.c_int(descriptor)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return True


def rename_noreplace(
    source: str, target: str, source_folder: int | None = None, target_folder: int | None = None
) -> bool:
    """Rename unless something is at ``target`` (FileExistsError); False where it cannot be had."""
    return _renameat2(source, target, _RENAME_NOREPLACE, source_folder, target_folder)


def rename_exchange(source: str, target: str) -> bool:
    """Exchange two names, both of which must exist, atomically; False where it cannot be had."""
    return _renameat2(source, target, _RENAME_EXCHANGE)


def _renameat2(
    source: str,
    target: str,
    flag: int,
    source_folder: int | None = None,
    target_folder: int | None = None,
) -> bool:
    if sys.platform != "linux" or not hasattr(_libc(), "renameat2"):
        return False
    import ctypes

    result = _libc().renameat2(
        ctypes.c_int(_AT_FDCWD if source_folder is None else source_folder),
        ctypes.c_char_p(os.fsencode(source)),
        ctypes.c_int(_AT_FDCWD if target_folder is None else target_folder),
        ctypes.c_char_p(os.fsencode(target)),
        ctypes.c_uint(flag),
    )
    if result == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(number, os.strerror(number), source, None, target)


def fallocate(descriptor: int, size: int) -> bool:
    """Reserve ``size`` bytes for a file, which grows to that size; False where it cannot be had.

    Not ``os.posix_fallocate``: where a file system lacks the call, the C library writes zeros.
    """
    if sys.platform != "linux" or not hasattr(_libc(), "fallocate"):
        return False
    import ctypes

    result = _libc().fallocate(
        ctypes.c_int(descriptor), ctypes.c_int(0), ctypes.c_longlong(0), ctypes.c_longlong(size)
    )
    if result == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number))
