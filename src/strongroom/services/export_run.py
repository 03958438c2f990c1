"""Carries an export out: every file of a version into the deposit, each proven on the way."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing, suppress
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
from strongroom.errors import Conflict, Fault, NotFound, OutOfSpace, StrongroomError
from strongroom.ocfl import paths
from strongroom.ocfl.stored import StoredObject
from strongroom.services import browse, places
from strongroom.services.context import Context
from strongroom.services.import_run import (
    RESERVE,
    Interrupted,
    Watch,
    is_to_be_tried_again,
)
from strongroom.services.places import Target
from strongroom.storage.protocols import CopyIn, FileEntry


def run(ctx: Context, job: Job, watch: Watch) -> None:
    """Run a claimed export job to its end, and record that end on job and deposit."""
    try:
        number = job.source_version or 1
        group = browse.group(ctx, job.group, version_name(number))
        target = _target(ctx, job)
        faults, copied = copy(ctx, group, group.members.values(), target, watch)
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


def _target(ctx: Context, job: Job) -> Target:
    if job.terms is not None and job.terms.destination is not None:
        return places.target(ctx, job.terms.destination)
    area = ctx.areas.area(job.deposit)
    return Target(area=area, prefix="", uri=area.uri)


def copy(
    ctx: Context,
    group: Group,
    members: Iterable[Member],
    target: Target,
    watch: Watch | None = None,
) -> tuple[list[Fault], list[tuple[str, str, str]]]:
    """Copy members of a group at one version into a folder, Containers as empty folders.

    What went wrong; and path (in the folder), signature and digest of every file that was copied.
    """
    chosen = sorted(members, key=lambda m: m.path)
    binaries = [m for m in chosen if m.kind is Kind.BINARY]
    stored = ctx.repository.find(group.node.path)
    if stored is None:
        raise NotFound(f"/repository/{group.node.path} is gone.", code="no-group")
    area, prefix = target.area, target.prefix
    if not area.exists():
        with suppress(Conflict):  # another export has just made it
            area.create()
    needed, free = sum(m.size for m in binaries), area.free_bytes() - RESERVE
    if needed > free:
        raise OutOfSpace(
            f"The export needs {needed} bytes, and {max(0, free)} are free.",
            code="out-of-space",
        )
    area.make_folders([prefix + m.path for m in chosen if m.kind is Kind.CONTAINER])
    digests = {prefix + m.path: (m.digest, m.size) for m in binaries}
    progress = Progress(phase="copying", files_total=len(binaries), bytes_total=needed)
    faults: list[Fault] = []
    copied: list[tuple[str, str, str]] = []
    with closing(_sources(stored, binaries, prefix)) as sources:
        for path, outcome in area.copy_in(sources):
            if watch is not None and watch.stopping():
                raise Interrupted
            if isinstance(outcome, FileEntry):
                digest, size = digests[path]
                copied.append((path[len(prefix) :], outcome.signature, digest))
            else:
                # what could not be read has a path of its own in storage, which is nobody's id
                faults.append(replace(outcome, path=path[len(prefix) :]))
                size = 0
            progress = replace(
                progress,
                files_done=progress.files_done + 1,
                bytes_done=progress.bytes_done + size,
            )
            if watch is not None:
                watch.progress(progress)
    area.sync()
    return faults, copied


def _sources(
    stored: StoredObject, binaries: list[Member], prefix: str
) -> Generator[CopyIn, None, None]:
    for member in binaries:
        content = paths.content(member.content_path)
        yield CopyIn(
            path=prefix + member.path,
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
        if job.deposit:
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
