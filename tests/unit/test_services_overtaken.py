"""What is done to a deposit or group while something else goes on, and what stops halfway."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest

from strongroom import config
from strongroom.domain.deposits import Template
from strongroom.domain.importjob import JobStatus
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import BadRequest, Conflict, NotFound, StrongroomError, Unavailable
from strongroom.runtime.opening import open_context
from strongroom.services import (
    browse,
    containers,
    deposit_mets,
    deposits,
    exports,
    files,
    imports,
    maintenance,
)
from strongroom.services.context import Context
from strongroom.services.deposit_mets import Item, Selection
from strongroom.storage.local import LocalWorkArea
from support import inside
from support.inside import GROUP, deposit_with, open_data, preserve, put, submit, uri, work


def selected(*paths: str) -> Selection:
    """These, to be deleted from METS and from the deposit."""
    return Selection(
        items=tuple(Item(path=path, is_folder=False) for path in paths),
        from_mets=True,
        from_files=True,
        from_root=False,
        continue_if_fail=frozenset(),
    )


@pytest.fixture
def ctx(tmp_path: Path, request: pytest.FixtureRequest) -> Context:
    opened = open_data(tmp_path / "data")
    request.addfinalizer(opened.db.close)
    containers.create(opened, "a", RepositoryPath("books"), None)
    return opened


@pytest.mark.contract("17.5", "17.7")
def test_a_version_that_came_while_a_job_waited_fails_the_job(
    ctx: Context, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    preserve(ctx, {"a": b"a"})
    job = submit(ctx, deposit_with(ctx, {"a": b"a", "b": b"b"}))
    # another server, with a database of its own, makes a version in the same root
    settings = {"data": str(tmp_path / "other"), "ocfl_root": str(tmp_path / "data" / "ocfl-root")}
    other = open_context(config.load(settings, environment={}))
    request.addfinalizer(other.db.close)
    maintenance.rebuild(other)
    preserve(other, {"a": b"a", "c": b"c"})
    work(ctx)
    done = imports.find(ctx, job).job
    assert (done.status, done.new_version) == (JobStatus.FAILED, None)
    (told,) = done.errors
    assert told.code == "stale-version"
    assert "v1" in told.message
    assert "v2" in told.message
    group = browse.group(ctx, GROUP)
    assert (group.node.head.number, sorted(group.members)) == (2, ["a", "c", "mets.xml"])


# ------------------------------------------------------------------------------ being exported


def exporting(ctx: Context) -> str:
    """A deposit whose export waits."""
    preserve(ctx, {"objects/a": b"a"})
    return exports.start(ctx, "a", deposits.New(archival_group=uri(ctx))).deposit.id


@pytest.mark.contract("17.11", "17.20")
def test_nothing_changes_a_deposit_that_is_being_exported(ctx: Context) -> None:
    deposit = exporting(ctx)
    gone = selected("objects/a")
    for change in (
        lambda: deposit_mets.add(ctx, "a", deposit, ["objects/a"], '"x"'),
        lambda: deposit_mets.remove(ctx, "a", deposit, gone, '"x"'),
        lambda: files.begin(ctx, "a", deposit, "new", 1),
        lambda: deposits.patch(ctx, "a", deposit, deposits.Changes(submission_text="x")),
        lambda: deposits.delete(ctx, "a", deposit),
    ):
        with pytest.raises(Conflict):
            change()
    work(ctx)
    exported = browse.group(ctx, GROUP).members
    assert {e.path for e in files.listing(ctx, deposit)[0].files} == {"objects/a", "mets.xml"}
    assert exported.keys() == {"objects", "objects/a", "mets.xml"}
    deposits.delete(ctx, "a", deposit)


@pytest.mark.contract("17.11")
def test_a_deposit_whose_files_cannot_be_deleted_is_still_there(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = deposit_with(ctx, {"a": b"a"})

    def refuse(self: LocalWorkArea) -> None:
        raise Unavailable("The disk is away.", code="storage-unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(LocalWorkArea, "remove", refuse)
        with pytest.raises(Unavailable):
            deposits.delete(ctx, "a", deposit)
    assert deposits.get(ctx, deposit).deposit.id == deposit
    assert ctx.areas.area(deposit).exists()
    # and can be deleted again, with all that is left
    deposits.delete(ctx, "a", deposit)
    with pytest.raises(NotFound):
        deposits.get(ctx, deposit)
    assert not ctx.areas.area(deposit).exists()


@pytest.mark.contract("17.11")
def test_a_deposit_whose_import_waits_is_not_deleted(ctx: Context) -> None:
    deposit = deposit_with(ctx, {"a": b"a"})
    job = submit(ctx, deposit)
    with pytest.raises(Conflict) as caught:
        deposits.delete(ctx, "a", deposit)
    assert caught.value.problem == "unfinished-job"
    work(ctx)
    assert imports.find(ctx, job).job.status is JobStatus.COMPLETED
    deposits.delete(ctx, "a", deposit)


# ------------------------------------------------------------------------------------- halfway


@pytest.mark.contract("17.10")
@pytest.mark.parametrize("failing", ["objects/a", "objects/b"])
def test_a_deletion_that_stops_halfway_leaves_nothing_listed_that_is_gone(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    new = deposits.New(archival_group=uri(ctx), group_name="One", template=Template.ROOT_LEVEL)
    deposit = deposits.create(ctx, "a", new).deposit.id
    paths = ["objects/a", "objects/b", "objects/c"]
    for path in paths:
        put(ctx, deposit, path, path.encode())
    deposit_mets.add(ctx, "a", deposit, paths, etag(ctx, deposit))
    delete = LocalWorkArea.delete

    def refuse(self: LocalWorkArea, path: str) -> None:
        if path == failing:
            raise Unavailable("The disk is away.", code="storage-unavailable")
        delete(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(LocalWorkArea, "delete", refuse)
        with pytest.raises(StrongroomError):
            remove_all(ctx, deposit, "objects/a", "objects/b")
    listed, there = told(ctx, deposit)
    assert listed == {"objects/c"}
    assert listed <= there
    assert failing in there
    # what is left can be deleted, METS and all
    left = sorted(there - listed - {"mets.xml", "__METSlike.json"})
    assert remove_all(ctx, deposit, *left) == left
    assert told(ctx, deposit)[0] == {"objects/c"}
    submit(ctx, deposit)
    assert inside.work(ctx) == 1
    members = browse.group(ctx, GROUP).members
    assert {"objects/c", "mets.xml"} <= members.keys()
    assert "objects/a" not in members


def etag(ctx: Context, deposit: str) -> str:
    found = deposits.get(ctx, deposit).mets_etag
    assert found is not None
    return found


def told(ctx: Context, deposit: str) -> tuple[set[str], set[str]]:
    """Files that METS lists, and files that are there."""
    content, _ = deposits.mets(ctx, deposit)
    text = b"".join(content.read(0, content.size)).decode()
    listed = {path for path in ("objects/a", "objects/b", "objects/c") if f'"{path}"' in text}
    return listed, {entry.path for entry in files.listing(ctx, deposit)[0].files}


@pytest.mark.contract("17.35")
def test_a_deletion_does_not_compare_each_item_with_each_file(ctx: Context) -> None:
    new = deposits.New(archival_group=uri(ctx), group_name="One", template=Template.ROOT_LEVEL)
    deposit = deposits.create(ctx, "a", new).deposit.id
    area = ctx.areas.area(deposit)
    paths = [f"objects/{folder}/{n}" for folder in "ab" for n in range(40)]
    for path in paths:
        put(ctx, deposit, path, b"x")
    deposit_mets.add(ctx, "a", deposit, paths, etag(ctx, deposit))

    def calls(*wanted: str) -> int:
        """Calls that the check of a deletion makes."""
        found = 0

        def count(frame: FrameType, event: str, _what: object) -> None:
            nonlocal found
            if event == "c_call" and frame.f_code.co_filename == deposit_mets.__file__:
                found += 1

        sys.setprofile(count)
        try:
            # one that is not there, so that nothing is deleted
            deposit_mets.remove(ctx, "a", deposit, selected(*wanted), etag(ctx, deposit))
        except NotFound:
            return found
        finally:
            sys.setprofile(None)
        raise AssertionError("something was deleted")

    few, many = calls("objects/no", *paths[:20]), calls("objects/no", *paths)
    assert many - few < 20 * 60, (few, many)
    with pytest.raises(BadRequest, match="'objects/a/1' would be left in it"):
        remove_all(ctx, deposit, "objects/a", "objects/a/0")
    remove_all(ctx, deposit, "objects/a", *(path for path in paths if path[8] == "a"))
    assert {e.path for e in area.listing().files} >= {path for path in paths if path[8] == "b"}
    assert "objects/a" not in area.listing().folders


def remove_all(ctx: Context, deposit: str, *wanted: str) -> list[str]:
    done = deposit_mets.remove(ctx, "a", deposit, selected(*wanted), etag(ctx, deposit))
    return [item.path for item in done]
