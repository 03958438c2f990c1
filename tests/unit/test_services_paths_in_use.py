"""Paths that an import is about to use are left alone, and what a job failed of is told truly."""

from pathlib import Path

import pytest

from strongroom.db import jobs as job_rows
from strongroom.domain.deposits import Template
from strongroom.domain.importjob import ItemRequest, JobRequest, JobStatus
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import BadRequest, Conflict
from strongroom.services import containers, deposits, diffs, imports
from strongroom.services.context import Context
from support.inside import GROUP, deposit_with, open_data, put, submit, work

BOOKS = RepositoryPath("books")


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    opened = open_data(tmp_path / "data")
    containers.create(opened, "a", BOOKS, None)
    return opened


def test_no_container_can_take_the_path_of_a_waiting_import(ctx: Context) -> None:
    job = submit(ctx, deposit_with(ctx, {"a": b"a"}))
    with pytest.raises(Conflict) as caught:
        containers.create(ctx, "a", GROUP, None)
    assert job in caught.value.message
    work(ctx)
    assert imports.find(ctx, job).job.status is JobStatus.COMPLETED


@pytest.mark.parametrize("purge", [False, True])
def test_no_container_can_be_deleted_under_a_waiting_import(ctx: Context, purge: bool) -> None:
    submit(ctx, deposit_with(ctx, {"a": b"a"}))
    with pytest.raises(Conflict):
        containers.delete(ctx, "a", BOOKS, purge=purge)


def test_a_mismatch_is_told_of_the_member_and_its_origin(ctx: Context) -> None:
    deposit = deposit_with(ctx, {"a": b"a", "b": b"b"})
    area = ctx.areas.area(deposit).uri
    group = f"{ctx.roots.public}/repository/{GROUP}"
    request = JobRequest(
        id="urn:x",
        deposit=f"{ctx.roots.public}/deposits/{deposit}",
        lists={
            "binaries_to_add": (
                ItemRequest(id=f"{group}/objects/page", origin=f"{area}a", digest="0" * 64),
            )
        },
    )
    # the digest of an uploaded file is known, so it is refused at once ...
    with pytest.raises(BadRequest):
        imports.submit(ctx, "a", deposit, request)
    # ... and that of one which the client put there itself when it is copied
    path = Path(area.removeprefix("file://")) / "a"
    path.write_bytes(b"other")
    job = imports.submit(ctx, "a", deposit, request).job.id
    work(ctx)
    done = imports.find(ctx, job).job
    assert done.status is JobStatus.FAILED
    assert [(f.path, f.expected) for f in done.errors] == [("objects/page", "0" * 64)]
    assert "origin a" in done.errors[0].message


def test_a_diff_whose_proven_bytes_differ_names_every_file(ctx: Context) -> None:
    deposit = deposit_with(ctx, {"a": b"a", "b": b"b"}, stated=b"x")
    with pytest.raises(BadRequest) as caught:
        diffs.diff(ctx, "a", deposit)
    assert {fault.path for fault in caught.value.faults} == {"a", "b"}


@pytest.mark.parametrize("template", list(Template))
def test_a_deposit_for_a_group_with_mets_differs_in_nothing(
    ctx: Context, template: Template
) -> None:
    submit(ctx, deposit_with(ctx, {"objects/a": b"a"}))
    work(ctx)
    uri = f"{ctx.roots.public}/repository/{GROUP}"
    view = deposits.create(ctx, "a", deposits.New(archival_group=uri, template=template))
    assert diffs.diff(ctx, "a", view.deposit.id).job.is_empty


def test_a_job_with_a_name_alone_makes_a_version_and_one_without_makes_none(ctx: Context) -> None:
    submit(ctx, deposit_with(ctx, {"a": b"a"}))
    work(ctx)
    uri = f"{ctx.roots.public}/repository/{GROUP}"
    for name, version in (("One", 1), ("Two", 2), ("Two", 2)):
        view = deposits.create(ctx, "a", deposits.New(archival_group=uri, group_name=name))
        job = submit(ctx, view.deposit.id)
        work(ctx)
        with ctx.db.read() as c:
            done = job_rows.get(c, job)
        assert done is not None
        assert (done.status, done.new_version) == (JobStatus.COMPLETED, version)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_ids_may_name_this_machine_in_any_way(ctx: Context, host: str) -> None:
    root = f"http://{host}:8000"
    view = deposits.create(
        ctx, "a", deposits.New(archival_group=f"{root}/repository/{GROUP}", group_name="One")
    )
    assert view.deposit.group == GROUP
    put(ctx, view.deposit.id, "a", b"a")
    item = ItemRequest(id=f"{root}/repository/{GROUP}/a", origin=f"{view.files}a", digest=None)
    request = JobRequest(
        id="urn:x",
        deposit=f"{root}/deposits/{view.deposit.id}",
        archival_group=f"{root}/repository/{GROUP}",
        lists={"binaries_to_add": (item,)},
    )
    assert imports.submit(ctx, "a", view.deposit.id, request).job.status is JobStatus.WAITING


@pytest.mark.parametrize("host", ["localhost:8001", "example.org:8000", "localhost"])
def test_ids_of_other_servers_are_refused(ctx: Context, host: str) -> None:
    with pytest.raises(BadRequest):
        deposits.create(ctx, "a", deposits.New(archival_group=f"http://{host}/repository/{GROUP}"))
