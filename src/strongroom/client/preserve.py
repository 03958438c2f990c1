"""A local folder becomes a version of an Archival Group: the whole of the main workflow.

Every step is a call of the client, told to ``progress``; nothing local is ever changed. What the
METS file says is the server's to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strongroom.client.client import Client
from strongroom.client.digests import Digest
from strongroom.client.errors import ApiError, FilesRefused, ServerFailed, StateConflict
from strongroom.client.folder import Folder, digests
from strongroom.client.parallel import Crew
from strongroom.client.paths import canonical, last_segment
from strongroom.client.progress import Progress, Silent
from strongroom.client.repository import members
from strongroom.client.verify import require_equal
from strongroom.errors import Conflict, Fault, NotFound, StrongroomError
from strongroom.wire.base import UNSET
from strongroom.wire.deposits import Deposit
from strongroom.wire.jobs import ImportJobResult
from strongroom.wire.resources import ArchivalGroup

#: where the payload of a BagIt bag lies
PAYLOAD = "data/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a folder is preserved."""

    #: display name of the Archival Group; None leaves it to the METS file
    name: str | None = None
    #: make the Containers above the group where they are missing
    make_containers: bool = False
    #: go on with the active deposit for this path, if there is one
    resume: bool = False
    #: upload files that are preserved already, too
    everything: bool = False
    #: transfers at once
    threads: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Preserved:
    """What was done, after every file was verified."""

    path: str
    #: ``vN``
    version: str
    #: whether nothing had changed, so that the version existed before
    unchanged: bool
    deposit: str
    job: str
    files: int
    #: bytes of all files
    size: int
    uploaded: int
    #: bytes that were uploaded
    uploaded_size: int
    #: Containers that were made
    containers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def preserve(
    client: Client,
    folder: Folder,
    path: str,
    *,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Preserved:
    """Deposit, upload, import, wait, verify.

    ``folder`` holds its METS file. A failure after the deposit was made leaves it with what was
    uploaded, so that a second call with ``resume`` goes on. Raises the client's errors; JobFailed
    if the import failed; VerificationFailed if what is preserved is not what lies in the folder.
    """
    options, progress = options or Options(), progress or Silent()
    path = canonical(path)
    kind = client.repository.kind(path)
    if kind not in (None, "ArchivalGroup"):
        raise Conflict(f"'/{path}' is a {kind}; choose another path for the Archival Group.")
    made = _containers(client, path, make=options.make_containers)
    local = digests(folder, threads=options.threads, progress=progress)
    existing = members(client.repository.group(path)).files if kind else {}
    deposit = _deposit(client, path, options)
    try:
        present = _tidy(client, deposit.id, local)
        skip = {
            name
            for name, digest in local.items()
            if present.get(name) == digest.sha256
            or (
                not options.everything
                and name in existing
                and existing[name].digest == digest.sha256
                and existing[name].size == digest.size
            )
        }
        todo = {name: digest for name, digest in local.items() if name not in skip}
        _upload(client, deposit.id, folder, todo, threads=options.threads, progress=progress)
        progress.phase("Importing", files=0, size=0)
        job = client.jobs.run_diff(deposit)
    except (StrongroomError, KeyboardInterrupt) as error:
        error.add_note(
            f"Deposit {last_segment(deposit.id)} keeps what was uploaded. Run the same command "
            "with --resume to go on with it."
        )
        raise
    try:
        result = client.jobs.wait(job, seen=lambda state: _show(state, progress))
    except KeyboardInterrupt as error:
        error.add_note(
            f"Import job {last_segment(job.id)} of deposit {last_segment(deposit.id)} goes on in "
            "the server; this command only watched it."
        )
        raise
    group = client.repository.group(path, version=result.new_version)
    layout = client.deposits.get(deposit.id).layout
    content, warnings = _content(local, layout)
    require_equal(content, members(group).files, what=f"Version {result.new_version} of '/{path}'")
    return Preserved(
        path=path,
        version=result.new_version or "",
        unchanged=result.new_version == result.source_version,
        deposit=last_segment(deposit.id),
        job=last_segment(job.id),
        files=len(content),
        size=sum(digest.size for digest in content.values()),
        uploaded=len(todo),
        uploaded_size=sum(digest.size for digest in todo.values()),
        containers=made,
        warnings=(*warnings, *_lost_folders(folder, group, layout)),
    )


def _containers(client: Client, path: str, *, make: bool) -> tuple[str, ...]:
    """Make, or at least demand, every Container above the group."""
    parts = path.split("/")[:-1]
    above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    missing = [name for name in above if client.repository.kind(name) is None]
    if missing and not make:
        raise NotFound(
            f"The Container '/{missing[0]}' does not exist. "
            "Check the path, or give --make-containers to make it.",
            code="no-container",
        )
    for name in missing:
        try:
            client.containers.create(name)
        except StateConflict:
            # another client may have made it since; anything else stays an error
            if client.repository.kind(name) != "Container":
                raise
    return tuple(missing)


def _deposit(client: Client, path: str, options: Options) -> Deposit:
    found = client.deposits.active_for(path)
    if found is None:
        return client.deposits.create(archival_group=path, name=options.name)
    if not options.resume:
        raise Conflict(
            f"Deposit {last_segment(found.id)} is active for '/{path}' already (made by "
            f"{last_segment(found.created_by or '?')}, {found.created}). "
            "Give --resume to go on with it, or delete it first.",
            code="active-deposit",
        )
    if options.name and options.name != found.archival_group_name:
        return client.deposits.patch(found.id, name=options.name)
    return found


def _tidy(client: Client, deposit: str, local: Mapping[str, Digest]) -> dict[str, str | None]:
    """Remove what the folder does not have; the digests of what the deposit has already.

    A new deposit for an existing group holds a copy of the group's METS, which the folder may have
    under another name.
    """
    present: dict[str, str | None] = {}
    for file in client.files.listing(deposit).files:
        if file.path in local:
            present[file.path] = file.digest
        else:
            client.files.delete(deposit, file.path)
    return present


def _upload(
    client: Client,
    deposit: str,
    folder: Folder,
    todo: Mapping[str, Digest],
    *,
    threads: int,
    progress: Progress,
) -> None:
    """Send files; those that the server refuses are named together, at the end."""
    progress.phase("Uploading", files=len(todo), size=sum(item.size for item in todo.values()))
    faults: list[Fault] = []
    crew = Crew(threads)
    seen = crew.counted(lambda size: progress.step(size=size))

    def one(name: str) -> None:
        try:
            client.files.put(deposit, name, folder.root / name, known=todo[name], seen=seen)
        except ServerFailed:
            raise
        except ApiError as error:
            faults.append(Fault(code=error.problem, message=error.message, path=name))
        progress.step(files=1)

    for _ in crew.each(one, todo):
        pass
    if faults:
        raise FilesRefused(
            f"The server refused {len(faults)} of {len(todo)} files.",
            faults=sorted(faults, key=lambda fault: fault.path or ""),
        )


def _show(state: ImportJobResult, progress: Progress) -> None:
    if state.progress is not UNSET:
        progress.at(
            files=state.progress.files_done,
            size=state.progress.bytes_done,
            total_files=state.progress.files_total,
            total_size=state.progress.bytes_total,
        )


def _content(local: Mapping[str, Digest], layout: str) -> tuple[dict[str, Digest], list[str]]:
    """The files that a group should hold, by their paths in it."""
    if layout != "BagIt":
        return dict(local), []
    inside = {
        name.removeprefix(PAYLOAD): digest
        for name, digest in local.items()
        if name.startswith(PAYLOAD)
    }
    outside = [name for name in local if not name.startswith(PAYLOAD)]
    if not outside:
        return inside, []
    return inside, [f"Not preserved, as they lie outside the bag's data/: {', '.join(outside)}."]


def _lost_folders(folder: Folder, group: ArchivalGroup, layout: str) -> list[str]:
    prefix = PAYLOAD if layout == "BagIt" else ""
    held = members(group).folders
    lost = [
        name
        for name in folder.empty_folders
        if name.startswith(prefix) and name.removeprefix(prefix) not in held
    ]
    if not lost:
        return []
    return [f"Empty folders that the METS file does not name are not preserved: {', '.join(lost)}."]
