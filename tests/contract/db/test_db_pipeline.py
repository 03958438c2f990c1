from __future__ import annotations

import pytest

from contract.db.rows import NOW, at, job
from strongroom.db import job_queue, jobs, pipeline_stages
from strongroom.db.engine import Database
from strongroom.domain.importjob import JobKind, JobStatus
from strongroom.domain.pipeline import RunStatus, Stage, status_of
from strongroom.errors import Conflict, Fault

STOPPED = Fault(code="stopped", message="ann forced completion of this pipeline run.")


def run(job_id: str, deposit: str = "deposit", group: str = ""):
    return job(job_id, kind=JobKind.PIPELINE, deposit=deposit, group=group)


def test_a_deposit_has_one_unfinished_run(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, run("r1"))
        with pytest.raises(Conflict, match="r1") as caught:
            jobs.insert(c, run("r2"))
        assert caught.value.problem == "pipeline-running"
        jobs.insert(c, run("r3", deposit="other"))
        assert pipeline_stages.stop(c, "r1", NOW, "ann", STOPPED)
        jobs.insert(c, run("r2"))


def test_tools_run_over_many_deposits_of_one_group_and_beside_an_import(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, run("r1", deposit="one", group="g"))
        jobs.insert(c, run("r2", deposit="two", group="g"))
        jobs.insert(c, job("i1", group="g", deposit="three"))
        jobs.insert(c, run("r3", deposit="four"))
        jobs.insert(c, run("r4", deposit="five"))
        assert [job_queue.claim(c, "w", NOW).id for _ in range(5)] == ["r1", "r2", "i1", "r3", "r4"]


def test_a_worker_may_leave_runs_to_others(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, run("r1"))
        assert job_queue.claim(c, "w", NOW, but=JobKind.PIPELINE) is None
        jobs.insert(c, job("i1"))
        assert job_queue.claim(c, "w", NOW, but=JobKind.PIPELINE).id == "i1"
        assert job_queue.claim(c, "w", NOW).id == "r1"


def test_a_run_is_stopped_until_its_results_are_placed(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, run("r1"))
        job_queue.claim(c, "w", NOW)
        assert not pipeline_stages.is_stopped(c, "r1")
        assert pipeline_stages.begin_placing(c, "r1")
        assert pipeline_stages.stage(c, "r1") is Stage.PLACING
        assert not pipeline_stages.stop(c, "r1", NOW, "ann", STOPPED)
        assert jobs.get(c, "r1").status is JobStatus.RUNNING
        # whoever follows a dead worker finds how far it came
        job_queue.release(c, "w")
        again = job_queue.claim(c, "v", NOW)
        assert pipeline_stages.stage(c, again.id) is Stage.PLACING
        pipeline_stages.set_placed(c, "r1")
        assert pipeline_stages.stages(c, ["r1", "r2"]) == {"r1": Stage.PLACED}


def test_a_stopped_run_does_not_begin_to_place(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, run("r1"))
        job_queue.claim(c, "w", NOW)
        assert pipeline_stages.stop(c, "r1", at(seconds=3), "ann", STOPPED)
        ended = jobs.get(c, "r1")
        assert (ended.status, ended.finished, ended.errors) == (
            JobStatus.FAILED,
            at(seconds=3),
            (STOPPED,),
        )
        assert pipeline_stages.is_stopped(c, "r1")
        assert not pipeline_stages.begin_placing(c, "r1")
        assert pipeline_stages.stage(c, "r1") is None
        assert not pipeline_stages.stop(c, "r1", NOW, "ann", STOPPED)


def test_imports_are_not_stopped_as_runs_are(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("i1"))
        assert not pipeline_stages.stop(c, "i1", NOW, "ann", STOPPED)


def test_states_go_one_way() -> None:
    waiting = run("r")
    assert status_of(waiting, None) is RunStatus.WAITING
    begun = job("r", kind=JobKind.PIPELINE, status=JobStatus.RUNNING, begun=NOW)
    assert status_of(begun, None) is RunStatus.PROCESSING
    assert status_of(begun, Stage.PLACING) is RunStatus.PROCESSING
    assert status_of(begun, Stage.PLACED) is RunStatus.METADATA_CREATED
    released = job("r", kind=JobKind.PIPELINE, begun=NOW)
    assert status_of(released, None) is RunStatus.PROCESSING
    assert status_of(released, Stage.PLACED) is RunStatus.METADATA_CREATED
    for end in (JobStatus.COMPLETED, JobStatus.FAILED):
        ended = job("r", kind=JobKind.PIPELINE, status=end)
        assert status_of(ended, Stage.PLACED).value == end.value
