"""Objects as files of a deposit: entries with all that the store tells, and names of clients.

Display names are kept as clients of such stores write them, form-encoded in the user metadata
``Original-Name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote_plus, unquote_plus

from strongroom.storage.protocols import FileEntry
from strongroom.storage.s3.bucket import Found, Listed

#: user metadata that holds the display name
ORIGINAL_NAME = "Original-Name"


def entry_of(path: str, listed: Listed) -> FileEntry:
    """An object as a file at this path; its ETag changes with every change, however quick."""
    found = listed if isinstance(listed, Found) else None
    return FileEntry(
        path=path,
        size=listed.size,
        signature=signature(listed.size, listed.etag),
        changed_ns=int(listed.modified.timestamp() * 1e9),
        etag=listed.etag,
        vouched=listed.vouched if found is None else found.sha256 is not None,
        sha256=found.sha256 if found else None,
        content_type=(found.content_type or None) if found else None,
        name=display_name(found.metadata) if found else None,
    )


def signature(size: int, etag: str) -> str:
    """What changes whenever the bytes do."""
    return f"{etag} {size}"


def display_name(metadata: Mapping[str, str]) -> str | None:
    """The name that a client gave an object."""
    for key, value in metadata.items():
        if key.lower() == ORIGINAL_NAME.lower() and value:
            return unquote_plus(value)
    return None


def name_metadata(name: str | None) -> dict[str, str]:
    """User metadata that keeps a display name."""
    return {ORIGINAL_NAME: quote_plus(name)} if name else {}
