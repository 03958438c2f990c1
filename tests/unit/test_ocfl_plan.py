"""Versions from plans: what is added, replaced, removed, renamed and reused, from which sources."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.errors import Damaged, NotFound, Unprocessable
from strongroom.ocfl import digests, paths
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.plan import NewFile, Plan, Rename, Reuse, rearranged
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.sources import OpenStream, from_object, stored_files, streams
from strongroom.ocfl.stored import StoredObject
from strongroom.storage import copying
from strongroom.storage.protocols import OpenFile
from support.ocfl_check import assert_valid, folder_of

ID = "info:fedora/book"


def finish(draft: Draft) -> StoredObject:
    draft.prepare(
        created=datetime(2026, 2, 3, tzinfo=UTC), user_name="Ann", user_address="mailto:a@b.c"
    )
    return draft.commit()


def make(root: OcflRoot, files: dict[str, bytes], **style: object) -> StoredObject:
    with root.draft(ID, base=None, attempt="a", **style) as draft:  # type: ignore[arg-type]
        for path, data in files.items():
            draft.add_bytes(path, data)
        return finish(draft)


def contents(stored: StoredObject) -> dict[str, bytes]:
    return {path: stored.read_bytes(path) for path in stored.inventory.logical()}


@pytest.fixture
def root(tmp_path: Path) -> OcflRoot:
    return OcflRoot.open(tmp_path / "root")


def digest(data: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, data).hexdigest()


# --------------------------------------------------------------------------------------- plans


def test_all_kinds_of_changes_in_one_plan(root: OcflRoot) -> None:
    first = make(root, {"a": b"A", "b": b"B", "gone": b"G", "old": b"O", "same": b"S"})
    plan = Plan(
        removes=("gone",),
        renames=(
            Rename(source="a", target="b"),
            Rename(source="b", target="a"),
            Rename(source="old", target="deep/er/new"),
        ),
        reuses=(Reuse(logical="back", digest=digest(b"G").upper()),),
        adds=(
            NewFile(logical="same", source="x", sha256=digest(b"X")),
            NewFile(logical="more", source="y", size=1, digests={"md5": digest(b"Y", "md5")}),
        ),
    )
    with root.draft(ID, base=first, attempt="p") as draft:
        opener = streams({"x": io.BytesIO(b"X"), "y": io.BytesIO(b"Y")})
        assert draft.apply(plan, opener) == []
        second = finish(draft)
    assert contents(second) == {
        "a": b"B", "b": b"A", "deep/er/new": b"O", "back": b"G", "same": b"X", "more": b"Y",
    }  # fmt: skip
    stored = sorted(p.name for p in (folder_of(second) / "v2/content").rglob("*") if p.is_file())
    assert stored == ["more", "same"], "what the object has is not stored again"
    assert_valid(folder_of(second))
    assert contents(root.read(ID)) == contents(second)


def test_all_that_is_wrong_with_a_plan_is_told_and_changes_nothing(root: OcflRoot) -> None:
    first = make(root, {"a": b"A", "b": b"B"})
    plan = Plan(
        removes=("missing",),
        renames=(
            Rename(source="absent", target="x"),
            Rename(source="a", target="b"),
            Rename(source="b", target="../out"),
        ),
        reuses=(Reuse(logical="c", digest="0" * 64),),
        adds=(
            NewFile(logical="d//e", source="s"),
            NewFile(logical="c", source="s"),
            NewFile(logical="f", source="s", digests={"crc32": "0"}),
        ),
    )
    with root.draft(ID, base=first, attempt="p") as draft:
        before = draft.state
        faults = draft.apply(plan, streams({}))
        assert sorted((fault.code, fault.path) for fault in faults) == [
            ("bad-path", "../out"),
            ("bad-path", "d//e"),
            ("missing-content", "c"),
            ("not-in-version", "absent"),
            ("not-in-version", "missing"),
            ("path-twice", "c"),
            ("unknown-algorithm", "f"),
        ]
        assert draft.state == before
        taken = Plan(renames=(Rename(source="a", target="b"),))
        assert [fault.code for fault in draft.apply(taken, streams({}))] == ["path-taken"]


NAMES = st.sampled_from(["a", "b", "c", "d"])


@given(st.dictionaries(NAMES, st.sampled_from("0123")), st.permutations(["a", "b", "c", "d"]))
def test_renames_lose_nothing(state: dict[str, str], order: list[str]) -> None:
    renames = tuple(
        Rename(source=old, target=new)
        for old, new in zip("abcd", order, strict=True)
        if old in state
    )
    typed = {paths.logical(path): held for path, held in state.items()}
    result, faults = rearranged(Plan(renames=renames), typed, lambda _: True)
    assert faults == []
    assert sorted(result.values()) == sorted(state.values())
    assert result == {
        new: state[old] for old, new in zip("abcd", order, strict=True) if old in state
    }


# -------------------------------------------------------------------------------------- sources


def test_files_come_from_another_object_and_are_proved(root: OcflRoot) -> None:
    source = make(root, {"x/1": b"one", "x/2": b"two" * 1000}, algorithm="sha512")
    with root.draft("info:copy", base=None, attempt="c") as draft:
        files = stored_files(source, ["x/1", "x/2"])
        assert draft.add_files(files, from_object(source)) == []
        copy = finish(draft)
    assert copy.algorithm == "sha256"
    assert contents(copy) == contents(source)
    one = folder_of(source) / source.inventory.content_path(digest(b"one", "sha512"))
    one.write_bytes(b"ONE")
    with root.draft("info:third", base=None, attempt="c") as draft:
        [fault] = draft.add_files(files, from_object(source))
    assert (fault.code, fault.path) == ("digest-mismatch", "x/1")
    with pytest.raises(NotFound):
        stored_files(source, ["missing"])


def test_a_source_that_is_missing_is_one_fault(root: OcflRoot) -> None:
    with root.draft(ID, base=None, attempt="c") as draft:
        files = [NewFile(logical=name, source=name) for name in ("a", "b")]
        [fault] = draft.add_files(files, streams({"a": io.BytesIO(b"a")}))
        assert (fault.code, fault.path) == ("missing-file", "b")
        assert list(draft.state) == ["a"]


# ------------------------------------------------------------------------- algorithms and fixity


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_content_is_addressed_by_either_algorithm(root: OcflRoot, algorithm: str) -> None:
    first = make(root, {"a": b"A"}, algorithm=algorithm)
    assert first.algorithm == algorithm
    with root.draft(ID, base=first, attempt="b", algorithm="sha256") as draft:
        draft.add_bytes("b", b"B")
        second = finish(draft)
    assert second.algorithm == algorithm, "an object keeps its algorithm"
    assert (folder_of(second) / f"inventory.json.{algorithm}").exists()
    assert_valid(folder_of(second))
    with pytest.raises(Unprocessable, match="cannot address content"):
        root.draft("info:x", base=None, attempt="a", algorithm="md5")


def test_fixity_by_all_core_algorithms_is_kept_through_versions(root: OcflRoot) -> None:
    algorithms = sorted(digests.CORE)
    first = make(root, {"a": b"A", "copy": b"A", "b": b"B"}, fixity=algorithms)
    with root.draft(ID, base=first, attempt="b", fixity=["md5"]) as draft:
        draft.remove("b")
        draft.add_bytes("c", b"C")
        draft.add_bytes("again", b"B")
        second = finish(draft)
    fixity = json.loads((folder_of(second) / "inventory.json").read_text())["fixity"]
    assert sorted(fixity) == sorted(set(algorithms) - {"sha256"})
    assert fixity["md5"] == {
        digest(b"A", "md5"): ["v1/content/a"],
        digest(b"B", "md5"): ["v1/content/b"],
        digest(b"C", "md5"): ["v2/content/c"],
    }
    blake = {hashlib.blake2b(data).hexdigest() for data in (b"A", b"B")}
    assert set(fixity["blake2b-512"]) == blake
    assert_valid(folder_of(second))
    with pytest.raises(Unprocessable, match="crc32"):
        root.draft("info:x", base=None, attempt="a", fixity=["crc32"])


# ---------------------------------------------------------------------------------- upgrades


def old_object(root: OcflRoot) -> StoredObject:
    """An object of OCFL 1.0 in a root of 1.1."""
    made = make(root, {"a": b"A"})
    folder = folder_of(made)
    for place in (folder, folder / "v1"):
        data = (place / "inventory.json").read_bytes().replace(b"ocfl.io/1.1/", b"ocfl.io/1.0/")
        (place / "inventory.json").write_bytes(data)
        (place / "inventory.json.sha256").write_text(f"{digest(data)}  inventory.json\n")
    (folder / "0=ocfl_object_1.1").unlink()
    (folder / "0=ocfl_object_1.0").write_text("ocfl_object_1.0\n")
    assert_valid(folder)
    return root.read(ID)


@pytest.mark.parametrize("upgrade", [False, True])
def test_an_older_object_is_lifted_only_where_that_is_asked_for(
    root: OcflRoot, upgrade: bool
) -> None:
    base = old_object(root)
    with root.draft(ID, base=base, attempt="b", upgrade=upgrade) as draft:
        draft.add_bytes("b", b"B")
        stored = finish(draft)
    spec = "1.1" if upgrade else "1.0"
    assert stored.inventory.spec == root.read(ID).inventory.spec == spec
    names = [path.name for path in folder_of(stored).glob("0=*")]
    assert names == [f"0=ocfl_object_{spec}"]
    assert_valid(folder_of(stored))
    assert root.recover_all(every=True) == []


def test_content_that_no_version_uses_forbids_an_upgrade(root: OcflRoot) -> None:
    folder = folder_of(old_object(root))
    (folder / "v1/content/idle").write_bytes(b"idle")
    for place in (folder, folder / "v1"):
        inventory = json.loads((place / "inventory.json").read_text())
        inventory["manifest"][digest(b"idle")] = ["v1/content/idle"]
        data = json.dumps(inventory).encode()
        (place / "inventory.json").write_bytes(data)
        (place / "inventory.json.sha256").write_text(f"{digest(data)}  inventory.json\n")
    with pytest.raises(Unprocessable, match="E107") as caught:
        root.draft(ID, base=root.read(ID), attempt="b", upgrade=True)
    assert [fault.path for fault in caught.value.faults] == ["v1/content/idle"]


# ------------------------------------------------------------------------------ side by side


class Slow(io.BytesIO):
    """A stream that shows how many are read at once."""

    #: seconds for each read
    pause = 0.002

    def __init__(self, data: bytes, seen: list[int], lock: threading.Lock) -> None:
        super().__init__(data)
        self._seen, self._lock = seen, lock

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with self._lock:
            self._seen[0] += 1
            self._seen[1] = max(self._seen)
        time.sleep(self.pause)
        with self._lock:
            self._seen[0] -= 1
        return super().readinto(buffer)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes are many."""
    monkeypatch.setattr(copying, "SMALL", 1000)
    monkeypatch.setattr(copying, "_CHUNK", 1000)


