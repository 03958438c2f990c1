"""SHA-256 of local files and of streams, and its two spellings on the wire.

It reads and counts; what a digest is compared with is for the callers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from strongroom.errors import BadRequest

#: bytes read at once; hashlib lets other threads run meanwhile
CHUNK = 1 << 20

#: RFC 9530: a member of the dictionary, its value between colons
_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")


@dataclass(frozen=True, slots=True)
class Digest:
    """What a file's bytes are."""

    #: bytes
    size: int
    #: lower-case hex
    sha256: str

    @property
    def header(self) -> str:
        """As ``Content-Digest`` carries it (RFC 9530)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:"


def sha256_of_header(text: str | None) -> str | None:
    """The SHA-256 in a ``Repr-Digest`` or ``Content-Digest``, as hex; None where there is none."""
    found = _SHA256.search(text or "")
    if found is None:
        return None
    try:
        raw = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return raw.hex() if len(raw) == 32 else None


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; BadRequest for a symbolic link or anything special."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise BadRequest(
            f"'{path}' cannot be read: {error.strerror}.", code="unreadable-file"
        ) from error
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise BadRequest(f"'{path}' is not a regular file.", code="not-a-file")
    return os.fdopen(number, "rb", buffering=0)


def chunks(stream: BinaryIO) -> Iterator[memoryview]:
    """The rest of a stream, in views of one buffer that the next step overwrites."""
    buffer = memoryview(bytearray(CHUNK))
    while count := stream.readinto(buffer):  # type: ignore[attr-defined]
        yield buffer[:count]


def digest(path: Path, *, seen: Callable[[int], None] | None = None) -> Digest:
    """Read a file once; ``seen`` is told the bytes of each step."""
    sha256 = hashlib.sha256()
    size = 0
    with open_regular(path) as stream:
        for chunk in chunks(stream):
            sha256.update(chunk)
            size += len(chunk)
            if seen is not None:
                seen(len(chunk))
    return Digest(size, sha256.hexdigest())
