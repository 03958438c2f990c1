"""Puts what tools have found out about a deposit's files into its METS, in one edit.

METS of other agents stays as it is, and so does what METS says of a file whose bytes are others.
Source: contract mets.md 6.2 step 8, 6.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import TemporaryFile

from strongroom.db import digests as digest_rows
from strongroom.domain.content_types import guess
from strongroom.domain.deposits import Deposit
from strongroom.domain.description import Description
from strongroom.domain.paths import MemberPath
from strongroom.domain.workspace import WorkFile
from strongroom.errors import Conflict, Fault
from strongroom.mets.editing import editor
from strongroom.mets.editing.changes import Change, PutFile, PutFolder, Remove
from strongroom.services import findings, workspaces
from strongroom.services.context import Context
from strongroom.services.pipeline_placement import METADATA, Placement

CHUNK = 1 << 20
#: how often the edit is made again when METS was changed meanwhile
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What came of telling METS."""

    #: what could not be told, and has to be looked at
    faults: tuple[Fault, ...] = ()
    #: worth knowing
    warnings: tuple[Fault, ...] = ()


def describe(ctx: Context, deposit: Deposit, placement: Placement) -> Described:
    """Tell METS of all files below ``objects`` and of the results of tools; harmless to repeat.

    Conflict if METS is changed by others again and again.
    """
    for _ in range(TRIES):
        loaded = workspaces.load(ctx, deposit, None)
        why_not = _untouchable(loaded.description)
        if why_not is not None or loaded.mets is None:
            return Described(warnings=(why_not,) if why_not else ())
        changes, told = _changes(ctx, deposit, loaded, placement)
        if _edit(ctx, deposit, loaded.mets, changes):
            return told
    raise Conflict(
        f"The METS of deposit {deposit.id} was changed again and again while results of tools were "
        "put into it; run the tools again.",
        code="mets-changed",
    )


def _untouchable(description: Description | None) -> Fault | None:
    """Why METS is left as it is; None if it is not."""
    if description is None:
        return Fault(
            code="no-mets",
            message="The deposit has no METS, so what the tools found lies in metadata alone.",
        )
    if not description.editable:
        return Fault(
            code="foreign-mets",
            message="METS was made by another program and was left as it is; what the tools found "
            "lies in metadata alone. Files there have to be described in METS before an import.",
            found=description.agent,
        )
    return None


def _changes(
    ctx: Context, deposit: Deposit, loaded: workspaces.Loaded, placement: Placement
) -> tuple[list[Change], Described]:
    placed = {write.path for write in placement.writes}
    here = [path for path in loaded.entries if path.startswith("objects/") or path in placed]
    workspace = loaded.workspace
    unproven = [path for path in here if workspace.files[path].proven is None]
    workspace = workspaces.prove(ctx, deposit, loaded, unproven)
    outputs = findings.of_deposit(ctx, deposit.id, loaded.entries)
    changes: list[Change] = [*_removals(workspace.files, loaded, placement)]
    changes += [PutFolder(path=path) for path in _new_folders(loaded)]
    faults: list[Fault] = []
    warnings = list(outputs.warnings)
    for path in here:
        file = workspace.files[path]
        if file.proven is None:
            continue  # it cannot be read, which is told below
        stated = file.described.digest if file.described else None
        if stated not in (None, file.proven) and path not in placed:
            faults.append(_other_bytes(path, stated, file.proven))
            continue
        put, doubts = findings.to_describe(
            file, outputs.findings.get(path, ()), loaded.types.get(path)
        )
        warnings += doubts
        changes.append(PutFile(file=put))
    faults += [fault for fault in workspace.refused if fault not in loaded.workspace.refused]
    return changes, Described(faults=tuple(faults), warnings=tuple(warnings))


def _removals(
    files: Mapping[MemberPath, WorkFile], loaded: workspaces.Loaded, placement: Placement
) -> list[Remove]:
    """What METS still says of results that the run has deleted."""
    gone = [
        path
        for path in placement.deletes
        if (file := files.get(MemberPath(path))) and file.described and file.origin is None
    ]
    left = {path for path in files if path not in gone}
    folders = loaded.workspace.folders
    empty = [
        path
        for path in placement.folders
        if (folder := folders.get(MemberPath(path)))
        and folder.in_mets
        and folder.origin is None
        and not any(other.startswith(path + "/") for other in left)
    ]
    return [Remove(path=path) for path in (*gone, *empty)]


def _new_folders(loaded: workspaces.Loaded) -> list[MemberPath]:
    return [
        path
        for path, folder in loaded.workspace.folders.items()
        if not folder.in_mets
        and folder.origin is not None
        and f"{path}/".startswith(("objects/", METADATA + "/"))
    ]


def _other_bytes(path: str, stated: str | None, found: str) -> Fault:
    return Fault(
        code="digest-mismatch",
        message="The file was changed while tools ran over it, and METS describes other bytes; "
        "update METS or put the right file there, then run the tools again.",
        path=path,
        expected=stated,
        found=found,
    )


def _edit(ctx: Context, deposit: Deposit, mets: str, changes: list[Change]) -> bool:
    """Make the changes, in one read and one write; False if METS was changed in between."""
    area = ctx.areas.area(deposit.id)
    with TemporaryFile(dir=ctx.scratch) as target:
        with area.open(mets) as file:
            old = file.entry
            edited = editor.edit(file.stream, target, changes, now=ctx.clock())
        if not edited.changed:
            return True
        target.seek(0)
        upload = area.upload(mets, content_type=guess(mets))
        try:
            while chunk := target.read(CHUNK):
                upload.write(chunk)
            entry, digest = upload.finish(replacing=old)
        except Conflict as error:
            upload.abort()
            if error.problem == "changed-file":
                return False
            raise
        except BaseException:
            upload.abort()
            raise
    with ctx.db.write() as c:
        digest_rows.remember(c, deposit.id, [(entry.path, entry.signature, digest)])
    return True
