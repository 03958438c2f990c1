"""Runs of tools from within: what changes when, what is kept, who is followed by whom.

The tools here are made for the tests; real ones run in ``tests/api/test_http_pipeline.py``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from strongroom.db import deposits as deposit_rows
from strongroom.db import job_queue
from strongroom.domain.deposits import Template
from strongroom.domain.description import Description
from strongroom.domain.importjob import Job
from strongroom.domain.pipeline import RunStatus, ToolStatus
from strongroom.errors import Conflict, StrongroomError, Unprocessable
from strongroom.mets.reader import read
from strongroom.services import deposits, pipeline, pipeline_placement, pipeline_run
from strongroom.services.context import Context
from strongroom.services.import_run import Interrupted, Watch
from strongroom.services.pipeline import RunView, StatusChange
from strongroom.storage.local import LocalWorkAreas
from support.inside import QUIET, deposit_with, open_data, put

OUTPUT = "metadata/siegfried/siegfried.csv"


@dataclass(frozen=True)
class Probed:
    name: str = "looker"
    version: str | None = "1.0"
    reason: str | None = None


@dataclass
class Looker:
    """Writes the names and sizes of what it sees, as its output."""

    task: str = "formats"
    output: str = OUTPUT
    probed: Probed = Probed()
    #: called before it writes, with its ``stop``
    before: Callable[[Callable[[], bool]], None] = lambda stop: None

    def probe(self) -> Probed:
        return self.probed

    def run(self, folder: Path, scratch: Path, stop: Callable[[], bool]) -> None:
        self.before(stop)
        seen = sorted(
            f"{path.relative_to(folder)} {path.stat().st_size}"
            for path in folder.rglob("*")
            if path.is_file()
        )
        place = scratch / self.output.removeprefix("metadata/")
        place.parent.mkdir(parents=True)
        place.write_text("\n".join(seen))


def fails(_: object) -> None:
    raise Unprocessable("it said: no", code="no")


ABSENT = Probed(version=None, reason="no program 'looker' on the PATH")


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return with_tools(open_data(tmp_path / "data"), Looker())


def with_tools(ctx: Context, *tools: Looker) -> Context:
    return replace(ctx, tools=tools)


def managed(ctx: Context, files: dict[str, bytes], template: Template = Template.ROOT_LEVEL) -> str:
    made = deposits.create(ctx, "ann", deposits.New(group_name="One", template=template))
    for path, data in files.items():
        put(ctx, made.deposit.id, path, data)
    return made.deposit.id


def files(ctx: Context, deposit: str) -> dict[str, bytes]:
    area = ctx.areas.area(deposit)
    found = {}
    for entry in area.listing().files:
        with area.open(entry.path) as file:
            found[entry.path] = file.stream.read()
    return found


def mets(ctx: Context, deposit: str, path: str = "mets.xml") -> Description:
    return read(io.BytesIO(files(ctx, deposit)[path]), limit=1 << 20)


def described(ctx: Context, deposit: str, path: str = "mets.xml") -> dict[str, str | None]:
    return {file.path: file.digest for file in mets(ctx, deposit, path).files}


def claim(ctx: Context) -> Job:
    with ctx.db.write() as c:
        job = job_queue.claim(c, "w", ctx.clock())
    assert job is not None
    return job


def run(ctx: Context, deposit: str) -> RunView:
    job = pipeline.start(ctx, "ann", deposit).job
    pipeline_run.run(ctx, claim(ctx), QUIET)
    return pipeline.run(ctx, deposit, job.id)


def force(ctx: Context, view: RunView, errors: str | None = None) -> None:
    pipeline.change_status(
        ctx,
        "bob",
        StatusChange(
            job=view.job.id,
            deposit=view.job.deposit,
            status="completedWithErrors",
            user="bob",
            errors=errors,
        ),
    )


# ------------------------------------------------------------------------------ a whole run


@pytest.mark.parametrize(
    ("template", "root"), [(Template.ROOT_LEVEL, ""), (Template.BAGIT, "data/")]
)
def test_results_take_the_place_of_older_ones_and_ad_hoc_stays(
    ctx: Context, template: Template, root: str
) -> None:
    old = {
        "objects/a b.txt": b"one",
        "objects/x/#1.txt": b"two",
        "metadata/ad-hoc/notes.txt": b"mine",
        "metadata/old/report.txt": b"old",
        OUTPUT: b"older",
    }
    deposit = managed(ctx, {root + path: data for path, data in old.items()}, template)
    view = run(ctx, deposit)
    assert (view.status, view.job.errors) == (RunStatus.COMPLETED, ())
    assert [(t.name, t.version, t.status) for t in view.report.tools] == [
        ("looker", "1.0", ToolStatus.RAN)
    ]
    found = files(ctx, deposit)
    assert found[root + OUTPUT] == b"a b.txt 3\nx/#1.txt 3"
    assert found[root + "metadata/ad-hoc/notes.txt"] == b"mine"
    assert not [path for path in found if "old" in path]
    assert root + "metadata/old" not in ctx.areas.area(deposit).listing().folders
    known = described(ctx, deposit, root + "mets.xml")
    assert sorted(known) == [
        "metadata/siegfried/siegfried.csv",
        "objects/a b.txt",
        "objects/x/#1.txt",
    ]
    assert all(known.values())
    # once more: the results of the first run are the older ones
    assert run(ctx, deposit).status is RunStatus.COMPLETED
    assert described(ctx, deposit, root + "mets.xml") == known
    assert not list(ctx.scratch.iterdir())


def test_the_definitions_of_a_scanner_are_told(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    assert run(ctx, deposit).report.virus_definition is None
    name = "metadata/virus-definition/virus-definition.txt"
    view = run(with_tools(ctx, Looker(task="viruses", output=name)), deposit)
    # the tool of these tests writes the names and sizes of what it sees
    assert view.report.virus_definition == "a.txt 3"


def test_mets_forgets_results_that_are_gone(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    first = with_tools(ctx, Looker(output="metadata/siegfried/deep/first.csv"))
    assert run(first, deposit).status is RunStatus.COMPLETED
    assert "metadata/siegfried/deep/first.csv" in described(ctx, deposit)
    assert run(ctx, deposit).status is RunStatus.COMPLETED
    said = mets(ctx, deposit)
    assert sorted(file.path for file in said.files) == [OUTPUT, "objects/a.txt"]
    assert "metadata/siegfried/deep" not in {folder.path for folder in said.folders}


def test_mets_of_others_is_left_as_it_is(ctx: Context) -> None:
    deposit = deposit_with(ctx, {"objects/a.txt": b"one"})
    area = ctx.areas.area(deposit)
    text = files(ctx, deposit)["mets.xml"].replace(b"University of Leeds", b"Someone")
    put(ctx, deposit, "mets.xml", text)
    view = run(ctx, deposit)
    assert view.status is RunStatus.COMPLETED
    assert [fault.code for fault in view.report.warnings] == ["foreign-mets"]
    assert files(ctx, deposit)["mets.xml"] == text
    assert area.entry(OUTPUT) is not None


def test_without_mets_the_results_are_there_all_the_same(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"}, Template.NONE)
    view = run(ctx, deposit)
    assert (view.status, [f.code for f in view.report.warnings]) == (
        RunStatus.COMPLETED,
        ["no-mets"],
    )
    assert OUTPUT in files(ctx, deposit)


# ----------------------------------------------------------------------------- absent, failed


def test_an_absent_tool_is_told_and_its_older_results_stay(ctx: Context) -> None:
    exif = "metadata/exif/exif_output.txt"
    deposit = managed(ctx, {"objects/a.txt": b"one", exif: b"tags", "metadata/other": b"x"})
    with_two = with_tools(ctx, Looker(), Looker(task="metadata", output=exif, probed=ABSENT))
    view = run(with_two, deposit)
    assert view.status is RunStatus.COMPLETED
    (absent,) = [tool for tool in view.report.tools if tool.status is ToolStatus.ABSENT]
    assert (absent.task, absent.reason) == ("metadata", ABSENT.reason)
    assert "no program 'looker'" in view.report.warnings[0].message
    found = files(ctx, deposit)
    assert found[exif] == b"tags"
    assert "metadata/other" not in found


def test_where_no_tool_is_there_nothing_is_taken_away(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one", "metadata/other": b"x"})
    view = run(with_tools(ctx, Looker(probed=ABSENT)), deposit)
    assert view.status is RunStatus.COMPLETED
    assert files(ctx, deposit)["metadata/other"] == b"x"
    assert "objects/a.txt" in described(ctx, deposit)


def test_a_tool_that_fails_changes_nothing(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one", OUTPUT: b"older"})
    before = files(ctx, deposit)
    failing = with_tools(ctx, Looker(), Looker(task="viruses", output="metadata/v", before=fails))
    view = run(failing, deposit)
    assert view.status is RunStatus.FAILED
    (fault,) = view.job.errors
    assert fault.code == "tool-failed"
    assert "looker (viruses)" in fault.message and "it said: no" in fault.message
    assert [tool.status for tool in view.report.tools] == [ToolStatus.RAN, ToolStatus.FAILED]
    assert files(ctx, deposit) == before
    assert not list(ctx.scratch.iterdir())


def test_a_deposit_without_objects(ctx: Context) -> None:
    deposit = managed(ctx, {"other/a.txt": b"one"}, Template.NONE)
    view = run(ctx, deposit)
    assert view.status is RunStatus.FAILED
    assert view.job.errors[0].message == f"Could not find object folder for deposit {deposit}"


def test_bytes_that_are_not_those_described_stop_the_run(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one", "objects/b.txt": b"two"})
    assert run(ctx, deposit).status is RunStatus.COMPLETED
    for name in ("a", "b"):
        put(ctx, deposit, f"objects/{name}.txt", b"other")
    before = files(ctx, deposit)
    view = run(ctx, deposit)
    assert view.status is RunStatus.FAILED
    assert [(f.code, f.path) for f in view.job.errors] == [
        ("digest-mismatch", "objects/a.txt"),
        ("digest-mismatch", "objects/b.txt"),
    ]
    assert files(ctx, deposit) == before


def test_tools_are_not_led_out_of_the_deposit_by_links(ctx: Context, tmp_path: Path) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    (tmp_path / "secret").write_text("secret")
    os.symlink(tmp_path / "secret", tmp_path / "data/deposits" / deposit / "objects/link")
    view = run(ctx, deposit)
    assert [(f.code, f.path) for f in view.job.errors] == [("symbolic-link", "objects/link")]


# ----------------------------------------------------------------------- stopped and followed


def test_a_run_is_stopped_while_its_tools_run(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_run, "LOOK", 0.0)
    deposit = managed(ctx, {"objects/a.txt": b"one", OUTPUT: b"older"})
    deposits.lock(ctx, "ann", deposit, force=False)
    before = files(ctx, deposit)
    view = pipeline.start(ctx, "ann", deposit)
    asked: list[bool] = []

    def forced(stop: Callable[[], bool]) -> None:
        asked.append(stop())
        force(ctx, view)
        asked.append(stop())

    pipeline_run.run(with_tools(ctx, Looker(before=forced)), claim(ctx), QUIET)
    assert asked == [False, True]
    ended = pipeline.run(ctx, deposit, view.job.id)
    assert ended.status is RunStatus.FAILED
    assert [f.message for f in ended.job.errors] == ["bob forced completion of this pipeline run."]
    assert files(ctx, deposit) == before
    with ctx.db.read() as c:
        kept = deposit_rows.get(c, deposit)
    assert kept is not None and kept.locked_by is None
    force(ctx, view)  # to repeat it is harmless
    assert run(ctx, deposit).status is RunStatus.COMPLETED


def test_a_run_that_waits_is_stopped_at_once(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    view = pipeline.start(ctx, "ann", deposit)
    force(ctx, view, "Cleaned up as previous processing did not complete")
    with ctx.db.write() as c:
        assert job_queue.claim(c, "w", ctx.clock()) is None
    ended = pipeline.run(ctx, deposit, view.job.id)
    assert ended.job.errors[0].message == "Cleaned up as previous processing did not complete"


def test_a_run_is_not_stopped_once_its_results_are_being_placed(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    view = pipeline.start(ctx, "ann", deposit)
    place = pipeline_placement.place

    def placing(*arguments: object) -> None:
        with pytest.raises(Conflict) as caught:
            force(ctx, view)
        assert caught.value.problem == "bad-transition"
        place(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline_placement, "place", placing)
    pipeline_run.run(ctx, claim(ctx), QUIET)
    assert pipeline.run(ctx, deposit, view.job.id).status is RunStatus.COMPLETED


def test_a_worker_that_stops_gives_the_run_to_the_next(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    view = pipeline.start(ctx, "ann", deposit)
    with pytest.raises(Interrupted):
        pipeline_run.run(ctx, claim(ctx), Watch(progress=lambda p: None, stopping=lambda: True))
    with ctx.db.write() as c:
        assert job_queue.give_back(c, view.job.id, "w", counts=False)
    assert pipeline.run(ctx, deposit, view.job.id).status is RunStatus.PROCESSING
    pipeline_run.run(ctx, claim(ctx), QUIET)
    assert pipeline.run(ctx, deposit, view.job.id).status is RunStatus.COMPLETED


def test_the_lock_of_another_is_kept_and_hinders(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    deposits.lock(ctx, "bob", deposit, force=False)
    with pytest.raises(Conflict, match="locked by another user: bob"):
        pipeline.start(ctx, "ann", deposit)
    deposits.lock(ctx, "ann", deposit, force=True)
    pipeline.start(ctx, "ann", deposit)
    deposits.lock(ctx, "bob", deposit, force=True)
    pipeline_run.run(ctx, claim(ctx), QUIET)
    with ctx.db.read() as c:
        kept = deposit_rows.get(c, deposit)
    assert kept is not None and kept.locked_by == "bob"


def test_a_run_that_is_given_up_says_so(ctx: Context) -> None:
    deposit = managed(ctx, {"objects/a.txt": b"one"})
    view = pipeline.start(ctx, "ann", deposit)
    pipeline_run.give_up(ctx, claim(ctx), "It failed three times.")
    ended = pipeline.run(ctx, deposit, view.job.id)
    assert ended.status is RunStatus.FAILED
    assert "Cleaned up as previous processing did not complete" in ended.job.errors[0].message


# ----------------------------------------------------------------------- without local folders


def test_tools_see_copies_where_they_cannot_reach_the_files(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = managed(ctx, {"objects/a b.txt": b"one", "objects/x/c": b"", "objects/é": b"2"})
    monkeypatch.setattr("strongroom.services.pipeline_scratch.local", lambda area, path: None)
    assert isinstance(ctx.areas, LocalWorkAreas)
    assert run(ctx, deposit).status is RunStatus.COMPLETED
    assert files(ctx, deposit)[OUTPUT].decode().split("\n") == ["a b.txt 3", "x/c 0", "é 1"]


def test_scratch_of_ended_runs_is_swept(ctx: Context) -> None:
    from strongroom.services import pipeline_scratch

    deposit = managed(ctx, {"objects/a.txt": b"one"})
    waiting = pipeline.start(ctx, "ann", deposit)
    for name in ("ended", waiting.job.id):
        (ctx.scratch / name / "outputs").mkdir(parents=True)
    assert pipeline_scratch.sweep(ctx) == 1
    assert [path.name for path in ctx.scratch.iterdir()] == [waiting.job.id]


def test_errors_of_the_server_are_tried_again(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise StrongroomError("no")

    deposit = managed(ctx, {"objects/a.txt": b"one"})
    monkeypatch.setattr(pipeline_placement, "place", refuses)
    view = run(ctx, deposit)
    assert view.status is RunStatus.FAILED
    # what has begun to be placed may be incomplete, and that is said
    assert [fault.code for fault in view.job.errors] == ["error", "results-not-placed"]
