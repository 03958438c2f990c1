"""Runs of tools over a deposit: their states, and what was found out about the tools.

How a run is carried out is the services' business, and what the tools say of files is
:mod:`strongroom.domain.findings`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.importjob import Job, JobStatus
from strongroom.errors import Fault


class RunStatus(StrEnum):
    """What clients know of a run. Source: contract mets.md 6.1."""

    WAITING = "waiting"
    PROCESSING = "processing"
    METADATA_CREATED = "metadataCreated"
    COMPLETED = "completed"
    FAILED = "completedWithErrors"


class Stage(StrEnum):
    """How far a run has come, once there is no way back."""

    #: its results are being put into the deposit; whoever is killed there is followed by another
    PLACING = "placing"
    #: they are there, and METS is next
    PLACED = "placed"


class ToolStatus(StrEnum):
    RAN = "ran"
    FAILED = "failed"
    #: not installed here
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReport:
    """How one tool did in a run."""

    #: what it does: ``formats``, ``viruses`` or ``metadata``
    task: str
    name: str
    version: str | None = None
    status: ToolStatus
    #: why it is absent or has failed
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did, beside its state."""

    tools: tuple[ToolReport, ...] = ()
    #: the scanner and its definitions, as it names them
    virus_definition: str | None = None
    #: worth knowing, and no reason to fail
    warnings: tuple[Fault, ...] = ()


def status_of(job: Job, stage: Stage | None) -> RunStatus:
    """The state of a run as clients are told it."""
    if job.status.terminal:
        return RunStatus(job.status.value)
    if stage is Stage.PLACED:
        return RunStatus.METADATA_CREATED
    if job.status is JobStatus.RUNNING or job.begun is not None:
        # one that waits again after its worker died has been begun for good
        return RunStatus.PROCESSING
    return RunStatus.WAITING
