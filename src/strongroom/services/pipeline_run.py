"""Carries a run of tools out: tools into scratch, results into the deposit, findings into METS.

Until the results are complete nothing in the deposit changes, and a run can be stopped. From then
on it goes to its end, through any number of workers. Source: contract mets.md 6.2, 6.3.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from strongroom.db import job_documents, job_queue, pipeline_stages
from strongroom.domain.deposits import Deposit
from strongroom.domain.importjob import Job, JobStatus, Progress
from strongroom.domain.paths import MemberPath
from strongroom.domain.pipeline import RunReport, Stage
from strongroom.domain.workspace import Workspace
from strongroom.errors import Conflict, Fault, NotFound, StrongroomError, Unprocessable
from strongroom.services import (
    bagging,
    diffs,
    nodes,
    pipeline,
    pipeline_mets,
    pipeline_placement,
    pipeline_scratch,
    pipeline_tools,
    workspaces,
)
from strongroom.services.context import Context
from strongroom.services.import_run import (
    Interrupted,
    Watch,
    is_to_be_tried_again,
)
from strongroom.services.pipeline_placement import Placement

OBJECTS = "objects"
#: seconds between two looks whether the run has been stopped
LOOK = 1.0
#: what existing clients look for in the error of a run that was given up
CLEANED_UP = "Cleaned up as previous processing did not complete"


class Stopped(Exception):
    """Someone has ended the run; nothing is left to record."""


def run(ctx: Context, job: Job, watch: Watch) -> None:
    """Run a claimed job to its end, and record that end.

    Raises Interrupted if the worker is stopping. Whatever is wrong with the deposit or with a tool
    becomes the errors of the job.
    """
    try:
        _carry_out(ctx, job, watch)
    except Stopped:
        pipeline_scratch.drop(ctx, job.id)
    except StrongroomError as error:
        if is_to_be_tried_again(job, error):
            raise
        faults = error.faults or (Fault(code=error.problem, message=error.message),)
        _end(ctx, job, [*faults, *_half_placed(ctx, job)])


def give_up(ctx: Context, job: Job, reason: str) -> None:
    """End a run that keeps failing for reasons of the server's own."""
    given_up = Fault(code="gave-up", message=f"{CLEANED_UP}: {reason}")
    _end(ctx, job, [given_up, *_half_placed(ctx, job)])


def _half_placed(ctx: Context, job: Job) -> list[Fault]:
    """What has to be said of the deposit when a run ends before its results are all in place."""
    with ctx.db.read() as c:
        if pipeline_stages.stage(c, job.id) is not Stage.PLACING:
            return []
    return [
        Fault(
            code="results-not-placed",
            message="What lies in metadata may be incomplete; run the tools again.",
        )
    ]


def _carry_out(ctx: Context, job: Job, watch: Watch) -> None:
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, job.deposit)
        stage = pipeline_stages.stage(c, job.id)
    if stage is None:
        deposit = _prepare(ctx, job, deposit, watch)
        stage = Stage.PLACING
    with ctx.db.read() as c:
        placement: Placement | None = job_documents.get(
            c, job.id, job_documents.PLACEMENT, Placement
        )
        report: RunReport | None = job_documents.get(c, job.id, job_documents.REPORT, RunReport)
    if placement is None or report is None:
        raise ValueError(f"run {job.id} has no record of what it is to place")
    if stage is Stage.PLACING:
        watch.progress(Progress(phase="placing", files_total=len(placement.writes)))
        outputs = _outputs(pipeline_scratch.folder(ctx, job.id))
        pipeline_placement.place(ctx, deposit.id, deposit.layout, placement, outputs)
        with ctx.db.write() as c:
            pipeline_stages.set_placed(c, job.id)
    watch.progress(Progress(phase="describing"))
    told = pipeline_mets.describe(ctx, deposit, placement)
    faults, warnings = bagging.bag_again(ctx, deposit)
    with ctx.db.write() as c:
        report = replace(report, warnings=(*report.warnings, *told.warnings, *warnings))
        job_documents.put(c, job.id, job_documents.REPORT, report)
    _end(ctx, job, [*told.faults, *faults])


# ----------------------------------------------------------------------- what can be stopped


