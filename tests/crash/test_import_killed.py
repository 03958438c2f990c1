"""An import killed before any of its steps, on disk or in the database, ends truthfully.

For every N a forked child runs the job and dies before its N-th step, until a run completes. After
what a restarted server does first, and running the job again, the new version is there exactly once
and index, job, deposit and stream say the same.
"""

from __future__ import annotations

import itertools
import os
import shutil
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import ocfl
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from strongroom.db import events as event_rows
from strongroom.db import index
from strongroom.db import jobs as job_rows
from strongroom.domain.deposits import DepositStatus, Template
from strongroom.domain.importjob import JobStatus
from strongroom.domain.paths import RepositoryPath
from strongroom.services import (
    browse,
    containers,
    deposits,
    exports,
    maintenance,
)
from strongroom.services.context import Context
from strongroom.storage import durable
from support import postgres
from support.inside import GROUP, deposit_with, open_data, submit, work

# their processes are forks that are killed at any step, with the database in the folder
pytestmark = postgres.on_sqlite

KILLED = 77


@dataclass
class Place:
    """A data folder, opened anew as often as a server would be started on it."""

    data: Path

    def open(self) -> Context:
        return open_data(self.data)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "data")


def restart(place: Place) -> Context:
    ctx = place.open()
    maintenance.start_up(ctx)
    work(ctx)
    return ctx


def dies_before(step: int, place: Place, act: Callable[[Context], None]) -> bool:
    """Whether a child that does ``act`` died before its step of this number."""
    child = os.fork()
    if child == 0:
        try:
            ctx = place.open()
            count_down(step)
            act(ctx)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED), f"the child failed with {code} at step {step}"
    return code == KILLED


def count_down(step: int) -> None:
    """Kill this process before its N-th change of the disk or commit of the database."""
    left = itertools.count(step, -1)

    def tick(*_: object) -> None:
        if next(left) == 0:
            os._exit(KILLED)

    for name in durable.STEPS:
        setattr(durable, name, ticking(getattr(durable, name), tick))
    event.listen(Engine, "commit", tick)


def ticking(function: Callable[..., object], tick: Callable[[], None]) -> Callable[..., object]:
    def stepped(*arguments: object, **named: object) -> object:
        tick()
        return function(*arguments, **named)

    return stepped


def validate(place: Place) -> None:
    for declaration in (place.data / "ocfl-root").rglob("0=ocfl_object_1.1"):
        if "extensions" in declaration.relative_to(place.data / "ocfl-root").parts:
            continue
        passed, log = ocfl.Object().validate(str(declaration.parent))
        assert passed, log


def contents(ctx: Context, version: str) -> dict[str, bytes]:
    group = browse.group(ctx, GROUP, version)
    found = {}
    for member in group.members.values():
        if member.digest:
            stored = ctx.repository.find(GROUP)
            assert stored is not None
            with stored.open(member.content_path) as stream:
                found[str(member.path)] = stream.read()
    return found


def assert_index_is_what_storage_says(ctx: Context) -> None:
    with ctx.db.read() as c:
        before = list(index.dump_index(c))
    maintenance.rebuild(ctx)
    with ctx.db.read() as c:
        assert list(index.dump_index(c)) == before


def assert_done_once(
    place: Place, deposit: str, job: str, version: int, files: dict[str, bytes]
) -> None:
    ctx = restart(place)
    with ctx.db.read() as c:
        done = job_rows.get(c, job)
        stream = event_rows.events(c, 0, 100)
    assert done is not None
    assert (done.status, done.new_version, done.errors) == (JobStatus.COMPLETED, version, ())
    assert [e.job for e in stream].count(job) == 1
    assert [e.end for e in stream] == sorted({e.end for e in stream})
    assert all(
        later.end - earlier.end >= timedelta(milliseconds=1)
        for earlier, later in itertools.pairwise(stream)
    )
    view = deposits.get(ctx, deposit)
    assert view.deposit.status is DepositStatus.PRESERVED
    assert view.deposit.version_preserved == version
    node = browse.group(ctx, GROUP).node
    assert node.head.number == version
    assert done.finished == node.head.created
    mets = contents(ctx, f"v{version}").pop("mets.xml")
    assert contents(ctx, f"v{version}") == {**files, "mets.xml": mets}
    validate(place)
    staging = place.data / "ocfl-root/extensions/strongroom-staging/work"
    assert list(staging.iterdir()) == []
    assert_index_is_what_storage_says(ctx)
    ctx.db.close()


