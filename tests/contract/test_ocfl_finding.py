"""Objects of a root in a bucket are found by pages, with the outcome of a walk through folders."""

from __future__ import annotations

import pytest

from strongroom.errors import Damaged
from strongroom.ocfl import finding
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.protocols import Store
from strongroom.storage.s3 import store as stores
from strongroom.storage.s3.bucket import Bucket
from support import bucket_roots, wire
from support.killing import finish

#: keys below a root, and what is found there
OBJECT = "0=ocfl_object_1.1"
MESS = {
    "0=ocfl_1.1": [],
    "free.txt": [],
    "extensions/0099-x/deep/config.json": [],
    "extensions/strongroom-staging/work/note.json": [],
    "abc/!first.txt": ["stray"],
    "abc/def/!.txt": [],
    f"abc/def/{OBJECT}": ["object"],
    "abc/def/00/x": [],
    "abc/def/inventory.json": [],
    **{f"abc/def/v1/content/{number}": [] for number in range(9)},
    "abc/def-/x": ["stray"],
    "abc/def0": ["stray"],
    "abc/marked/": [],
    "abc/zz/deep/deeper/x": ["stray"],
    "abc/zz/deep/deeper/y/z": ["stray"],
    f"abd/{OBJECT}": ["object"],
    "lost/0=ocfl": ["stray"],
    "lost/extensions/x/config.json": [],
    "lost/inventory.json": ["stray"],
    "lost/inventory.json.sha256": ["stray"],
    "lost/v1/content/a": [],
    "mark/": [],
    "ﬀ/😀/x": ["stray"],
    f"ﬀ/😀é/{OBJECT}": ["object"],
    "ﬀ/😀é/😀": [],
}


def found(store: Store) -> tuple[list[str], list[str]]:
    """Folders of objects, in order, and the texts about what is none, sorted."""
    places = list(finding.places(store))
    strays = [place.message for place in places if isinstance(place, Damaged)]
    return [place for place in places if not isinstance(place, Damaged)], sorted(strays)


class _ByFolders:
    """A store that can list folders only."""

    def __init__(self, store: Store) -> None:
        self.children = store.children
        self.place = store.place


@pytest.fixture
def bucket_of_a_mess(bucket: Bucket) -> Bucket:
    for key in MESS:
        bucket.put(f"r/{key}", b"")
    return bucket


def test_pages_find_what_folders_show(
    bucket_of_a_mess: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bucket_roots.store(bucket_of_a_mess, "r/")
    objects, strays = found(_ByFolders(store))  # type: ignore[arg-type]
    assert objects == [key.rpartition("/")[0] for key in MESS if MESS[key] == ["object"]]
    assert [text.split("'")[1] for text in strays] == [k for k in MESS if MESS[k] == ["stray"]]
    for size in (1, 2, 3, 7, 1000):
        monkeypatch.setattr(stores, "_PAGE", size)
        assert found(store) == (objects, strays), size


def test_files_that_come_and_go_between_pages_are_no_strays(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in (f"a/{OBJECT}", "b/v1/content/x", "c/v1/content/x", "d/x"):
        bucket.put(f"r/{key}", b"")
    monkeypatch.setattr(stores, "_PAGE", 2)
    places = finding.places(bucket_roots.store(bucket, "r/"))
    assert next(places) == "a"
    # one is declared now, another is buried
    bucket.put(f"r/b/{OBJECT}", b"")
    bucket.delete("r/c/v1/content/x")
    left = [place.message for place in places if isinstance(place, Damaged)]
    assert [text.split("'")[1] for text in left] == ["d/x"]


def test_requests_of_a_walk(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    root = bucket_roots.opened(bucket)
    files = {f"id-{number}": 40 if number == 3 else 1 for number in range(12)}
    for object_id, count in files.items():
        with root.draft(object_id, base=None, attempt="job") as draft:
            for number in range(count):
                draft.add_bytes(str(number), b"%d" % number)
            finish(draft)
    keys = sum(1 for _ in bucket.listing(bucket_roots.PREFIX))
    assert keys > 12 * 6 + 40
    walked = lists(root)
    assert walked == 1
    monkeypatch.setattr(stores, "_PAGE", 20)
    # of an object of many files, the rest is passed over
    assert lists(root) <= (keys - 40) // 20 + 2


def lists(root: OcflRoot) -> int:
    """Requests to list that a walk takes, in which nothing else is asked for but what is read."""
    with wire.spoiled(lambda number, request, send: send()) as count:
        objects = [each for each in root.objects() if isinstance(each, StoredObject)]
    listings = sum("list" in said for said in count.requests)
    assert len(objects) == 12
    assert len(count) - listings == 2 * len(objects), count.requests
    return listings
