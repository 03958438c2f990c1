"""Kills a process at every request that it makes on a bucket, and looks at what is left.

Whatever the request, a reader sees the old state or the new one; whoever opens the root afterwards
finds the object valid, at one of the two, byte for byte, and can write to it; and when unfinished
work is buried, every key is accounted for.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crash import pace
from strongroom.errors import NotFound
from strongroom.ocfl.plan import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.sources import streams
from strongroom.storage.s3.bucket import Bucket
from support import bucket_roots as roots
from support.killing import Files, finish, state

#: one more byte than goes in one request
LARGE = bytes(range(256)) * (4 * 8 << 10) + b"!"


def nothing(root: OcflRoot, object_id: str) -> None:
    """No object."""


def first(root: OcflRoot, object_id: str) -> None:
    with root.draft(object_id, base=None, attempt="first") as draft:
        draft.add_bytes("a/one.txt", b"one " + object_id.encode())
        draft.add_bytes("two.txt", b"two")
        draft.add_bytes("not used", b"is dropped before the commit")
        draft.remove("not used")
        finish(draft)


def empty(root: OcflRoot, object_id: str) -> None:
    with root.draft(object_id, base=None, attempt="first") as draft:
        finish(draft)


def second(root: OcflRoot, object_id: str) -> None:
    with root.draft(object_id, base=root.read(object_id), attempt="second") as draft:
        draft.remove("two.txt")
        draft.add_bytes("three.txt", b"three")
        finish(draft)


def second_without_content(root: OcflRoot, object_id: str) -> None:
    with root.draft(object_id, base=root.read(object_id), attempt="second") as draft:
        draft.remove("two.txt")
        finish(draft)


def second_large(root: OcflRoot, object_id: str) -> None:
    with root.draft(object_id, base=root.read(object_id), attempt="second") as draft:
        faults = draft.add_files(
            [NewFile(logical="large.bin", source="large")],
            streams({"large": io.BytesIO(LARGE)}),
        )
        assert faults == []
        finish(draft)


def purge(root: OcflRoot, object_id: str) -> None:
    root.purge(object_id)


@dataclass(frozen=True)
class Change:
    before: Callable[[OcflRoot, str], None]
    act: Callable[[OcflRoot, str], None]


CHANGES = {
    "v1": Change(nothing, first),
    "v1 without content": Change(nothing, empty),
    "v2": Change(first, second),
    "v2 without content": Change(first, second_without_content),
    "v2 by parts": Change(first, second_large),
    "purge": Change(first, purge),
}


def check(root: OcflRoot, object_id: str, old: dict[int, Files], new: dict[int, Files]) -> None:
    """What must be true after a kill, and after recovery, and that one can go on."""
    seen = state(root, object_id)
    assert seen in (old, new)
    told = root.recover_all()
    now = state(root, object_id)
    assert now in (old, new), told
    assert now == new or seen == old, "what was committed has gone"
    assert root.recover(object_id) is None, told
    go_on(root, object_id, now)


def go_on(root: OcflRoot, object_id: str, now: dict[int, Files]) -> None:
    """Make one version more."""
    try:
        base = root.read(object_id)
    except NotFound:
        base = None
    with root.draft(object_id, base=base, attempt="after") as draft:
        draft.add_bytes("after.txt", b"after " + object_id.encode())
        finish(draft)
    newest = now[max(now)] if now else {}
    expected = now | {len(now) + 1: newest | {"after.txt": b"after " + object_id.encode()}}
    assert state(root, object_id) == expected


#: one request after another, so a death after one is a death before the next
TIMES = [(name, True) for name in CHANGES] + [("v2", False), ("v2 by parts", False)]


@pytest.mark.parametrize(
    ("name", "after"),
    TIMES,
    ids=[f"{name}-{'after' if late else 'before'}" for name, late in TIMES],
)
def test_killed_at_each_request(bucket: Bucket, name: str, after: bool) -> None:
    change = CHANGES[name]
    root = roots.opened(bucket)
    every = pace.of(3)
    number = (list(CHANGES).index(name) + after) % every - every + 1
    going = True
    while going:
        number += every
        object_id = f"info:fedora/book-{number}"
        change.before(root, object_id)
        old = state(root, object_id)
        spoil = roots.dying(number, after=after)
        going = roots.killed(root, spoil, lambda at=object_id: change.act(root, at))
        if not going:
            new = state(root, object_id)
            assert new != old
            go_on(root, object_id, new)
            break
        new = expected(change, old, object_id)
        check(root, object_id, old, new)
        if number % 3 == 0:
            roots.buried(root)
    assert number > 10
    settle(root, bucket)


def expected(change: Change, old: dict[int, Files], object_id: str) -> dict[int, Files]:
    one = {"a/one.txt": b"one " + object_id.encode(), "two.txt": b"two"}
    without = {path: data for path, data in one.items() if path != "two.txt"}
    return {
        first: {1: one},
        empty: {1: {}},
        second: old | {2: without | {"three.txt": b"three"}},
        second_without_content: old | {2: without},
        second_large: old | {2: one | {"large.bin": LARGE}},
        purge: {},
    }[change.act]


def settle(root: OcflRoot, bucket: Bucket) -> None:
    """Everything is buried and sound in the end."""
    roots.buried(root)
    assert roots.unaccounted(bucket) == []
    assert roots.assert_sound(root) > 0


# ------------------------------------------------------------------------------------- upgrades


def old_root(bucket: Bucket) -> OcflRoot:
    """A root of OCFL 1.0."""
    roots.opened(bucket)
    bucket.put(roots.PREFIX + "0=ocfl_1.0", b"ocfl_1.0\n")
    bucket.delete(roots.PREFIX + "0=ocfl_1.1")
    return roots.opened(bucket)


def test_killed_in_an_upgrade_of_an_object(bucket: Bucket) -> None:
    old = old_root(bucket)
    assert old.spec == "1.0"
    steps = range(1, 26)
    for number in steps:
        first(old, f"info:fedora/book-{number}")
    root = roots.opened(bucket, upgrade=True)

    def upgrade(object_id: str) -> None:
        base = root.read(object_id)
        assert base.inventory.spec == "1.0"
        with root.draft(object_id, base=base, attempt="up", upgrade=True) as draft:
            draft.add_bytes("three.txt", b"three")
            finish(draft)

    ended = 0
    for number in steps:
        object_id = f"info:fedora/book-{number}"
        before = state(root, object_id)
        spoil = roots.dying(number, after=True)
        ended += not roots.killed(root, spoil, lambda name=object_id: upgrade(name))
        root.recover_all()
        found = root.read(object_id).inventory
        assert found.spec == ("1.0" if state(root, object_id) == before else "1.1")
        if found.spec == "1.0":
            upgrade(object_id)
    assert 0 < ended < 10
    settle(root, bucket)


def test_killed_in_an_upgrade_of_a_root(bucket: Bucket) -> None:
    first(old_root(bucket), "info:fedora/book")
    number = 0
    going = True
    while going:
        number += 1
        bucket.put(roots.PREFIX + "0=ocfl_1.0", b"ocfl_1.0\n")
        bucket.delete(roots.PREFIX + "0=ocfl_1.1")
        root = roots.opened(bucket)
        spoil = roots.dying(number, after=True)
        going = roots.killed(root, spoil, lambda: roots.opened(bucket, upgrade=True))
        again = roots.opened(bucket, upgrade=True)
        assert again.spec == "1.1"
        assert not bucket.any_below(roots.PREFIX + "0=ocfl_1.0")
    assert number > 5


def test_killed_as_a_root_is_made(bucket: Bucket) -> None:
    outside = roots.opened(bucket, "elsewhere/")
    number = 0
    going = True
    while going:
        number += 1
        prefix = f"root-{number}/"
        spoil = roots.dying(number, after=True)
        going = roots.killed(outside, spoil, lambda at=prefix: roots.opened(bucket, at))
        root = roots.opened(bucket, prefix)
        first(root, "info:fedora/book")
        assert root.identity() is not None
        roots.assert_sound(root)
        roots.buried(root)
        assert roots.unaccounted(bucket, prefix) == []
    assert number > 10
