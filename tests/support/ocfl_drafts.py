"""Versions of small objects for tests of storage roots, made by way of drafts."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from typing import BinaryIO

from strongroom.ocfl.draft import Draft
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.protocols import FileEntry, OpenFile

ID = "info:fedora/library/book"
WHEN = datetime(2026, 2, 3, 4, 5, 6, 789123, tzinfo=UTC)


class Source:
    """Bytes that stand for a file of a deposit."""

    def __init__(self, data: bytes, *, size: int | None = None, changed: bool = False) -> None:
        self.entry = FileEntry(
            path="f", size=len(data) if size is None else size, signature="", changed_ns=0
        )
        self.stream: BinaryIO = io.BytesIO(data)
        self._changed = changed

    def unchanged(self) -> bool:
        return not self._changed

    def close(self) -> None: ...
    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *exc: object) -> None: ...


def finish(draft: Draft) -> StoredObject:
    draft.prepare(created=WHEN, user_name="Ann", user_address="mailto:a@b.c", message="m")
    return draft.commit()


def add(root: OcflRoot, files: dict[str, bytes], *, object_id: str = ID) -> StoredObject:
    base = root.read(object_id) if root.exists(object_id) else None
    with root.draft(object_id, base=base, attempt="a") as draft:
        for path, data in files.items():
            draft.add_bytes(path, data)
        return finish(draft)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