def opener_of(held: dict[str, bytes], seen: list[int]) -> object:
    lock = threading.Lock()

    def opened(source: str) -> OpenFile:
        return OpenStream(source, Slow(held[source], seen, lock), len(held[source]))

    return opened


@pytest.mark.contract("17.36")
@pytest.mark.usefixtures("small")
def test_larger_files_are_read_side_by_side_and_once_each(root: OcflRoot) -> None:
    held = {f"{n:02}": os.urandom(20_000) for n in range(12)} | {"tiny": b"t"}
    held["twin 1"] = held["twin 2"] = os.urandom(20_000)
    seen, told = [0, 0], []
    with root.draft(ID, base=None, attempt="a", fixity=["md5"]) as draft:
        files = [
            NewFile(logical=name, source=name, sha256=digest(data), size=len(data))
            for name, data in held.items()
        ]
        faults = draft.add_files(
            files, opener_of(held, seen), progress=lambda *done: told.append(done)
        )
        assert faults == []
        stored = finish(draft)
    assert seen[1] > 1
    assert contents(stored) == held
    assert told == sorted(told)
    assert told[-1] == (len(held), sum(map(len, held.values())))
    assert len([p for p in folder_of(stored).rglob("content/*") if p.is_file()]) == len(held) - 1
    assert_valid(folder_of(stored))


