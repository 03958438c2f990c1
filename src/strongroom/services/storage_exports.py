"""Exports of the Storage API: any version of a group, into a folder that the settings allow.

A whole version is exported by a job, its METS alone at once. Contract sections 3.4 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strongroom.db import jobs as job_rows
from strongroom.domain.grants import Action
from strongroom.domain.importjob import Job, JobKind, Terms
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.resources import Group, Kind, Member, Node, Version
from strongroom.errors import BadRequest, Conflict, Fault, NotFound
from strongroom.mets.locate import is_mets_name
from strongroom.services import authority, browse, deposits, export_run, exports, nodes, places
from strongroom.services.context import Context
from strongroom.services.places import Target
from strongroom.services.views import JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class MetsExport:
    """An export of METS alone; nothing of it is kept."""

    group: RepositoryPath
    version: Version
    destination: str
    #: relative to the destination
    files: tuple[str, ...]
    agent: str
    begun: datetime
    finished: datetime
    errors: tuple[Fault, ...]


def start(
    ctx: Context,
    agent: str,
    *,
    archival_group: str | None,
    destination: str | None,
    version: str | None,
) -> JobView:
    """An export job that waits until a worker takes it.

    BadRequest for what is missing or may not be written to; NotFound for an unknown group or
    version; Conflict (``active-export``) while the group is being exported.
    """
    node, target = _wanted(ctx, archival_group, destination)
    chosen = browse.pick_version(node, version)
    job = Job(
        id=ctx.mint(),
        kind=JobKind.EXPORT,
        deposit="",
        group=node.path,
        created=ctx.clock(),
        created_by=agent,
        source_version=chosen.number,
        terms=Terms(caller=agent, destination=target.uri),
    )
    with ctx.db.write() as c:
        exports.check_no_export(c, node.path)
        job_rows.insert(c, job)
    ctx.queue.notify()
    return JobView(job=job, destination=target.uri)


def mets_only(
    ctx: Context,
    agent: str,
    *,
    archival_group: str | None,
    destination: str | None,
    version: str | None,
) -> MetsExport:
    """Copy the METS of a version, now. As :func:`start`; but Conflict for an unknown version."""
    node, target = _wanted(ctx, archival_group, destination)
    try:
        chosen = browse.pick_version(node, version)
    except NotFound as error:
        raise Conflict(error.message, code=error.problem, faults=error.faults) from None
    group = browse.group(ctx, node.path, f"v{chosen.number}")
    begun = ctx.clock()
    faults, copied = export_run.copy(ctx, group, _mets(group), target)
    return MetsExport(
        group=node.path,
        version=chosen,
        destination=target.uri,
        files=tuple(path for path, _, _ in copied),
        agent=agent,
        begun=begun,
        finished=ctx.clock(),
        errors=tuple(faults),
    )


def _mets(group: Group) -> list[Member]:
    """The METS that is recorded; else files in the root whose name says METS."""
    recorded = group.members.get(group.mets) if group.mets else None
    if recorded is not None:
        return [recorded]
    return [
        member
        for path, member in sorted(group.members.items())
        if member.kind is Kind.BINARY and "/" not in path and is_mets_name(path, strict=False)
    ]


def _wanted(
    ctx: Context, archival_group: str | None, destination: str | None
) -> tuple[Node, Target]:
    missing = [
        Fault(code="missing-property", message="The property is missing.", path=name)
        for name, value in (("archivalGroup", archival_group), ("destination", destination))
        if not (value or "").strip()
    ]
    if missing:
        raise BadRequest(
            f"The export has no {' and no '.join(fault.path or '' for fault in missing)}.",
            code="missing-property",
            faults=missing,
        )
    path = deposits.group_path(ctx, archival_group)
    if path is not None:
        authority.authorise_reading(ctx, Action.CONTENT, path)
    target = places.target(ctx, destination or "")
    with ctx.db.read() as c:
        node = nodes.living_group(c, path) if path is not None else None
    if node is None:
        raise NotFound(f"There is no Archival Group at /repository/{path}.", code="no-group")
    return node, target
