from __future__ import annotations

from datetime import datetime

import pytest

from contract.db.rows import NOW, at, event, job, plan
from strongroom.db import events, job_queue, jobs, tickets
from strongroom.db.engine import Database
from strongroom.db.job_queue import Sign
from strongroom.domain.importjob import JobKind, JobStatus, Progress
from strongroom.errors import Conflict, Fault, NotFound

FAULT = Fault(code="cancelled", message="Cancelled by ann.")
HALF = Progress(phase="copying", files_done=1, files_total=2, bytes_done=3, bytes_total=4)


def end(c, job_id: str, status: JobStatus = JobStatus.COMPLETED, *, finished: datetime = NOW):
    job_queue.finish(
        c,
        job_id,
        status=status,
        finished=finished,
        source_version=1,
        new_version=2,
        errors=(),
        outcome=None,
    )


def test_the_oldest_waiting_job_is_claimed_with_its_plan(db: Database) -> None:
    with db.write() as c:
        assert job_queue.claim(c, "w1", NOW) is None
        jobs.insert(c, job("j1", status=JobStatus.COMPLETED))
        jobs.insert(c, job("j2", plan=plan("g", "a")))
        jobs.insert(c, job("j3", created=at(days=-1)))
        claimed = job_queue.claim(c, "w1", at(seconds=5))
        assert claimed is not None
        assert (claimed.id, claimed.status) == ("j2", JobStatus.RUNNING)
        assert (claimed.begun, claimed.attempts) == (at(seconds=5), 1)
        assert claimed.plan == plan("g", "a")
        assert jobs.get(c, "j2") == claimed
        assert job_queue.claim(c, "w1", NOW).id == "j3"
        assert job_queue.claim(c, "w1", NOW) is None


def test_jobs_of_one_kind_and_group_run_one_at_a_time(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("i1", group="g"))
        for name in ("e1", "e2"):
            jobs.insert(c, job(name, group="g", kind=JobKind.EXPORT))
        jobs.insert(c, job("i2", group="h"))
        # e2 is older than i2 but waits for e1; e1 runs beside i1
        claimed = [job_queue.claim(c, "w", NOW) for _ in range(4)]
        assert [each and each.id for each in claimed] == ["i1", "e1", "i2", None]
        end(c, "e1")
        assert job_queue.claim(c, "w", NOW).id == "e2"


