"""Loads a deposit's workspace: lists it, finds and reads its METS, proves what must be proven."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

from strongroom.bagit import manifest
from strongroom.domain.content_types import guess, stated_type
from strongroom.domain.deposits import Deposit, Layout
from strongroom.domain.description import Description
from strongroom.domain.findings import KeepTags
from strongroom.domain.paths import MemberPath
from strongroom.domain.resources import Group
from strongroom.domain.workspace import (
    PAYLOAD,
    Workspace,
    content_files,
    content_folders,
    join,
    settle_layout,
)
from strongroom.errors import NotFound, TooLarge
from strongroom.mets import locate
from strongroom.mets.hrefs import candidates
from strongroom.mets.reader import read as read_mets
from strongroom.services import proofs
from strongroom.services.context import Context
from strongroom.storage.protocols import FileEntry, Listing, WorkArea
from strongroom.storage.trouble import told_as

#: bytes that are read of a file to see whether it is METS
START = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A workspace and where it came from."""

    workspace: Workspace
    layout: Layout
    #: METS path relative to the deposit's root
    mets: str | None
    #: files of the content by member path
    entries: Mapping[MemberPath, FileEntry]
    #: everything that lies in the deposit
    listing: Listing
    #: all files by their paths in the deposit
    origins: Mapping[str, FileEntry]
    #: SHA-256 of all files that were hashed and are untouched since, by their paths in the deposit
    proven: Mapping[str, str]
    #: content types: what the store was told, else guessed from names
    types: Mapping[MemberPath, str]
    #: those of them that the store was told
    stored_types: Mapping[MemberPath, str]
    #: files of which their store was asked for all that it knows, by their paths in the deposit
    stored: Mapping[str, FileEntry]
    #: what its METS says; None without METS
    description: Description | None = None


def find_mets(area: WorkArea) -> tuple[str | None, bool]:
    """Where the METS file of a deposit lies, and whether only ``data/`` has one."""
    root_files, folders = area.children("")
    data_files: tuple[str, ...] = ()
    if PAYLOAD in folders:
        data_files, _ = area.children(PAYLOAD)
    located = locate.choose(root_files, data_files, lambda path: area.read_start(path, START))
    return (None, False) if located is None else (located.path, located.in_data)


def load(
    ctx: Context,
    deposit: Deposit,
    existing: Group | None,
    *,
    described: bool = True,
    keep_tags: KeepTags | None = None,
    all_stored: bool = False,
) -> Loaded:
    """The deposit as it is now. Unprocessable if its METS cannot be read at all.

    Without ``described`` METS is found and not read; with ``keep_tags`` it is read with the
    properties of files. With ``all_stored`` a store is asked what it knows of each file.
    """
    area = ctx.areas.area(deposit.id)
    if not area.exists():
        raise NotFound(
            f"The files of deposit {deposit.id} are gone from {area.uri}.", code="no-files"
        )
    listing = area.listing()
    mets, in_data = find_mets(area)
    root_names = [entry.path for entry in listing.files if "/" not in entry.path]
    layout = settle_layout(
        deposit.layout,
        root_names=root_names,
        has_data=PAYLOAD in listing.folders,
        mets_in_data=in_data,
    )
    by_origin = {entry.path: entry for entry in listing.files}
    files = content_files(((e.path, e.size) for e in listing.files), layout, mets)
    mets_member = next((m for m, (origin, _) in files.items() if origin == mets), None)
    description = None
    if mets and described:
        description = read_description(ctx, area, mets, keep_tags=keep_tags)
    workspace = join(
        files=files,
        folders=content_folders(listing.folders, layout),
        description=description,
        mets=mets_member,
        preserved=existing.members.keys() if existing else (),
        candidates=candidates,
        bagged=bagged(area, layout, by_origin),
        refused=listing.refused,
    )
    remembered = proofs.known(ctx, deposit.id, by_origin)
    entries = {member: by_origin[origin] for member, (origin, _) in files.items()}
    stored = _stored(area, workspace, by_origin, None if all_stored else remembered)
    remembered |= proofs.remember(ctx, deposit.id, stored.values())
    stored_types = {
        path: kind
        for path, entry in entries.items()
        if entry.path in stored and (kind := stated_type(stored[entry.path].content_type))
    }
    types = {path: kind for path in workspace.files if (kind := guess(path)) is not None}
    return Loaded(
        workspace=workspace.with_proofs(
            {m: remembered[e.path] for m, e in entries.items() if e.path in remembered}
        ),
        layout=layout,
        mets=mets,
        entries=entries,
        listing=listing,
        origins=by_origin,
        proven=remembered,
        types=types | stored_types,
        stored_types=stored_types,
        stored=stored,
        description=description,
    )


