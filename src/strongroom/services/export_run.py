"""Carries an export out: every file of a version into the deposit, each proven on the way."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from functools import partial

from strongroom.db import deposits as deposit_rows
from strongroom.db import digests as digest_rows
from strongroom.db import job_queue
from strongroom.db import jobs as job_rows
from strongroom.domain.deposits import DepositStatus
from strongroom.domain.importjob import Job, JobStatus, Progress
from strongroom.domain.resources import Group, Kind, Member
from strongroom.domain.versions import version_name
from strongroom.errors import Fault, NotFound, OutOfSpace, StrongroomError
from strongroom.ocfl import paths
from strongroom.ocfl.stored import StoredObject
from strongroom.services import browse
from strongroom.services.context import Context
from strongroom.services.import_run import (
    RESERVE,
    Interrupted,
    Watch,
    is_to_be_tried_again,
)
from strongroom.storage.protocols import CopyIn, FileEntry


def run(ctx: Context, job: Job, watch: Watch) -> None:
    """Run a claimed export job to its end, and record that end on job and deposit."""
    try:
        number = job.source_version or 1
        group = browse.group(ctx, job.group, version_name(number))
        faults, copied = _copy(ctx, job, group, watch)
        _end(ctx, job, faults, copied)
    except Interrupted:
        raise
    except StrongroomError as error:
        if is_to_be_tried_again(job, error) and not isinstance(error, OutOfSpace):
            raise
        faults = list(error.faults) or [Fault(code=error.problem, message=error.message)]
        _end(ctx, job, faults, [])


def give_up(ctx: Context, job: Job, reason: str) -> None:
    """End an export that keeps failing for reasons of the server's own."""
    _end(ctx, job, [Fault(code="gave-up", message=reason)], [])


def _copy(
    ctx: Context, job: Job, group: Group, watch: Watch
) -> tuple[list[Fault], list[tuple[str, str, str]]]:
    """What went wrong, and path, signature and digest of every file that was copied."""
    binaries = sorted(
        (m for m in group.members.values() if m.kind is Kind.BINARY), key=lambda m: m.path
    )
    stored = ctx.repository.find(job.group)
    if stored is None:
        raise NotFound(f"/repository/{job.group} is gone.", code="no-group")
    area = ctx.areas.area(job.deposit)
    needed, free = sum(m.size for m in binaries), area.free_bytes() - RESERVE
    if needed > free:
        raise OutOfSpace(
            f"The export needs {needed} bytes, and {max(0, free)} are free for deposits.",
            code="out-of-space",
        )
    area.make_folders(sorted(m.path for m in group.members.values() if m.kind is Kind.CONTAINER))
    digests = {m.path: (m.digest, m.size) for m in binaries}
    progress = Progress(phase="copying", files_total=len(binaries), bytes_total=needed)
    faults: list[Fault] = []
    copied: list[tuple[str, str, str]] = []
    with closing(_sources(stored, binaries)) as sources:
        for path, outcome in area.copy_in(sources):
            if watch.stopping():
                raise Interrupted
            if isinstance(outcome, FileEntry):
                digest, size = digests[path]  # type: ignore[index]
                copied.append((path, outcome.signature, digest))
            else:
                faults.append(outcome)
                size = 0
            progress = replace(
                progress,
                files_done=progress.files_done + 1,
                bytes_done=progress.bytes_done + size,
            )
            watch.progress(progress)
    area.sync()
    return faults, copied


def _sources(stored: StoredObject, binaries: list[Member]) -> Generator[CopyIn, None, None]:
    for member in binaries:
        content = paths.content(member.content_path)
        yield CopyIn(
            path=member.path,
            open=partial(stored.open, content),
            sha256=member.digest,
            size=member.size,
            store=stored.store,
            place=paths.below(stored.path, content),
            content_type=member.content_type,
            name=member.name,
        )


def _end(ctx: Context, job: Job, faults: list[Fault], copied: list[tuple[str, str, str]]) -> None:
    now = ctx.clock()
    with ctx.db.write() as c:
        digest_rows.remember(c, job.deposit, copied)
        job_rows.set_exported(c, job.id, [path for path, _, _ in copied])
        job_queue.finish(
            c,
            job.id,
            status=JobStatus.FAILED if faults else JobStatus.COMPLETED,
            finished=now,
            source_version=job.source_version,
            new_version=None,
            errors=faults,
            outcome=None,
        )
        deposit = deposit_rows.get(c, job.deposit)
        if deposit is not None:
            status = DepositStatus.ERROR if faults else DepositStatus.NEW
            deposit_rows.save(c, replace(deposit, status=status))