def run_until_a_run_completes(
    root: Path,
    prepare: Callable[[Place], None],
    act: Callable[[Context], None],
    *,
    pace: int = 1,
) -> Iterator[Place]:
    """Places in which ``act`` was killed before its 1st, 2nd, … step; at least a dozen of them.

    With a greater ``pace`` steps are left out between one that is tried and the next.
    """
    prepared = Place(root / "prepared")
    prepare(prepared)
    for step in itertools.count(1, pace):
        place = Place(root / str(step))
        shutil.copytree(prepared.data, place.data)
        died = dies_before(step, place, act)
        yield place
        if not died:
            assert step > 12, "the steps were not counted"
            return


def test_a_first_version_killed_before_every_step(tmp_path: Path) -> None:
    files = {"o/1": b"one", "o/2": b""}
    made: dict[str, str] = {}

    def prepare(place: Place) -> None:
        ctx = place.open()
        containers.create(ctx, "a", RepositoryPath("books"), None)
        made["deposit"] = deposit_with(ctx, files)
        made["job"] = submit(ctx, made["deposit"])
        ctx.db.close()

    for place in run_until_a_run_completes(tmp_path, prepare, work):
        validate(place)
        assert_done_once(place, made["deposit"], made["job"], 1, files)


def test_a_second_version_killed_before_every_step(tmp_path: Path) -> None:
    first = {"o/1": b"one", "o/2": b"two", "o/3": b"three"}
    second = {"o/1": b"uno", "o/3": b"three", "o/4": b"four"}
    made: dict[str, str] = {}

    def prepare(place: Place) -> None:
        ctx = place.open()
        containers.create(ctx, "a", RepositoryPath("books"), None)
        submit(ctx, deposit_with(ctx, first))
        work(ctx)
        made["deposit"] = deposit_with(ctx, second)
        made["job"] = submit(ctx, made["deposit"])
        ctx.db.close()

    for place in run_until_a_run_completes(tmp_path, prepare, work):
        ctx = place.open()  # before any repair a reader finds the old version or the new one
        stored = ctx.repository.find(GROUP)
        assert stored is not None
        assert stored.inventory.head in (1, 2)
        ctx.db.close()
        assert_done_once(place, made["deposit"], made["job"], 2, second)


def test_an_export_killed_before_every_step(tmp_path: Path) -> None:
    files = {"o/1": b"one", "o/2": b"two"}
    made: dict[str, str] = {}

    def prepare(place: Place) -> None:
        ctx = place.open()
        containers.create(ctx, "a", RepositoryPath("books"), None)
        submit(ctx, deposit_with(ctx, files))
        work(ctx)
        uri = f"{ctx.roots.public}/repository/{GROUP}"
        view = exports.start(ctx, "a", deposits.New(archival_group=uri, template=Template.NONE))
        made["deposit"] = view.deposit.id
        ctx.db.close()

    for place in run_until_a_run_completes(tmp_path, prepare, work):
        ctx = restart(place)
        assert deposits.get(ctx, made["deposit"]).deposit.status is DepositStatus.NEW
        area = place.data / "deposits" / made["deposit"]
        found = {
            p.relative_to(area).as_posix(): p.read_bytes() for p in area.rglob("*") if p.is_file()
        }
        found.pop("mets.xml")
        assert found == files
        ctx.db.close()


@pytest.mark.parametrize("purge", [False, True])
def test_containers_made_and_deleted_killed_before_every_step(tmp_path: Path, purge: bool) -> None:
    path = RepositoryPath("books")

    def act(ctx: Context) -> None:
        containers.create(ctx, "a", path, "Books")
        containers.delete(ctx, "a", path, purge=purge)

    def prepare(place: Place) -> None:
        place.open().db.close()

    for place in run_until_a_run_completes(tmp_path, prepare, act):
        ctx = restart(place)
        validate(place)
        assert_index_is_what_storage_says(ctx)
        stored = ctx.repository.find(path)
        if stored is None:  # nothing, or purged: it can be made
            containers.create(ctx, "a", path, None)
        ctx.db.close()
