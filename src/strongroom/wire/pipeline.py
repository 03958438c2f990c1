"""Runs of tools over a deposit as JSON. Source: contract http-api.md 1.4, mets.md 6.1."""

from __future__ import annotations

from strongroom.wire.base import Shape
from strongroom.wire.jobs import Error


class Tool(Shape):
    """Beyond the contract: how one tool did in a run."""

    #: ``formats``, ``viruses`` or ``metadata``
    task: str
    name: str
    version: str | None
    #: ``ran``, ``failed`` or ``absent``
    status: str
    #: why it is absent or has failed
    reason: str | None


class ProcessPipelineResult(Shape):
    id: str
    job_id: str
    #: the bare id of the deposit, not a URI
    deposit: str
    type: str = "ProcessPipelineResult"
    created: str | None = None
    created_by: str | None = None
    last_modified: str | None = None
    last_modified_by: str | None = None
    archival_group_name: str | None = None
    #: the name of the agent who asked for it
    run_user: str | None = None
    cleanup_process_job: bool = False
    virus_definition: str | None = None
    #: ``waiting``, ``processing``, ``metadataCreated``, ``completed`` or ``completedWithErrors``
    status: str = "waiting"
    date_finished: str | None = None
    date_begun: str | None = None
    errors: list[Error] | None = None
    #: beyond the contract: the tools, and what is worth knowing though nothing failed
    tools: list[Tool] = []
    warnings: list[Error] = []


class PipelineDepositIn(Shape):
    """The body of POST ``/deposits/pipeline-status``."""

    #: of the run
    id: str | None = None
    deposit_id: str | None = None
    status: str | None = None
    run_user: str | None = None
    errors: str | None = None
