"""A job that fails, whatever it fails of, is tried a few times, and stops nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from strongroom.db.tables import jobs as job_table
from strongroom.domain.importjob import Job, JobKind, JobStatus
from strongroom.domain.paths import RepositoryPath
from strongroom.jobs import worker as workers
from strongroom.jobs.worker import Worker
from strongroom.services import browse, containers, imports
from strongroom.services.context import Context
from strongroom.services.import_run import ATTEMPTS
from support import inside

ODD = "books/odd"


@pytest.fixture
def ctx(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(workers, "POLL", 0.01)
    opened = inside.open_data(tmp_path / "data")
    request.addfinalizer(opened.db.close)
    containers.create(opened, "a", RepositoryPath("books"), None)
    return opened


def work_until(ctx: Context, ended: list[str]) -> None:
    """Let a worker run, with one thread, until these jobs have ended."""
    worker = Worker(ctx, name="w", threads=1)
    thread = Thread(target=worker.run)
    thread.start()
    try:
        for _ in range(3000):
            if all(imports.find(ctx, job).job.status.terminal for job in ended):
                return
            thread.join(0.01)
            assert thread.is_alive(), "the worker has stopped"
        raise AssertionError("the jobs do not end")
    finally:
        worker.stop()
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.contract("17.16", "17.17")
@pytest.mark.parametrize("error", [RuntimeError, MemoryError, KeyError])
def test_a_job_that_makes_the_worker_fail_is_given_up_and_others_go_on(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    run: Callable[..., None] = workers._RUNS[JobKind.IMPORT]
    tries = []

    def failing(opened: Context, job: Job, watch: Any) -> None:
        if job.group == ODD:
            tries.append(job.attempts)
            raise error("nobody has thought of this")
        run(opened, job, watch)

    monkeypatch.setitem(workers._RUNS, JobKind.IMPORT, failing)
    odd = inside.submit(ctx, inside.deposit_with(ctx, {"a": b"a"}, group=ODD))
    fine = inside.submit(ctx, inside.deposit_with(ctx, {"a": b"a"}))
    work_until(ctx, [odd, fine])
    assert tries == list(range(1, ATTEMPTS + 1))
    done = imports.find(ctx, odd).job
    assert (done.status, done.new_version) == (JobStatus.FAILED, None)
    (told,) = done.errors
    assert told.code == "gave-up"
    assert error.__name__ in told.message
    assert imports.find(ctx, fine).job.status is JobStatus.COMPLETED
    # its group is not held for ever
    monkeypatch.undo()
    again = inside.submit(ctx, inside.deposit_with(ctx, {"b": b"b"}, group=ODD))
    inside.work(ctx)
    assert imports.find(ctx, again).job.status is JobStatus.COMPLETED
    assert browse.group(ctx, RepositoryPath(ODD)).node.head.number == 1


@pytest.mark.contract("17.16")
def test_a_job_of_which_workers_die_is_given_up(ctx: Context) -> None:
    odd = inside.submit(ctx, inside.deposit_with(ctx, {"a": b"a"}, group=ODD))
    with ctx.db.write() as c:
        dead = sa.update(job_table).where(job_table.c.id == odd)
        c.execute(dead.values(attempts=workers.DEATHS))
    worker = Worker(ctx, name="w", threads=1)
    claimed = worker._claim(None)
    assert claimed is not None
    worker._run(claimed)
    done = imports.find(ctx, odd).job
    assert done.status is JobStatus.FAILED
    assert f"died {workers.DEATHS} times" in done.errors[0].message
