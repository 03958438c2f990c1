"""Several writers on one object in a bucket, racing, or asleep for longer than any lease.

Each version has one winner and every other is told of a conflict, or that its work was given up;
whatever any writer was told is committed stays, whole, until somebody purges it.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import traceback
from collections.abc import Callable

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from crash import pace
from strongroom.errors import Conflict, NotFound, Unavailable
from strongroom.ocfl.bucket import owners
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.s3.bucket import Bucket
from support import bucket_roots as roots
from support import wire
from support.killing import WHEN, state

COMMITTED, REFUSED = 0, 3
ROUNDS = 30

Send = Callable[[], AWSResponse]
#: what a writer was told is committed: version -> who made it
Told = dict[int, bytes]


def begin(root: OcflRoot, object_id: str, base: StoredObject | None, who: bytes) -> Draft:
    """A version by somebody, prepared."""
    draft = root.draft(object_id, base=base, attempt=f"by-{who.decode()}")
    draft.add_bytes("who", who)
    draft.add_bytes(f"only {who.decode()}", who * 100)
    draft.prepare(created=WHEN, user_name="Ann", user_address="mailto:a@b.c")
    return draft


def base_of(root: OcflRoot, object_id: str) -> StoredObject | None:
    try:
        return root.read(object_id)
    except NotFound:
        return None


def insist(root: OcflRoot, object_id: str, who: bytes, told: Told) -> None:
    """Make a version, again and again, against whatever the object has become meanwhile."""
    for _ in range(8):
        with begin(root, object_id, base_of(root, object_id), who) as draft:
            try:
                told[draft.commit().inventory.head] = who
            except Conflict:
                continue
            return
    raise AssertionError("every attempt was a conflict")


def makers(root: OcflRoot, object_id: str) -> Told:
    """Who made each version; every byte of it is what they put in."""
    found: Told = {}
    for number, files in state(root, object_id).items():
        who = found[number] = files["who"]
        assert files[f"only {who.decode()}"] == who * 100
    return found


def end(root: OcflRoot, bucket: Bucket) -> None:
    roots.buried_as_dead(root)
    assert roots.unaccounted(bucket) == []
    roots.assert_sound(root)


# ------------------------------------------------------------------------------------------ races


def test_of_racing_writers_one_wins(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round: two to four writers of one next version, each request held up at random."""
    wire.without_pauses(monkeypatch)
    seed = int(os.environ.get("STRONGROOM_CRASH_SEED", "20260203"))
    root = roots.opened(bucket)
    for number in range(ROUNDS):
        chance = random.Random(f"{seed}-{number}")
        object_id = f"book-{number // 3}"
        base = base_of(root, object_id)
        drafts = {
            who: begin(root, object_id, base, who)
            for who in (b"%d-%d" % (number, k) for k in range(chance.randint(2, 4)))
        }
        outcomes: dict[bytes, str] = {}

        def commit(who: bytes, draft: Draft, outcomes: dict[bytes, str] = outcomes) -> None:
            try:
                draft.commit()
                outcomes[who] = "won"
            except Conflict:
                outcomes[who] = "lost"
            except Exception as error:  # told below
                outcomes[who] = repr(error)
            draft.discard()

        def spoil(
            _: int, request: AWSPreparedRequest, send: Send, chance: random.Random = chance
        ) -> AWSResponse:
            time.sleep(chance.random() ** 4 * 0.02)
            return send()

        threads = [threading.Thread(target=commit, args=item) for item in drafts.items()]
        with wire.spoiled(spoil):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        told = f"round {number} of seed {seed}: {outcomes}"
        assert sorted(outcomes.values()) == ["lost"] * (len(drafts) - 1) + ["won"], told
        winner = next(who for who, outcome in outcomes.items() if outcome == "won")
        version = base.inventory.head + 1 if base else 1
        assert makers(root, object_id)[version] == winner, told
        assert root.recover(object_id) is None, told
    end(root, bucket)


