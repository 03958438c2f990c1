"""Runs of tools over the files of a deposit: formats, viruses, embedded metadata."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from strongroom.client.errors import BadAnswer, JobFailed
from strongroom.client.jobs import ENDED
from strongroom.client.operations import operation
from strongroom.client.paths import last_segment
from strongroom.client.polling import poll
from strongroom.client.references import DepositRef, RunRef, at, run_at
from strongroom.client.transport import Transport
from strongroom.wire.pipeline import PipelineDepositIn, ProcessPipelineResult


class Pipeline:
    """Runs are named by what the server answered, or by their URI."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("POST /deposits/{deposit_id}/pipeline")
    def start(
        self, deposit: DepositRef, *, idempotency_key: str | None = None
    ) -> ProcessPipelineResult:
        """Ask for a run; see :meth:`wait`."""
        answer = self._transport.once(f"{at(deposit)}/pipeline", key=idempotency_key)
        place = urlsplit(answer.headers.get("Location", "")).path
        if not place:
            raise BadAnswer("The run of tools was answered without its address.")
        return self.run(f"{at(deposit)}/pipelinerunjobs/{last_segment(place)}")

    @operation("GET /deposits/{deposit_id}/pipelinerunjobs")
    def runs(self, deposit: DepositRef) -> list[ProcessPipelineResult]:
        """All runs of a deposit, the oldest first."""
        return self._transport.json(
            "GET", f"{at(deposit)}/pipelinerunjobs", list[ProcessPipelineResult]
        )

    @operation("GET /deposits/{deposit_id}/pipelinerunjobs/{job_id}")
    def run(self, run: RunRef) -> ProcessPipelineResult:
        """How a run stands."""
        return self._transport.json("GET", run_at(run), ProcessPipelineResult)

    @operation("POST /deposits/pipeline-status")
    def stop(self, run: ProcessPipelineResult, *, reason: str | None = None) -> None:
        """Force the end of a run; StateConflict once it has ended."""
        body = PipelineDepositIn(
            id=run.job_id, deposit_id=run.deposit, status="completedWithErrors", errors=reason
        )
        self._transport.request("POST", "/deposits/pipeline-status", body=body)

    def wait(
        self,
        run: RunRef,
        *,
        seen: Callable[[ProcessPipelineResult], None] | None = None,
        timeout: float | None = None,
    ) -> ProcessPipelineResult:
        """Poll until a run has ended well; JobFailed and NotEnded as for import jobs."""
        found = poll(
            lambda: self.run(run),
            done=lambda state: state.status in ENDED,
            sleep=self._transport.sleep,
            seen=seen,
            timeout=timeout,
            what=f"run of tools {last_segment(run_at(run))}",
        )
        if found.status != "completed":
            raise JobFailed("The run of tools ended with errors.", result=found)
        return found
