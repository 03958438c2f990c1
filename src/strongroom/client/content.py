"""Bytes of preserved Binaries, of any version: to local files, to memory, as streams.

How they are read and verified is the affair of ``reading``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from strongroom.client import reading
from strongroom.client.digests import Digest
from strongroom.client.errors import BadAnswer
from strongroom.client.operations import STORAGE, operation
from strongroom.client.paths import encode
from strongroom.client.reading import Stat
from strongroom.client.references import path_of
from strongroom.client.timemaps import TimeMap, accept_datetime, read_timemap
from strongroom.client.transport import Transport
from strongroom.wire.resources import Binary


class Contents:
    """A Binary is named by what the server answered, or by its path in the repository.

    What the server answered is verified by what it says of the Binary: give it with the
    ``version`` (or moment ``at``) that it was read at.
    """

    def __init__(self, transport: Transport, storage_url: str | None = None) -> None:
        self._transport = transport
        self._storage_url = storage_url
        self._storage = transport.at(storage_url or transport.base_url + STORAGE)

    @operation("GET /storage-api/content/{path}")
    def fetch(
        self,
        binary: Binary | str,
        target: Path,
        *,
        version: str | None = None,
        at: datetime | None = None,
        seen: Callable[[int], None] | None = None,
    ) -> Digest:
        """Write a Binary's bytes to ``target``, which must be free.

        ``version`` names the version of the group, ``at`` a moment; ``seen`` is told the bytes of
        each step, and a negative number when a broken transfer begins anew. Raises
        :class:`~strongroom.client.errors.VerificationFailed` if the bytes are not what the Binary
        says, and Conflict if something is at the target.
        """
        return reading.fetch(
            self._transport,
            self._url(binary),
            target,
            params=_version(version),
            headers=accept_datetime(at),
            expected=_expected(binary),
            seen=seen,
        )

    @operation("GET /storage-api/content/{path}")
    def stream(
        self,
        binary: Binary | str,
        *,
        version: str | None = None,
        at: datetime | None = None,
        start: int = 0,
        length: int | None = None,
    ) -> Iterator[bytes]:
        """The bytes in chunks, or ``length`` of them from ``start``.

        A broken transfer goes on where it broke. A whole Binary is verified at its end: until the
        stream has ended, do not believe what came.
        """
        return reading.stream(
            self._transport,
            self._url(binary),
            start=start,
            length=length,
            params=_version(version),
            headers=accept_datetime(at),
            expected=_expected(binary),
        )

    def read(
        self,
        binary: Binary | str,
        *,
        version: str | None = None,
        at: datetime | None = None,
        start: int = 0,
        length: int | None = None,
    ) -> bytes:
        """The same in memory, all at once."""
        return b"".join(self.stream(binary, version=version, at=at, start=start, length=length))

    @operation("HEAD /storage-api/content/{path}")
    def stat(
        self, binary: Binary | str, *, version: str | None = None, at: datetime | None = None
    ) -> Stat:
        """Size, type and digest, without the bytes."""
        return reading.stat(
            self._transport,
            self._url(binary),
            params=_version(version),
            headers=accept_datetime(at),
        )

    @operation("GET /storage-api/v1/content-timemap/{path}")
    def timemap(self, binary: Binary | str) -> TimeMap:
        """The states of the bytes, by version (RFC 7089)."""
        path = f"/v1/content-timemap/{encode(path_of(binary))}"
        return read_timemap(self._storage.request("GET", path).text)

    def _url(self, binary: Binary | str) -> str:
        if isinstance(binary, str):
            return self._storage.url(f"/content/{encode(path_of(binary))}")
        if binary.content is None:
            raise BadAnswer(f"The server gives no place for the bytes of '{binary.id}'.")
        if self._storage_url is None:
            return self._reached(binary.id or "", binary.content)
        _, found, path = binary.content.partition("/content/")
        if not found:
            raise BadAnswer(f"'{binary.content}' is no address of content; expected …/content/….")
        return self._storage.url(f"/content/{path}")

    def _reached(self, id_: str, content: str) -> str:
        """The address of content, by the way on which this client reaches the server.

        Ids begin with the server's public root. Content that lies below the same root is as near
        as everything else; content elsewhere is taken at its word.
        """
        public, found, _ = id_.partition("/repository/")
        if not found or not content.startswith(public + "/"):
            return content
        rest = content[len(public) :]
        place = self._storage if rest.startswith("/content/") else self._transport
        return place.url(rest)


def _expected(binary: Binary | str) -> Digest | None:
    if isinstance(binary, str) or not binary.digest:
        return None
    return Digest(binary.size, binary.digest)


def _version(version: str | None) -> dict[str, str] | None:
    return {"version": version} if version else None
