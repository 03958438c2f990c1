"""Power is cut after every step, and whatever was not synced may be lost: nothing else ever is.

Every step of a change is journalled; for a cut after each of them disks are made on which none,
all, or any part of what was not synced survives. A root that is opened there recovers by itself,
to the old state or to the new, and what had been reported as done is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from strongroom.errors import StrongroomError
from strongroom.ocfl import layouts, stored
from strongroom.ocfl.draft import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.storage import copying, kernel
from strongroom.storage.local import LocalWorkAreas
from support import killing, lost_disk, ocfl_check
from support.killing import State
from support.lost_disk import Journal, Tree

ID = "info:fedora/library/book"
RANDOM = int(os.environ.get("STRONGROOM_CRASH_SUBSETS", "4"))
SEED = os.environ.get("STRONGROOM_CRASH_SEED", "0")

#: makes a change, in a work of this name
Change = Callable[[OcflRoot, str], None]
#: disks whose recovery only clears staging, of which the recovery is cut again
ENOUGH = 6


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of large files, writing thread and all, with few bytes."""
    monkeypatch.setattr(copying, "SMALL", 1 << 10)
    monkeypatch.setattr(copying, "LARGE", 1 << 12)


@pytest.fixture(autouse=True)
def _nobody_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that meets an inventory without its sidecar need not wait: its writer is dead."""
    monkeypatch.setattr(stored, "_LOOKS", (0.0,))


@pytest.fixture(autouse=True)
def _syncfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a way to sync a whole file system; nothing waits for it here."""
    monkeypatch.setattr(kernel, "syncfs", lambda descriptor: True)


# ---------------------------------------------------------------------------------- the changes


def first_version(root: OcflRoot, attempt: str) -> None:
    """From a deposit with small, middling and large files, one of them twice."""
    area = LocalWorkAreas(root.folder.parent.parent / "deposits").area("d")
    names = [path.name for path in Path(area.uri.removeprefix("file://")).iterdir()]
    with root.draft(ID, base=None, attempt=attempt) as draft:
        files = [NewFile(logical=f"objects/{n}", source=n) for n in sorted(names)]
        files.append(NewFile(logical="again/large", source="large"))
        assert draft.add_files(files, area.open) == []
        draft.add_bytes("not/used.txt", b"dropped before the commit")
        draft.remove("not/used.txt")
        killing.finish(draft)


def next_version(root: OcflRoot, attempt: str) -> None:
    with root.draft(ID, base=root.read(ID), attempt=attempt) as draft:
        draft.remove("objects/0")
        draft.add_bytes("objects/1", b"replaced")
        draft.add_bytes("new/folder/x.txt", b"x")
        killing.finish(draft)


def version_without_content(root: OcflRoot, attempt: str) -> None:
    with root.draft(ID, base=root.read(ID), attempt=attempt) as draft:
        draft.remove("objects/1")
        killing.finish(draft)


def upgraded_version(root: OcflRoot, attempt: str) -> None:
    """The root becomes one of OCFL 1.1, and with its next version the object, too."""
    newer = OcflRoot.open(root.folder, upgrade=True)
    with newer.draft(ID, base=newer.read(ID), attempt=attempt, upgrade=True) as draft:
        draft.add_bytes("upgraded.txt", b"1.1")
        killing.finish(draft)


def purge(root: OcflRoot, _: str) -> None:
    root.purge(ID)


CHANGES: list[Change] = [
    first_version,
    next_version,
    version_without_content,
    upgraded_version,
    purge,
]


# ----------------------------------------------------------------------------------- the trials


