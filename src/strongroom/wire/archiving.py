"""Archiving jobs and connectivity checks as JSON. Source: contract http-api.md 1.4, 4.8."""

from __future__ import annotations

from strongroom.wire.base import Shape
from strongroom.wire.jobs import Error


class ArchiveDepositJob(Shape):
    """The body of POST ``/deposits/archive-job``; numbers may be sent as strings."""

    id: str | None = None
    deposit_uri: str | None = None
    deposit_id: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    deleted_count: int | str | None = None
    errors: str | None = None
    batch_number: int | str | None = None


class ArchiveJobResult(Shape):
    id: str
    type: str = "ArchiveJobResult"
    #: the bare id
    deposit_id: str = ""
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None
    date_begun: str | None = None
    date_finished: str | None = None
    errors: list[Error] | None = None
    #: ``running``, ``completed`` or ``completedWithErrors``
    status: str = "completed"


class ConnectivityCheckResult(Shape):
    name: str
    success: bool
    error: str | None = None
