"""Digests of small files of an open folder, many at a time; and the hash functions themselves.

One tight loop that knows only success: whoever is handed back a None takes that file by itself, and
finds out what is odd about it. Runs in this process and in others (:mod:`.readers`), so it needs
the standard library alone, and as little of it as it can.
"""

from __future__ import annotations

import hashlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

#: bytes; files below this are small
LARGE = 64 << 10

#: the hash functions by OCFL's names of them, called with the first bytes
MAKERS: dict[str, Callable[..., Any]] = {
    "md5": lambda data=b"": hashlib.md5(data, usedforsecurity=False),
    "sha1": lambda data=b"": hashlib.sha1(data, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "blake2b-512": hashlib.blake2b,
    "blake2b-160": lambda data=b"": hashlib.blake2b(data, digest_size=20),
    "blake2b-256": lambda data=b"": hashlib.blake2b(data, digest_size=32),
    "blake2b-384": lambda data=b"": hashlib.blake2b(data, digest_size=48),
    "sha512/256": lambda data=b"": hashlib.new("sha512_256", data),
}

# no link is followed; O_NONBLOCK: a pipe must not wait for its writer
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def digests_of(
    folder: int, algorithms: Sequence[str], names: Sequence[str], sizes: Sequence[int]
) -> list[list[str | None]]:
    """For each algorithm the digests of files of an open folder; ``sizes`` are their bytes.

    None for a file that cannot be read, does not have that many bytes, or is empty.
    """
    found: list[list[str | None]] = [[] for _ in algorithms]
    columns = [(MAKERS[name], column) for name, column in zip(algorithms, found, strict=True)]
    for name, size in zip(names, sizes, strict=True):
        try:
            descriptor = os.open(name, _READ, dir_fd=folder)
            try:
                # one byte more would show that it has grown; a pipe gives nothing
                data = os.read(descriptor, size + 1)
            finally:
                os.close(descriptor)
        except OSError:
            data = b""
        good = data and len(data) == size
        for make, column in columns:
            column.append(make(data).hexdigest() if good else None)
    return found
