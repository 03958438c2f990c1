"""What a deposit's files look like: as they lie there, and beside what METS says of them.

Everything is read once; the files of the trees are drawn one by one while they are sent, so that
only paths and findings are in memory. Reading outputs of tools is ``findings``' business, and the
tree that is kept in the deposit is :mod:`strongroom.services.listing_cache`'s.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from strongroom.bagit import manifest
from strongroom.domain import disagreements, file_view, merging
from strongroom.domain.content_types import guess, stated_type
from strongroom.domain.deposits import Deposit, Layout
from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.diff import GENERIC_TYPE
from strongroom.domain.file_view import (
    OPEN,
    Access,
    CombinedFile,
    CombinedFolder,
    CombinedTree,
    ShownFile,
    ShownFolder,
    Whereabouts,
    WorkingTree,
)
from strongroom.domain.findings import (
    DigestFinding,
    Finding,
    FormatFinding,
    StorageFinding,
)
from strongroom.domain.paths import LISTING_CACHE, MemberPath, parent, quote_path
from strongroom.domain.viruses import METS
from strongroom.domain.workspace import PAYLOAD, WorkFile
from strongroom.errors import Fault, StrongroomError, TooLarge, Unprocessable
from strongroom.services import findings, listing_cache, nodes, workspaces
from strongroom.services.context import Context
from strongroom.services.tag_shelf import TagShelf
from strongroom.services.workspaces import Loaded
from strongroom.storage.protocols import FileEntry
from strongroom.tools.outputs import Outputs
from strongroom.wire import render_working

#: what lies beside the content of a bag
_BESIDE = "../"
_METS_TYPE = "application/xml"


def filesystem(ctx: Context, deposit_id: str, *, refresh: bool) -> Iterator[bytes]:
    """The JSON of what lies in a deposit, as it is kept there if that still is true.

    Else, and with ``refresh``, it is made anew. NotFound if the deposit or its files are gone.
    """
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
    kept = None if refresh else listing_cache.fresh(ctx, deposit)
    if kept is not None:
        return kept
    tree, entry = _keep(ctx, deposit)
    kept = listing_cache.read(ctx, deposit, entry) if entry else None
    return kept or render_working.in_chunks(render_working.working_tree(tree))


def begin(ctx: Context, deposit: Deposit) -> None:
    """Keep the tree of a new deposit there, for programs that look into its working area."""
    _keep(ctx, deposit)


def _keep(ctx: Context, deposit: Deposit) -> tuple[WorkingTree, FileEntry | None]:
    """The tree of a deposit, made anew, and where it is kept; None if it cannot be."""
    started = time.time_ns()
    tree = working(ctx, deposit)
    return tree, listing_cache.store(ctx, deposit, tree, started)


def working(ctx: Context, deposit: Deposit) -> WorkingTree:
    """What lies in a deposit, with all that tools, manifests and METS say of it.

    A METS that cannot be read is a warning. NotFound if the deposit's files are gone.
    """
    try:
        loaded, unread = workspaces.load(ctx, deposit, None, all_stored=True), []
    except (Unprocessable, TooLarge) as error:
        loaded = workspaces.load(ctx, deposit, None, described=False, all_stored=True)
        unread = _told(error)
    return _View(ctx, deposit, loaded, unread).working()


def combined(ctx: Context, deposit_id: str, *, refresh: bool) -> CombinedTree:
    """A deposit and its METS side by side, as they are now.

    ``refresh`` keeps what was found for :func:`filesystem` too. Unprocessable if METS cannot be
    read, TooLarge if it is too large for that.
    """
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
    started = time.time_ns()
    loaded = workspaces.load(
        ctx, deposit, None, keep_tags=TagShelf(ctx.scratch).keep, all_stored=True
    )
    view = _View(ctx, deposit, loaded, [])
    if refresh:
        listing_cache.store(ctx, deposit, view.working(), started)
    return view.combined()


def _told(error: StrongroomError) -> list[Fault]:
    return list(error.faults) or [Fault(code=error.problem, message=error.message)]


class _View:
    def __init__(self, ctx: Context, deposit: Deposit, loaded: Loaded, unread: list[Fault]) -> None:
        self._loaded = loaded
        self._made = ctx.clock()
        self._fingerprint = listing_cache.fingerprint(ctx, deposit, loaded.listing, loaded.proven)
        outputs = findings.of_deposit(ctx, deposit.id, loaded.entries, unread=unread)
        self._found = outputs.findings
        self._warnings = self._all_warnings(unread, outputs)
        self._prefix = f"{PAYLOAD}/" if loaded.layout is Layout.BAGIT else ""
        self._content = (
            f"{ctx.roots.public}/v1/deposits/{deposit.id}/files/{quote_path(self._prefix)}"
        )
        #: path in the deposit → member path, of files and folders of the content
        self._members: dict[str, MemberPath] = {
            entry.path: path for path, entry in loaded.entries.items()
        }
        for path, folder in loaded.workspace.folders.items():
            if folder.origin is not None:
                self._members[folder.origin] = path
        self._effective = self._inherited()
        self._latest = file_view.latest_below(
            (entry.path, entry.changed_ns) for entry in self._files()
        )
        bag = loaded.origins.get(manifest.MANIFEST)
        self._bagged = findings.moment(bag.changed_ns) if bag else None
        self._begun = deposit.created

    def _all_warnings(self, unread: list[Fault], outputs: Outputs) -> list[Fault]:
        workspace = self._loaded.workspace
        return [*unread, *workspace.refused, *workspace.contradictions, *outputs.warnings]

    def _files(self) -> list[FileEntry]:
        """All files but the cache of the listing, which is ours."""
        return [entry for entry in self._loaded.listing.files if entry.path != LISTING_CACHE]

    def _inherited(self) -> dict[str, Access]:
        """What holds in each folder of the content, by its member path; ``""`` is the object."""
        description = self._loaded.description
        found = {
            "": Access(description.access_conditions, description.rights_statement)
            if description
            else OPEN
        }
        for path in sorted(self._loaded.workspace.folders):
            folder = self._loaded.workspace.folders[path].described
            found[path] = _access(folder).below(found.get(parent(path), found[""]))
        return found

    def _above(self, member: str | None) -> Access:
        """What holds where something lies; what is outside of the content belongs to the object."""
        return self._effective.get(parent(member or ""), self._effective[""])

    # ----------------------------------------------------------------------- as it lies there

    def working(self) -> WorkingTree:
        return WorkingTree(
            children=file_view.children(
                (entry.path for entry in self._files()), self._loaded.listing.folders
            ),
            folder=self._folder,
            file=self._file,
            content=self._content,
            fingerprint=self._fingerprint,
            latest_ns=self._latest.get("", 0),
            warnings=self._warnings,
        )

    def _folder(self, path: str) -> ShownFolder:
        """A folder by its path in the deposit; ``""`` is the deposit, and speaks for the object."""
        if path == "":
            own = self._effective[""]
            return ShownFolder(
                path="", name=file_view.ROOT_NAME, modified=self._made, access=own, effective=own
            )
        member = self._members.get(path)
        folder = self._loaded.workspace.folders[member].described if member is not None else None
        return ShownFolder(
            path=path,
            name=folder.name if folder else None,
            modified=self._last(path),
            access=_access(folder),
            effective=self._effective[""] if member is None else self._effective[member],
            div_id=folder.div_id if folder else None,
            admin_id=folder.admin_id if folder else None,
        )

    def _last(self, path: str) -> datetime | None:
        latest = self._latest.get(path)
        return self._begun if latest is None else findings.moment(latest)

    def _file(self, path: str) -> ShownFile:
        """A file by its path in the deposit."""
        entry = self._loaded.origins[path]
        member = self._members.get(path)
        work = self._loaded.workspace.files[member] if member is not None else None
        described = work.described if work else None
        own = _access(described)
        stored = self._loaded.stored.get(path)
        kind = (stated_type(stored.content_type) if stored else None) or guess(path)
        return ShownFile(
            path=path,
            name=(stored.name if stored else None) or (described.name if described else None),
            modified=findings.moment(entry.changed_ns),
            access=own,
            effective=own.below(self._above(member)),
            content_type=_METS_TYPE if path == self._loaded.mets else kind or GENERIC_TYPE,
            digest=self._loaded.proven.get(path),
            size=entry.size,
            div_id=described.div_id if described else None,
            admin_id=described.admin_id if described else None,
            findings=() if work is None else (*self._of_deposit(work), *_places(described)),
        )

    def _of_deposit(self, work: WorkFile) -> tuple[Finding, ...]:
        """What manifests and tools say of a file; a report of a tool comes first."""
        found = self._found.get(work.path, ())
        if work.bagged is None:
            return found
        bag = DigestFinding(source="BagIt", timestamp=self._bagged, digest=work.bagged)
        after = next((i for i, each in enumerate(found) if each.source != "Brunnhilde"), 0)
        return (*found[:after], bag, *found[after:])

    # --------------------------------------------------------------------------- beside METS

    def combined(self) -> CombinedTree:
        workspace = self._loaded.workspace
        bag = self._loaded.layout is Layout.BAGIT
        children = file_view.children(workspace.files, workspace.folders)
        if bag:
            beside = file_view.children(
                [e.path for e in self._files() if e.path not in self._members],
                [
                    path
                    for path in self._loaded.listing.folders
                    if path not in self._members and path != PAYLOAD
                ],
            )
            for path, below in beside.items():
                below.files[:] = [_BESIDE + each for each in below.files]
                below.folders[:] = [_BESIDE + each for each in below.folders]
                children[_BESIDE + path if path else ".."] = below
            children[".."].folders.append("")
        return CombinedTree(
            root=".." if bag else "",
            children=children,
            folder=self._combined_folder,
            file=self._combined_file,
            content=self._content,
            warnings=[*workspace.untied, *self._warnings],
        )

    def _combined_folder(self, path: str) -> CombinedFolder:
        if path == ".." or path.startswith(_BESIDE):
            shown = self._folder(path.removeprefix("..").removeprefix("/"))
            return CombinedFolder(
                path=path, name=_slug(path), where=Whereabouts.EXTRA, deposit=shown
            )
        if path == "":
            return self._content_root()
        folder = self._loaded.workspace.folders[MemberPath(path)]
        described = folder.described
        ours = None if folder.origin is None else self._folder(folder.origin)
        theirs = None
        if folder.in_mets:
            theirs = ShownFolder(
                path=path,
                name=described.name if described else None,
                access=_access(described),
                effective=self._effective[path],
                div_id=described.div_id if described else None,
                admin_id=described.admin_id if described else None,
            )
        return CombinedFolder(
            path=path,
            name=folder.name or _slug(path),
            where=_where(ours, theirs),
            deposit=ours,
            mets=theirs,
        )

    def _content_root(self) -> CombinedFolder:
        ours = self._folder(self._prefix.rstrip("/"))
        theirs = None
        if self._loaded.mets is not None:
            own = self._effective[""]
            theirs = ShownFolder(path="", name=file_view.ROOT_NAME, access=own, effective=own)
        return CombinedFolder(
            path="",
            name=file_view.ROOT_NAME,
            where=_where(ours, theirs),
            deposit=ours,
            mets=theirs,
        )

    def _combined_file(self, path: str) -> CombinedFile:
        if path.startswith(_BESIDE):
            shown = self._file(path.removeprefix(_BESIDE))
            return CombinedFile(path=path, where=Whereabouts.EXTRA, deposit=shown)
        work = self._loaded.workspace.files[MemberPath(path)]
        ours = None if work.origin is None else self._file(work.origin)
        theirs = self._of_mets(work)
        found = self._of_deposit(work) if ours else ()
        told = merging.told_types(found)
        return CombinedFile(
            path=path,
            where=_where(ours, theirs),
            deposit=ours,
            mets=theirs,
            mismatches=disagreements.with_mets(
                work,
                found,
                # a type guessed from a name says nothing against one that a tool has seen
                content_type=None if told else self._loaded.types.get(work.path),
                mets_path=self._loaded.workspace.mets,
            ),
            doubts=disagreements.within(work, found),
        )

    def _of_mets(self, work: WorkFile) -> ShownFile | None:
        """A file as METS has it. METS has itself, whether it says so or not."""
        described = work.described
        if described is None:
            if work.path != self._loaded.workspace.mets:
                return None
            return ShownFile(
                path=work.path,
                name=work.path,
                effective=self._above(work.path),
                content_type=_METS_TYPE,
                digest=work.proven,
            )
        own = _access(described)
        return ShownFile(
            path=work.path,
            name=described.name,
            access=own,
            effective=own.below(self._above(work.path)),
            content_type=described.content_type,
            digest=described.digest,
            size=described.size or 0,
            div_id=described.div_id,
            admin_id=described.admin_id,
            findings=_stated(described),
        )


def _where(ours: object, theirs: object) -> Whereabouts:
    if ours is None:
        return Whereabouts.METS
    return Whereabouts.DEPOSIT if theirs is None else Whereabouts.BOTH


def _slug(path: str) -> str:
    return path.rpartition("/")[2]


def _access(described: DescribedFile | DescribedFolder | None) -> Access:
    if described is None:
        return OPEN
    return Access(described.access_conditions, described.rights_statement)


def _places(described: DescribedFile | None) -> tuple[Finding, ...]:
    """What METS says of where the file came from and where it is preserved."""
    if described is None or described.storage_location is None:
        return ()
    return (
        StorageFinding(
            source=METS,
            original_name=described.original_name,
            storage_location=described.storage_location,
        ),
    )


def _stated(described: DescribedFile) -> tuple[Finding, ...]:
    """What METS says of a file, as a finding of its own."""
    found: list[Finding] = []
    if described.digest or described.pronom_key or described.format_name:
        found.append(
            FormatFinding(
                source=METS,
                digest=described.digest,
                size=described.size,
                pronom_key=described.pronom_key,
                format_name=described.format_name,
                content_type=described.content_type,
                original_name=described.original_name,
                storage_location=described.storage_location,
            )
        )
    found += [each for each in (described.virus, described.exif) if each is not None]
    return (*found, *_places(described))
