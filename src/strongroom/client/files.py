"""The files of a deposit over HTTP: put, get, list, delete.

Every transfer is verified by SHA-256 at both ends; what the files mean is for METS and the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from strongroom.client import reading
from strongroom.client.digests import Digest
from strongroom.client.errors import VerificationFailed
from strongroom.client.operations import operation
from strongroom.client.paths import encode
from strongroom.client.reading import Stat
from strongroom.client.references import DepositRef, at
from strongroom.client.sending import Sending
from strongroom.client.transport import Transport, decoded
from strongroom.wire.files import DepositFile, DepositFiles


class Files:
    """Paths are relative to the deposit, with ``/`` between segments."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /v1/deposits/{deposit_id}/files")
    def listing(self, deposit: DepositRef) -> DepositFiles:
        """All files and folders, and what is there but cannot be preserved."""
        return self._transport.json("GET", f"/v1{at(deposit)}/files", DepositFiles)

    @operation("PUT /v1/deposits/{deposit_id}/files/{path}")
    def put(
        self,
        deposit: DepositRef,
        path: str,
        source: Path | bytes,
        *,
        known: Digest | None = None,
        seen: Callable[[int], None] | None = None,
    ) -> DepositFile:
        """Send one file; it appears under its path as a whole or not at all.

        ``known`` spares reading the file for its digest first. ``seen`` is told the bytes sent,
        and a negative number when a try has to begin anew. Raises Conflict if the file changes
        meanwhile, and whatever the server says.
        """
        sending = Sending(source, known, seen)
        headers = {"Content-Type": "application/octet-stream", **sending.headers}
        answer = self._transport.send(
            "PUT", self._url(deposit, path), headers=headers, chunks=sending.body
        )
        stored = decoded(answer, DepositFile)
        expected = sending.digest
        if (stored.size, stored.digest) != (expected.size, expected.sha256):
            raise VerificationFailed(
                f"The server stored '{path}' as {stored.size} bytes with SHA-256 {stored.digest}; "
                f"sent were {expected.size} bytes with {expected.sha256}."
            )
        return stored

    @operation("GET /v1/deposits/{deposit_id}/files/{path}")
    def get(self, deposit: DepositRef, path: str, target: Path) -> Digest:
        """Fetch one file to a local path, which must be free; verified, and whole or not at all."""
        return reading.fetch(self._transport, self._url(deposit, path), target)

    @operation("GET /v1/deposits/{deposit_id}/files/{path}")
    def stream(
        self, deposit: DepositRef, path: str, *, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """The bytes in chunks, or ``length`` of them from ``start``; a whole file is verified."""
        url = self._url(deposit, path)
        return reading.stream(self._transport, url, start=start, length=length)

    def read(
        self, deposit: DepositRef, path: str, *, start: int = 0, length: int | None = None
    ) -> bytes:
        """The same in memory, all at once."""
        return b"".join(self.stream(deposit, path, start=start, length=length))

    @operation("HEAD /v1/deposits/{deposit_id}/files/{path}")
    def stat(self, deposit: DepositRef, path: str) -> Stat:
        """Size, and digest where it is known, without the bytes."""
        return reading.stat(self._transport, self._url(deposit, path))

    @operation("DELETE /v1/deposits/{deposit_id}/files/{path}")
    def delete(self, deposit: DepositRef, path: str) -> None:
        """Delete one file; the folder stays."""
        self._transport.delete(self._url(deposit, path))

    @operation("PUT /v1/deposits/{deposit_id}/folders/{path}")
    def make_folder(self, deposit: DepositRef, path: str) -> None:
        """Make a folder with those above it; harmless if it is there."""
        self._transport.request("PUT", self._folder(deposit, path))

    @operation("DELETE /v1/deposits/{deposit_id}/folders/{path}")
    def delete_folder(self, deposit: DepositRef, path: str) -> None:
        """Delete an empty folder."""
        self._transport.delete(self._folder(deposit, path))

    def _url(self, deposit: DepositRef, path: str) -> str:
        return f"/v1{at(deposit)}/files/{encode(path)}"

    def _folder(self, deposit: DepositRef, path: str) -> str:
        return f"/v1{at(deposit)}/folders/{encode(path)}"
