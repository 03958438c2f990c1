"""What names of files must be in every place. What else a place demands is its own affair."""

from __future__ import annotations


def encodable(path: str) -> bool:
    """Whether UTF-8 can carry a path.

    Lone surrogates stand for bytes that are not UTF-8: on a disk they would name files that no
    listing shows, and XML, JSON and keys of a bucket cannot hold them.
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
