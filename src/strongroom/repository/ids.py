"""OCFL object ids: ``info:fedora/{path}``, the ids (and so the places) that Fedora 6 uses."""

from __future__ import annotations

from strongroom.domain.paths import RepositoryPath

PREFIX = "info:fedora/"


def object_id(path: str) -> str:
    """The OCFL id of the Container or Archival Group at a repository path."""
    return PREFIX + path


def repository_path(identifier: str) -> RepositoryPath | None:
    """The repository path of an OCFL id; None if the id is none of ours."""
    if not identifier.startswith(PREFIX) or identifier == PREFIX:
        return None
    return RepositoryPath(identifier[len(PREFIX) :])
