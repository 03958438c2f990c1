"""Content that goes into an object in a bucket: copied by the store, sent whole, or in parts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from strongroom.errors import NotFound, Unavailable
from strongroom.ocfl.bucket import content
from strongroom.ocfl.plan import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.storage.s3 import reading
from strongroom.storage.s3.bucket import Bucket, Found
from strongroom.storage.s3.connection import Endpoint
from strongroom.storage.s3.source import ObjectSource
from support import bucket_roots, wire
from support.killing import finish, state


@pytest.fixture
def root(bucket: Bucket) -> OcflRoot:
    return bucket_roots.opened(bucket)


def opener(bucket: Bucket) -> Callable[[str], ObjectSource]:
    def opened(source: str) -> ObjectSource:
        found = bucket.head(source)
        if found is None:
            raise NotFound("no such file")
        return ObjectSource(source, bucket, found)

    return opened


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def add(
    root: OcflRoot, files: list[NewFile], open_source: Callable[[str], Any], **asked: Any
) -> Any:
    with root.draft("book", base=None, attempt="job", **asked) as draft:
        faults = draft.add_files(files, open_source)
        finish(draft)
    return [(fault.code, fault.path) for fault in faults]


def end(root: OcflRoot, bucket: Bucket, expected: dict[str, bytes]) -> None:
    assert state(root, "book") == {1: expected}
    assert bucket_roots.unaccounted(bucket) == []
    bucket_roots.assert_sound(root)


SIZES = {"empty": 0, "small": 1000, "large": (17 << 20) + 1}


@pytest.mark.parametrize("vouched", [True, False], ids=["with checksums", "without"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_objects_of_a_store_become_content(
    root: OcflRoot, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, algorithm: str, vouched: bool
) -> None:
    files = {name: os.urandom(size) for name, size in SIZES.items()}
    for name, data in files.items():
        bucket.put(f"deposit/{name}", data)
    if not vouched:
        _tell_no_checksums(monkeypatch)
    new = [
        NewFile(logical=name, source=f"deposit/{name}", sha256=sha256(data), size=len(data))
        for name, data in files.items()
    ]
    new.append(NewFile(logical="again", source="deposit/large"))
    with wire.spoiled(lambda number, request, send: send()) as count:
        assert add(root, new, opener(bucket), algorithm=algorithm) == []
    read = [said for said in count.requests if said.startswith("GET") and "/deposit/" in said]
    assert bool(read) == (algorithm != "sha256" or not vouched)
    end(root, bucket, files | {"again": files["large"]})


def test_what_is_too_large_for_one_copy_is_read(
    root: OcflRoot, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "ONE_COPY", 10_000)
    files = {name: os.urandom(size) for name, size in SIZES.items()}
    for name, data in files.items():
        bucket.put(f"deposit/{name}", data)
    new = [
        NewFile(logical=name, source=f"deposit/{name}", sha256=sha256(data), size=len(data))
        for name, data in files.items()
    ]
    with wire.spoiled(lambda number, request, send: send()) as count:
        assert add(root, new, opener(bucket)) == []
    read = {said for said in count.requests if said.startswith("GET") and "/deposit/" in said}
    assert {said.rpartition("/")[2] for said in read} == {"large"}
    end(root, bucket, files)


def _tell_no_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    head, copy = Bucket.head, Bucket.copy

    def told_head(self: Bucket, key: str, **asked: Any) -> Found | None:
        found = head(self, key, **asked)
        return found and replace(found, sha256=None)

    def told_copy(self: Bucket, *args: Any, **asked: Any) -> Found:
        return replace(copy(self, *args, **asked), sha256=None)

    monkeypatch.setattr(Bucket, "head", told_head)
    monkeypatch.setattr(Bucket, "copy", told_copy)


def test_what_is_wrong_is_named_and_leaves_nothing(root: OcflRoot, bucket: Bucket) -> None:
    for name in ("good", "wrong", "short", "replaced", "gone"):
        bucket.put(f"deposit/{name}", name.encode() * 100)
    opened = opener(bucket)

    def open_source(source: str) -> ObjectSource:
        found = opened(source)
        if source.endswith("replaced"):
            bucket.put(source, b"another")
        if source.endswith("gone"):
            bucket.delete(source)
        return found

    wrong = sha256(b"else")
    faults = add(
        root,
        [
            NewFile(logical="good", source="deposit/good", sha256=sha256(b"good" * 100)),
            NewFile(logical="wrong", source="deposit/wrong", sha256=wrong),
            NewFile(logical="short", source="deposit/short", size=1),
            NewFile(logical="replaced", source="deposit/replaced"),
            NewFile(logical="gone", source="deposit/gone"),
            NewFile(logical="missing", source="deposit/missing"),
        ],
        open_source,
    )
    assert faults == [
        ("digest-mismatch", "deposit/wrong"),
        ("size-mismatch", "deposit/short"),
        ("changed-file", "deposit/replaced"),
        ("missing-file", "deposit/gone"),
        ("missing-file", "deposit/missing"),
    ]
    end(root, bucket, {"good": b"good" * 100})


def test_a_source_that_is_replaced_while_it_is_read(
    root: OcflRoot, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "SMALL", 1 << 20)
    monkeypatch.setattr(reading, "PART", 1 << 20)
    bucket.put("deposit/f", os.urandom(17 << 20))
    source = opener(bucket)("deposit/f")
    assert source.stream.read(10)
    bucket.put("deposit/f", b"another")
    new = [NewFile(logical="f", source="f")]
    assert add(root, new, lambda _: source, algorithm="sha512") == [("changed-file", "f")]
    end(root, bucket, {})


def test_sources_of_another_store_are_read(root: OcflRoot, bucket: Bucket) -> None:
    other = Bucket(bucket.name, Endpoint(url=bucket.endpoint.url, style="path"))
    other.put("deposit/f", b"from elsewhere")
    new = [NewFile(logical="f", source="deposit/f", sha256=sha256(b"from elsewhere"))]
    assert add(root, new, opener(other)) == []
    end(root, bucket, {"f": b"from elsewhere"})


def test_a_file_that_failed_can_be_added_again_and_leaves_no_stray(
    root: OcflRoot, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may have been stored before the store failed does not stay in the version."""
    wire.without_pauses(monkeypatch)
    bucket.put("deposit/f", b"f" * 1000)
    sick = True

    def spoil(number: int, request: Any, send: Callable[[], Any]) -> Any:
        answer = send()
        if sick and request.method == "PUT" and "/content/" in request.url:
            return wire.answer(request, 503, "SlowDown")
        return answer

    with root.draft("book", base=None, attempt="job") as draft:
        with wire.spoiled(spoil), pytest.raises(Unavailable):
            draft.add_files([NewFile(logical="f", source="deposit/f")], opener(bucket))
        with wire.spoiled(spoil), pytest.raises(Unavailable):
            draft.add_bytes("g", b"g")
        sick = False
        assert draft.add_files([NewFile(logical="f", source="deposit/f")], opener(bucket)) == []
        draft.add_bytes("g", b"g")
        finish(draft)
    end(root, bucket, {"f": b"f" * 1000, "g": b"g"})