def test_heartbeat_and_progress_are_for_the_worker_alone(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1"))
        assert not job_queue.heartbeat(c, "j1", "w1", NOW)
        job_queue.claim(c, "w1", NOW)
        assert job_queue.heartbeat(c, "j1", "w1", at(seconds=9))
        assert not job_queue.heartbeat(c, "j1", "w2", at(seconds=99))
        assert not job_queue.heartbeat(c, "j2", "w1", NOW)
        assert job_queue.set_progress(c, "j1", "w1", HALF)
        assert not job_queue.set_progress(c, "j1", "w2", Progress(phase="planning"))
        assert jobs.get(c, "j1").progress == HALF
        assert job_queue.signs_of_life(c) == [
            Sign(job="j1", worker="w1", at=at(seconds=9), attempt=1)
        ]
        end(c, "j1")
        assert not job_queue.heartbeat(c, "j1", "w1", NOW)
        assert not job_queue.set_progress(c, "j1", "w1", HALF)
        assert job_queue.signs_of_life(c) == []


def test_a_job_is_released_if_its_worker_gave_no_other_sign(db: Database) -> None:
    with db.write() as c:
        for name in ("j1", "j2"):
            jobs.insert(c, job(name))
            job_queue.claim(c, "w1", NOW)
        seen = job_queue.signs_of_life(c)
        job_queue.heartbeat(c, "j1", "w1", at(seconds=5))
        assert [job_queue.release_silent(c, sign) for sign in seen] == [False, True]
        assert not job_queue.release_silent(c, seen[1])
        again = job_queue.claim(c, "w2", NOW)
        assert (again.id, again.attempts) == ("j2", 2)
        # the same moment by the clock of another worker is another sign
        assert not job_queue.release_silent(c, seen[1])


def test_the_jobs_of_one_place_are_released(db: Database) -> None:
    with db.write() as c:
        for name, worker in (("j1", "here:host:1"), ("j2", "there:host:1"), ("j3", "here2:h:1")):
            jobs.insert(c, job(name))
            job_queue.claim(c, worker, NOW)
        assert job_queue.release_place(c, "here") == 1
        assert [sign.job for sign in job_queue.signs_of_life(c)] == ["j2", "j3"]


def test_released_jobs_wait_again_and_remember_their_beginning(db: Database) -> None:
    with db.write() as c:
        for name in ("j1", "j2", "j3"):
            jobs.insert(c, job(name))
        job_queue.claim(c, "dead", at(seconds=1))
        job_queue.claim(c, "alive", at(seconds=2))
        job_queue.set_progress(c, "j1", "dead", HALF)
        assert job_queue.release(c, "dead") == 1
        assert job_queue.release(c, "dead") == 0
        freed = jobs.get(c, "j1")
        assert (freed.status, freed.begun, freed.progress) == (
            JobStatus.WAITING,
            at(seconds=1),
            None,
        )
        assert jobs.get(c, "j2").status is JobStatus.RUNNING
        # it keeps its place before the third
        again = job_queue.claim(c, "alive", at(seconds=3))
        assert (again.id, again.begun, again.attempts) == ("j1", at(seconds=1), 2)
        assert job_queue.release(c, None) == 2
        assert not job_queue.heartbeat(c, "j1", "alive", NOW)


def test_finish_records_the_end(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1", plan=plan()))
        job_queue.claim(c, "w", NOW)
        job_queue.finish(
            c,
            "j1",
            status=JobStatus.FAILED,
            finished=at(seconds=8),
            source_version=3,
            new_version=None,
            errors=iter([FAULT, Fault(code="x", message="y", path="caf\udce9")]),
            outcome=None,
        )
        done = jobs.get(c, "j1")
    assert (done.status, done.finished) == (JobStatus.FAILED, at(seconds=8))
    assert (done.source_version, done.new_version) == (3, None)
    # a name that is no text does not keep a job from ending
    assert done.errors == (FAULT, Fault(code="x", message="y", path="caf\\udce9"))
    assert done.plan == plan()


def test_a_job_ends_once(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1"))
        end(c, "j1")
    before = event("j1", at(seconds=1))
    with pytest.raises(Conflict) as caught, db.write() as c:
        events.add_event(c, before)
        end(c, "j1", JobStatus.FAILED)
    assert caught.value.problem == "job-finished"
    with db.read() as c:
        assert jobs.get(c, "j1").status is JobStatus.COMPLETED
        assert events.total(c) == 0
    with pytest.raises(NotFound), db.write() as c:
        end(c, "unknown")
    with pytest.raises(ValueError, match="waiting"), db.write() as c:
        end(c, "j1", JobStatus.WAITING)


def test_only_a_job_that_was_never_begun_is_cancelled(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1"))
        jobs.insert(c, job("j2"))
        job_queue.claim(c, "w", NOW)
        assert not job_queue.cancel(c, "j1", NOW, "ann", FAULT)
        assert job_queue.cancel(c, "j2", at(seconds=4), "ann", FAULT)
        cancelled = jobs.get(c, "j2")
        assert (cancelled.status, cancelled.finished) == (JobStatus.FAILED, at(seconds=4))
        assert cancelled.errors == (FAULT,)
        assert cancelled.begun is None
        assert not job_queue.cancel(c, "j2", NOW, "ann", FAULT)
        assert not job_queue.cancel(c, "unknown", NOW, "ann", FAULT)
        # it may have made its version before its worker died
        job_queue.release(c, "w")
        assert not job_queue.cancel(c, "j1", NOW, "ann", FAULT)
        assert job_queue.claim(c, "w", NOW).id == "j1"
        assert job_queue.claim(c, "w", NOW) is None


def test_an_ended_job_holds_no_ticket(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1"))
        tickets.allot(c, "j1", NOW)
        shown = event("j2", tickets.next_end(c, NOW))
        events.add_event(c, shown)
        assert events.events(c, 0, 10) == []
        end(c, "j1", JobStatus.FAILED)
        assert events.events(c, 0, 10) == [shown]
