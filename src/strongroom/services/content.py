"""Finds the bytes of Binaries, at any version."""

from __future__ import annotations

from strongroom.domain.paths import RepositoryPath
from strongroom.domain.resources import Kind
from strongroom.errors import Gone, NotFound
from strongroom.services import browse, streams
from strongroom.services.context import Context
from strongroom.services.views import Content, MemberView


def open(ctx: Context, path: RepositoryPath, version: str | None = None) -> Content:  # noqa: A001
    """The bytes of the Binary at a path; NotFound where no Binary is, a tombstone among others."""
    try:
        found = browse.resource(ctx, path, version)
    except Gone as error:
        raise NotFound(
            f"{error.message} Older versions of a Binary have their content still.",
            code="no-content",
        ) from None
    if not isinstance(found, MemberView) or found.member.kind is not Kind.BINARY:
        raise NotFound(
            f"/repository/{path[:300]} is no Binary, so it has no content.", code="no-content"
        )
    return streams.of_member(ctx, found.group, found.member)
