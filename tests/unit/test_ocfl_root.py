"""Storage roots and drafts: what is made is valid, and what cannot be changes nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import threading
from pathlib import Path

import pytest

from strongroom.errors import (
    BadRequest,
    Conflict,
    Damaged,
    NotFound,
    StrongroomError,
    Unavailable,
    Unprocessable,
)
from strongroom.ocfl import layouts
from strongroom.ocfl.plan import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from strongroom.storage import durable
from strongroom.storage.protocols import OpenFile
from support.ocfl_check import assert_valid, folder_of, snapshot
from support.ocfl_drafts import ID, WHEN, Source, add, finish


@pytest.fixture
def root(tmp_path: Path) -> OcflRoot:
    return OcflRoot.open(tmp_path / "root")


# ------------------------------------------------------------------------------------------ root


def test_a_root_is_made_once_and_then_opened(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "archive #1"
    root = OcflRoot.open(folder)
    made = snapshot(folder)
    assert (folder / "0=ocfl_1.1").read_bytes() == b"ocfl_1.1\n"
    assert (
        json.loads((folder / "ocfl_layout.json").read_bytes())["extension"] == layouts.DEFAULT.name
    )
    assert "ordinary computer" in (folder / "README.txt").read_text()
    assert root.uri == f"file://{tmp_path}/new/archive%20%231/"
    assert root.free_bytes() > 1000
    again = OcflRoot.open(folder, create=False)
    assert again.object_path(ID) == root.object_path(ID)
    assert snapshot(folder) == made
    assert list(root.objects()) == []


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Unprocessable, match="holds something else"):
        OcflRoot.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(NotFound):
        OcflRoot.open(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"0=ocfl_1.2": "ocfl_1.2\n"}, "no version of OCFL"),
        ({"0=ocfl_1.1": "ocfl_1.1\n", "0=ocfl_2.0": "ocfl_2.0\n"}, "no version of OCFL"),
        ({"0=ocfl_1.0": "ocfl_1.0", "0=ocfl_1.1": "ocfl_1.1\n"}, "must hold"),
        ({"0=ocfl_1.1": "ocfl_1.1"}, "must hold"),
        ({"0=ocfl_1.1": "ocfl_1.1\n", "ocfl_layout.json": None}, "where its objects lie"),
        ({"0=ocfl_1.1": "ocfl_1.1\n", "ocfl_layout.json": "{"}, "no JSON"),
        ({"0=ocfl_1.1": "ocfl_1.1\n", "ocfl_layout.json": "[]"}, "names no layout"),
        (
            {
                "0=ocfl_1.1": "ocfl_1.1\n",
                "ocfl_layout.json": '{"extension": "0011-direct-clean-path-layout"}',
            },
            "'0011-direct-clean-path-layout' is not known here",
        ),
    ],
)
def test_a_root_that_cannot_be_followed_is_refused_clearly(
    tmp_path: Path, files: dict[str, str | None], says: str
) -> None:
    files = {"ocfl_layout.json": json.dumps({"extension": layouts.DEFAULT.name})} | files
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    before = snapshot(tmp_path)
    with pytest.raises(Unprocessable, match=says):
        OcflRoot.open(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_root_of_version_1_0_gets_objects_of_1_0(tmp_path: Path) -> None:
    (tmp_path / "0=ocfl_1.0").write_text("ocfl_1.0\n")
    (tmp_path / "ocfl_layout.json").write_text(
        json.dumps({"extension": layouts.DEFAULT.name, "description": "x"})
    )
    root = OcflRoot.open(tmp_path)
    add(root, {"a": b"a"})
    stored = add(root, {"b": b"b"})
    assert (folder_of(stored) / "0=ocfl_object_1.0").exists()
    assert stored.inventory.spec == "1.0"
    assert_valid(folder_of(stored))


# ---------------------------------------------------------------------------------------- drafts


def test_cancelled_work_ends_early_and_says_so(root: OcflRoot) -> None:
    opened: list[str] = []

    def open_source(name: str) -> OpenFile:
        opened.append(name)
        return Source(b"x")

    files = [NewFile(logical=str(n), source=str(n)) for n in range(10)]
    with root.draft(ID, base=None, attempt="x") as draft:
        faults = draft.add_files(files, open_source, cancelled=lambda: len(opened) == 3)
        assert [fault.code for fault in faults] == ["cancelled"]
    assert opened == ["0", "1", "2"]
    assert not root.exists(ID)


def test_a_discarded_draft_leaves_nothing(root: OcflRoot) -> None:
    before = snapshot(root.folder)
    descriptors = len(os.listdir("/proc/self/fd"))
    draft = root.draft(ID, base=None, attempt="x")
    draft.add_bytes("a", b"x")
    draft.discard()
    draft.discard()
    assert snapshot(root.folder) == before
    assert sorted((root.folder / "extensions/strongroom-staging/work").iterdir()) == []
    assert sorted((root.folder / "extensions/strongroom-staging/trash").iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == descriptors
    with pytest.raises(ValueError, match="discarded"):
        draft.add_bytes("b", b"x")


def test_a_commit_stands_even_if_its_staging_cannot_be_cleared(
    root: OcflRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink(path: Path, **named: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(durable, "unlink", unlink)
        stored = add(root, {"a": b"a"})
        assert root.read(ID) == stored
        root.purge(ID)
        assert not root.exists(ID)
    staging = root.folder / "extensions" / "strongroom-staging"
    assert len(list((staging / "trash").iterdir())) == 2
    root.recover_all()
    assert list((staging / "trash").iterdir()) == []


def test_an_attempt_is_made_once_at_a_time(root: OcflRoot) -> None:
    with root.draft(ID, base=None, attempt="job-1"):
        with pytest.raises(Conflict) as caught:
            root.draft(ID, base=None, attempt="job-1")
        assert caught.value.problem == "attempt-in-use"
    root.draft(ID, base=None, attempt="job-1").discard()
    for name in ("", "../x", "a/b", "x" * 101, ".x"):
        with pytest.raises(BadRequest):
            root.draft(ID, base=None, attempt=name)


def test_staging_that_changes_after_it_was_copied_is_noticed(root: OcflRoot) -> None:
    with root.draft(ID, base=None, attempt="x") as draft:
        draft.add_bytes("a", b"good")
        [copy] = root.folder.glob("extensions/strongroom-staging/work/*/object/v1/content/a")
        copy.write_bytes(b"changed")
        with pytest.raises(StrongroomError) as caught:
            finish(draft)
        assert caught.value.problem == "staging-changed"


# ----------------------------------------------------------------------------------------- racing


def _append(folder: Path, name: str, rounds: int) -> None:
    """Add versions as fast as others let it, beginning again after each conflict."""
    root = OcflRoot.open(folder)
    for n in range(rounds):
        while True:
            base = root.read(ID) if root.exists(ID) else None
            with root.draft(ID, base=base, attempt=f"{name}-{n}") as draft:
                draft.add_bytes(f"{name}/{n}", f"{name} {n}".encode())
                try:
                    finish(draft)
                    break
                except Conflict as error:
                    assert error.problem == "version-conflict"


def test_racing_processes_lose_nothing_and_readers_see_whole_versions(root: OcflRoot) -> None:
    context = multiprocessing.get_context("fork")
    names, rounds = ("p", "q", "r"), 6
    writers = [context.Process(target=_append, args=(root.folder, n, rounds)) for n in names]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        try:
            stored = root.read(ID)
        except NotFound:
            continue
        assert stored.inventory.head >= seen
        seen = stored.inventory.head
        for path in stored.inventory.logical():
            assert stored.read_bytes(path) == path.replace("/", " ").encode()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    stored = root.read(ID)
    assert stored.inventory.head == len(names) * rounds
    assert len(stored.inventory.logical()) == len(names) * rounds
    assert_valid(folder_of(stored))
    assert root.recover_all(every=True) == []


def test_writing_and_purging_neighbours_do_not_disturb_each_other(root: OcflRoot) -> None:
    """Objects whose folders lie side by side come and go, and so do the folders above them."""
    failures: list[BaseException] = []

    def come_and_go(object_id: str) -> None:
        try:
            for _ in range(15):
                add(root, {"a": b"a"}, object_id=object_id)
                root.purge(object_id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=come_and_go, args=(i,)) for i in neighbours(root, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(p.name for p in root.folder.iterdir() if p.is_dir()) == ["extensions"]


@pytest.mark.parametrize("call", [1, 2])
def test_folders_that_a_neighbours_purge_takes_away_do_not_fail_ours(
    root: OcflRoot, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """What is empty goes between our change in a folder and our syncing it."""
    add(root, {"a": b"a"})
    top = root.folder / root.object_path(ID)[:3]
    beside = top / "neighbour"
    beside.mkdir()
    original = durable.sync_folder
    above: list[Path] = []

    def sync_folder(path: Path | str) -> None:
        folder = Path(path)
        if folder == top or top in folder.parents:
            above.append(folder)
            if len(above) == call:
                beside.rmdir()
                while folder != root.folder and not any(folder.iterdir()):
                    folder.rmdir()
                    folder = folder.parent
        original(path)

    monkeypatch.setattr(durable, "sync_folder", sync_folder)
    root.purge(ID)
    assert len(above) >= call
    assert sorted(p.name for p in root.folder.iterdir() if p.is_dir()) == ["extensions"]


def test_a_folder_that_vanishes_under_a_commit_is_made_again(
    root: OcflRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = durable.rename_new
    calls: list[Path] = []

    def rename_new(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) < 3:
            target.parent.rmdir()
        original(source, target)

    monkeypatch.setattr(durable, "rename_new", rename_new)
    assert_valid(folder_of(add(root, {"a": b"a"})))
    assert len(calls) == 3


def neighbours(root: OcflRoot, count: int) -> list[str]:
    found: dict[str, list[str]] = {}
    n = 0
    while True:
        object_id = f"info:fedora/{n}"
        alike = found.setdefault(root.object_path(object_id)[:3], [])
        alike.append(object_id)
        if len(alike) == count:
            return alike
        n += 1


def test_a_lock_that_is_not_freed_is_reported(root: OcflRoot) -> None:
    impatient = OcflRoot.open(root.folder, patience=0.05)
    started, done = threading.Event(), threading.Event()

    def hold() -> None:
        with root._backend._site.hold(ID):
            started.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    started.wait(30)
    try:
        with impatient.draft(ID, base=None, attempt="x") as draft:
            draft.add_bytes("a", b"a")
            draft.prepare(created=WHEN, user_name="Ann")
            with pytest.raises(Unavailable) as caught:
                draft.commit()
            assert "fuser" in (caught.value.operator or "")
            done.set()
            thread.join()
            # the draft is as good as before
            assert draft.commit().inventory.head == 1
    finally:
        done.set()
        thread.join()


def test_purge_is_final_and_harmless_twice(root: OcflRoot) -> None:
    stored = add(root, {"a": b"a"})
    root.purge(ID)
    root.purge(ID)
    assert not folder_of(stored).exists()
    assert not (root.folder / root.object_path(ID)[:3]).exists()
    with root.draft(ID, base=stored, attempt="x") as draft:
        draft.add_bytes("b", b"b")
        draft.prepare(created=WHEN, user_name="Ann")
        with pytest.raises(Conflict, match="purged"):
            draft.commit()
    assert add(root, {"a": b"again"}).inventory.head == 1


ROOT_ID = "extensions/strongroom-staging/root-id"


def test_a_root_keeps_its_identity_wherever_it_lies(tmp_path: Path) -> None:
    made = OcflRoot.open(tmp_path / "a")
    first = made.identity()
    assert first is not None
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert (tmp_path / "a" / ROOT_ID).read_text() == f"{first}\n"
    assert "root-id" in (tmp_path / "a" / ROOT_ID).with_name("README.txt").read_text()
    (tmp_path / "a").rename(tmp_path / "b")
    assert made.identity() is None, "what is not there any more is not taken for the root"
    again = OcflRoot.open(tmp_path / "b", create=False)
    assert again.identity() == OcflRoot.open(tmp_path / "b").identity() == first
    assert OcflRoot.open(tmp_path / "c").identity() != first


def test_a_root_says_whether_it_was_made_just_now(tmp_path: Path) -> None:
    assert OcflRoot.open(tmp_path / "a").is_new
    assert not OcflRoot.open(tmp_path / "a").is_new
    assert not OcflRoot.open(tmp_path / "a", create=False).is_new
    (tmp_path / "empty").mkdir()
    assert OcflRoot.open(tmp_path / "empty").is_new


@pytest.mark.parametrize("create", [True, False])
def test_an_older_root_gets_an_identity(tmp_path: Path, create: bool) -> None:
    made = OcflRoot.open(tmp_path)
    (tmp_path / ROOT_ID).unlink()
    assert made.identity() is None
    older = OcflRoot.open(tmp_path, create=create)
    assert not older.is_new
    assert older.identity() == OcflRoot.open(tmp_path).identity() is not None


def test_openers_at_the_same_time_agree_on_the_identity(tmp_path: Path) -> None:
    staging = (tmp_path / ROOT_ID).parent
    OcflRoot.open(tmp_path)
    for _ in range(20):
        (tmp_path / ROOT_ID).unlink()
        start = threading.Barrier(4)
        seen = []

        def work(start: threading.Barrier = start, seen: list[str | None] = seen) -> None:
            start.wait()
            seen.append(OcflRoot.open(tmp_path).identity())

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 4
        assert len(set(seen)) == 1
        assert not list(staging.glob(".root-id*"))


@pytest.mark.parametrize("text", ["", "x" * 32, "0" * 31, "0" * 64])
def test_an_identity_that_is_none_is_damage_and_stays(tmp_path: Path, text: str) -> None:
    OcflRoot.open(tmp_path)
    (tmp_path / ROOT_ID).write_text(text)
    with pytest.raises(Damaged, match="root-id"):
        OcflRoot.open(tmp_path).identity()
    assert (tmp_path / ROOT_ID).read_text() == text
    (tmp_path / ROOT_ID).unlink()
    (tmp_path / ROOT_ID).mkdir()
    with pytest.raises(Damaged, match=r"'root-id' of the storage root .* is a folder"):
        OcflRoot.open(tmp_path).identity()


def test_a_root_that_was_half_made_has_an_identity_before_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = durable.rename

    def rename(source: Path, target: Path) -> None:
        assert not target.name.startswith("0=ocfl") or (tmp_path / ROOT_ID).is_file()
        real(source, target)

    monkeypatch.setattr(durable, "rename", rename)
    assert OcflRoot.open(tmp_path).is_new


def test_an_id_without_a_place_does_not_end_the_walk(tmp_path: Path) -> None:
    root = OcflRoot.open(
        tmp_path / "root", layout=layouts.read("0002-flat-direct-storage-layout", None)
    )
    other = OcflRoot.open(tmp_path / "other")
    for each, object_id in ((root, "good"), (other, "a/b")):
        with each.draft(object_id, base=None, attempt="a") as draft:
            draft.add_bytes("a", b"a")
            finish(draft)
    stray = folder_of(other.read("a/b"))
    stray.rename(root.folder / "aaa")
    found = list(root.objects())
    assert [type(each) for each in found] == [Damaged, StoredObject]
    assert found[0].problem == "wrong-object"
