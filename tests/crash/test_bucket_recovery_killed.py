"""Kills a process that recovers what another has left in a bucket, or buries it.

Whatever the request, the next one recovers all the same.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crash import pace
from crash.test_bucket_kill import Change, check, expected, first, nothing, purge, second, settle
from strongroom.storage.s3.bucket import Bucket
from support import bucket_roots as roots
from support.killing import state

#: from one request that is tried to the next; other ones for each state
PACE = pace.of(6)

#: what is to be recovered, and by which request of the change its process was killed
LEFT = {
    "content alone": (second, "PUT", "three.txt"),
    "announced": (second, "PUT", "v2/inventory.json"),
    "without a sidecar": (second, "PUT", "/inventory.json.sha256"),
    "purged": (purge, "DELETE", "/inventory.json"),
    "v1 without a root": (first, "PUT", "v1/inventory.json"),
}


@pytest.mark.parametrize("bury", [False, True], ids=["recovery", "burial"])
@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT.keys())
def test_killed_in_recovery(bucket: Bucket, left: tuple[Callable, str, str], bury: bool) -> None:
    act, method, ending = left
    root = roots.opened(bucket)
    number = 1 + (list(LEFT.values()).index(left) + bury) % PACE - PACE
    going = True
    while going:
        number += PACE
        object_id = f"info:fedora/book-{number}"
        if act is not first:
            first(root, object_id)
        old = state(root, object_id)
        new = expected(Change(nothing, act), old, object_id)
        dying = roots.dying_after(method, ending)
        assert roots.killed(root, dying, lambda name=object_id: act(root, name))
        recoverer = root
        if bury:
            root.recover_all()
            recoverer = roots.at_once(root)
        going = roots.killed(
            root, roots.dying(number, after=True), lambda who=recoverer: who.recover_all()
        )
        check(root, object_id, old, new)
        if number // PACE % 3 == 0:
            roots.buried(root)
    settle(root, bucket)
