"""Kills a process before every step that it takes on disk, and looks at what is left.

Whatever the step, a reader sees the old state or the new one, and after recovery the object is
valid, whole and at one of the two, byte for byte; then the change can simply be made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.errors import NotFound
from strongroom.ocfl.draft import Draft, NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.storage import copying, durable, kernel
from strongroom.storage.local import LocalWorkAreas
from support.ocfl_check import assert_valid, folder_of

ID = "info:fedora/library/book"
OTHER = "info:fedora/library/other"
WHEN = datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)

#: version -> logical path -> bytes; None if there is no object
State = dict[int, dict[str, bytes]] | None
Change = Callable[[Path], None]


# ---------------------------------------------------------------------------------- the killing


def killed_before(step: int, work: Callable[[], None]) -> bool:
    """Do the work in a child that kills itself before its step of that number.

    False if the work was done before it came to that step. A killed write has half its bytes out.
    """
    child = os.fork()
    if child == 0:
        try:
            _arm(step)
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(99)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself; its trace is above"
    return False


def _arm(step: int) -> None:
    lock = threading.Lock()
    left = step

    def armed(name: str, original: Callable[..., object]) -> Callable[..., object]:
        def before(*args: object, **named: object) -> object:
            nonlocal left
            with lock:
                left -= 1
                if left == 0:
                    if name == "write":
                        descriptor, data = args
                        os.write(descriptor, memoryview(data)[: len(data) // 2])  # type: ignore
                    os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **named)

        return before

    for name in durable.STEPS:
        setattr(durable, name, armed(name, getattr(durable, name)))


# ---------------------------------------------------------------------------------- the changes


def state(root: Path) -> State:
    try:
        stored = OcflRoot.open(root, create=False).read(ID)
    except NotFound:
        return None
    return {
        number: {path: stored.read_bytes(path, number) for path in stored.inventory.logical(number)}
        for number in stored.inventory.versions
    }


def commit(draft: Draft, number: int) -> None:
    draft.prepare(
        created=WHEN, user_name="Ann", user_address="mailto:ann@example.org", message=f"v{number}"
    )
    draft.commit()


def first_version(folder: Path) -> None:
    root = OcflRoot.open(folder)
    areas = LocalWorkAreas(folder.parent / "deposits")
    with root.draft(ID, base=None, attempt="first") as draft:
        faults = draft.add_files(
            [
                NewFile(logical="objects/page 1.tif", source="one"),
                NewFile(logical="objects/PAGE 1.tif", source="two"),
                NewFile(logical="objects/large.bin", source="large"),
                NewFile(logical="again/large.bin", source="large"),
                NewFile(logical="deep/er/and/deeper.txt", source="empty"),
            ],
            areas.area("d").open,
        )
        assert faults == []
        draft.add_bytes("not/used.txt", b"dropped before the commit")
        draft.remove("not/used.txt")
        commit(draft, 1)


def next_version(folder: Path) -> None:
    root = OcflRoot.open(folder)
    base = root.read(ID)
    with root.draft(ID, base=base, attempt="next") as draft:
        draft.remove("objects/page 1.tif")
        draft.add_bytes("objects/page 2.tif", b"page two")
        draft.add_bytes("new/folder/x.txt", b"x")
        commit(draft, 2)


def next_version_without_content(folder: Path) -> None:
    root = OcflRoot.open(folder)
    with root.draft(ID, base=root.read(ID), attempt="next") as draft:
        draft.remove("objects/page 1.tif")
        commit(draft, 2)


def upgrade(folder: Path) -> None:
    """Lift root and object from OCFL 1.0 to 1.1."""
    root = OcflRoot.open(folder, upgrade=True)
    with root.draft(ID, base=root.read(ID), attempt="next", upgrade=True) as draft:
        draft.add_bytes("new", b"new")
        commit(draft, 2)


def purge(folder: Path) -> None:
    OcflRoot.open(folder).purge(ID)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty root, a root with v1, and the deposit that v1 came from."""
    folder = tmp_path_factory.mktemp("start")
    area = LocalWorkAreas(folder / "deposits").area("d")
    area.create()
    contents = {"one": b"page one", "two": b"page two", "large": os.urandom(150_000), "empty": b""}
    for name, data in contents.items():
        (folder / "deposits" / "d" / name).write_bytes(data)
    OcflRoot.open(folder / "empty")
    first_version(folder / "one")
    shutil.copytree(folder / "one", folder / "old")
    older(folder / "old")
    return folder


