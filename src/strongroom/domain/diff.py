"""The difference between a deposit and what is preserved, as an import job.

Nothing is ever deleted out of ignorance: METS entries that belong to no path, a missing METS or a
difference that would leave nothing are refused. A file counts as unchanged only when its bytes have
been hashed; :func:`needs_proof` says which files those are.

The ranks of faults follow the order in which existing clients know the checks.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.domain.deposits import TEMPLATE_FOLDERS
from strongroom.domain.faults import Faults
from strongroom.domain.importjob import BinaryItem, ContainerItem, ImportJob
from strongroom.domain.paths import MemberPath, RepositoryPath, ancestors, member_faults, slug
from strongroom.domain.resources import Group, Kind, Member
from strongroom.domain.workspace import WorkFile, Workspace
from strongroom.errors import BadRequest, Unprocessable

#: content types that say nothing
GENERIC_TYPE = "application/octet-stream"

_METS, _SIZE, _DIGESTS, _SAME_PATH = 8, 9, 12, 13
_UNDESCRIBED, _NO_DIGEST, _FOLDER, _NO_FILE, _EVERYTHING = 14, 15, 17, 18, 20


def needs_proof(workspace: Workspace, existing: Group | None) -> list[MemberPath]:
    """Deposit files whose bytes must be hashed before a diff can be trusted.

    Those are the METS file, and every file that would pass as unchanged because METS and the
    preserved version agree. Files to add or patch are verified while they are copied.
    """
    members = existing.members if existing else {}
    wanted = []
    for path, file in workspace.files.items():
        if file.origin is None or file.proven is not None:
            continue
        member = members.get(path)
        stated = file.described.digest if file.described else None
        if path == workspace.mets or (
            member is not None
            and member.kind is Kind.BINARY
            and (stated or file.bagged or member.digest) == member.digest
        ):
            wanted.append(path)
    return wanted


def diff(
    workspace: Workspace,
    *,
    group: RepositoryPath,
    group_name: str | None,
    existing: Group | None,
    guess_type: Mapping[MemberPath, str],
) -> ImportJob:
    """The job that turns ``existing`` (None for a new group) into what the deposit says.

    ``guess_type`` offers a content type for files whose METS entry states none. Raises BadRequest,
    Conflict or Unprocessable with every fault at once.
    """
    faults = Faults()
    _check_ground(workspace, existing, faults)
    members = dict(existing.members) if existing else {}
    add: list[BinaryItem] = []
    patch: list[BinaryItem] = []
    rename: list[BinaryItem] = []
    for path in sorted(workspace.files):
        file = workspace.files[path]
        for fault in member_faults(path):
            faults.put(_SAME_PATH, BadRequest, fault)
        member = members.get(path)
        if member is not None and member.kind is not Kind.BINARY:
            faults.add(
                _SAME_PATH,
                BadRequest,
                "path-taken",
                "A file stands where a Container is preserved",
                path=path,
            )
            continue
        item = _binary(workspace, file, member, guess_type.get(path), faults)
        if item is None:
            continue
        if member is None:
            add.append(item)
            continue
        if item.digest != member.digest:
            patch.append(item)
        if item.name is not None and item.name != member.display_name:
            rename.append(BinaryItem(path=path, name=item.name, digest=item.digest))
    folders_add, folders_rename = _folders(workspace, members, faults)
    gone = [m for path, m in members.items() if path not in workspace.files]
    delete = [m for m in gone if m.kind is Kind.BINARY]
    folders_delete = [
        m for m in gone if m.kind is Kind.CONTAINER and m.path not in workspace.folders
    ]
    if not faults:
        adding = any(item.path != workspace.mets for item in add)
        _check_something_stays(workspace, members, delete, adding, faults)
    faults.raise_all("The deposit cannot be compared with the Archival Group")
    return ImportJob(
        group=group,
        group_name=group_name or (existing.name if existing else None) or workspace.title,
        is_update=existing is not None,
        source_version=existing.version.number if existing else None,
        mets=workspace.mets,
        containers_to_add=tuple(folders_add),
        binaries_to_add=tuple(add),
        containers_to_delete=tuple(
            ContainerItem(path=m.path, name=m.display_name)
            for m in sorted(folders_delete, key=lambda m: m.path, reverse=True)
        ),
        binaries_to_delete=tuple(
            BinaryItem(
                path=m.path,
                name=m.display_name,
                content_type=m.content_type,
                size=m.size,
                digest=m.digest,
            )
            for m in sorted(delete, key=lambda m: m.path)
        ),
        binaries_to_patch=tuple(patch),
        containers_to_rename=tuple(folders_rename),
        binaries_to_rename=tuple(rename),
    )


def _check_ground(workspace: Workspace, existing: Group | None, faults: Faults) -> None:
    for fault in workspace.untied:
        faults.put(_METS, Unprocessable, fault)
    for fault in workspace.refused:
        faults.put(_SIZE, BadRequest, fault)
    for fault in workspace.contradictions:
        faults.put(_DIGESTS, BadRequest, fault)
    if workspace.mets is None and (existing is not None or not workspace.files):
        faults.add(
            _METS,
            Unprocessable,
            "no-mets",
            "No METS file was found in the deposit; put one at its root (or in data/ for a bag)",
        )


def _binary(
    workspace: Workspace,
    file: WorkFile,
    member: Member | None,
    guess: str | None,
    faults: Faults,
) -> BinaryItem | None:
    """The file as an item with name, type, size and digest; None (and faults) if that cannot be."""
    described = file.described
    is_mets = file.path == workspace.mets
    if described is None and not is_mets:
        if workspace.mets is None:
            message = "The deposit has no METS file that describes this file"
        else:
            message = f"Could not find file {file.path} in METS file {workspace.mets}"
        faults.add(_UNDESCRIBED, Unprocessable, "not-in-mets", message, path=file.path)
        return None
    sound = True
    if described and described.size is not None and file.size not in (None, described.size):
        faults.add(
            _SIZE,
            BadRequest,
            "size-mismatch",
            "The size in METS is not that of the file in the deposit",
            path=file.path,
            expected=str(described.size),
            found=str(file.size),
        )
        sound = False
    digest = _digest(file, member, is_mets, faults)
    if file.origin is None and (member is None or digest != member.digest):
        faults.add(
            _NO_FILE,
            BadRequest,
            "missing-file",
            "METS describes a file that is neither in the deposit nor preserved with this digest",
            path=file.path,
            expected=digest,
            found=member.digest if member else None,
        )
        return None
    if digest is None or not sound:
        return None
    size = file.size if file.size is not None else (member.size if member else 0)
    stated_type = described.content_type if described else None
    kept_type = member.content_type if member else None
    fallback = "application/xml" if is_mets else None
    return BinaryItem(
        path=file.path,
        name=described.name if described else None,
        content_type=stated_type or kept_type or fallback or guess or GENERIC_TYPE,
        size=size,
        digest=digest,
        origin=file.origin,
    )


def _digest(file: WorkFile, member: Member | None, is_mets: bool, faults: Faults) -> str | None:
    """The one digest that every witness agrees on."""
    stated = file.described.digest if file.described and not is_mets else None
    witnesses = [d for d in (stated, file.bagged, file.proven) if d is not None]
    if len(set(witnesses)) > 1:
        against = "METS" if stated else "the BagIt manifest"
        faults.add(
            _DIGESTS,
            BadRequest,
            "digest-mismatch",
            f"The bytes in the deposit are not those that {against} describes; "
            "update METS or put the right file there",
            path=file.path,
            expected=stated or file.bagged,
            found=file.proven or file.bagged,
        )
        return None
    if witnesses:
        return witnesses[0]
    if file.origin is None and member is not None:
        return member.digest
    if file.origin is None:
        return None
    faults.add(
        _NO_DIGEST,
        Unprocessable,
        "no-digest",
        f"File {file.path} has no digest in METS file; state its SHA-256 there",
        path=file.path,
        expected="a SHA-256 of 64 hexadecimal digits",
    )
    return None


def _folders(
    workspace: Workspace, members: Mapping[MemberPath, Member], faults: Faults
) -> tuple[list[ContainerItem], list[ContainerItem]]:
    add: list[ContainerItem] = []
    rename: list[ContainerItem] = []
    rooms = _rooms(workspace, members)
    for path, folder in workspace.folders.items():
        for fault in member_faults(path):
            faults.put(_SAME_PATH, BadRequest, fault)
        member = members.get(path)
        if path in workspace.files or (member is not None and member.kind is Kind.BINARY):
            faults.add(
                _SAME_PATH,
                BadRequest,
                "path-taken",
                "A folder and a file have the same path",
                path=path,
            )
        elif member is None and not folder.in_mets and workspace.mets is not None:
            faults.add(
                _FOLDER,
                Unprocessable,
                "not-in-mets",
                f"Could not find folder {path} in METS file {workspace.mets}",
                path=path,
            )
        elif member is None and path in rooms:
            continue
        elif member is None:
            add.append(ContainerItem(path=path, name=folder.name, origin=folder.origin))
        elif folder.name is not None and folder.name != member.display_name:
            rename.append(ContainerItem(path=path, name=folder.name))
    return add, rename


def _rooms(workspace: Workspace, members: Mapping[MemberPath, Member]) -> set[str]:
    """Folders for which METS of the platform's own only keeps room: nothing is in them anywhere."""
    empty: set[str] = {
        path
        for path in map(MemberPath, TEMPLATE_FOLDERS)
        if workspace.managed
        and path not in members
        and (folder := workspace.folders.get(path)) is not None
        and folder.origin is None
    }
    if empty:
        for other in (*workspace.files, *(f for f in workspace.folders if f not in empty)):
            empty.difference_update(ancestors(other))
    return empty


def _check_something_stays(
    workspace: Workspace,
    members: Mapping[MemberPath, Member],
    delete: list[Member],
    adding: bool,
    faults: Faults,
) -> None:
    binaries = [m for m in members.values() if m.kind is Kind.BINARY and m.path != workspace.mets]
    doomed = [m for m in delete if m.path != workspace.mets]
    if binaries and not adding and len(doomed) >= len(binaries):
        faults.add(
            _EVERYTHING,
            Unprocessable,
            "would-delete-everything",
            f"This would delete all {len(doomed)} preserved Binaries; if that is meant, post a job "
            "that lists them in binariesToDelete",
            path=slug(doomed[0].path),
        )