def _stored(
    area: WorkArea,
    workspace: Workspace,
    origins: Mapping[str, FileEntry],
    proven: Mapping[str, str] | None,
) -> dict[str, FileEntry]:
    """What the store of an area knows of its files, for it takes a look at each; none of a disk.

    It is asked for files whose bytes it hashed, or may have if nobody else says a digest, unless
    they are ``proven``; and for those whose type METS does not state. Without ``proven``, for all.
    """
    if not area.remote:
        return {}
    if proven is None:
        return {entry.path: entry for entry in area.look(origins)}
    wanted = []
    for file in workspace.files.values():
        if file.origin is None:
            continue
        stated = (file.described.digest if file.described else None) or file.bagged
        vouched = origins[file.origin].vouched
        asks = vouched or (vouched is None and stated is None)
        untyped = file.described is not None and file.described.content_type is None
        if untyped or (asks and file.origin not in proven):
            wanted.append(file.origin)
    return {entry.path: entry for entry in area.look(wanted)}


def prove(ctx: Context, deposit: Deposit, loaded: Loaded, paths: list[MemberPath]) -> Workspace:
    """The workspace with these files hashed; those that cannot be read join what is refused."""
    area = ctx.areas.area(deposit.id)
    entries = {path: loaded.entries[path] for path in paths}
    origins = {entry.path: path for path, entry in entries.items()}
    found, faults = proofs.prove(ctx, deposit.id, area, entries.values())
    workspace = loaded.workspace.with_proofs({origins[o]: d for o, d in found.items()})
    return replace(workspace, refused=(*workspace.refused, *faults))


def read_description(
    ctx: Context, area: WorkArea, path: str, *, keep_tags: KeepTags | None = None
) -> Description:
    """What the METS at this path of a deposit says; TooLarge over the limit."""
    with area.open(path) as file:
        if file.entry.size > ctx.max_mets:
            raise TooLarge(
                f"The METS file {path} has {file.entry.size} bytes; at most {ctx.max_mets} are "
                "read (setting max_mets).",
                code="mets-too-large",
            )
        with told_as(path):
            return read_mets(file.stream, limit=ctx.max_mets, keep_tags=keep_tags)


def bagged(
    area: WorkArea, layout: Layout, by_origin: Mapping[str, FileEntry]
) -> dict[MemberPath, str]:
    """Member path → digest of the BagIt manifest, for files that are not newer than it."""
    there = by_origin.get(manifest.MANIFEST)
    if layout is not Layout.BAGIT or there is None:
        return {}
    with area.open(manifest.MANIFEST) as file, told_as(manifest.MANIFEST):
        text = io.TextIOWrapper(file.stream, encoding="utf-8-sig", errors="replace")
        listed = manifest.matched(manifest.read(text), by_origin)
        text.detach()
    prefix = PAYLOAD + "/"
    return {
        MemberPath(path[len(prefix) :]): digest
        for path, digest in listed.items()
        if path.startswith(prefix)
        and path in by_origin
        and by_origin[path].changed_ns <= there.changed_ns
    }