def test_processes_that_add_versions_lose_none(bucket: Bucket) -> None:
    root = roots.opened(bucket)
    writers, each = 3, 3

    def write(name: int) -> None:
        roots.leave(root)
        for number in range(each):
            for _ in range(60):
                with begin(root, "book", base_of(root, "book"), b"%d-%d" % (name, number)) as draft:
                    try:
                        draft.commit()
                    except Conflict:
                        continue
                    break
            else:
                raise AssertionError("every attempt was a conflict")

    children = [roots.child(lambda name=name: write(name)) for name in range(writers)]
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * writers
    found = makers(root, "book")
    assert sorted(found) == list(range(1, writers * each + 1))
    assert sorted(found.values()) == sorted(
        b"%d-%d" % (name, number) for name in range(writers) for number in range(each)
    )
    end(root, bucket)


def test_two_openers_make_one_root(bucket: Bucket) -> None:
    outside = roots.opened(bucket, "elsewhere/")

    def make() -> None:
        roots.leave(outside)
        roots.opened(bucket)

    children = [roots.child(make) for _ in range(3)]
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 3
    root = roots.opened(bucket)
    assert root.identity() == roots.opened(bucket).identity()
    assert roots.unaccounted(bucket) == []


# --------------------------------------------------------------------------------------- sleepers


def one(root: OcflRoot, object_id: str, told: Told) -> None:
    insist(root, object_id, b"B", told)


def two(root: OcflRoot, object_id: str, told: Told) -> None:
    insist(root, object_id, b"B", told)
    insist(root, object_id, b"C", told)


def purged(root: OcflRoot, object_id: str, told: Told) -> None:
    root.purge(object_id)
    told.clear()


def purged_and_new(root: OcflRoot, object_id: str, told: Told) -> None:
    root.purge(object_id)
    told.clear()
    insist(root, object_id, b"B", told)


def given_up(root: OcflRoot, object_id: str, told: Told) -> None:
    """Others think the sleeper dead."""
    root.recover_all()


def given_up_and_one(root: OcflRoot, object_id: str, told: Told) -> None:
    root.recover_all()
    insist(root, object_id, b"B", told)


RIVALS = [one, two, purged, purged_and_new, given_up, given_up_and_one]


def sleeper(root: OcflRoot, object_id: str, at: int) -> int:
    """A child that makes a version by A, and stops before its request of that number.

    It ends with COMMITTED or REFUSED; without a stop if it makes fewer requests.
    """

    def spoil(number: int, _: AWSPreparedRequest, send: Send) -> AWSResponse:
        if number == at:
            os.kill(os.getpid(), signal.SIGSTOP)
        return send()

    def work() -> None:
        roots.leave(root)
        base = base_of(root, object_id)
        with wire.spoiled(spoil):
            try:
                with begin(root, object_id, base, b"A") as draft:
                    draft.commit()
            except (Conflict, Unavailable):
                traceback.print_exc()
                os._exit(REFUSED)

    return roots.child(work)


def stopped(pid: int) -> bool:
    """Whether it stopped, once it has; False if it ended."""
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return True
    assert os.WEXITSTATUS(status) == COMMITTED
    return False


def woken(pid: int) -> int:
    """How it ended."""
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)
    assert os.WIFEXITED(status)
    assert os.WEXITSTATUS(status) in (COMMITTED, REFUSED)
    return os.WEXITSTATUS(status)