@dataclass(kw_only=True)
class Trials:
    """Disks made anew for every cut of a journal, each looked at once; what was wrong with them."""

    journal: Journal
    #: where the disks are made, one after the other
    folder: Path
    change: Change = purge
    old: State = field(default_factory=dict)
    new: State = field(default_factory=dict)
    #: for each cut: how many single names survive or are lost alone, and how many random subsets
    single: int = 4
    random: int = RANDOM
    #: what was wrong -> the disks of which it was
    wrong: dict[str, list[str]] = field(default_factory=dict)
    #: how many different disks were looked at
    count: int = 0
    #: disks that were looked at
    seen: set[tuple[str, bool]] = field(default_factory=set)

    def disks(self) -> Iterator[tuple[Path, bool, str]]:
        """Folder of a disk, whether the change had been reported as done, and how it came to be."""
        for cut in range(len(self.journal.ops) + 1):
            for fate in lost_disk.fates(
                self.journal, cut, seed=SEED, single=self.single, random_ones=self.random
            ):
                tree = self.journal.after(cut, fate)
                # the change has been reported as done after its last step
                done = cut == len(self.journal.ops)
                key = (_digest(tree), done)
                if key in self.seen:
                    continue
                self.seen.add(key)
                self.count += 1
                self.folder.mkdir(exist_ok=True)
                disk = self.folder / f"disk-{self.count}"
                lost_disk.write(tree, disk)
                yield disk, done, f"{self.journal.describe(cut)}; {fate.label}"
                shutil.rmtree(disk)

    def look(self, check: Callable[[Path, bool], None]) -> None:
        """Check every disk; all that is wrong is told together."""
        for disk, done, story in self.disks():
            try:
                check(disk, done)
            except (AssertionError, StrongroomError, OSError) as error:
                what = f"{type(error).__name__}: {error}".replace(disk.name, "disk")
                self.wrong.setdefault(what, []).append(story)
        assert not self.wrong, f"of {self.count} disks\n" + "\n".join(
            f"{len(stories)}: {what}\n    " + "\n    ".join(stories[:3])
            for what, stories in self.wrong.items()
        )


def _digest(tree: Tree) -> str:
    digest = hashlib.sha256()
    for path, data in sorted(tree.items()):
        digest.update(path.encode() + b"\0" + (b"/" if data is None else data) + b"\0")
    return digest.hexdigest()


def journalled(folder: Path, act: Callable[[Path], None]) -> Journal:
    """What was done on the disk in this folder while something acted there."""
    journal = Journal(folder)
    with journal.recording():
        act(folder)
    return journal


@pytest.fixture(scope="module")
def deposits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lost")
    for name, files in {"few": 3, "many": 9}.items():
        area = folder / name / "deposits" / "d"
        area.mkdir(parents=True)
        for i in range(files):
            (area / str(i)).write_bytes(f"file {i}".encode() * (i * 40))
        (area / "large").write_bytes(bytes(range(256)) * 33)
    return folder


