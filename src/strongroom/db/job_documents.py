"""What a job carries that can be large: its plan, its outcome, the files it exported, its tools.

Each is one document, msgspec JSON packed by zlib, beside the row of the job, so that whoever
lists jobs never reads it.
"""

from __future__ import annotations

import zlib
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, select

from strongroom.db.sql import upsert_rows
from strongroom.db.tables import job_documents
from strongroom.errors import Damaged

PLAN = "plan"
OUTCOME = "outcome"
EXPORTED = "exported"
#: infected files that an import was told to take
ALLOWED = "allowed"
#: what a job without a deposit says of itself
TERMS = "terms"
#: what the tools of a run were and said
REPORT = "report"
#: what a run puts into its deposit
PLACEMENT = "placement"

T = TypeVar("T")


def put(c: Connection, job: str, what: str, value: object) -> None:
    """Keep a document of a job, in place of the one it had."""
    body = zlib.compress(msgspec.json.encode(value), level=1)
    upsert_rows(c, job_documents, [(job, what, body)])


def get(c: Connection, job: str, what: str, shape: type[T] | Any) -> T | None:
    """A document of a job, read as ``shape``; None if it has none, Damaged if it is no such one."""
    d = job_documents.c
    body: bytes | None = c.scalar(select(d.body).where(d.job == job, d.what == what))
    if body is None:
        return None
    try:
        value: T = msgspec.json.decode(zlib.decompress(body), type=shape)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(
            f"What was recorded of job {job} ({what}) cannot be read. Restore the database from a "
            "copy; what was preserved is not concerned.",
            code="database-damaged",
            operator=str(error),
        ) from error
    return value
