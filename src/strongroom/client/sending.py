"""A file on its way to a server: its digest first, then its bytes, anew for each try."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from strongroom.client.digests import CHUNK, Digest, chunks, digest, open_regular
from strongroom.client.transport import Body
from strongroom.errors import Conflict


class Sending:
    """``seen`` is told the bytes sent, and a negative number when a try begins anew."""

    def __init__(
        self,
        source: Path | bytes,
        known: Digest | None = None,
        seen: Callable[[int], None] | None = None,
    ) -> None:
        self._source = source
        self._seen = seen
        self._sent = 0
        self.digest = known or _digest(source)

    @property
    def headers(self) -> dict[str, str]:
        """What the server holds the bytes against."""
        return {
            "Content-Length": str(self.digest.size),
            "Content-Digest": self.digest.header,
        }

    def body(self) -> Body:
        """The bytes, exactly as many as were announced; Conflict if the file has changed."""
        self._count(-self._sent)
        if isinstance(self._source, bytes):
            self._count(len(self._source))
            return self._source
        if self.digest.size > CHUNK:
            return self._pieces(self._source)
        with open_regular(self._source) as stream:
            small = stream.read(CHUNK + 1) or b""
        if len(small) != self.digest.size:
            raise _changed(self._source)
        self._count(len(small))
        return small

    def _pieces(self, source: Path) -> Iterator[bytes]:
        left = self.digest.size
        with open_regular(source) as stream:
            for chunk in chunks(stream):
                left -= len(chunk)
                if left < 0:
                    break
                yield bytes(chunk)
                self._count(len(chunk))
        if left != 0:
            raise _changed(source)

    def _count(self, size: int) -> None:
        self._sent += size
        if self._seen is not None:
            self._seen(size)


def _digest(source: Path | bytes) -> Digest:
    if isinstance(source, bytes):
        return Digest(len(source), hashlib.sha256(source).hexdigest())
    return digest(source)


def _changed(source: Path) -> Conflict:
    return Conflict(
        f"'{source}' changed while it was being sent. Let nothing write to the folder meanwhile, "
        "and start again.",
        code="file-changed",
    )
