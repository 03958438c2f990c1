"""What a new Deposit finds in its working area, and how its files are read."""

from __future__ import annotations

import io
from collections.abc import Iterator

from strongroom.domain.content_types import guess, stated_type
from strongroom.domain.deposits import TEMPLATE_FOLDERS, Deposit, Layout, Template
from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.diff import GENERIC_TYPE
from strongroom.domain.paths import MemberPath, ancestors, encode, slug
from strongroom.domain.resources import Group, Kind, Member
from strongroom.domain.times import from_millis
from strongroom.domain.workspace import PAYLOAD
from strongroom.errors import Damaged
from strongroom.mets import locate, writer
from strongroom.services import browse, nodes, streams
from strongroom.services.context import Context
from strongroom.services.views import Content
from strongroom.storage.protocols import FileEntry, WorkArea

CHUNK = 1 << 20
METS_NAME = "mets.xml"


def furnish(
    ctx: Context, deposit: Deposit, template: Template, *, version: str | None
) -> str | None:
    """Make the template's folders and the METS of a new deposit; the path of the METS, if any.

    An existing group's METS (of ``version``, default the head) goes before one that is made, and
    one that describes what the group holds before a skeleton.
    """
    area = ctx.areas.area(deposit.id)
    prefix = PAYLOAD + "/" if deposit.layout is Layout.BAGIT else ""
    existing = _existing(ctx, deposit, version)
    if template is not Template.NONE:
        for folder in TEMPLATE_FOLDERS:
            # a deposit that is not touched changes nothing, so it has only what the group has
            if existing is None or _is_container(existing, folder):
                area.make_folder(prefix + folder)
    own = None if existing is None else _own_mets(existing)
    if existing is not None and own is not None:
        source = streams.of_member(ctx, existing.node, own)
        path = prefix + slug(own.path)
        _write(area, path, source.read(0, source.size), own.digest)
        return path
    if template is Template.NONE:
        return None
    if existing is not None:
        pieces = _generated(ctx, existing, deposit.group_name)
    else:
        pieces = iter([writer.skeleton(title=deposit.group_name, created=ctx.clock())])
    path = prefix + METS_NAME
    _write(area, path, pieces, None)
    return path


def _existing(ctx: Context, deposit: Deposit, version: str | None) -> Group | None:
    if deposit.group is None:
        return None
    with ctx.db.read() as c:
        if nodes.living_group(c, deposit.group) is None:
            return None
    return browse.group(ctx, deposit.group, version)


def _own_mets(group: Group) -> Member | None:
    """The METS of a group: the one it was preserved with, else a file at its root of that name."""
    if group.mets is not None:
        return group.members[group.mets]
    named = [
        member
        for member in group.members.values()
        if member.kind is Kind.BINARY and locate.is_mets_name(member.path, strict=True)
    ]
    return min(named, key=lambda member: (member.path != METS_NAME, member.path), default=None)


def _is_container(group: Group, path: str) -> bool:
    member = group.members.get(MemberPath(path))
    return member is not None and member.kind is Kind.CONTAINER


def _generated(ctx: Context, group: Group, title: str | None) -> Iterator[bytes]:
    """A METS of all that a group without one holds, with room for what templates have."""
    start = f"{ctx.roots.public}/repository/{encode(group.node.path)}"
    ordered = [group.members[path] for path in sorted(group.members)]
    folders = [
        DescribedFolder(
            path=member.path, name=member.name, storage_location=f"{start}/{encode(member.path)}"
        )
        for member in ordered
        if member.kind is Kind.CONTAINER
    ]
    files = {member.path for member in ordered if member.kind is Kind.BINARY}
    rooms = [
        folder
        for folder in TEMPLATE_FOLDERS
        if not _is_container(group, folder) and files.isdisjoint((folder, *ancestors(folder)))
    ]
    return writer.stream(
        title=title or group.name or "",
        files=(
            DescribedFile(
                path=member.path,
                name=member.name,
                content_type=member.content_type,
                size=member.size,
                digest=member.digest,
                storage_location=f"{start}/{encode(member.path)}",
            )
            for member in ordered
            if member.kind is Kind.BINARY
        ),
        folders=[*folders, *(DescribedFolder(path=path) for path in rooms)],
        created=ctx.clock(),
    )


def _write(area: WorkArea, path: str, chunks: Iterator[bytes], sha256: str | None) -> None:
    upload = area.upload(path, content_type=guess(path))
    try:
        for chunk in chunks:
            upload.write(chunk)
        upload.finish(sha256=sha256)
    except BaseException:
        upload.abort()
        raise


def content(
    ctx: Context,
    deposit: Deposit,
    path: str,
    digest: str | None,
    *,
    entry: FileEntry | None = None,
) -> Content:
    """A file of a deposit, to be read; NotFound if it is not there.

    With an ``entry`` it is that very file, or reading it ends in Damaged.
    """
    area = ctx.areas.area(deposit.id)
    if entry is None:
        with area.open(path) as file:
            entry = file.entry
    signature = entry.signature

    def read(start: int, length: int) -> Iterator[bytes]:
        with area.open(path) as file:
            if file.entry.signature != signature:
                raise Damaged(f"{path} was changed while it was read.", code="changed-file")
            if start:
                file.stream.seek(start, io.SEEK_SET)
            left = length
            while left > 0:
                chunk = file.stream.read(min(CHUNK, left))
                if not chunk:
                    raise Damaged(f"{path} ended before its size.", code="changed-file")
                left -= len(chunk)
                yield chunk

    return Content(
        size=entry.size,
        content_type=stated_type(entry.content_type) or guess(path) or GENERIC_TYPE,
        digest=digest,
        name=slug(path),
        modified=from_millis(entry.changed_ns // 1_000_000),
        read=read,
    )
