"""Edits of a deposit's METS that the platform manages: files and folders put in, and taken out.

How METS is replaced is left to :mod:`strongroom.services.managed_mets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from strongroom.domain.content_types import guess, stated_type
from strongroom.domain.deposits import Layout
from strongroom.domain.description import DescribedFile
from strongroom.domain.paths import LISTING_CACHE, MemberPath, ancestors
from strongroom.domain.workspace import (
    PAYLOAD,
    WorkFile,
    content_files,
    content_folders,
    settle_layout,
)
from strongroom.errors import BadRequest, Fault, NotFound, StrongroomError, Unprocessable
from strongroom.mets.editing.changes import Change, PutFile, PutFolder, Remove
from strongroom.services import findings, managed_mets, proofs, workspaces
from strongroom.services.context import Context
from strongroom.services.managed_mets import Managed
from strongroom.storage.protocols import FileEntry

#: where files and folders that METS lists may lie
_ROOMS = ("objects", "metadata")
_KEPT = frozenset({"objects", "metadata", "metadata/ad-hoc"})
_BAG_FILES = frozenset(
    {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file or folder that an edit concerns; its path is relative to the content root."""

    path: str
    is_folder: bool
    #: as the client said it: ``Both``, ``Mets``, ``Deposit``, …
    where: str = "Mets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is to be deleted, and from where."""

    items: tuple[Item, ...]
    from_mets: bool
    from_files: bool
    from_root: bool
    #: if there are any: paths whose failure ends the deletion; that of others is passed over
    continue_if_fail: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey(Managed):
    """A deposit as it lies there, and the METS that is to be edited."""

    prefix: str
    files: Mapping[MemberPath, FileEntry]
    #: member path → path relative to the deposit's root
    folders: Mapping[MemberPath, str]
    #: SHA-256 of files that a BagIt manifest lists, where it is not older than they are
    bagged: Mapping[MemberPath, str]

    def member(self, path: str) -> str:
        """A path as clients send it, relative to the content root."""
        path = path.strip("/")
        return path[len(self.prefix) :] if self.prefix and path.startswith(self.prefix) else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What METS was told."""

    items: tuple[Item, ...]
    #: what tools say that METS could not be told
    warnings: tuple[Fault, ...] = ()


def add(
    ctx: Context, agent: str, deposit_id: str, paths: Sequence[str], if_match: str | None
) -> Added:
    """Put files and folders of the deposit into its METS, or bring what it says up to date.

    Digests are those of the bytes as they are now; formats, viruses and properties are what the
    outputs of tools in the deposit say. What is not in the deposit, or lies outside ``objects/``
    and ``metadata/``, is passed over. BadRequest if nothing is left, if sources contradict each
    other in a digest, or if the METS is not the platform's. Conflict (``etag-mismatch``) unless
    ``if_match`` is the ETag of the METS.
    """
    survey = _survey(ctx, agent, deposit_id, if_match)
    wanted = list(dict.fromkeys(survey.member(path) for path in paths))
    wanted = [path for path in wanted if path.partition("/")[0] in _ROOMS]
    found = [MemberPath(path) for path in wanted if MemberPath(path) in survey.files]
    folders = [path for path in wanted if MemberPath(path) in survey.folders]
    if not found and not folders:
        raise BadRequest(
            "No items to add to METS. Name files or folders below objects/ or metadata/ that are "
            "in the deposit.",
            code="nothing-to-add",
        )
    described, warnings = _described(ctx, survey, found)
    names = survey.area.folder_names(survey.folders[MemberPath(path)] for path in folders)
    changes: list[Change] = [
        PutFolder(path=path, name=names.get(survey.folders[MemberPath(path)])) for path in folders
    ]
    changes += [PutFile(file=file, name=file.name) for file in described]
    edited = managed_mets.edit(ctx, agent, survey, changes)
    return Added(
        items=tuple(Item(path=path, is_folder=folder) for path, folder in edited.paths if path),
        warnings=warnings,
    )


def _described(
    ctx: Context, survey: _Survey, wanted: list[MemberPath]
) -> tuple[list[DescribedFile], tuple[Fault, ...]]:
    """The files as METS is to describe them, and what of the findings cannot be used.

    BadRequest naming each file of which sources say different digests.
    """
    digests = _digests(ctx, survey, wanted)
    stored = {}
    if survey.area.remote:
        # names and types that clients gave the store when they put the files there
        stored = {e.path: e for e in survey.area.look(survey.files[p].path for p in wanted)}
    outputs = findings.of_deposit(ctx, survey.deposit.id, survey.files)
    described: list[DescribedFile] = []
    conflicts: list[Fault] = []
    warnings: list[Fault] = []
    for path in wanted:
        file = WorkFile(
            path=path,
            origin=survey.files[path].path,
            size=survey.files[path].size,
            proven=digests[path],
            bagged=survey.bagged.get(path),
        )
        found = outputs.findings.get(path, ())
        conflicts += findings.conflicts(file, found)
        seen = stored.get(survey.files[path].path)
        kind = (stated_type(seen.content_type) if seen else None) or guess(path)
        put, doubts = findings.to_describe(file, found, kind)
        described.append(replace(put, name=seen.name if seen else None))
        warnings += doubts
    if conflicts:
        more = "" if len(conflicts) == 1 else f" {len(conflicts) - 1} more are listed in errors."
        raise BadRequest(
            f"{conflicts[0].message} ({conflicts[0].found}) Put the right file there, or run the "
            f"tools again, or delete what is out of date.{more}",
            code="digest-mismatch",
            faults=conflicts,
        )
    return described, (*warnings, *outputs.warnings)


def remove(
    ctx: Context, agent: str, deposit_id: str, selection: Selection, if_match: str | None
) -> list[Item]:
    """Take files and empty folders out of METS, out of the deposit, or both, deepest first.

    METS goes first: a stop in between leaves files that it does not list, and nothing listed that
    is gone; what is left can be deleted then. Nothing is deleted if any item cannot be.
    """
    if not (selection.from_mets or selection.from_files or selection.from_root):
        raise BadRequest("No location to delete from specified.", code="nothing-to-delete")
    if not selection.items:
        raise BadRequest("No items to delete.", code="nothing-to-delete")
    survey = _survey(ctx, agent, deposit_id, if_match)
    items = [_told(survey, item) for item in selection.items]
    root = [item for item in items if "/" not in item.path and item.path not in _KEPT]
    below = [item for item in items if "/" in item.path or item.path in _KEPT]
    below.sort(key=lambda item: (-item.path.count("/"), item.path))
    listed = _listed(ctx, survey) if selection.from_mets else {}
    _check(survey, below, root if selection.from_root else [], listed, selection)
    in_mets: list[Change] = [Remove(path=item.path) for item in below if item.path in listed]
    if in_mets:
        managed_mets.edit(ctx, agent, survey, in_mets)
    done = []
    if selection.from_root:
        done += [item for item in root if _delete(survey, item, item.path, selection)]
    for item in below:
        origin = _origin(survey, item.path)
        if not selection.from_files or origin is None or _delete(survey, item, origin, selection):
            done.append(item)
    return done


def _survey(ctx: Context, agent: str, deposit_id: str, if_match: str | None) -> _Survey:
    managed = managed_mets.find(ctx, agent, deposit_id, if_match)
    deposit, mets = managed.deposit, managed.mets
    listing = managed.area.listing()
    layout = settle_layout(
        deposit.layout,
        root_names=[each.path for each in listing.files if "/" not in each.path],
        has_data=PAYLOAD in listing.folders,
        mets_in_data=managed.in_data,
    )
    by_origin = {each.path: each for each in listing.files}
    members = content_files(((e.path, e.size) for e in listing.files), layout, mets)
    return _Survey(
        deposit=deposit,
        area=managed.area,
        mets=mets,
        in_data=managed.in_data,
        tagged=managed.tagged,
        prefix=f"{PAYLOAD}/" if layout is Layout.BAGIT else "",
        files={path: by_origin[origin] for path, (origin, _) in members.items()},
        folders=content_folders(listing.folders, layout),
        bagged=workspaces.bagged(managed.area, layout, by_origin),
    )


def _digests(ctx: Context, survey: _Survey, wanted: list[MemberPath]) -> dict[MemberPath, str]:
    """SHA-256 of each file; Unprocessable, naming them all, if any cannot be read."""
    entries = {path: survey.files[path] for path in wanted}
    by_origin = {entry.path: entry for entry in entries.values()}
    found = proofs.known(ctx, survey.deposit.id, by_origin)
    unknown = [entry for entry in entries.values() if entry.path not in found]
    proven, faults = proofs.prove(ctx, survey.deposit.id, survey.area, unknown)
    if faults:
        raise Unprocessable(
            f"{len(faults)} files cannot be put into METS: {faults[0].message}",
            code=faults[0].code,
            faults=faults,
        )
    found.update(proven)
    return {path: found[entry.path] for path, entry in entries.items()}


# ------------------------------------------------------------------------------------ deleting


def _told(survey: _Survey, item: Item) -> Item:
    return Item(path=survey.member(item.path), is_folder=item.is_folder, where=item.where)


def _listed(ctx: Context, survey: _Survey) -> dict[str, bool]:
    """Member path → whether it is a folder, of all that METS lists."""
    description = workspaces.read_description(ctx, survey.area, survey.mets)
    found = {file.path: False for file in description.files}
    return found | {folder.path: True for folder in description.folders}


def _origin(survey: _Survey, path: str) -> str | None:
    entry = survey.files.get(MemberPath(path))
    return entry.path if entry else survey.folders.get(MemberPath(path))


def _check(
    survey: _Survey,
    below: list[Item],
    root: list[Item],
    listed: Mapping[str, bool],
    selection: Selection,
) -> None:
    """BadRequest or NotFound, with every item that cannot be deleted."""
    faults, missing = [], []
    going = {item.path for item in below}
    there = (*survey.files, *survey.folders) if selection.from_files else ()
    left = _first_inside(path for path in (*there, *listed) if path not in going)
    for item in below:
        if item.path in _KEPT:
            faults.append(_fault("protected", "This folder belongs to every deposit", item.path))
        elif item.path not in listed and _origin(survey, item.path) is None:
            missing.append(_fault("no-such-item", "It is neither in METS nor here", item.path))
        elif item.path in left:
            faults.append(
                _fault("folder-not-empty", f"'{left[item.path]}' would be left in it", item.path)
            )
    for item in root:
        protected = _BAG_FILES | {survey.mets, LISTING_CACHE}
        if item.path in protected:
            faults.append(_fault("protected", "This file belongs to the deposit", item.path))
        elif survey.area.entry(item.path) is None:
            missing.append(_fault("no-such-item", "There is no such file", item.path))
    if faults:
        raise BadRequest(
            f"Nothing was deleted: '{faults[0].path}' cannot be: {faults[0].message}",
            code=faults[0].code,
            faults=[*faults, *missing],
        )
    if missing:
        raise NotFound(
            f"Can't find a file or folder to delete: '{missing[0].path}'. Nothing was deleted.",
            code="no-such-item",
            faults=missing,
        )


def _first_inside(paths: Iterable[str]) -> dict[str, str]:
    """The first of the paths that lie in each folder, at whatever depth."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        for folder in ancestors(path):
            found.setdefault(folder, path)
    return found


def _fault(code: str, message: str, path: str) -> Fault:
    return Fault(code=code, message=f"{message}.", path=path[:500])


def _delete(survey: _Survey, item: Item, origin: str, selection: Selection) -> bool:
    """Delete one file or folder; whether that counts as done."""
    try:
        if MemberPath(item.path) in survey.folders:
            survey.area.delete_folder(origin)
        else:
            survey.area.delete(origin)
    except (StrongroomError, OSError):
        tolerated = selection.continue_if_fail and item.path not in selection.continue_if_fail
        if not tolerated:
            raise
    return True