@pytest.mark.usefixtures("small")
def test_faults_of_files_side_by_side_come_in_their_order(root: OcflRoot) -> None:
    held = {f"{n:02}": os.urandom(5_000 * (12 - n)) for n in range(12)}
    with root.draft(ID, base=None, attempt="a") as draft:
        files = [NewFile(logical=n, source=n, sha256="0" * 64) for n in held]
        faults = draft.add_files(files, opener_of(held, [0, 0]))
        assert [fault.path for fault in faults] == list(held)
        assert {fault.code for fault in faults} == {"digest-mismatch"}
        assert draft.state == {}
        stored = finish(draft)
    assert not (folder_of(stored) / "v1" / "content").exists()


@pytest.mark.usefixtures("small")
def test_a_large_file_under_way_is_cancelled(
    root: OcflRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {"large": bytes(60_000)}
    monkeypatch.setattr(Slow, "pause", 0.1)
    calls = []

    def cancelled() -> bool:
        calls.append(time.monotonic())
        return len(calls) > 2

    with root.draft(ID, base=None, attempt="a") as draft:
        files = [NewFile(logical="large", source="large")]
        faults = draft.add_files(files, opener_of(held, [0, 0]), cancelled=cancelled)
        assert [fault.code for fault in faults] == ["cancelled"]
        assert draft.state == {}


# ---------------------------------------------------------------------------------- path types


@pytest.mark.parametrize("bad", ["", "/a", "a/", "a//b", "./a", "a/../b", "..", "a\0b"])
def test_unsafe_paths_cannot_be_made(bad: str) -> None:
    with pytest.raises(Exception, match="cannot be"):
        paths.logical(bad)
    with pytest.raises(Damaged, match="cannot be"):
        paths.content(bad)


SOURCE = Path(paths.__file__).parents[1]


def test_only_one_module_makes_content_and_storage_paths() -> None:
    """The types mean something because nobody else can call a text a path of storage."""
    makers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if "ContentPath(" in (text := path.read_text("utf-8")) or "StoragePath(" in text
    }
    assert makers - {"ocfl/paths.py", "ocfl/content_paths.py"} == {"ocfl/site.py"}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
            lambda t: not paths.unsafe([t]) and "/" not in t
        ),
        st.binary(max_size=50),
        max_size=6,
    )
)
def test_any_files_come_back_as_they_were(tmp_path: Path, files: dict[str, bytes]) -> None:
    root = OcflRoot.open(tmp_path / "any")
    root.purge(ID)
    opener = streams({name: io.BytesIO(data) for name, data in files.items()})
    adds = tuple(NewFile(logical=name, source=name) for name in files)
    with root.draft(ID, base=None, attempt="a") as draft:
        assert draft.apply(Plan(adds=adds), opener) == []
        finish(draft)
    assert contents(root.read(ID)) == files
