"""Single cases of the protocol by which roots in buckets are written; see ADR 0031.

Whole families of them (deaths, lost answers, sleepers) are in the tests of crashes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from strongroom.errors import Conflict, Damaged, NotFound, Unavailable, Unprocessable
from strongroom.ocfl import layouts
from strongroom.ocfl.bucket import opening, owners
from strongroom.ocfl.root import OcflRoot
from strongroom.storage.s3.bucket import ANY, Bucket, Condition
from support import bucket_roots as roots
from support import peer, wire
from support.killing import WHEN, finish, state

Send = Callable[[], AWSResponse]


@pytest.fixture
def root(bucket: Bucket) -> OcflRoot:
    return roots.opened(bucket)


def add(root: OcflRoot, name: str, data: bytes, *, object_id: str = "book") -> None:
    base = root.read(object_id) if root.exists(object_id) else None
    with root.draft(object_id, base=base, attempt="job") as draft:
        draft.add_bytes(name, data)
        finish(draft)


def keys(bucket: Bucket) -> dict[str, str]:
    return {entry.key: entry.etag for entry in bucket.listing(roots.PREFIX)}


# ------------------------------------------------------------------------------- who is at work


def test_work_of_a_living_process_is_left_to_it(root: OcflRoot, bucket: Bucket) -> None:
    with root.draft("book", base=None, attempt="job") as draft:
        draft.add_bytes("a", b"a")
        other = roots.opened(bucket)
        assert other.recover_all() == []
        assert other.sweep(older_than=0) == 0
        finish(draft)
    assert state(root, "book") == {1: {"a": b"a"}}


def test_work_that_was_given_up_cannot_be_committed(
    root: OcflRoot, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with root.draft("book", base=None, attempt="job") as draft:
        draft.add_bytes("a", b"a")
        draft.prepare(created=WHEN, user_name="Ann")
        monkeypatch.setattr(owners, "lives", lambda owner: False)
        assert root.sweep(older_than=3600) == 0
        assert root.sweep(older_than=0, keep={"job"}) == 0
        assert root.sweep(older_than=0) == 1
        assert root.sweep(older_than=0) == 0, "it is not yet time to bury it"
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                draft.commit()
            assert caught.value.problem == "work-given-up"
    assert not root.exists("book")
    roots.buried(root)
    assert roots.unaccounted(bucket) == []
    assert list(root.objects()) == []


def test_work_of_another_host_is_given_up_when_it_is_old(
    root: OcflRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "this_process", lambda: "elsewhere pid 1 since 5")
    draft = root.draft("book", base=None, attempt="job")
    assert root.sweep(older_than=0) == 0
    monkeypatch.setattr("strongroom.ocfl.bucket.sweeping._FORGOTTEN", 0)
    assert root.sweep(older_than=0) == 1
    draft.discard()


def test_an_attempt_that_is_begun_again_ends_the_earlier_one(
    root: OcflRoot, bucket: Bucket
) -> None:
    first = root.draft("book", base=None, attempt="job")
    first.add_bytes("a", b"first")
    first.prepare(created=WHEN, user_name="Ann")
    add(root, "a", b"second")
    with pytest.raises(Conflict):
        first.commit()
    first.discard()
    assert state(root, "book") == {1: {"a": b"second"}}
    roots.buried_as_dead(root)
    assert roots.unaccounted(bucket) == []


def test_who_lives() -> None:
    assert owners.lives(owners.this_process())
    assert owners.lives("elsewhere pid 1") is None
    assert owners.lives("whatever") is None
    told = "from strongroom.ocfl.bucket import owners as o; print(o.this_process())"
    ended = subprocess.run(
        [sys.executable, "-c", told], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert owners.lives(ended) is False
    # the number of a process that has ended is that of another now
    earlier = owners.this_process().rpartition(" ")[0] + " 1"
    assert owners.lives(earlier) is False
    assert str(os.getpid()) in earlier


# -------------------------------------------------------------------------- what must not come back


def test_a_lost_inventory_does_not_lead_back_to_the_first_version(
    root: OcflRoot, bucket: Bucket
) -> None:
    add(root, "a", b"a")
    add(root, "b", b"b")
    lost = f"{roots.PREFIX}{root.object_path('book')}/inventory.json"
    bucket.delete(lost)
    # the sidecar proves which version's copy it was
    assert "restored" in (root.recover("book") or "")
    assert root.read("book").inventory.head == 2
    bucket.delete(lost)
    bucket.delete(f"{lost}.sha256")
    before = keys(bucket)
    with pytest.raises(Damaged, match="has no inventory"):
        root.recover("book")
    with pytest.raises(Damaged), root.draft("book", base=None, attempt="job") as draft:
        draft.add_bytes("a", b"new")
        finish(draft)
    roots.buried_as_dead(root)
    assert before.items() <= keys(bucket).items()


def test_a_version_that_came_late_to_a_purged_object_does_not_block_the_new_one(
    root: OcflRoot, bucket: Bucket
) -> None:
    """A third version is sent just as the object is purged; the new object is at its first."""
    add(root, "a", b"a")
    add(root, "b", b"b")
    base = root.read("book")

    def spoil(_: int, request: AWSPreparedRequest, send: Send) -> AWSResponse:
        if request.method == "PUT" and request.url.partition("?")[0].endswith("v3/inventory.json"):
            root.purge("book")
            add(root, "new", b"new")
            send()
            roots.die()
        return send()

    def late() -> None:
        with root.draft("book", base=base, attempt="late") as draft:
            draft.add_bytes("c", b"c")
            finish(draft)

    assert roots.killed(root, spoil, late)
    add(root, "more", b"more")
    add(root, "yet more", b"yet more")
    assert [len(files) for files in state(root, "book").values()] == [1, 2, 3]
    roots.buried_as_dead(root)
    assert roots.unaccounted(bucket) == []
    roots.assert_sound(root)


def test_a_purge_that_comes_late_spares_the_version_that_was_faster(root: OcflRoot) -> None:
    add(root, "a", b"a")
    raced = False

    def spoil(_: int, request: AWSPreparedRequest, send: Send) -> AWSResponse:
        nonlocal raced
        if request.method == "DELETE" and not raced:
            raced = True
            add(root, "b", b"b")
        return send()

    with wire.spoiled(spoil), pytest.raises(Conflict) as caught:
        root.purge("book")
    assert caught.value.problem == "version-conflict"
    assert state(root, "book")[2] == {"a": b"a", "b": b"b"}
    root.purge("book")
    with pytest.raises(NotFound):
        root.read("book")


def test_a_repair_that_comes_late_does_not_undo_a_newer_sidecar(
    root: OcflRoot, bucket: Bucket
) -> None:
    add(root, "a", b"a")
    sidecar = f"{roots.PREFIX}{root.object_path('book')}/inventory.json.sha256"
    bucket.put(sidecar, b"nonsense")
    raced = False

    def spoil(_: int, request: AWSPreparedRequest, send: Send) -> AWSResponse:
        nonlocal raced
        path = request.url.partition("?")[0]
        if request.method == "PUT" and path.endswith(sidecar.rpartition("/")[2]) and not raced:
            raced = True
            add(root, "b", b"b")
        return send()

    with wire.spoiled(spoil):
        root.recover("book")
    assert raced
    assert root.recover("book") is None
    roots.assert_sound(root)


def test_what_lies_beside_a_dead_attempt_is_left(root: OcflRoot, bucket: Bucket) -> None:
    """Nothing is deleted but what the attempt itself has stored, and its declaration."""
    place = f"{roots.PREFIX}{root.object_path('book')}/"

    def begin() -> None:
        draft = root.draft("book", base=None, attempt="job")
        draft.add_bytes("a", b"a")
        roots.die()

    assert roots.killed(root, lambda number, request, send: send(), begin)
    bucket.put(f"{place}v1/content/of-another-program", b"theirs")
    roots.buried(root)
    assert {key for key in keys(bucket) if key.startswith(place)} == {
        f"{place}v1/content/of-another-program",
        f"{place}0=ocfl_object_1.1",
    }


# ----------------------------------------------------------------------------- places that two have


def test_a_purge_spares_work_on_another_object_in_the_same_place(bucket: Bucket) -> None:
    layout = layouts.read("0006-flat-omit-prefix-storage-layout", b'{"delimiter": ":"}')
    root = OcflRoot.open(roots.store(bucket), layout=layout)
    add(root, "a", b"a", object_id="a:123")
    root.purge("a:123")
    with root.draft("b:123", base=None, attempt="job") as draft:
        draft.add_bytes("b", b"b")
        assert roots.at_once(root).recover_all() == []
        finish(draft)
    roots.buried(root)
    assert root.read("b:123").read_bytes("b") == b"b"
    assert not root.exists("a:123")
    root.purge("a:123")
    assert root.read("b:123").read_bytes("b") == b"b"
    assert roots.unaccounted(bucket) == []


# -------------------------------------------------------------------------------------------- roots


def test_a_store_that_heeds_no_conditions_is_refused(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Bucket.put

    def heedless(
        self: Bucket, key: str, data: bytes, condition: Condition = ANY, **asked: str
    ) -> str:
        return put(self, key, data, ANY, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Bucket, "put", heedless)
    with pytest.raises(Unprocessable) as caught:
        roots.opened(bucket)
    assert caught.value.problem == "no-conditional-writes"
    assert keys(bucket) == {}
    assert OcflRoot.open(roots.store(bucket), single_writer=True).is_new


def test_a_root_that_was_half_made_is_made_by_the_next_release(bucket: Bucket) -> None:
    """Texts for people may have changed; what decides where objects lie may not."""
    store = roots.store(bucket)
    opening.create(store, layouts.DEFAULT)
    bucket.delete(store.key("0=ocfl_1.1"))
    bucket.put(store.key("README.txt"), b"an older text")
    assert roots.opened(bucket).is_new
    bucket.delete(store.key("0=ocfl_1.1"))
    bucket.put(store.key("ocfl_layout.json"), b"{}")
    with pytest.raises(Conflict):
        roots.opened(bucket)


def test_others_judge_what_lies_in_a_bucket(root: OcflRoot, bucket: Bucket) -> None:
    """rocfl and ocfl-java read the same keys as files."""
    peer.require()
    for number in range(3):
        add(root, "a", b"a", object_id=f"info:fedora/{number}")
        add(root, "b/c d.txt", b"b%d" % number, object_id=f"info:fedora/{number}")
    root.purge("info:fedora/0")
    roots.buried(root)
    with roots.downloaded(bucket) as folder:
        assert peer.judge_root(folder) == []
