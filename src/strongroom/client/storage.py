"""The Storage API: jobs without a deposit, and the repository under ids of its own.

Where jobs may read and write is for the operator of the server to say.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from strongroom.client.activity import ImportActivity
from strongroom.client.containers import Containers
from strongroom.client.errors import JobFailed
from strongroom.client.jobs import wait_for
from strongroom.client.operations import operation
from strongroom.client.paths import encode, last_segment
from strongroom.client.polling import poll
from strongroom.client.references import JobRef, PathRef, stored_job_at, uri_of
from strongroom.client.repository import StoredRepository
from strongroom.client.search import StoredSearch
from strongroom.client.server import is_healthy
from strongroom.client.transport import Transport, decoded
from strongroom.wire.archiving import ConnectivityCheckResult
from strongroom.wire.jobs import Export, ExportIn, ImportJobIn, ImportJobResult, StorageImportJobIn


class Storage:
    """Its own subjects are ``repository``, ``containers``, ``search`` and ``activity``."""

    def __init__(self, transport: Transport) -> None:
        """``transport`` speaks to the root of the Storage API."""
        self._transport = transport
        self.repository = StoredRepository(transport)
        self.containers = Containers(transport)
        self.search = StoredSearch(transport)
        self.activity = ImportActivity(transport)

    # ------------------------------------------------------------------------ imports

    @operation("POST /storage-api/import")
    def run(
        self,
        job: ImportJobIn,
        *,
        author: str | None = None,
        agent: str | None = None,
        idempotency_key: str | None = None,
    ) -> ImportJobResult:
        """Run a job whose origins lie where the server may read.

        ``author`` makes the version, ``agent`` the job (default: the caller). See
        :class:`~strongroom.client.job_builder.JobBuilder`.
        """
        body = StorageImportJobIn(
            **msgspec.structs.asdict(job), created_by=author, last_modified_by=agent
        )
        return decoded(
            self._transport.once("/import", body=body, key=idempotency_key), ImportJobResult
        )

    @operation("GET /storage-api/import/results/{job_id}/{path}")
    def result(self, job: JobRef) -> ImportJobResult:
        """How a job stands; named by what was answered, or by its URI."""
        return self._transport.json("GET", stored_job_at(job), ImportJobResult)

    def wait(
        self,
        job: JobRef,
        *,
        seen: Callable[[ImportJobResult], None] | None = None,
        timeout: float | None = None,
    ) -> ImportJobResult:
        """Poll until a job has ended well; JobFailed and NotEnded as for jobs of deposits."""
        return wait_for(
            lambda: self.result(job),
            self._transport.sleep,
            what=f"import job {stored_job_at(job)}",
            seen=seen,
            timeout=timeout,
        )

    # ------------------------------------------------------------------------ exports

    @operation("POST /storage-api/export")
    def export(
        self,
        group: PathRef,
        destination: str,
        *,
        version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Export:
        """Export a version (default: the newest) into a folder, named by its URI."""
        body = _export(group, destination, version)
        return decoded(self._transport.once("/export", body=body, key=idempotency_key), Export)

    @operation("GET /storage-api/export/{job_id}")
    def export_result(self, export: Export | str) -> Export:
        """How an export stands, and what it has copied."""
        name = export if isinstance(export, str) else export.id or ""
        return self._transport.json("GET", f"/export/{encode(last_segment(name))}", Export)

    def wait_exported(
        self,
        export: Export | str,
        *,
        seen: Callable[[Export], None] | None = None,
        timeout: float | None = None,
    ) -> Export:
        """Poll until an export has ended; JobFailed if it has errors, NotEnded as for jobs."""
        found = poll(
            lambda: self.export_result(export),
            done=lambda state: state.date_finished is not None,
            sleep=self._transport.sleep,
            seen=seen,
            timeout=timeout,
            what="an export",
        )
        return _without_errors(found)

    @operation("POST /storage-api/exportMetsOnly")
    def export_mets(
        self, group: PathRef, destination: str, *, version: str | None = None
    ) -> Export:
        """Copy the METS of a version into a folder, at once; JobFailed if it has errors."""
        body = _export(group, destination, version)
        return _without_errors(self._transport.json("POST", "/exportMetsOnly", Export, body=body))

    # ------------------------------------------------------------------------- itself

    @operation("GET /storage-api/health")
    def healthy(self) -> bool:
        """Whether requests can be served now; asked once."""
        return is_healthy(self._transport)

    @operation("GET /storage-api/fedora")
    def check_storage(self) -> ConnectivityCheckResult:
        """Whether storing works: the index answers, and the OCFL root is the right one."""
        return self._transport.json("GET", "/fedora", ConnectivityCheckResult)

    @operation("GET /storage-api/storagecheck")
    def check_root(self) -> ConnectivityCheckResult:
        """Whether the OCFL storage root is there and the right one."""
        return self._transport.json("GET", "/storagecheck", ConnectivityCheckResult)


def _export(group: PathRef, destination: str, version: str | None) -> ExportIn:
    return ExportIn(archival_group=uri_of(group), destination=destination, source_version=version)


def _without_errors(export: Export) -> Export:
    if export.errors:
        raise JobFailed(
            f"The export ended with {len(export.errors)} errors; {len(export.files)} files were "
            "copied.",
            result=export,
        )
    return export
