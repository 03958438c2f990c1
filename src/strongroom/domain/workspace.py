"""What is in a deposit, joined with what its METS says of it.

A workspace is made once for each diff or check. Its paths are member paths: relative to the content
root of the deposit (the deposit itself, or ``data/`` in BagIt layout). Reading METS, listing files
and hashing them is done elsewhere; here the three are tied together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from strongroom.domain.deposits import Layout
from strongroom.domain.description import DescribedFile, DescribedFolder, Description
from strongroom.domain.paths import LISTING_CACHE, MemberPath, ancestors
from strongroom.errors import Fault

#: the folder that holds the content of a BagIt deposit
PAYLOAD = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFile:
    """One file: in the deposit, in METS, or in both."""

    path: MemberPath
    #: path relative to the deposit's root; None if the file is not in the deposit
    origin: str | None = None
    #: bytes, if it is in the deposit
    size: int | None = None
    #: what METS says; None if METS does not mention it
    described: DescribedFile | None = None
    #: SHA-256 of the bytes in the deposit, where they were hashed
    proven: str | None = None
    #: SHA-256 according to a fresh BagIt manifest
    bagged: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFolder:
    path: MemberPath
    #: as METS labels it
    name: str | None = None
    #: path relative to the deposit's root; None if the folder is not in the deposit
    origin: str | None = None
    in_mets: bool = False
    #: what METS says; None also if METS only implies it by the path of a file
    described: DescribedFolder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything that a diff compares with what is preserved."""

    files: Mapping[MemberPath, WorkFile] = field(default_factory=dict)
    folders: Mapping[MemberPath, WorkFolder] = field(default_factory=dict)
    #: the METS file's member path; None if there is no METS
    mets: MemberPath | None = None
    title: str | None = None
    #: whether the METS is one that the platform manages
    managed: bool = False
    #: METS entries that belong to no path
    untied: tuple[Fault, ...] = ()
    #: what is in the deposit but can be no file (links, devices, undecodable names)
    refused: tuple[Fault, ...] = ()
    #: METS entries that contradict each other
    contradictions: tuple[Fault, ...] = ()

    def with_proofs(self, proofs: Mapping[MemberPath, str]) -> Workspace:
        """The same, with digests of deposit files that have been hashed meanwhile."""
        files = dict(self.files)
        for path, digest in proofs.items():
            files[path] = replace(files[path], proven=digest)
        return replace(self, files=files)


def settle_layout(
    recorded: Layout, *, root_names: Iterable[str], has_data: bool, mets_in_data: bool
) -> Layout:
    """The layout of a deposit: as recorded, or decided from what lies there.

    An undecided deposit is a bag when it has ``data/`` and either ``bagit.txt`` or its METS only
    in there. It stays undecided while nothing speaks for either.
    """
    if recorded is not Layout.OPEN:
        return recorded
    names = set(root_names)
    if has_data and ("bagit.txt" in names or mets_in_data):
        return Layout.BAGIT
    return Layout.OPEN


def content_files(
    files: Iterable[tuple[str, int]], layout: Layout, mets: str | None
) -> dict[MemberPath, tuple[str, int]]:
    """Member path → (origin, size) of every deposit file that belongs to the content.

    Left out are the listing cache of older clients and, in BagIt layout, all that lies outside
    ``data/`` but for the METS file.
    """
    found: dict[MemberPath, tuple[str, int]] = {}
    prefix = PAYLOAD + "/" if layout is Layout.BAGIT else ""
    for origin, size in files:
        if origin == LISTING_CACHE:
            continue
        if origin.startswith(prefix):
            found[MemberPath(origin[len(prefix) :])] = (origin, size)
        elif origin == mets:
            found.setdefault(MemberPath(origin), (origin, size))
    return found


def content_folders(folders: Iterable[str], layout: Layout) -> dict[MemberPath, str]:
    """Member path → origin of the deposit's folders that belong to the content."""
    if layout is not Layout.BAGIT:
        return {MemberPath(folder): folder for folder in folders}
    prefix = PAYLOAD + "/"
    return {MemberPath(f[len(prefix) :]): f for f in folders if f.startswith(prefix)}