@pytest.fixture(params=["few", "many", "many-without-syncfs"])
def place(
    request: pytest.FixtureRequest,
    deposits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder for disks, beside a deposit of few files or of many."""
    many, _, without_syncfs = request.param.partition("-")
    if without_syncfs:
        monkeypatch.setattr(kernel, "syncfs", lambda descriptor: False)
    (tmp_path / "deposits").symlink_to(deposits / many / "deposits")
    return tmp_path


def make_older_root(folder: Path) -> None:
    """A root of OCFL 1.0, which can be upgraded."""
    folder.mkdir(parents=True)
    layout = {"extension": layouts.DEFAULT.name, "description": layouts.DEFAULT.description}
    (folder / "ocfl_layout.json").write_text(json.dumps(layout))
    (folder / "0=ocfl_1.0").write_text("ocfl_1.0\n")


@pytest.fixture(params=CHANGES, ids=lambda change: change.__name__)
def trials(request: pytest.FixtureRequest, place: Path) -> Trials:
    """The disks of a change, made after those before it."""
    begun = place / "begun"
    make_older_root(begun / "root")
    root = OcflRoot.open(begun / "root")
    for change in CHANGES[: CHANGES.index(request.param)]:
        change(root, "before")
    old = killing.state(root, ID)
    journal = journalled(begun, lambda disk: request.param(OcflRoot.open(disk / "root"), "it"))
    new = killing.state(root, ID)
    assert old != new
    return Trials(journal=journal, folder=place, change=request.param, old=old, new=new)


def test_a_change_is_made_whole_or_not_at_all(trials: Trials) -> None:
    """Whatever a power cut takes; and then it can be made again."""

    def check(disk: Path, done: bool) -> None:
        root = OcflRoot.open(disk / "root")
        seen = killing.state(root, ID)
        assert seen in (trials.old, trials.new)
        told = root.recover_all()
        found = killing.state(root, ID)
        assert seen == trials.old or found == trials.new, "what was seen was taken back"
        assert found == trials.new if done else found in (trials.old, trials.new), told
        killing.assert_sound(root, ID)
        if found == trials.old:
            trials.change(root, "again")
            assert killing.state(root, ID) == trials.new

    trials.look(check)
    assert trials.count > 20


def test_nothing_is_left_over(trials: Trials) -> None:
    """Whatever a power cut takes, staging is clear after recovery, and its names are free."""

    def check(disk: Path, _: bool) -> None:
        root = OcflRoot.open(disk / "root")
        root.recover_all()
        assert killing.left_over(disk / "root") == []
        assert root.recover_all(every=True) == []
        if killing.state(root, ID) == trials.old:
            trials.change(root, "it")
            assert killing.left_over(disk / "root") == []

    trials.look(check)


@pytest.mark.parametrize("place", ["few"], indirect=True)
def test_recovery_is_recovered_from(trials: Trials) -> None:
    """A second power cut, in the middle of the recovery from the first."""
    seen: set[tuple[str, bool]] = set()
    kinds: set[tuple[bool, tuple[str, ...]]] = set()
    clearing = repairing = 0
    for disk, done, story in trials.disks():
        journal = journalled(disk, recover)
        repairs = any(not _is_housekeeping(op) for op in journal.ops)
        kind = done, _kind(journal)
        if kind in kinds or (not repairs and clearing >= ENOUGH):
            continue
        kinds.add(kind)
        repairing += repairs
        clearing += not repairs

        def check(again: Path, _: bool, done: bool = done, story: str = story) -> None:
            root = OcflRoot.open(again / "root")
            root.recover_all()
            found = killing.state(root, ID)
            allowed = [trials.new] if done else [trials.old, trials.new]
            assert found in allowed, f"recovering what was cut {story}"
            killing.assert_sound(root, ID)

        second = Trials(
            journal=journal, folder=trials.folder / "second", single=1, random=1, seen=seen
        )
        second.look(check)
    assert clearing
    assert repairing


def _kind(journal: Journal) -> tuple[str, ...]:
    """What was done, without the random parts of names."""
    names = (journal.name_of(number) for number in range(len(journal.ops)))
    return tuple(re.sub(r"-[0-9a-f]{8,}…?", "-…", name) for name in names)


def _is_housekeeping(op: lost_disk.Op) -> bool:
    """Whether an operation of a recovery only clears staging."""
    return not isinstance(op, lost_disk.Naming) or all(
        word.startswith("staging/") for word in op.what.split() if "/" in word
    )


def recover(disk: Path) -> None:
    OcflRoot.open(disk / "root").recover_all()


def test_a_root_is_made_whole_or_made_anew(tmp_path: Path) -> None:
    """A root that is made, with the folders above it, can be made whatever a power cut takes."""
    folder = tmp_path / "begun"
    folder.mkdir()
    journal = journalled(folder, lambda disk: OcflRoot.open(disk / "a/b/root") and None)

    def check(disk: Path, done: bool) -> None:
        if done:
            OcflRoot.open(disk / "a/b/root", create=False)
        root = OcflRoot.open(disk / "a/b/root")
        assert root.identity() is not None
        with root.draft(ID, base=None, attempt="a") as draft:
            draft.add_bytes("a", b"a")
            killing.finish(draft)
        assert killing.state(OcflRoot.open(disk / "a/b/root", create=False), ID) == {1: {"a": b"a"}}
        assert ocfl_check.assert_root_valid(disk / "a/b/root") == 1

    Trials(journal=journal, folder=tmp_path).look(check)


def test_an_identity_stays_once_it_was_told(tmp_path: Path) -> None:
    """Who remembers a root by its identity knows it again after a power cut."""
    folder = tmp_path / "begun"
    folder.mkdir()
    told: list[str | None] = []
    OcflRoot.open(folder / "root")
    (folder / "root/extensions/strongroom-staging/root-id").unlink()
    journal = journalled(
        folder, lambda disk: told.append(OcflRoot.open(disk / "root", create=False).identity())
    )

    def check(disk: Path, done: bool) -> None:
        found = OcflRoot.open(disk / "root", create=False).identity()
        assert found is not None
        if done:
            assert found == told[0]

    Trials(journal=journal, folder=tmp_path).look(check)