@pytest.fixture
def _thought_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell that a sleeper lives."""
    monkeypatch.setattr(owners, "lives", lambda owner: False)


@pytest.mark.usefixtures("_thought_dead")
@pytest.mark.parametrize(
    ("rivals", "new"),
    [(rivals, False) for rivals in RIVALS]
    + [(rivals, True) for rivals in (one, purged_and_new, given_up_and_one)],
)
def test_a_writer_sleeps_before_each_request(
    bucket: Bucket, rivals: Callable[[OcflRoot, str, Told], None], new: bool
) -> None:
    root = roots.opened(bucket)
    ends = set()
    every = pace.of(3)
    for at in range(1 + (RIVALS.index(rivals) + new) % every, 40, every):
        object_id = f"book-{at}"
        told: Told = {}
        if not new:
            insist(root, object_id, b"0", told)
        pid = sleeper(root, object_id, at)
        if not stopped(pid):
            break
        before = makers(root, object_id)
        rivals(root, object_id, told)
        # what lay there complete may have been committed for the sleeper, who has not heard of it
        seen = makers(root, object_id)
        ended = woken(pid)
        ends.add(ended)
        found = makers(root, object_id)
        for number, who in told.items():
            assert found[number] == who, f"{who!r} was overwritten; the stop was before {at}"
        for number, who in seen.items():
            assert found[number] == who
        if ended == COMMITTED and before.get(1 if new else 2) != b"A":
            assert b"A" in found.values() or b"A" in seen.values() or rivals in (purged_and_new,)
        if ended == REFUSED:
            assert b"A" not in found.values()
        assert len(set(found.values())) == len(found)
        # a sidecar that came late may lie where an object was
        assert root.recover(object_id) is None or found == {}
        assert root.recover(object_id) is None
    assert at > 10
    assert REFUSED in ends
    end(root, bucket)


@pytest.mark.usefixtures("_thought_dead")
@pytest.mark.parametrize("rival", [False, True], ids=["alone", "rival"])
@pytest.mark.parametrize("new", [False, True], ids=["v2", "v1"])
def test_writers_sleep_until_they_are_buried(bucket: Bucket, new: bool, rival: bool) -> None:
    """One sleeper for each request, all given up and buried before they are woken."""
    root = roots.opened(bucket, lease=2, burial=3)
    patient = roots.opened(bucket)
    sleepers: dict[str, int] = {}
    told: dict[str, Told] = {}
    for at in range(1, 14):
        object_id = f"book-{at}"
        told[object_id] = {}
        if not new:
            insist(patient, object_id, b"0", told[object_id])
        pid = sleeper(root, object_id, at)
        if stopped(pid):
            sleepers[object_id] = pid
    assert len(sleepers) > 8
    root.recover_all()
    time.sleep(4.2)
    root.recover_all()
    for object_id in sleepers:
        if rival:
            insist(patient, object_id, b"B", told[object_id])
    seen = {object_id: state(root, object_id) for object_id in sleepers}
    for object_id, pid in sleepers.items():
        ended = woken(pid)
        now = state(root, object_id)
        if ended == REFUSED:
            assert now == seen[object_id], object_id
        found = makers(root, object_id)
        assert all(found[number] == who for number, who in told[object_id].items())
        assert len(set(found.values())) == len(found)
        assert root.recover(object_id) is None
    end(root, bucket)


@pytest.mark.usefixtures("_thought_dead")
@pytest.mark.parametrize("what", ["recovery", "burial", "purge"])
def test_whoever_clears_sleeps_while_all_comes_anew(bucket: Bucket, what: str) -> None:
    """Recovery, burial and purge, stopped before each request, go on in a changed world."""
    root = roots.opened(bucket)
    every = pace.of(4)
    for at in range(1 + len(what) % every, 60, every):
        object_id = f"book-{at}"
        told: Told = {}
        insist(root, object_id, b"0", told)
        if what == "burial":
            root.purge(object_id)
        elif what == "recovery":
            leave_version(root, object_id)
        worker = roots.at_once(root) if what == "burial" else root

        pid = clearer(worker, object_id, at, purge=what == "purge")
        if not stopped(pid):
            break
        roots.buried(root)
        if what != "recovery":
            root.purge(object_id)
        now: Told = {}
        insist(root, object_id, b"B", now)
        insist(root, object_id, b"C", now)
        ended = woken(pid)
        found = makers(root, object_id)
        if what == "purge" and ended == COMMITTED:
            assert found in ({}, now), "a purge took a part"
        else:
            assert all(found.get(number) == who for number, who in now.items()), at
        assert root.recover(object_id) is None
        roots.buried(root)
    assert at > 5
    end(root, bucket)


def clearer(root: OcflRoot, object_id: str, at: int, *, purge: bool) -> int:
    """A child that purges, or recovers all, and stops before its request of that number."""

    def spoil(number: int, _: AWSPreparedRequest, send: Send) -> AWSResponse:
        if number == at:
            os.kill(os.getpid(), signal.SIGSTOP)
        return send()

    def work() -> None:
        roots.leave(root)
        with wire.spoiled(spoil):
            try:
                if purge:
                    root.purge(object_id)
                else:
                    root.recover_all()
            except Conflict:
                os._exit(REFUSED)

    return roots.child(work)


def leave_version(root: OcflRoot, object_id: str) -> None:
    """A complete second version whose writer died before it was committed."""

    def work() -> None:
        begin(root, object_id, base_of(root, object_id), b"A").commit()

    assert roots.killed(root, roots.dying_after("PUT", "v2/inventory.json"), work)
