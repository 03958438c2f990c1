"""What cannot be recorded, what is missing, and what came in between: never told wrongly."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from strongroom.db import intents, job_queue
from strongroom.db import jobs as job_rows
from strongroom.domain import times
from strongroom.domain.importjob import JobStatus
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.resources import Kind
from strongroom.errors import BadRequest, Conflict, Damaged, OutOfSpace, Unavailable
from strongroom.mets import locate
from strongroom.services import (
    browse,
    containers,
    deposits,
    diffs,
    files,
    import_run,
    imports,
    maintenance,
)
from strongroom.services.context import Context
from support.inside import (
    GROUP,
    QUIET,
    deposit_with,
    fill,
    open_data,
    preserve,
    put,
    submit,
    uri,
    work,
)

BOOKS = RepositoryPath("books")


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    opened = open_data(tmp_path / "data")
    containers.create(opened, "a", BOOKS, None)
    return opened


def object_folder(ctx: Context, path: str) -> Path:
    root = Path(ctx.root_uri.removeprefix("file://"))
    return root / ctx.repository.object_path(RepositoryPath(path))


# ------------------------------------------------------------------- recorded, or not yet over


@pytest.mark.contract("17.1")
@pytest.mark.parametrize("error", [OutOfSpace("full"), Damaged("odd"), Conflict("odd")])
def test_a_committed_version_that_cannot_be_recorded_is_never_a_failed_job(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    job_id = submit(ctx, deposit_with(ctx, {"a": b"a"}))

    def refuse(*_: Any) -> None:
        raise error

    with ctx.db.write() as c:
        job = job_queue.claim(c, "worker", ctx.clock())
    assert job is not None
    monkeypatch.setattr(import_run, "record", refuse)
    with pytest.raises(import_run.NotRecorded):
        import_run.run(ctx, job, QUIET)
    with pytest.raises(import_run.NotRecorded):
        import_run.give_up(ctx, job, "it failed too often")
    assert imports.find(ctx, job_id).job.status is JobStatus.RUNNING
    monkeypatch.undo()
    with ctx.db.write() as c:
        assert job_queue.give_back(c, job_id, "worker", counts=False)
    assert work(ctx) == 1
    done = imports.find(ctx, job_id).job
    assert (done.status, done.new_version, done.errors) == (JobStatus.COMPLETED, 1, ())


@pytest.mark.contract("17.1")
@pytest.mark.parametrize("committed", [True, False])
def test_a_job_that_may_have_made_its_version_waits_for_a_store_that_is_away(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """A worker that was killed after its commit, or just before; then the store is away."""
    job_id = submit(ctx, deposit_with(ctx, {"a": b"a"}))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with ctx.db.write() as c:
        job = job_queue.claim(c, "worker", ctx.clock())
    assert job is not None
    monkeypatch.setattr(import_run, "_record" if committed else "_commit", killed)
    with pytest.raises(KeyboardInterrupt):
        import_run.run(ctx, job, QUIET)
    monkeypatch.undo()

    def away(*_: Any) -> None:
        raise Unavailable("The store cannot be reached.", code="storage-unavailable")

    last = replace(job, attempts=import_run.ATTEMPTS)
    monkeypatch.setattr(ctx.repository, "recover", away)
    with pytest.raises(import_run.NotRecorded):
        import_run.run(ctx, last, QUIET)
    with pytest.raises(import_run.NotRecorded):
        import_run.give_up(ctx, last, "it failed too often")
    assert imports.find(ctx, job_id).job.status is JobStatus.RUNNING
    monkeypatch.undo()
    import_run.run(ctx, last, QUIET)
    done = imports.find(ctx, job_id).job
    assert (done.status, done.new_version, done.errors) == (JobStatus.COMPLETED, 1, ())


def test_a_job_that_has_made_nothing_fails_where_the_store_stays_away(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(ctx, deposit_with(ctx, {"a": b"a"}))
    with ctx.db.write() as c:
        job = job_queue.claim(c, "worker", ctx.clock())
    assert job is not None

    def away(*_: Any) -> None:
        raise Unavailable("The store cannot be reached.", code="storage-unavailable")

    monkeypatch.setattr(ctx.repository, "recover", away)
    import_run.run(ctx, replace(job, attempts=import_run.ATTEMPTS), QUIET)
    done = imports.find(ctx, job_id).job
    assert done.status is JobStatus.FAILED
    assert [fault.code for fault in done.errors] == ["storage-unavailable"]


def test_a_job_whose_object_cannot_be_read_ends_and_says_so(ctx: Context) -> None:
    preserve(ctx, {"a": b"a"})
    job_id = submit(ctx, deposit_with(ctx, {"a": b"a", "b": b"b"}))
    for name in ("inventory.json", "v1/inventory.json"):
        (object_folder(ctx, GROUP) / name).write_bytes(b"{")
    with ctx.db.write() as c:
        job = job_queue.claim(c, "worker", ctx.clock())
    assert job is not None
    import_run.give_up(ctx, job, "It failed too often.")
    with ctx.db.read() as c:
        done = job_rows.get(c, job_id)
    assert done is not None
    assert done.status is JobStatus.FAILED
    assert "unknown" in done.errors[0].message


# --------------------------------------------------------------------- storage that is missing


def test_a_group_whose_object_is_gone_is_damage_and_stays_in_the_index(ctx: Context) -> None:
    preserve(ctx, {"a": b"a"})
    job_id = submit(ctx, deposit_with(ctx, {"a": b"a", "b": b"b"}))
    shutil.move(object_folder(ctx, GROUP), object_folder(ctx, GROUP).parent / "aside")
    work(ctx)
    done = imports.find(ctx, job_id).job
    assert done.status is JobStatus.FAILED
    assert "missing from storage" in done.errors[0].message
    assert browse.group(ctx, GROUP).node.head.number == 1


def test_an_object_that_is_there_twice_does_not_stop_a_rebuild(ctx: Context) -> None:
    preserve(ctx, {"a": b"a"})
    preserve(ctx, {"b": b"b"}, group="books/two")
    first, second = object_folder(ctx, GROUP), object_folder(ctx, "books/two")
    # the same versions under another id, as a copy made by hand would be
    stored = ctx.repository.find(RepositoryPath("books/two"))
    assert stored is not None
    shutil.rmtree(second)
    shutil.copytree(first, second)
    report = maintenance.rebuild(ctx)
    assert len(report.damaged) == 1
    assert browse.group(ctx, GROUP).members.keys() == {"a", "mets.xml"}


# ----------------------------------------------------------------- what came in between


def test_a_deposit_knows_nothing_of_what_came_after_it(ctx: Context) -> None:
    preserve(ctx, {"p1": b"1", "p2": b"2"})
    late = deposit_with(ctx, {"p1": b"one", "p2": b"2"}, stated=None)
    # its first try fails, so that another deposit may have the group
    with ctx.db.read() as c:
        assert diffs.nodes.deposit(c, late).base_version == 1
    failed = submit(ctx, late)
    area = Path(ctx.areas.area(late).uri.removeprefix("file://"))
    (area / "p1").write_bytes(b"eno")
    work(ctx)
    assert imports.find(ctx, failed).job.status is JobStatus.FAILED
    preserve(ctx, {"p1": b"1", "p2": b"2", "p3": b"3"})
    put(ctx, late, "p1", b"one")
    with pytest.raises(Conflict) as caught:
        submit(ctx, late)
    assert caught.value.problem == "stale-deposit"
    assert "p3" in browse.group(ctx, GROUP).members
    # brought up to date and pointed at the group again, it can be used
    fill(ctx, late, {"p1": b"one", "p2": b"2", "p3": b"3"})
    deposits.patch(ctx, "a", late, deposits.Changes(archival_group=uri(ctx)))
    submit(ctx, late)
    work(ctx)
    group = browse.group(ctx, GROUP)
    assert group.node.head.number == 3
    assert {"p1", "p2", "p3"} < set(group.members)


def test_an_upload_begun_before_a_job_does_not_end_during_it(ctx: Context) -> None:
    deposit = deposit_with(ctx, {"a": b"a"})
    upload = files.begin(ctx, "a", deposit, "b", None)
    upload.write(b"b")
    submit(ctx, deposit)
    with pytest.raises(Conflict):
        upload.finish()
    upload.abort()
    assert [e.path for e in files.listing(ctx, deposit)[0].files] == ["a", "mets.xml"]


def test_a_claim_that_nobody_dropped_does_not_hold_for_ever(ctx: Context) -> None:
    path = RepositoryPath("books/x")
    with ctx.db.write() as c:
        intents.claim_path(c, path, "create", "someone", ctx.clock())
    with pytest.raises(Conflict):
        containers.create(ctx, "a", path, None)
    with ctx.db.write() as c:
        intents.drop_claim(c, path, "someone")
        intents.claim_path(c, path, "create", "someone", ctx.clock() - timedelta(minutes=11))
    assert containers.create(ctx, "a", path, None).kind is Kind.CONTAINER


# ------------------------------------------------------------------------------ small truths


def test_patching_archived_checks_the_group_too(ctx: Context) -> None:
    made = deposits.create(ctx, "a", deposits.New()).deposit.id
    changes = deposits.Changes(archival_group=uri(ctx, BOOKS), archived="2026-01-01T00:00:00Z")
    with pytest.raises(Conflict):
        deposits.patch(ctx, "a", made, changes)


def test_a_deposit_with_a_waiting_job_is_not_archived(ctx: Context) -> None:
    deposit = deposit_with(ctx, {"a": b"a"})
    submit(ctx, deposit)
    with pytest.raises(Conflict):
        deposits.patch(ctx, "a", deposit, deposits.Changes(archived="2026-01-01T00:00:00Z"))


def test_moments_at_the_edge_of_time_are_refused(ctx: Context) -> None:
    made = deposits.create(ctx, "a", deposits.New()).deposit.id
    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        with pytest.raises(ValueError, match="years"):
            times.parse_iso(edge)
        with pytest.raises(BadRequest):
            deposits.patch(ctx, "a", made, deposits.Changes(archived=edge))
    assert times.parse_iso("2026-01-01T00:00:00") == datetime(2026, 1, 1, tzinfo=UTC)


def test_mets_xml_itself_goes_before_other_spellings() -> None:
    found = locate.choose(["METS.xml", "mets.xml"], [], lambda path: b"")
    assert found is not None
    assert found.path == "mets.xml"


# --------------------------------------------------------------------------- the root itself


def test_a_root_that_is_not_in_its_place_is_not_replaced(ctx: Context, tmp_path: Path) -> None:
    preserve(ctx, {"a": b"a"})
    ctx.db.close()
    root = tmp_path / "data" / "ocfl-root"
    root.rename(tmp_path / "elsewhere")
    for empty in (False, True):  # gone, or the empty folder that a disk is mounted on
        if empty:
            root.mkdir()
        with pytest.raises(Conflict) as caught:
            open_data(tmp_path / "data")
        assert caught.value.problem == "root-missing"
        assert not empty or list(root.iterdir()) == []
    root.rmdir()
    (tmp_path / "elsewhere").rename(root)
    again = open_data(tmp_path / "data")
    maintenance.start_up(again)
    assert browse.group(again, GROUP).node.head.number == 1


def test_another_root_is_served_only_after_a_rebuild(ctx: Context, tmp_path: Path) -> None:
    maintenance.start_up(ctx)
    preserve(ctx, {"a": b"a"})
    other = open_data(tmp_path / "other")
    containers.create(other, "a", RepositoryPath("maps"), None)
    for opened in (ctx, other):
        opened.db.close()
    shutil.rmtree(tmp_path / "data" / "ocfl-root")
    shutil.copytree(tmp_path / "other" / "ocfl-root", tmp_path / "data" / "ocfl-root")
    swapped = open_data(tmp_path / "data")
    with pytest.raises(Conflict) as caught:
        maintenance.start_up(swapped)
    assert caught.value.problem == "other-root"
    maintenance.rebuild(swapped)
    maintenance.start_up(swapped)
    assert browse.kind(swapped, RepositoryPath("maps")) is Kind.CONTAINER
