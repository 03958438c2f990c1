"""What an archiver did with a deposit: files that are preserved were removed from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveJob:
    #: as the archiver names it
    id: str
    deposit: str
    #: when and by whom this was told
    recorded: datetime
    recorded_by: str
    begun: datetime
    ended: datetime | None = None
    #: files that were removed
    deleted: int | None = None
    #: which batch of the archiver's it belonged to
    batch: int | None = None
    #: what went wrong; None if nothing did
    errors: str | None = None

    def same_as(self, other: ArchiveJob) -> bool:
        """Whether another says the same of the same job, whoever told it and when."""
        return _said(self) == _said(other)


def _said(job: ArchiveJob) -> tuple[object, ...]:
    return (job.id, job.deposit, job.begun, job.ended, job.deleted, job.batch, job.errors)
