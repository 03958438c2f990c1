"""Two writers on two hosts, one asleep for as long as the other likes, before each of its steps.

The locks of the two do not see each other. Whenever the sleeper wakes up: each version has one
winner, the loser is told of a conflict, and what any writer was told is committed stays for ever.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.errors import Conflict, NotFound
from strongroom.ocfl.locks import Locks
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.storage import durable, kernel
from support.ocfl_check import assert_valid, folder_of

ID = "info:fedora/library/book"
COMMITTED, REFUSED, FAILED = 0, 3, 99

#: what a writer was told is committed: version -> who made it
Told = dict[int, bytes]


def write(root: OcflRoot, base: StoredObject | None, who: bytes) -> Callable[[], StoredObject]:
    """Prepare a version; what is returned commits it."""
    draft = root.draft(ID, base=base, attempt=f"by-{who.decode()}")
    draft.add_bytes("who", who)
    draft.add_bytes(f"only {who.decode()}", who * 100)
    draft.prepare(
        created=datetime(2026, 2, 3, tzinfo=UTC), user_name="Ann", user_address="mailto:a@b.c"
    )
    return draft.commit


def insist(root: OcflRoot, who: bytes, told: Told) -> None:
    """Make a version, again and again, against whatever the object has become meanwhile."""
    for _ in range(4):
        try:
            base: StoredObject | None = root.read(ID)
        except NotFound:
            base = None
        try:
            stored = write(root, base, who)()
        except Conflict:
            continue
        told[stored.inventory.head] = who
        return
    raise AssertionError("every attempt was a conflict")


def one(root: OcflRoot, told: Told) -> None:
    insist(root, b"B", told)


def two(root: OcflRoot, told: Told) -> None:
    insist(root, b"B", told)
    insist(root, b"C", told)


def purged(root: OcflRoot, told: Told) -> None:
    root.purge(ID)


def purged_and_new(root: OcflRoot, told: Told) -> None:
    root.purge(ID)
    insist(root, b"B", told)


def sleeper(folder: Path, locks: Path, step: int, *, first: bool) -> int:
    """A child that prepares a version by A, and stops before its step of that number in commit.

    It ends with COMMITTED or REFUSED; without a stop if it takes fewer steps.
    """
    child = os.fork()
    if child != 0:
        return child
    try:
        root = OcflRoot.open(folder)
        root._backend._site = replace(root._backend._site, locks=Locks(locks))
        commit = write(root, None if first else root.read(ID), b"A")
        stop_before(step)
        try:
            commit()
        except Conflict:
            os._exit(REFUSED)
        os._exit(COMMITTED)
    except BaseException:
        traceback.print_exc()
    os._exit(FAILED)


def stop_before(step: int) -> None:
    left = step

    def armed(original: Callable[..., object]) -> Callable[..., object]:
        def before(*args: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
            return original(*args, **named)

        return before

    for name in durable.STEPS:
        setattr(durable, name, armed(getattr(durable, name)))


@pytest.fixture(autouse=True)
def _syncs_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(kernel, "syncfs", lambda descriptor: True)


def makers(stored: StoredObject) -> Told:
    """Who made each version; every byte of it is what they put in."""
    found: Told = {}
    for number in stored.inventory.versions:
        files = {path: stored.read_bytes(path, number) for path in stored.inventory.logical(number)}
        who = found[number] = files["who"]
        assert files[f"only {who.decode()}"] == who * 100
        for earlier in range(1, number):
            assert files[f"only {found[earlier].decode()}"] == found[earlier] * 100
    return found


RIVALS = [(rival, True) for rival in (one, two, purged, purged_and_new)]
#: without an exchange of files the last step is not guarded against all of them (ADR 18)
RIVALS.append((one, False))


@pytest.mark.parametrize(
    ("rival", "exchange"),
    RIVALS,
    ids=[f"{rival.__name__}-{'exchange' if how else 'rename'}" for rival, how in RIVALS],
)
@pytest.mark.parametrize("first", [True, False], ids=["first version", "next version"])
def test_a_writer_that_sleeps_before_any_step_overwrites_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rival: Callable[[OcflRoot, Told], None],
    first: bool,
    exchange: bool,
) -> None:
    if not exchange:
        monkeypatch.setattr(kernel, "rename_exchange", lambda source, target: False)
    outcomes = set()
    for step in range(1, 60):
        folder = tmp_path / f"root-{step}"
        root = OcflRoot.open(folder)
        told: Told = {}
        if not first:
            write(root, None, b"0")()
            told[1] = b"0"
        locks = tmp_path / f"locks-{step}"
        locks.mkdir()
        child = sleeper(folder, locks, step, first=first)
        _, status = os.waitpid(child, os.WUNTRACED)
        stopped = os.WIFSTOPPED(status)
        if stopped:
            before = dict(told)
            rival(root, told)
            if rival in (purged, purged_and_new):
                told = {n: who for n, who in told.items() if n not in before or who == b"B"}
            os.kill(child, signal.SIGCONT)
            _, status = os.waitpid(child, 0)
        assert os.WIFEXITED(status)
        code = os.WEXITSTATUS(status)
        assert code in (COMMITTED, REFUSED), "the writer failed; its trace is above"
        outcomes.add(code)
        OcflRoot.open(folder).recover_all(every=True)
        found: Told = {}
        if root.exists(ID):
            stored = root.read(ID)
            assert_valid(folder_of(stored))
            found = makers(stored)
        assert told.items() <= found.items(), f"step {step}: what was committed is lost"
        ours = [number for number, who in found.items() if who == b"A"]
        if rival not in (purged, purged_and_new):
            assert len(ours) == (code == COMMITTED), f"step {step}: {found}, and A ended by {code}"
        else:
            assert len(ours) <= (code == COMMITTED)
        assert set(found.values()) <= {b"0", b"A", b"B", b"C"}
        if not stopped:
            break
    else:
        pytest.fail("the commit never came to its end")
    assert step > 3
    # a purge of what is not there yet is in nobody's way
    assert outcomes == ({COMMITTED} if first and rival is purged else {COMMITTED, REFUSED})