def older(root: Path) -> None:
    """Make root and object what a program of OCFL 1.0 would have made."""
    (root / "0=ocfl_1.1").unlink()
    (root / "0=ocfl_1.0").write_text("ocfl_1.0\n")
    folder = folder_of(OcflRoot.open(root).read(ID))
    for place in (folder, folder / "v1"):
        data = (place / "inventory.json").read_bytes().replace(b"ocfl.io/1.1/", b"ocfl.io/1.0/")
        (place / "inventory.json").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        (place / "inventory.json.sha256").write_text(f"{digest}  inventory.json\n")
    (folder / "0=ocfl_object_1.1").unlink()
    (folder / "0=ocfl_object_1.0").write_text("ocfl_object_1.0\n")
    assert_valid(folder)


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of large files, writing thread and all, with few bytes."""
    monkeypatch.setattr(copying, "SMALL", 1 << 14)
    monkeypatch.setattr(copying, "LARGE", 1 << 15)


@pytest.fixture(autouse=True)
def _syncs_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written survives a kill, synced or not; test_ocfl_power_loss.py has the syncs."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(kernel, "syncfs", lambda descriptor: True)


def fresh(start: Path, root: str, tmp_path: Path, name: str) -> Path:
    """A copy of one of the roots, beside a link to the deposits."""
    folder = tmp_path / name
    folder.mkdir()
    shutil.copytree(start / root, folder / "root")
    (folder / "deposits").symlink_to(start / "deposits")
    return folder / "root"


def assert_clean(root: Path) -> None:
    """Nothing unfinished in staging, no empty folder in the hierarchy, nothing put aside."""
    staging = root / "extensions" / "strongroom-staging"
    for name in ("work", "trash", "aside"):
        assert sorted((staging / name).iterdir()) == []
    for folder, folders, files in os.walk(root):
        if Path(folder) == root:
            folders.remove("extensions")
        assert folders or files, f"{folder} is empty"


def assert_recovers(root: Path, old: State, new: State) -> State:
    """A reader sees old or new at once, and the same after recovery, in a valid object."""
    seen = state(root)
    assert seen in (old, new)
    opened = OcflRoot.open(root)
    opened.recover_all()
    after = state(root)
    assert after in (old, new)
    assert seen == old or after == new, "what was seen as committed was taken back"
    assert_clean(root)
    if after is not None:
        assert_valid(folder_of(opened.read(ID)))
    assert opened.recover_all() == []
    return after


CHANGES: list[tuple[str, Change]] = [
    ("empty", first_version),
    ("one", next_version),
    ("one", next_version_without_content),
    ("one", purge),
    ("old", upgrade),
]


# ------------------------------------------------------------------------------------ the tests


@pytest.mark.parametrize(
    ("root", "change"), CHANGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_killed_at_any_step_leaves_the_old_state_or_the_new(
    start: Path, tmp_path: Path, root: str, change: Change
) -> None:
    old = state(start / root)
    finished = fresh(start, root, tmp_path, "finished")
    change(finished)
    new = state(finished)
    assert new != old
    outcomes = []
    for step in range(1, 500):
        folder = fresh(start, root, tmp_path, f"step-{step}")
        if not killed_before(step, lambda folder=folder: change(folder)):
            break
        after = assert_recovers(folder, old, new)
        outcomes.append(after == new)
        if after == old:
            change(folder)
            assert state(folder) == new
            assert_clean(folder)
        shutil.rmtree(folder.parent)
    else:
        pytest.fail("the change never came to its end")
    assert step > 10
    # once a later step leaves the new state, all later ones do
    assert outcomes == sorted(outcomes)
    assert {False, True} == set(outcomes)


def test_killed_recovery_is_recovered_from(start: Path, tmp_path: Path) -> None:
    old = state(start / "one")
    finished = fresh(start, "one", tmp_path, "finished")
    next_version(finished)
    new = state(finished)
    repaired = 0
    for step in range(1, 500):
        broken = fresh(start, "one", tmp_path, f"step-{step}")
        if not killed_before(step, lambda broken=broken: next_version(broken)):
            break
        stored = folder_of(OcflRoot.open(broken).read(ID))
        if not (stored / "v2").exists() or all(
            (stored / name).read_bytes() == (stored / "v2" / name).read_bytes()
            for name in ("inventory.json", "inventory.json.sha256")
        ):
            shutil.rmtree(broken.parent)
            continue
        for inner in range(1, 500):
            folder = tmp_path / f"inner-{step}-{inner}" / "root"
            shutil.copytree(broken, folder)
            recover = lambda folder=folder: OcflRoot.open(folder).recover_all()  # noqa: E731
            if not killed_before(inner, recover):
                assert state(folder) == new
                break
            repaired += 1
            assert assert_recovers(folder, old, new) == new
            shutil.rmtree(folder.parent)
    assert repaired > 20


def test_killed_while_a_root_is_made(tmp_path: Path) -> None:
    for step in range(1, 200):
        folder = tmp_path / f"step-{step}" / "root"
        if not killed_before(step, lambda folder=folder: OcflRoot.open(folder) and None):
            break
        opened = OcflRoot.open(folder)
        assert (folder / "0=ocfl_1.1").read_bytes() == b"ocfl_1.1\n"
        with opened.draft(ID, base=None, attempt="a") as draft:
            draft.add_bytes("a", b"a")
            commit(draft, 1)
        assert_valid(folder_of(opened.read(ID)))
    assert step > 10


def test_recovery_keeps_what_living_writers_have(start: Path, tmp_path: Path) -> None:
    root = fresh(start, "one", tmp_path, "living")
    opened = OcflRoot.open(root)
    with opened.draft(OTHER, base=None, attempt="alive") as draft:
        draft.add_bytes("a", b"a")
        assert OcflRoot.open(root).recover_all() == []
        assert OcflRoot.open(root).sweep(older_than=0) == 0
        commit(draft, 1)
    assert opened.read(OTHER).read_bytes("a") == b"a"


def test_sweep_spares_the_young_and_the_kept(start: Path, tmp_path: Path) -> None:
    root = fresh(start, "one", tmp_path, "sweep")
    # killed late in preparation, with its staging left behind
    assert killed_before(25, lambda: next_version(root))
    opened = OcflRoot.open(root)
    assert opened.sweep(older_than=3600) == 0
    assert opened.sweep(older_than=0, keep={"next"}) == 0
    assert opened.sweep(older_than=0, keep={"another"}) == 1
    assert_clean(root)
