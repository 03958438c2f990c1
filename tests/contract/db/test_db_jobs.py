from __future__ import annotations

from dataclasses import fields, replace

import pytest

from contract.db.rows import NOW, at, binary, folder, job, plan
from strongroom.db import job_queue, jobs
from strongroom.db.engine import Database
from strongroom.domain.importjob import (
    ContainerItem,
    ImportJob,
    JobKind,
    JobStatus,
    Outcome,
    Progress,
    Terms,
)
from strongroom.errors import Conflict, Fault

FAULT = Fault(code="digest-mismatch", message="No.", path="a/b", expected="1", found="2")


def full():
    return job(
        "j1",
        group="library/book",
        status=JobStatus.FAILED,
        plan=plan("library/book", "a b#", "ü/📚"),
        import_job="http://x/y",
        original_import_job="http://x/z",
        begun=at(seconds=1),
        finished=at(seconds=2),
        source_version=1,
        new_version=2,
        errors=(FAULT, Fault(code="x", message="y")),
        progress=Progress(phase="copying", files_done=1, files_total=2),
        attempts=3,
    )


def test_every_field_comes_back(db: Database) -> None:
    plain = job("j1", group="library/book")
    same = [f.name for f in fields(plain) if getattr(plain, f.name) == getattr(full(), f.name)]
    # terms are those of a job without a deposit
    assert same == ["id", "kind", "deposit", "group", "created", "created_by", "terms"]
    with db.write() as c:
        jobs.insert(c, full())
        jobs.insert(c, job("j2", kind=JobKind.EXPORT))
    with db.read() as c:
        assert jobs.get(c, "j1") == full()
        assert jobs.get(c, "j1", plan=False) == replace(full(), plan=None)
        assert jobs.get(c, "j2") == job("j2", kind=JobKind.EXPORT)
        assert jobs.get(c, "j3") is None
        assert jobs.plan_of(c, "j1") == full().plan


def test_a_plan_comes_back_whole(db: Database) -> None:
    item = ContainerItem(path="a", name="A", origin="data/a")
    given = ImportJob(
        group="g",
        group_name="G",
        is_update=True,
        source_version=4,
        mets="mets.xml",
        containers_to_add=(item,),
        containers_to_delete=(item,),
        containers_to_rename=(item,),
        binaries_to_add=plan("g", "a").binaries_to_add,
        binaries_to_delete=plan("g", "b").binaries_to_add,
        binaries_to_patch=plan("g", "c").binaries_to_add,
        binaries_to_rename=plan("g", "d").binaries_to_add,
    )
    assert [f.name for f in fields(given) if not getattr(given, f.name)] == []
    with db.write() as c:
        jobs.insert(c, job("j1", plan=given))
        assert jobs.get(c, "j1").plan == given


def test_an_outcome_comes_back_whole(db: Database) -> None:
    given = Outcome(
        **{
            f.name: (binary(f"{f.name}/x", deleted=True), folder(f.name, name=None))
            for f in fields(Outcome)
        }
    )
    with db.write() as c:
        jobs.insert(c, job("j1"))
        assert jobs.outcome(c, "j1") is None
        job_queue.finish(
            c,
            "j1",
            status=JobStatus.COMPLETED,
            finished=NOW,
            source_version=None,
            new_version=1,
            errors=(),
            outcome=given,
        )
        assert jobs.outcome(c, "j1") == given


def test_jobs_of_a_deposit_are_in_order_of_arrival(db: Database) -> None:
    with db.write() as c:
        # the clock stepped back between the second and the third
        for name, created in (("j1", NOW), ("j2", at(hours=1)), ("j3", at(hours=-1))):
            jobs.insert(c, job(name, deposit="d", created=created, plan=plan()))
        jobs.insert(c, job("e1", deposit="d", kind=JobKind.EXPORT))
        jobs.insert(c, job("x1", deposit="elsewhere"))
        found = jobs.for_deposit(c, "d", JobKind.IMPORT)
        assert [each.id for each in found] == ["j1", "j2", "j3"]
        assert [each.plan for each in found] == [None, None, None]
        assert [each.id for each in jobs.for_deposit(c, "d", JobKind.EXPORT)] == ["e1"]
        assert jobs.for_deposit(c, "unknown", JobKind.IMPORT) == []


def test_unfinished_jobs_of_a_deposit(db: Database) -> None:
    with db.write() as c:
        for status in JobStatus:
            jobs.insert(c, job(status.name, deposit="d", status=status, plan=plan()))
        jobs.insert(c, job("e1", deposit="d", kind=JobKind.EXPORT))
        found = jobs.unfinished(c, "d")
    assert [each.id for each in found] == ["WAITING", "RUNNING", "e1"]
    assert all(each.plan is None for each in found)


@pytest.mark.parametrize("status", [JobStatus.WAITING, JobStatus.RUNNING])
def test_one_unfinished_import_for_a_group(db: Database, status: JobStatus) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1", group="library/book", status=status))
        with pytest.raises(Conflict, match="'j1'") as caught:
            jobs.insert(c, job("j2", group="library/book", plan=plan()))
        assert caught.value.problem == "active-import"
        assert caught.value.faults[0].found == "j1"
        assert jobs.get(c, "j2") is None
        assert jobs.unfinished_import(c, "library/book") == "j1"
        # exports, finished imports and other groups are not in the way
        jobs.insert(c, job("e1", group="library/book", kind=JobKind.EXPORT))
        jobs.insert(c, job("e2", group="library/book", kind=JobKind.EXPORT))
        jobs.insert(c, job("j3", group="library/book", status=JobStatus.FAILED))
        jobs.insert(c, job("j4", group="library/book/2"))
    with db.read() as c:
        assert [j.id for j in jobs.unfinished(c, "deposit")] == ["j1", "e1", "e2", "j4"]


def test_a_finished_import_frees_its_group(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1", group="g"))
        assert job_queue.cancel(c, "j1", NOW, "ann", FAULT)
        jobs.insert(c, job("j2", group="g"))
        assert jobs.unfinished_import(c, "g") == "j2"


def test_exported_paths(db: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("e1", kind=JobKind.EXPORT))
        assert jobs.exported(c, "e1") == ()
        jobs.set_exported(c, "e1", iter(["b", "a #/ü"]))
        assert jobs.exported(c, "e1") == ("b", "a #/ü")
        jobs.set_exported(c, "e1", [])
        assert jobs.exported(c, "e1") == ()


def test_a_job_without_a_deposit_has_terms(db: Database) -> None:
    terms = Terms(caller="goobi", author="ann", destination="file:///exports/x/")
    told = job("j1", group="library/book", deposit="", terms=terms)
    with db.write() as c:
        jobs.insert(c, told)
    with db.write() as c:
        assert jobs.get(c, "j1") == told
        claimed = job_queue.claim(c, "w", NOW)
    assert claimed is not None and claimed.terms == terms
