"""Large files of deposits, sent in parts by links to where they will lie.

The server begins and completes an upload and never sees a byte of it. As with ``links``, whoever
has a link can use it, so none is ever shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from strongroom.client.digests import CHUNK, open_regular
from strongroom.client.errors import BadAnswer
from strongroom.client.operations import operation
from strongroom.client.parallel import Crew
from strongroom.client.references import DepositRef, at
from strongroom.client.transport import Transport
from strongroom.errors import Conflict
from strongroom.wire.base import Shape
from strongroom.wire.files import DepositFile
from strongroom.wire.in_parts import AbortedUpload, PartShape, SentUpload, WantedUpload

#: parts that are on their way at a time
_THREADS = 4


class Part(PartShape):
    """A request that may be made."""

    def __repr__(self) -> str:
        return f"Part(number={self.number}, size={self.size}, expires={self.expires!r})"


class Upload(Shape):
    """An upload that was begun, with a link for each part."""

    path: str
    #: by which the server knows it
    upload: str
    #: bytes of each part but the last
    part_size: int
    parts: list[Part]


class Uploads:
    """Into buckets; StateConflict (``no-parts``) for deposits in folders, where files are put."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(
        self,
        deposit: DepositRef,
        path: str,
        source: Path,
        *,
        part_size: int | None = None,
        seconds: int = 3600,
        seen: Callable[[int], None] | None = None,
    ) -> DepositFile:
        """Send a file of any size, some parts at a time; it is there as a whole or not at all.

        ``part_size`` is the bytes of a part (default: the server chooses), ``seconds`` how long
        the links last, and ``seen`` is told the bytes of each part that has come. An upload that
        fails is aborted.
        """
        upload = self.begin(
            deposit, path, size=source.stat().st_size, part_size=part_size, seconds=seconds
        )
        try:
            crew = Crew(_THREADS)
            told = crew.counted(seen or _ignore)

            def send(part: Part) -> str:
                etag = self.send(upload, part, source)
                told(part.size)
                return etag

            etags = list(crew.each(send, upload.parts))
        except BaseException:
            self.abort(deposit, upload)
            raise
        return self.complete(deposit, upload, etags)

    @operation("POST /v1/deposits/{deposit_id}/uploads")
    def begin(
        self,
        deposit: DepositRef,
        path: str,
        *,
        size: int,
        part_size: int | None = None,
        upload: str | None = None,
        seconds: int = 900,
    ) -> Upload:
        """Begin an upload of ``size`` bytes; or make the links of one anew, by its ``upload``."""
        wanted = WantedUpload(
            path=path, size=size, part_size=part_size, upload=upload, seconds=seconds
        )
        return self._transport.json("POST", f"/v1{at(deposit)}/uploads", Upload, body=wanted)

    def send(self, upload: Upload, part: Part, source: Path) -> str:
        """Send one part of a file; its ETag, which :meth:`complete` wants."""
        piece = _Piece(source, (part.number - 1) * upload.part_size, part.size)
        headers = {"Content-Length": str(part.size), **part.headers}
        answer = self._transport.send(
            part.method, part.url, headers=headers, chunks=piece.body, secret=True
        )
        if "ETag" not in answer.headers:
            raise BadAnswer(f"The store gave no ETag for part {part.number} of '{upload.path}'.")
        return answer.headers["ETag"]

    @operation("POST /v1/deposits/{deposit_id}/uploads/complete")
    def complete(self, deposit: DepositRef, upload: Upload, etags: list[str]) -> DepositFile:
        """Put the file in its place; ``etags`` are those of all parts, first to last."""
        sent = SentUpload(path=upload.path, upload=upload.upload, etags=etags)
        # completing twice does no harm, so a lost answer may be asked for again
        return self._transport.json(
            "POST", f"/v1{at(deposit)}/uploads/complete", DepositFile, body=sent, again=True
        )

    @operation("POST /v1/deposits/{deposit_id}/uploads/abort")
    def abort(self, deposit: DepositRef, upload: Upload) -> None:
        """Throw away what came; harmless if nothing did."""
        body = AbortedUpload(path=upload.path, upload=upload.upload)
        self._transport.request("POST", f"/v1{at(deposit)}/uploads/abort", body=body, again=True)


@dataclass(frozen=True, slots=True)
class _Piece:
    source: Path
    start: int
    size: int

    def body(self) -> Iterator[bytes]:
        """The bytes, exactly as many as were announced; Conflict if the file became shorter."""
        left = self.size
        with open_regular(self.source) as stream:
            stream.seek(self.start)
            while left:
                data = stream.read(min(CHUNK, left))
                if not data:
                    raise Conflict(
                        f"'{self.source}' became shorter while it was being sent.",
                        code="file-changed",
                    )
                left -= len(data)
                yield data


def _ignore(_: int) -> None:
    return
