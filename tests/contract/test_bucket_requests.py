"""How many journeys to the store things take; docs/internals/on-disk.md says the same."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from strongroom.ocfl.bucket import content
from strongroom.ocfl.plan import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.sources import streams
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.source import ObjectSource
from support import bucket_roots, wire
from support.killing import finish


def requests(act: Callable[[], object]) -> int:
    with wire.spoiled(lambda number, request, send: send()) as count:
        act()
    return len(count)


def add(root: OcflRoot, files: int) -> None:
    base = root.read("book") if root.exists("book") else None
    with root.draft("book", base=base, attempt="job") as draft:
        for number in range(files):
            start = base.inventory.head if base else 0
            draft.add_bytes(f"{start}-{number}", b"%d %d" % (start, number))
        finish(draft)


def test_small_files(bucket: Bucket) -> None:
    root = bucket_roots.opened(bucket)
    is_there = 1
    for files in (0, 1, 7):
        assert requests(lambda files=files: add(root, files)) == is_there + 10 + files
        assert requests(lambda files=files: add(root, files)) == is_there + 2 + 10 + files
        assert requests(lambda: root.read("book")) == 2
        assert requests(lambda: root.exists("book")) == 1
        assert requests(lambda: root.recover("book")) == 12
        assert requests(lambda: root.purge("book")) == 15 + 2 + 2 * 2
        bucket_roots.buried(root)
    assert requests(lambda: bucket_roots.opened(bucket)) == 15


def test_a_large_file(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "SMALL", 999)
    root = bucket_roots.opened(bucket)

    def large() -> None:
        with root.draft("book", base=None, attempt="job") as draft:
            files = [NewFile(logical="f", source="f")]
            assert draft.add_files(files, streams({"f": io.BytesIO(bytes(1000))})) == []
            finish(draft)

    assert requests(large) == 10 + 2 + 1 + 1


def test_a_file_copied_by_the_store(bucket: Bucket) -> None:
    bucket.put("deposit/f", bytes(100))
    root = bucket_roots.opened(bucket)

    def copied(source: str) -> ObjectSource:
        found = bucket.head(source)
        assert found is not None
        return ObjectSource(source, bucket, found)

    def copy() -> None:
        with root.draft("book", base=None, attempt="job") as draft:
            files = [NewFile(logical="f", source="deposit/f")]
            assert draft.add_files(files, copied) == []
            finish(draft)

    assert requests(copy) == 10 + 2
    assert root.read("book").read_bytes("f") == bytes(100)
