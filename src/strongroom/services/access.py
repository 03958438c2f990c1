"""Who may see what a deposit or an Archival Group holds: read from METS, and set in a deposit's.

What is inherited is left to :mod:`strongroom.domain.access`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from strongroom.domain.access import Access, Inheritance
from strongroom.domain.deposits import Deposit, Layout
from strongroom.domain.description import Description
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Group, Kind
from strongroom.domain.workspace import PAYLOAD, settle_layout
from strongroom.errors import BadRequest, NotFound, TooLarge, Unprocessable
from strongroom.mets.editing.changes import UNSET, SetAccess
from strongroom.mets.hrefs import candidates
from strongroom.mets.reader import read as read_mets
from strongroom.services import browse, etags, managed_mets, nodes, streams, workspaces
from strongroom.services.context import Context
from strongroom.services.views import MemberView
from strongroom.storage.protocols import WorkArea

#: how often METS is read while others write it
_LOOKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is to be said of one path itself; ``""`` is the object as a whole."""

    path: str
    #: empty: none of its own from now on; None: as they are
    conditions: tuple[str, ...] | None
    #: an absolute URI, or None: none of its own from now on
    rights: str | None
    #: whether the rights statement stays as it is, whatever ``rights`` says
    keeps_rights: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The access of one path, and whether it is a folder."""

    access: Access
    is_folder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """What METS says of access."""

    #: ETag of the METS, with its quotes
    etag: str
    #: whether it is METS of the platform's own
    editable: bool
    items: tuple[Held, ...]


def of_deposit(ctx: Context, deposit_id: str, path: str | None) -> AccessView:
    """The access of one path; or (None) of the object and all that states something of its own.

    NotFound if the deposit has no METS, or METS nothing at the path.
    """
    with ctx.db.read() as c:
        deposit = nodes.deposit(c, deposit_id)
    area = ctx.areas.area(deposit.id)
    mets, in_data = workspaces.find_mets(area)
    if mets is None:
        raise NotFound(f"Deposit {deposit_id} has no METS file.", code="no-mets")
    description, etag = _read(ctx, deposit, area, mets)
    if path is None:
        return _view(description, etag, None)
    path = _member(path, _prefix(deposit, area, in_data=in_data))
    described = {file.path for file in description.files}
    described |= {folder.path for folder in description.folders}
    if path and path not in described:
        raise NotFound(f"METS has nothing at '{path[:300]}'.", code="no-such-item")
    return _view(description, etag, [path])


def change(
    ctx: Context, agent: str, deposit_id: str, settings: Sequence[Setting], if_match: str | None
) -> AccessView:
    """Set the access of some paths in one edit of the METS, or change nothing; how it is now.

    Raises as :func:`strongroom.services.managed_mets.find` and
    :func:`strongroom.mets.editing.editor.edit`.
    """
    if not settings:
        raise BadRequest("No items to set the access of.", code="nothing-to-set")
    managed = managed_mets.find(ctx, agent, deposit_id, if_match)
    prefix = _prefix(managed.deposit, managed.area, in_data=managed.in_data)
    changes = [
        SetAccess(
            path=_member(each.path, prefix),
            access_conditions=each.conditions,
            rights_statement=UNSET if each.keeps_rights else each.rights,
        )
        for each in settings
    ]
    managed_mets.edit(ctx, agent, managed, changes)
    description, etag = _read(ctx, managed.deposit, managed.area, managed.mets)
    return _view(description, etag, [each.path for each in changes])


def of_preserved(ctx: Context, path: RepositoryPath, version: str | None) -> AccessView:
    """The access of an Archival Group with all that states something, or of one thing inside it.

    NotFound if nothing is at the path, or the group has no METS in that version.
    """
    found = browse.resource(ctx, path, version)
    inner: MemberPath | None = None
    if isinstance(found, MemberView):
        inner = found.member.path
        found = browse.group(ctx, found.group.path, version)
    if not isinstance(found, Group):
        raise NotFound(f"There is no Archival Group at /repository/{path}.", code="no-group")
    if found.mets is None:
        raise NotFound(
            f"The Archival Group /repository/{found.node.path} has no METS in this version.",
            code="no-mets",
        )
    binary = found.members[found.mets]
    if binary.size > ctx.max_mets:
        raise TooLarge(
            f"The METS has {binary.size} bytes; at most {ctx.max_mets} are read (setting "
            "max_mets).",
            code="mets-too-large",
        )
    content = streams.of_member(ctx, found.node, binary)
    stream = io.BufferedReader(_Chunks(content.read(0, content.size)))
    description = read_mets(stream, limit=ctx.max_mets)
    members = found.members

    def tied(written: str) -> str:
        return next((form for form in candidates(written) if form in members), written)

    inheritance = Inheritance(description, tied)
    wanted = ["", *inheritance.stated] if inner is None else [inner]
    folders: set[str] = {p for p, m in members.items() if m.kind is Kind.CONTAINER}
    return AccessView(
        etag=etags.quoted(binary.digest),
        editable=description.editable,
        items=_held(inheritance, wanted, folders),
    )


def _view(description: Description, etag: str, wanted: Sequence[str] | None) -> AccessView:
    inheritance = Inheritance(description)
    folders = {folder.path for folder in description.folders}
    wanted = ["", *inheritance.stated] if wanted is None else wanted
    return AccessView(
        etag=etag, editable=description.editable, items=_held(inheritance, wanted, folders)
    )


def _held(inheritance: Inheritance, paths: Iterable[str], folders: Set[str]) -> tuple[Held, ...]:
    return tuple(
        Held(access=inheritance.of(path), is_folder=path == "" or path in folders) for path in paths
    )


def _read(ctx: Context, deposit: Deposit, area: WorkArea, mets: str) -> tuple[Description, str]:
    """What a METS says, and the ETag of the very bytes that say it."""
    for _ in range(_LOOKS):
        before = etags.of(ctx, deposit.id, area, mets)
        description = workspaces.read_description(ctx, area, mets)
        after = etags.of(ctx, deposit.id, area, mets)
        if before is not None and after is not None and before.etag == after.etag:
            return description, before.etag
    raise Unprocessable(
        f"{mets} is changed all the time; try again when it is not.", code="changed-file"
    )


def _prefix(deposit: Deposit, area: WorkArea, *, in_data: bool) -> str:
    """What paths in the deposit begin with that METS leaves out."""
    root_files, folders = area.children("")
    layout = settle_layout(
        deposit.layout, root_names=root_files, has_data=PAYLOAD in folders, mets_in_data=in_data
    )
    return f"{PAYLOAD}/" if layout is Layout.BAGIT else ""


def _member(path: str, prefix: str) -> str:
    """A path as clients send it, as METS has it."""
    return path.strip("/").removeprefix(prefix)


class _Chunks(io.RawIOBase):
    """Chunks of bytes, read as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        count = min(len(target), len(self._left))
        target[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
