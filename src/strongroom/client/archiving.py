"""What an archiver did with deposits whose files it took away: told, and asked for later."""

from __future__ import annotations

from strongroom.client.operations import operation
from strongroom.client.paths import encode
from strongroom.client.references import DepositRef, bare_id
from strongroom.client.transport import Transport
from strongroom.wire.archiving import ArchiveDepositJob, ArchiveJobResult


class Archiving:
    """Telling the same job again changes nothing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("POST /deposits/archive-job")
    def record(self, job: ArchiveDepositJob) -> None:
        """``id``, ``depositId``, ``depositUri`` and ``startTime`` are needed."""
        self._transport.request("POST", "/deposits/archive-job", body=job)

    @operation("GET /depositarchivejobs/{deposit_id}")
    def latest(self, deposit: DepositRef) -> ArchiveJobResult:
        """The job of a deposit that ended last; NotThere if none was told."""
        path = f"/depositarchivejobs/{encode(bare_id(deposit))}"
        return self._transport.json("GET", path, ArchiveJobResult)
