"""Domain values for the tests of the database, whole but for what a test says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from strongroom.domain.deposits import Deposit
from strongroom.domain.importjob import BinaryItem, ImportJob, Job, JobKind
from strongroom.domain.resources import Event, Kind, Member, Node, Version

NOW = datetime(2024, 5, 1, 12, 0, 0, 123_456, tzinfo=UTC)


def at(**later: float) -> datetime:
    """A moment so much after NOW."""
    return NOW + timedelta(**later)


def deposit(deposit_id: str, **values: Any) -> Deposit:
    whole = {"created": NOW, "created_by": "ann", "modified": NOW, "modified_by": "ann"}
    return Deposit(id=deposit_id, **{**whole, **values})


def job(job_id: str, **values: Any) -> Job:
    whole: dict[str, Any] = {
        "kind": JobKind.IMPORT,
        "deposit": "deposit",
        "group": f"group-of-{job_id}",
        "created": NOW,
        "created_by": "ann",
    }
    return Job(id=job_id, **{**whole, **values})


def plan(group: str = "library/book", *paths: str) -> ImportJob:
    return ImportJob(
        group=group,
        group_name="A book",
        binaries_to_add=tuple(
            BinaryItem(path=path, name=path, content_type="a/b", size=1, digest="0" * 64)
            for path in paths
        ),
    )


def version(number: int, **values: Any) -> Version:
    return Version(**{"number": number, "created": at(days=number), "agent": "ann", **values})


def container(path: str, **values: Any) -> Node:
    whole = {"kind": Kind.CONTAINER, "name": None, "versions": (version(1),)}
    return Node(path=path, **{**whole, **values})


def group(path: str, *, versions: int = 1, **values: Any) -> Node:
    whole = {
        "kind": Kind.GROUP,
        "name": "A book",
        "versions": tuple(
            version(n, job=f"j{n}", deposit=f"d{n}", received=NOW) for n in range(1, versions + 1)
        ),
        "mets": "mets.xml",
        "inventory_digest": "ab" * 32,
    }
    return Node(path=path, **{**whole, **values})


def binary(path: str, **values: Any) -> Member:
    whole = {
        "kind": Kind.BINARY,
        "name": path.rpartition("/")[2].title(),
        "content_type": "image/tiff",
        "size": 1 << 40,
        "digest": "cd" * 32,
        "content_path": f"v1/content/{path}",
        "created": 1,
        "modified": 1,
    }
    return Member(path=path, **{**whole, **values})


def folder(path: str, **values: Any) -> Member:
    return Member(**{"path": path, "kind": Kind.CONTAINER, "created": 1, "modified": 1, **values})


def event(job_id: str | None, end: datetime, **values: Any) -> Event:
    whole = {"type": "Create", "group": "library/book", "start": NOW}
    return Event(job=job_id, end=end, **{**whole, **values})