def join(
    *,
    files: Mapping[MemberPath, tuple[str, int]],
    folders: Mapping[MemberPath, str],
    description: Description | None,
    mets: MemberPath | None,
    preserved: Iterable[str],
    candidates: Callable[[str], Iterable[str]],
    bagged: Mapping[MemberPath, str] | None = None,
    refused: tuple[Fault, ...] = (),
) -> Workspace:
    """Tie METS entries to the files of a deposit and of the preserved group.

    ``candidates`` gives the forms that an href may stand for; the first that exists in the deposit
    wins, then the first that is preserved, then the href as written. A form that another entry is
    written in stands for that one, if there is anything else.
    """
    kept = set(preserved)
    contradictions: list[Fault] = []
    described: dict[MemberPath, DescribedFile] = {}
    entries = description.files if description else ()
    written = {entry.path for entry in entries}
    for entry in entries:
        path = _tie(entry.path, files, kept, candidates, written)
        if path in described:
            described[path] = _merge(path, described[path], entry, contradictions)
        else:
            described[path] = entry
    work: dict[MemberPath, WorkFile] = {}
    for path, (origin, size) in files.items():
        work[path] = WorkFile(
            path=path,
            origin=origin,
            size=size,
            described=described.get(path),
            bagged=(bagged or {}).get(path),
        )
    for path, entry in described.items():
        if path not in work:
            work[path] = WorkFile(path=path, described=entry)
    named = _described_folders(description, described, set(folders), kept, candidates)
    return Workspace(
        files=work,
        folders={
            path: WorkFolder(
                path=path,
                name=told.name if (told := named.get(path)) else None,
                origin=folders.get(path),
                in_mets=path in named,
                described=told,
            )
            for path in sorted({*folders, *named})
        },
        mets=mets,
        title=description.title if description else None,
        managed=description is not None and description.editable,
        untied=description.untied if description else (),
        refused=refused,
        contradictions=tuple(contradictions),
    )


def _tie(
    href: str,
    deposit: Mapping[MemberPath, object] | set[MemberPath],
    kept: set[str],
    candidates: Callable[[str], Iterable[str]],
    written: Collection[str] = (),
) -> MemberPath:
    if href in deposit:
        return MemberPath(href)
    forms = tuple(candidates(href))
    own = tuple(form for form in forms if form == href or form not in written)
    for some in (own, forms):
        for place in (deposit, kept):
            for form in some:
                if form in place:
                    return MemberPath(form)
    return MemberPath(href)


def _merge(
    path: str, first: DescribedFile, second: DescribedFile, contradictions: list[Fault]
) -> DescribedFile:
    if first.digest and second.digest and first.digest != second.digest:
        contradictions.append(
            Fault(
                code="digest-mismatch",
                message="METS describes this file twice, with different digests.",
                path=path,
                expected=first.digest,
                found=second.digest,
            )
        )
    return replace(
        first,
        name=first.name or second.name,
        content_type=first.content_type or second.content_type,
        size=first.size if first.size is not None else second.size,
        digest=first.digest or second.digest,
        virus=second.virus if second.virus and second.virus.has_virus else first.virus,
    )


def _described_folders(
    description: Description | None,
    described: Mapping[MemberPath, DescribedFile],
    there: set[MemberPath],
    kept: set[str],
    candidates: Callable[[str], Iterable[str]],
) -> dict[MemberPath, DescribedFolder | None]:
    """Every folder that METS knows; None for what is only implied by a file's path."""
    named: dict[MemberPath, DescribedFolder | None] = {
        MemberPath(up): None for path in described for up in ancestors(path)
    }
    folders: Iterable[DescribedFolder] = description.folders if description else ()
    for folder in folders:
        path = _tie(folder.path, there | named.keys(), kept, candidates)
        # a path that was only guessed from labels counts where such a folder really is
        if folder.guessed and path not in named and path not in there and path not in kept:
            continue
        earlier = named.get(path)
        if earlier is not None and folder.name is None:
            folder = replace(folder, name=earlier.name)
        named[path] = folder
        for up in ancestors(path):
            named.setdefault(MemberPath(up), None)
    return named
