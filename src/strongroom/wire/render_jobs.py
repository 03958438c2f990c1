"""Import jobs, their results and exports written as JSON shapes.

Every list is written in the order in which the job has it; how a job went is told by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from strongroom.domain.importjob import BinaryItem, ContainerItem, ImportJob, Job, Outcome, Progress
from strongroom.domain.paths import RepositoryPath, slug
from strongroom.domain.resources import Member, Version
from strongroom.domain.times import iso
from strongroom.domain.viruses import InfectedFile
from strongroom.errors import Fault
from strongroom.wire import jobs as wire
from strongroom.wire import resources
from strongroom.wire.base import UNSET, UnsetType
from strongroom.wire.render_deposits import date, version
from strongroom.wire.render_resources import object_version, stored_members
from strongroom.wire.uris import Uris, file_uri


def diff(
    job: ImportJob,
    uris: Uris,
    *,
    deposit: str,
    files: str,
    agent: str,
    created: datetime,
    source_version: Version | None,
    infected: Iterable[InfectedFile] = (),
) -> wire.ImportJob:
    """A job as the server proposes it for a deposit whose files lie at the URI ``files``."""
    by, moment = uris.agent(agent), iso(created)

    def containers(items: Iterable[ContainerItem]) -> list[resources.Container]:
        return [_container(item, job.group, files, uris) for item in items]

    def binaries(items: Iterable[BinaryItem]) -> list[resources.Binary]:
        return [_binary(item, job.group, files, uris) for item in items]

    return wire.ImportJob(
        id=uris.transient_diff(deposit, created),
        original_id=uris.diff(deposit),
        deposit=uris.deposit(deposit),
        created=moment,
        created_by=by,
        last_modified=moment,
        last_modified_by=by,
        archival_group=uris.repository(job.group),
        archival_group_name=job.group_name,
        is_update=job.is_update,
        source=files,
        source_version=None if source_version is None else object_version(source_version),
        containers_to_add=containers(job.containers_to_add),
        binaries_to_add=binaries(job.binaries_to_add),
        containers_to_delete=containers(job.containers_to_delete),
        binaries_to_delete=binaries(job.binaries_to_delete),
        binaries_to_patch=binaries(job.binaries_to_patch),
        containers_to_rename=containers(job.containers_to_rename),
        binaries_to_rename=binaries(job.binaries_to_rename),
        infected=_infected(infected),
    )


def _infected(files: Iterable[InfectedFile]) -> list[wire.InfectedFile] | UnsetType:
    """The files, or nothing at all where there are none."""
    found = [
        wire.InfectedFile(path=file.path, signature=file.signature, source=file.source)
        for file in files
    ]
    return found or UNSET


def _container(
    item: ContainerItem, group: RepositoryPath, files: str, uris: Uris
) -> resources.Container:
    shape = resources.Container(id=uris.member(group, item.path), name=item.name or slug(item.path))
    if item.origin is not None:
        shape.origin = file_uri(files, item.origin)
    return shape


def _binary(item: BinaryItem, group: RepositoryPath, files: str, uris: Uris) -> resources.Binary:
    shape = resources.Binary(
        id=uris.member(group, item.path),
        name=item.name or slug(item.path),
        content_type=item.content_type,
        size=item.size or 0,
        digest=item.digest,
    )
    if item.origin is not None:
        shape.origin = file_uri(files, item.origin)
    return shape


def result(
    job: Job,
    outcome: Outcome | None,
    versions: Mapping[int, Version],
    uris: Uris,
    *,
    allowed: Iterable[InfectedFile] = (),
) -> wire.ImportJobResult:
    """How an import job stands; the lists are filled once it has completed."""
    by = uris.agent(job.created_by)
    shape = wire.ImportJobResult(
        id=uris.result(job.deposit, job.id, job.group),
        import_job=job.import_job,
        deposit=uris.deposit(job.deposit) if job.deposit else UNSET,
        created=iso(job.created),
        created_by=by,
        last_modified=iso(job.finished or job.begun or job.created),
        last_modified_by=by,
        archival_group=uris.repository(job.group),
        status=job.status.value,
        date_begun=date(job.begun),
        date_finished=date(job.finished),
        source_version=version(job.source_version),
        new_version=version(job.new_version),
        errors=errors(job.errors, job.group, uris),
    )
    if job.original_import_job is not None:
        shape.original_import_job = job.original_import_job
    if job.progress is not None and not job.status.terminal:
        shape.progress = progress(job.progress)
    shape.infected_allowed = _infected(allowed)
    if outcome is not None:
        _fill(shape, outcome, job.group, versions, uris)
    return shape


def _fill(
    shape: wire.ImportJobResult,
    outcome: Outcome,
    group: RepositoryPath,
    versions: Mapping[int, Version],
    uris: Uris,
) -> None:
    def containers(items: Iterable[Member]) -> list[resources.Container]:
        return stored_members(items, group, versions, uris)[0]

    def binaries(items: Iterable[Member]) -> list[resources.Binary]:
        return stored_members(items, group, versions, uris)[1]

    shape.containers_added = containers(outcome.containers_added)
    shape.binaries_added = binaries(outcome.binaries_added)
    shape.binaries_patched = binaries(outcome.binaries_patched)
    shape.binaries_renamed = binaries(outcome.binaries_renamed)
    shape.containers_renamed = containers(outcome.containers_renamed)
    # what is gone has no content and no dates any more; the entry only says what was asked
    shape.containers_deleted = [
        resources.Container(id=uris.member(group, item.path), name=item.display_name)
        for item in outcome.containers_deleted
    ]
    shape.binaries_deleted = [
        resources.Binary(
            id=uris.member(group, item.path),
            name=item.display_name,
            content_type=item.content_type or None,
            size=item.size,
            digest=item.digest or None,
        )
        for item in outcome.binaries_deleted
    ]


def progress(value: Progress) -> wire.Progress:
    return wire.Progress(
        phase=value.phase,
        files_done=value.files_done,
        files_total=value.files_total,
        bytes_done=value.bytes_done,
        bytes_total=value.bytes_total,
    )


def errors(faults: Iterable[Fault], group: RepositoryPath, uris: Uris) -> list[wire.Error] | None:
    """What went wrong, each with the URI of the resource concerned; None if nothing did."""
    found = [
        wire.Error(id=_error_id(fault.path, group, uris), message=message(fault))
        for fault in faults
    ]
    return found or None


def _error_id(path: str | None, group: RepositoryPath, uris: Uris) -> str | None:
    if path is None or "://" in path:
        return path
    return uris.member(group, path)


def message(fault: Fault) -> str:
    """A fault in one text, for shapes that have no room for expected and found."""
    text = fault.message
    if fault.expected is not None:
        text += f" Expected: {fault.expected}."
    if fault.found is not None:
        text += f" Found: {fault.found}."
    return text


def export(job: Job, uris: Uris, *, destination: str | None, files: Iterable[str]) -> wire.Export:
    """An export job; ``files`` are the paths copied so far below the URI ``destination``."""
    by = uris.agent(job.created_by)
    return wire.Export(
        id=uris.export(job.id),
        files=[file_uri(destination or "", path) for path in files],
        created=iso(job.created),
        created_by=by,
        last_modified=iso(job.finished or job.begun or job.created),
        last_modified_by=by,
        archival_group=uris.repository(job.group),
        destination=destination,
        date_begun=date(job.begun),
        date_finished=date(job.finished),
        source_version=version(job.source_version),
        errors=errors(job.errors, job.group, uris),
    )
