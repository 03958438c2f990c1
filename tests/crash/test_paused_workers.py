"""A worker that sleeps in its import while another takes the job over and brings it to its end.

No lease can be long enough for a process that is stopped, or a host that hangs; so what it does
when it wakes must be harmless.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strongroom.db import job_queue, jobs
from strongroom.domain.importjob import Job
from strongroom.domain.paths import RepositoryPath
from strongroom.jobs.worker import Worker
from strongroom.services import containers
from strongroom.services.context import Context
from support import inside, ocfl_check, postgres
from support.killing import left_over

FILES = {"a.txt": b"one", "b/c.txt": b"two", "b/d.bin": bytes(3 << 20)}

#: runs the waiting job as a worker does, but stops itself at the given moment
SLEEPER = """
import os, signal, sys
from pathlib import Path
from strongroom.db import job_queue
from strongroom.jobs import worker as workers
from strongroom.jobs.worker import Worker
from strongroom.ocfl import commit
from strongroom.ocfl.content import NewContent
from strongroom.services import import_run
from support import inside

data, moment = Path(sys.argv[1]), sys.argv[2]
asleep = []

def sleepy(original):
    def step(*args, **named):
        if not asleep:
            asleep.append(True)
            print("asleep", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
        return original(*args, **named)
    return step

if moment == "copy":
    NewContent.take = sleepy(NewContent.take)
elif moment == "before commit":
    for name in ("publish_new", "publish_next"):
        setattr(commit, name, sleepy(getattr(commit, name)))
else:
    import_run.record = sleepy(import_run.record)

ctx = inside.open_data(data)
worker = Worker(ctx, threads=1, name="sleeper")
job = worker._claim(None)
workers.LATER = workers.POLL = 0.01  # it need not wait for long when it cannot record
worker._run(job)
print("awake and done", flush=True)
"""


def until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == line


def stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells who is asleep")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("moment", ["copy", "before commit", "between commit and database"])
def test_a_worker_that_wakes_too_late_changes_nothing(
    moment: str, version: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    data = tmp_path / "data"
    ctx = inside.open_data(data)
    request.addfinalizer(ctx.db.close)
    containers.create(ctx, "a", RepositoryPath("books"), None)
    if version == 2:
        inside.preserve(ctx, {"a.txt": b"before"})
    job = inside.submit(ctx, inside.deposit_with(ctx, FILES))

    environment = {
        **os.environ,
        **postgres.environment_for(data),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER, data, moment],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as sleeper:
        try:
            until(sleeper, "asleep")
            while not stopped(sleeper.pid):
                time.sleep(0.01)
            # its lease is over: whoever watches gives its job back to the queue
            with ctx.db.write() as c:
                assert job_queue.release(c, "sleeper") == 1
            run_next(ctx)
            after = told(ctx, job)
            assert (after.status, after.new_version) == ("completed", version)
            os.kill(sleeper.pid, signal.SIGCONT)
            until(sleeper, "awake and done")
            assert sleeper.wait(30) == 0
        finally:
            sleeper.kill()

    assert told(ctx, job) == after, "the sleeper has changed what was recorded"
    root = ctx.repository.root
    root.sweep(older_than=0)
    folder = root.folder / root.object_path(f"info:fedora/{inside.GROUP}")
    ocfl_check.assert_valid(folder)
    assert ocfl_check.inventory(folder)["head"] == f"v{version}"
    held = ocfl_check.contents(folder)
    assert {path: held[path] for path in FILES} == FILES
    assert left_over(root.folder) == []
    with ctx.db.read() as c:
        assert job_queue.signs_of_life(c) == []


def run_next(ctx: Context) -> None:
    """Run what waits, as a worker that is awake does."""
    worker = Worker(ctx, threads=1, name="awake")
    job = worker._claim(None)
    assert job is not None
    worker._run(job)


def told(ctx: Context, job: str) -> Job:
    with ctx.db.read() as c:
        found = jobs.get(c, job)
    assert found is not None
    return found
