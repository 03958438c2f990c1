"""Archiving jobs over HTTP: told by an archiver, and asked for later. Contract section 4.8."""

from __future__ import annotations

from datetime import datetime

from litestar import get, post
from litestar.params import FromPath, JSONBody

from strongroom.api import values
from strongroom.api.edge import Agent, Given
from strongroom.api.operation import JSON, documented, somewhere
from strongroom.domain.archiving import ArchiveJob
from strongroom.domain.grants import Action
from strongroom.domain.times import parse_iso
from strongroom.errors import BadRequest, Fault
from strongroom.services import archiving
from strongroom.wire import render_archiving
from strongroom.wire.archiving import ArchiveDepositJob, ArchiveJobResult

#: characters of what went wrong, and of an id
_MAX_ERRORS, _MAX_ID = 100_000, 300


@post(
    "/deposits/archive-job",
    status_code=204,
    sync_to_thread=True,
    opt=documented(
        "Tell what an archiver did with a deposit",
        demands=values.demands(
            "id",
            "depositId",
            "depositUri",
            "startTime",
            id={**values.NEEDED, "maxLength": _MAX_ID},
            depositId={**values.NEEDED, "maxLength": _MAX_ID},
            depositUri={**values.NEEDED, "maxLength": _MAX_ID},
            startTime={"type": "string", "format": "date-time"},
            endTime=values.MOMENT,
            deletedCount=values.COUNT,
            batchNumber=values.COUNT,
            errors={"type": ["string", "null"], "maxLength": _MAX_ERRORS},
        ),
        problems=(404, 409),
        needs=somewhere(Action.DEPOSIT),
    ),
)
def record_job(edge: Given, agent: Agent, data: JSONBody[ArchiveDepositJob]) -> None:
    archiving.record(edge.ctx, _job(data, agent, edge.ctx.clock()))


@get(
    "/depositarchivejobs/{deposit_id:str}",
    media_type=JSON,
    sync_to_thread=True,
    opt=documented(
        "The archiving job of a deposit that ended last", problems=(404,), needs=somewhere()
    ),
)
def show_latest(edge: Given, deposit_id: FromPath[str]) -> ArchiveJobResult:
    if len(deposit_id) > _MAX_ID or not deposit_id.isprintable():
        fault = Fault(
            code="bad-archive-job",
            message="No deposit has such an id.",
            path="depositId",
            expected=f"1 to {_MAX_ID} printable characters",
        )
        raise BadRequest(
            "There is no archiving job to be shown: depositId is none that a deposit can have.",
            code="bad-archive-job",
            faults=[fault],
        )
    return render_archiving.result(archiving.latest(edge.ctx, deposit_id), edge.uris)


def _job(sent: ArchiveDepositJob, agent: str, now: datetime) -> ArchiveJob:
    """The posted job. Raises BadRequest (``bad-archive-job``) naming every fault."""
    faults: list[Fault] = []

    def wrong(name: str, message: str, expected: str, found: str | None = None) -> None:
        faults.append(
            Fault(
                code="bad-archive-job",
                message=message,
                path=name,
                expected=expected,
                found=found[:80] if found else None,
            )
        )

    def needed(name: str, value: str | None) -> str:
        text = (value or "").strip()
        if not text or len(text) > _MAX_ID:
            wrong(name, "The property is needed.", f"1 to {_MAX_ID} characters", value)
        return text

    def moment(name: str, value: str | None) -> datetime | None:
        try:
            return parse_iso(value) if value and value.strip() else None
        except ValueError:
            wrong(name, "The moment cannot be read.", "such as 2026-01-31T12:00:00Z", value)
            return None

    def number(name: str, value: int | str | None) -> int | None:
        text = str(value).strip() if value is not None else ""
        if not text or (text.isascii() and text.isdigit() and len(text) <= 18):
            return int(text) if text else None
        wrong(name, "The number cannot be read.", "a whole number from 0", text)
        return None

    job_id, deposit = needed("id", sent.id), needed("depositId", sent.deposit_id)
    uri = needed("depositUri", sent.deposit_uri)
    if uri and deposit and uri.rstrip("/").rpartition("/")[2] != deposit:
        wrong("depositUri", "It names another deposit than depositId.", f"…/{deposit}", uri)
    if not (sent.start_time or "").strip():
        wrong("startTime", "The property is needed.", "a moment")
    begun = moment("startTime", sent.start_time)
    ended = moment("endTime", sent.end_time)
    if begun and ended and ended < begun:
        wrong("endTime", "It lies before startTime.", "a later moment", sent.end_time)
    deleted = number("deletedCount", sent.deleted_count)
    batch = number("batchNumber", sent.batch_number)
    errors = (sent.errors or "").strip()
    if len(errors) > _MAX_ERRORS:
        wrong("errors", "The text is too long.", f"at most {_MAX_ERRORS} characters")
    if faults or begun is None:
        raise BadRequest(
            "The archiving job cannot be recorded: "
            + "; ".join(f"{fault.path}: {fault.message.rstrip('.')}" for fault in faults)
            + ".",
            code="bad-archive-job",
            faults=faults,
        )
    return ArchiveJob(
        id=job_id,
        deposit=deposit,
        recorded=now,
        recorded_by=agent,
        begun=begun,
        ended=ended,
        deleted=deleted,
        batch=batch,
        errors=errors or None,
    )


HANDLERS = (record_job, show_latest)
