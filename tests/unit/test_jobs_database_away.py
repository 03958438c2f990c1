"""What a worker does with jobs while the database cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from strongroom.db import jobs
from strongroom.db.engine import Database
from strongroom.domain.importjob import JobStatus
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import Unavailable
from strongroom.jobs import worker as workers
from strongroom.jobs.worker import Worker
from strongroom.services import containers
from support import inside


@pytest.mark.parametrize("code", ["database-busy", "database-unusable", "database-unknown-end"])
def test_a_job_does_not_fail_for_want_of_the_database(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(workers, "LATER", 0.0)
    monkeypatch.setattr(workers, "POLL", 0.0)
    ctx = inside.open_data(tmp_path / "data")
    request.addfinalizer(ctx.db.close)
    containers.create(ctx, "a", RepositoryPath("books"), None)
    job = inside.submit(ctx, inside.deposit_with(ctx, {"a.txt": b"a"}))
    worker = Worker(ctx, name="w", threads=1)
    whole = Database.write
    away = 8  # more often than a job that fails is begun

    @contextmanager
    def write(self: Database) -> Iterator[Connection]:
        nonlocal away
        away -= 1
        if away >= 0:
            raise Unavailable("It is away.", code=code)
        with whole(self) as c:
            yield c

    rounds = 0
    while True:
        claimed = worker._claim(None)
        if claimed is None:
            break
        rounds += 1
        assert claimed.attempts == 1, "its failing was counted"
        with monkeypatch.context() as patch:
            patch.setattr(Database, "write", write)
            # claims, progress and giving back go beside: they are as in a database that is shared
            patch.setattr(Database, "touch", whole)
            worker._run(claimed)
    with ctx.db.read() as c:
        done = jobs.get(c, job)
    assert done is not None
    assert done.status is JobStatus.COMPLETED
    assert rounds > 3