def _prepare(ctx: Context, job: Job, deposit: Deposit, watch: Watch) -> Deposit:
    """Run the tools and record what is to be placed; the deposit with its layout settled."""
    halt = _Halt(ctx, job, watch)
    ground = _ground(ctx, deposit)
    scratch = pipeline_scratch.begin(ctx, job.id)
    outputs = _outputs(scratch)
    outputs.mkdir()
    objects = _reachable(ctx, ground, scratch, halt)
    halt.check()
    watch.progress(Progress(phase="tools", files_total=len(ground.objects)))
    report, faults = pipeline_tools.run_all(ctx.tools, objects, outputs, halt.asked)
    halt.check()
    if faults:
        with ctx.db.write() as c:
            job_documents.put(c, job.id, job_documents.REPORT, report)
        raise Unprocessable(faults[0].message, code=faults[0].code, faults=faults)
    area = ctx.areas.area(deposit.id)
    placement = pipeline_placement.decide(
        area.listing(),
        ground.deposit.layout,
        outputs,
        report.tools,
        spared=() if ground.loaded.mets is None else (ground.loaded.mets,),
    )
    pipeline_placement.check_space(area, placement)
    with ctx.db.write() as c:
        job_documents.put(c, job.id, job_documents.REPORT, report)
        job_documents.put(c, job.id, job_documents.PLACEMENT, placement)
        if not pipeline_stages.begin_placing(c, job.id):
            raise Stopped
    return ground.deposit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What the tools are to look at."""

    #: with its layout settled
    deposit: Deposit
    loaded: workspaces.Loaded
    #: member paths of the files below ``objects/``
    objects: tuple[MemberPath, ...]


def _ground(ctx: Context, deposit: Deposit) -> _Ground:
    """The deposit as it is, if tools may run over it: its files are those that METS describes.

    NotFound without objects; Unprocessable for links and for bytes that are not those described,
    each named.
    """
    loaded = workspaces.load(ctx, deposit, None)
    deposit = diffs.remember(ctx, deposit, loaded)
    here = OBJECTS + "/"
    objects = tuple(path for path in loaded.entries if path.startswith(here))
    folder = loaded.workspace.folders.get(MemberPath(OBJECTS))
    if not objects and (folder is None or folder.origin is None):
        raise NotFound(f"Could not find object folder for deposit {deposit.id}", code="no-objects")
    unproven = [path for path in objects if loaded.workspace.files[path].proven is None]
    workspace = workspaces.prove(ctx, deposit, loaded, unproven)
    root = pipeline_placement.prefix(deposit.layout) + here
    faults = [fault for fault in workspace.refused if (fault.path or "").startswith(root)]
    faults += _other_bytes(workspace, objects)
    if faults:
        raise Unprocessable(
            f"{faults[0].path}: {faults[0].message}", code=faults[0].code, faults=faults
        )
    return _Ground(deposit=deposit, loaded=loaded, objects=objects)


def _other_bytes(workspace: Workspace, objects: Iterable[MemberPath]) -> list[Fault]:
    """Files whose bytes are not what METS says, or where it is silent, what the bag says."""
    faults = []
    for path in objects:
        file = workspace.files[path]
        stated = file.described.digest if file.described else None
        expected = stated or file.bagged
        if expected is not None and file.proven is not None and file.proven != expected:
            against = "METS" if stated else "the BagIt manifest"
            faults.append(
                Fault(
                    code="digest-mismatch",
                    message=f"The bytes in the deposit are not those that {against} describes; "
                    "update METS or put the right file there, then run the tools again.",
                    path=path,
                    expected=expected,
                    found=file.proven,
                )
            )
    return faults


def _reachable(ctx: Context, ground: _Ground, scratch: Path, halt: _Halt) -> Path:
    """The objects as a folder of this machine: where they are, or else copies."""
    area = ctx.areas.area(ground.deposit.id)
    inside = pipeline_placement.prefix(ground.deposit.layout) + OBJECTS
    place = pipeline_scratch.local(area, inside)
    if place is None:
        copies = scratch / "copies"
        entries = [ground.loaded.entries[path] for path in ground.objects]
        pipeline_scratch.copy_out(area, entries, copies, halt.check)
        place = copies / inside
        place.mkdir(parents=True, exist_ok=True)
    return place


class _Halt:
    """Whether it is time to stop: the worker ends, or someone has ended the run."""

    def __init__(self, ctx: Context, job: Job, watch: Watch) -> None:
        self._ctx, self._job, self._watch = ctx, job, watch
        self._looked = time.monotonic()
        self._stopped = False

    def asked(self) -> bool:
        """Asks the database once in a while."""
        if not self._stopped and time.monotonic() - self._looked >= LOOK:
            self._looked = time.monotonic()
            with self._ctx.db.read() as c:
                self._stopped = pipeline_stages.is_stopped(c, self._job.id)
        return self._stopped or self._watch.stopping()

    def check(self) -> None:
        """Raise Stopped or Interrupted if it is."""
        if self.asked():
            raise Stopped if self._stopped else Interrupted


def _outputs(scratch: Path) -> Path:
    """Where the tools write; laid out as the content root of a deposit."""
    return scratch / "outputs"


# ----------------------------------------------------------------------------------- the end


def _end(ctx: Context, job: Job, faults: Iterable[Fault]) -> None:
    """Record the end of the run, unless someone has ended it meanwhile."""
    found = tuple(faults)
    try:
        with ctx.db.write() as c:
            job_queue.finish(
                c,
                job.id,
                status=JobStatus.FAILED if found else JobStatus.COMPLETED,
                finished=ctx.clock(),
                source_version=None,
                new_version=None,
                errors=found,
                outcome=None,
            )
            pipeline.release_lock(c, job)
    except Conflict as error:
        if error.problem != "job-finished":
            raise
    pipeline_scratch.drop(ctx, job.id)
