"""What a new Deposit finds in its working area, and how its files are read."""

from __future__ import annotations

import io
from collections.abc import Iterator

from strongroom.domain.content_types import guess
from strongroom.domain.deposits import Deposit, Layout, Template
from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.domain.diff import GENERIC_TYPE
from strongroom.domain.paths import slug
from strongroom.domain.resources import Group, Kind
from strongroom.domain.times import from_millis
from strongroom.domain.workspace import PAYLOAD
from strongroom.errors import Damaged
from strongroom.mets import writer
from strongroom.services import browse, nodes, streams
from strongroom.services.context import Context
from strongroom.services.views import Content
from strongroom.storage.protocols import WorkArea

CHUNK = 1 << 20
#: folders that a template makes
FOLDERS = ("objects", "metadata", "metadata/ad-hoc")
METS_NAME = "mets.xml"


def furnish(
    ctx: Context, deposit: Deposit, template: Template, *, version: str | None
) -> str | None:
    """Make the template's folders and the METS of a new deposit; the path of the METS, if any.

    An existing group's METS (of ``version``, default the head) goes before a skeleton.
    """
    area = ctx.areas.area(deposit.id)
    prefix = PAYLOAD + "/" if deposit.layout is Layout.BAGIT else ""
    existing = _existing(ctx, deposit, version)
    if template is not Template.NONE:
        for folder in FOLDERS:
            # a group's own METS speaks only of the folders that the group has
            if existing is None or existing.mets is None or folder in existing.members:
                area.make_folder(prefix + folder)
    if existing is not None and existing.mets is not None:
        binary = existing.members[existing.mets]
        source = streams.of_member(ctx, existing.node, binary)
        path = prefix + slug(existing.mets)
        _write(area, path, source.read(0, source.size), binary.digest)
        return path
    if template is Template.NONE:
        return None
    title = deposit.group_name
    if existing is not None:
        data = writer.write(
            title=title or existing.name or "",
            files=_described(existing),
            folders=_folders(existing),
            created=ctx.clock(),
        )
    else:
        data = writer.skeleton(title=title, created=ctx.clock())
    path = prefix + METS_NAME
    _write(area, path, iter([data]), None)
    return path


def _existing(ctx: Context, deposit: Deposit, version: str | None) -> Group | None:
    if deposit.group is None:
        return None
    with ctx.db.read() as c:
        if nodes.living_group(c, deposit.group) is None:
            return None
    return browse.group(ctx, deposit.group, version)


def _described(group: Group) -> Iterator[DescribedFile]:
    for member in group.members.values():
        if member.kind is Kind.BINARY:
            yield DescribedFile(
                path=member.path,
                name=member.name,
                content_type=member.content_type,
                size=member.size,
                digest=member.digest,
            )


def _folders(group: Group) -> Iterator[DescribedFolder]:
    for member in group.members.values():
        if member.kind is Kind.CONTAINER:
            yield DescribedFolder(path=member.path, name=member.name)


def _write(area: WorkArea, path: str, chunks: Iterator[bytes], sha256: str | None) -> None:
    upload = area.upload(path)
    try:
        for chunk in chunks:
            upload.write(chunk)
        upload.finish(sha256=sha256)
    except BaseException:
        upload.abort()
        raise


def content(ctx: Context, deposit: Deposit, path: str, digest: str | None) -> Content:
    """A file of a deposit, to be read; NotFound if it is not there."""
    area = ctx.areas.area(deposit.id)
    with area.open(path) as file:
        entry = file.entry

    def read(start: int, length: int) -> Iterator[bytes]:
        with area.open(path) as file:
            if file.entry.signature != entry.signature:
                raise Damaged(f"{path} was changed while it was read.", code="changed-file")
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
        content_type=guess(path) or GENERIC_TYPE,
        digest=digest,
        name=slug(path),
        modified=from_millis(entry.changed_ns // 1_000_000),
        read=read,
    )
