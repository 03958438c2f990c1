"""Import jobs: the difference, running it, watching it, stopping it.

A job changes the repository on the server; this module sends it and reads how it goes.
"""

from __future__ import annotations

from collections.abc import Callable

from strongroom.client.deposits import at
from strongroom.client.errors import JobFailed
from strongroom.client.paths import encode, last_segment
from strongroom.client.polling import poll
from strongroom.client.transport import Transport
from strongroom.wire.jobs import ImportJob, ImportJobResult

#: the states in which a job stays
ENDED = frozenset({"completed", "completedWithErrors"})


class Jobs:
    """Every call takes a deposit's and a job's bare id or URI."""

    def __init__(self, transport: Transport, sleep: Callable[[float], None]) -> None:
        self._transport = transport
        self._sleep = sleep

    def diff(self, deposit: str) -> ImportJob:
        """What would change; it can be edited and given to :meth:`run`."""
        return self._transport.json("GET", f"{at(deposit)}/importjobs/diff", ImportJob)

    def run_diff(self, deposit: str) -> ImportJobResult:
        """Make the difference and run it, in one request."""
        body = {"id": f"{at(deposit)}/importjobs/diff"}
        return self._post(deposit, body)

    def run(self, deposit: str, job: ImportJob) -> ImportJobResult:
        """Run a job as it is written."""
        return self._post(deposit, job)

    def _post(self, deposit: str, body: object) -> ImportJobResult:
        return self._transport.json("POST", f"{at(deposit)}/importjobs", ImportJobResult, body=body)

    def results(self, deposit: str) -> list[ImportJobResult]:
        """All jobs of a deposit, the oldest first."""
        return self._transport.json(
            "GET", f"{at(deposit)}/importjobs/results", list[ImportJobResult]
        )

    def result(self, deposit: str, job: str) -> ImportJobResult:
        return self._transport.json("GET", _result(deposit, job), ImportJobResult)

    def cancel(self, deposit: str, job: str) -> ImportJobResult:
        """Stop a job that still waits; StateConflict once it runs."""
        return self._transport.json("POST", f"/v1{_result(deposit, job)}/cancel", ImportJobResult)

    def wait(
        self,
        deposit: str,
        job: str,
        *,
        seen: Callable[[ImportJobResult], None] | None = None,
        timeout: float | None = None,
    ) -> ImportJobResult:
        """Poll until the job has ended well; ``seen`` is told of each state on the way.

        Raises :class:`JobFailed` if it ended with errors, and
        :class:`~strongroom.client.errors.Unreachable` when ``timeout`` seconds were not enough.
        """
        result = poll(
            lambda: self.result(deposit, job),
            done=lambda found: found.status in ENDED,
            sleep=self._sleep,
            seen=seen,
            timeout=timeout,
            what=f"import job {last_segment(job)}",
        )
        if result.status != "completed":
            count = len(result.errors or [])
            raise JobFailed(
                f"The import job ended with {count} error{'' if count == 1 else 's'}; "
                "nothing was changed in the repository.",
                result=result,
            )
        return result


def _result(deposit: str, job: str) -> str:
    return f"{at(deposit)}/importjobs/results/{encode(last_segment(job))}"
