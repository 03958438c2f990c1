"""The files of a deposit over HTTP: put, get, list, delete.

Every transfer is verified by SHA-256 at both ends; what the files mean is for METS and the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from strongroom.client.content import fetch
from strongroom.client.deposits import at
from strongroom.client.digests import CHUNK, Digest, chunks, digest, open_regular
from strongroom.client.errors import VerificationFailed
from strongroom.client.paths import encode
from strongroom.client.transport import Body, Transport, decode
from strongroom.errors import Conflict
from strongroom.wire.files import DepositFile, DepositFiles


class Files:
    """Paths are relative to the deposit, with ``/`` between segments."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def listing(self, deposit: str) -> DepositFiles:
        return self._transport.json("GET", f"/v1{at(deposit)}/files", DepositFiles)

    def put(
        self,
        deposit: str,
        path: str,
        source: Path,
        *,
        known: Digest | None = None,
        seen: Callable[[int], None] | None = None,
    ) -> DepositFile:
        """Send one file; it appears under its path as a whole or not at all.

        ``known`` spares reading the file for its digest first. ``seen`` is told the bytes sent,
        and a negative number when a try has to begin anew. Raises Conflict if the file changes
        meanwhile, and whatever the server says.
        """
        expected = known or digest(source)
        sent = 0

        def count(size: int) -> None:
            nonlocal sent
            sent += size
            if seen is not None:
                seen(size)

        def body() -> Body:
            count(-sent)
            if expected.size > CHUNK:
                return _pieces(source, expected.size, count)
            with open_regular(source) as stream:
                small = stream.read(CHUNK + 1) or b""
            if len(small) != expected.size:
                raise _changed(source)
            count(len(small))
            return small

        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(expected.size),
            "Content-Digest": expected.header,
        }
        url = self._url(deposit, path)
        answer = self._transport.send("PUT", url, headers=headers, chunks=body)
        stored = decode(answer.content, DepositFile, url=url)
        if (stored.size, stored.digest) != (expected.size, expected.sha256):
            raise VerificationFailed(
                f"The server stored '{path}' as {stored.size} bytes with SHA-256 {stored.digest}; "
                f"sent were {expected.size} bytes with {expected.sha256}."
            )
        return stored

    def get(self, deposit: str, path: str, target: Path) -> Digest:
        """Fetch one file to a local path, which must be free; verified, and whole or not at all."""
        return fetch(self._transport, self._url(deposit, path), target)

    def delete(self, deposit: str, path: str) -> None:
        self._transport.request("DELETE", self._url(deposit, path), again=False)

    def make_folder(self, deposit: str, path: str) -> None:
        """Make a folder with those above it; harmless if it is there."""
        self._transport.request("PUT", f"/v1{at(deposit)}/folders/{encode(path)}")

    def delete_folder(self, deposit: str, path: str) -> None:
        """Delete an empty folder."""
        url = f"/v1{at(deposit)}/folders/{encode(path)}"
        self._transport.request("DELETE", url, again=False)

    def _url(self, deposit: str, path: str) -> str:
        return f"/v1{at(deposit)}/files/{encode(path)}"


def _pieces(source: Path, size: int, count: Callable[[int], None]) -> Iterator[bytes]:
    """The file in chunks, exactly ``size`` bytes of it."""
    left = size
    with open_regular(source) as stream:
        for chunk in chunks(stream):
            left -= len(chunk)
            if left < 0:
                break
            yield bytes(chunk)
            count(len(chunk))
    if left != 0:
        raise _changed(source)


def _changed(source: Path) -> Conflict:
    return Conflict(
        f"'{source}' changed while it was being sent. Let nothing write to the folder meanwhile, "
        "and start again.",
        code="file-changed",
    )
