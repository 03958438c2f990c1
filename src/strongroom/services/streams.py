"""The bytes of a Binary that was found already, verified while they are read."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.domain.paths import slug
from strongroom.domain.resources import Member, Node
from strongroom.ocfl import paths
from strongroom.ocfl.reading import read_range, verified_chunks
from strongroom.services.context import Context
from strongroom.services.views import Content


def of_member(ctx: Context, group: Node, member: Member) -> Content:
    """The bytes of a Binary that was found already."""

    def read(start: int, length: int) -> Iterator[bytes]:
        folder = ctx.repository.folder_of(group.path)
        place = paths.content(member.content_path)
        if start == 0 and length == member.size:
            return verified_chunks(folder, place, member.digest, size=member.size)
        return read_range(folder, place, start, length, size=member.size)

    modified = next(v.created for v in group.versions if v.number == member.modified)
    return Content(
        size=member.size,
        content_type=member.content_type,
        digest=member.digest,
        name=slug(member.path),
        modified=modified,
        read=read,
    )
