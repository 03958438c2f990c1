"""Import jobs: the difference, running it, watching it, stopping it.

A job changes the repository on the server; this module sends it and reads how it goes. Jobs by
hand are written with ``job_builder``.
"""

from __future__ import annotations

from collections.abc import Callable

from strongroom.client.errors import JobFailed
from strongroom.client.operations import operation
from strongroom.client.paths import last_segment
from strongroom.client.polling import poll
from strongroom.client.references import DepositRef, JobRef, at, job_at
from strongroom.client.transport import Transport, decoded
from strongroom.wire.jobs import ImportJob, ImportJobIn, ImportJobResult

#: the states in which a job stays
ENDED = frozenset({"completed", "completedWithErrors"})


class Jobs:
    """Deposits are named as everywhere; jobs by what the server answered, or by their URI."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("GET /deposits/{deposit_id}/importjobs/diff")
    def diff(self, deposit: DepositRef) -> ImportJob:
        """What would change; it can be edited and given to :meth:`run`."""
        return self._transport.json("GET", f"{at(deposit)}/importjobs/diff", ImportJob)

    @operation("POST /deposits/{deposit_id}/importjobs")
    def run_diff(
        self, deposit: DepositRef, *, idempotency_key: str | None = None
    ) -> ImportJobResult:
        """Make the difference and run it, in one request."""
        return self._post(deposit, {"id": f"{at(deposit)}/importjobs/diff"}, idempotency_key)

    @operation("POST /deposits/{deposit_id}/importjobs")
    def run(
        self,
        deposit: DepositRef,
        job: ImportJob | ImportJobIn,
        *,
        idempotency_key: str | None = None,
    ) -> ImportJobResult:
        """Run a job as it is written."""
        return self._post(deposit, job, idempotency_key)

    def _post(self, deposit: DepositRef, body: object, key: str | None) -> ImportJobResult:
        answer = self._transport.once(f"{at(deposit)}/importjobs", body=body, key=key)
        return decoded(answer, ImportJobResult)

    @operation("GET /deposits/{deposit_id}/importjobs/results")
    def results(self, deposit: DepositRef) -> list[ImportJobResult]:
        """All jobs of a deposit, the oldest first."""
        return self._transport.json(
            "GET", f"{at(deposit)}/importjobs/results", list[ImportJobResult]
        )

    @operation("GET /deposits/{deposit_id}/importjobs/results/{job_id}")
    def result(self, job: JobRef) -> ImportJobResult:
        """How a job stands."""
        return self._transport.json("GET", job_at(job), ImportJobResult)

    @operation("POST /v1/deposits/{deposit_id}/importjobs/results/{job_id}/cancel")
    def cancel(self, job: JobRef) -> ImportJobResult:
        """Stop a job that still waits; StateConflict once it runs."""
        return self._transport.json("POST", f"/v1{job_at(job)}/cancel", ImportJobResult)

    def wait(
        self,
        job: JobRef,
        *,
        seen: Callable[[ImportJobResult], None] | None = None,
        timeout: float | None = None,
    ) -> ImportJobResult:
        """Poll until the job has ended well; ``seen`` is told of each state on the way.

        Raises :class:`~strongroom.client.errors.JobFailed` if it ended with errors, and
        :class:`~strongroom.client.errors.NotEnded` when ``timeout`` seconds were not enough.
        """
        where = job_at(job)
        return wait_for(
            lambda: self._transport.json("GET", where, ImportJobResult),
            self._transport.sleep,
            what=f"import job {last_segment(where)}",
            seen=seen,
            timeout=timeout,
        )


def wait_for(
    ask: Callable[[], ImportJobResult],
    sleep: Callable[[float], None],
    *,
    what: str,
    seen: Callable[[ImportJobResult], None] | None,
    timeout: float | None,
) -> ImportJobResult:
    """Poll an import job until it is completed; JobFailed if it ended otherwise."""
    result = poll(
        ask,
        done=lambda found: found.status in ENDED,
        sleep=sleep,
        seen=seen,
        timeout=timeout,
        what=what,
    )
    if result.status != "completed":
        count = len(result.errors or [])
        raise JobFailed(
            f"The import job ended with {count} error{'' if count == 1 else 's'}; "
            "nothing was changed in the repository.",
            result=result,
        )
    return result
