"""Storage roots wherever they lie: one suite, run over a folder and over a bucket."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
from pathlib import Path

import pytest

from strongroom.errors import (
    BadRequest,
    Conflict,
    Damaged,
    NotFound,
    StrongroomError,
    Unprocessable,
)
from strongroom.ocfl import layouts
from strongroom.ocfl.draft import Draft
from strongroom.ocfl.plan import NewFile, Plan, Rename, Reuse
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.sources import streams
from strongroom.ocfl.stored import StoredObject
from strongroom.storage import copying
from strongroom.storage.protocols import OpenFile
from support.killing import state
from support.ocfl_drafts import ID, WHEN, Source, add, finish, sha256
from support.ocfl_places import BucketPlace, LocalPlace, Place

IDENTITY = "extensions/strongroom-staging/root-id"


@pytest.fixture(params=["local", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "local":
        return LocalPlace(tmp_path / "root")
    return BucketPlace(request.getfixturevalue("bucket"))


@pytest.fixture
def root(place: Place) -> OcflRoot:
    return place.open()


def names(place: Place, stored: StoredObject) -> list[str]:
    """The content that lies in an object, the folder of an attempt left out."""
    found = []
    for path in place.files():
        folders = path.removeprefix(f"{stored.path}/").split("/")
        if path.startswith(f"{stored.path}/v") and len(folders) > 2:
            own = folders[2:] if isinstance(place, LocalPlace) or len(folders) == 3 else folders[3:]
            found.append("/".join([*folders[:2], *own]))
    return sorted(found)


def test_versions_are_built_on_each_other_and_stay_readable(place: Place, root: OcflRoot) -> None:
    first = add(root, {"a": b"one", "copy": b"one", "b": b"two"})
    assert root.read(ID) == first
    with root.draft(ID, base=first, attempt="x") as draft:
        assert draft.state == first.inventory.logical()
        draft.remove("b")
        with pytest.raises(NotFound):
            draft.remove("b")
        draft.add_bytes("moved/b", b"two")
        draft.add_bytes("new", b"three")
        second = finish(draft)
    with root.draft(ID, base=second, attempt="x") as draft:
        assert (
            draft.apply(
                Plan(
                    removes=("a", "copy", "moved/b", "new"),
                    reuses=(Reuse(logical="of/it", digest=sha256(b"three").upper()),),
                ),
                streams({}),
            )
            == []
        )
        third = finish(draft)
    assert root.read(ID) == third
    assert third.inventory.head == 3
    for number, expected in {
        1: {"a": b"one", "copy": b"one", "b": b"two"},
        2: {"a": b"one", "copy": b"one", "moved/b": b"two", "new": b"three"},
        3: {"of/it": b"three"},
    }.items():
        paths = third.inventory.logical(number)
        assert {p: third.read_bytes(p, number) for p in paths} == expected
    place.assert_valid(third)
    # content is stored once, and a version without any has no folder for it
    assert names(place, third) == ["v1/content/a", "v1/content/b", "v2/content/new"]


def test_an_object_may_be_empty(place: Place, root: OcflRoot) -> None:
    stored = add(root, {})
    place.assert_valid(stored)
    assert root.read(ID).inventory.logical() == {}


def test_odd_names_make_valid_objects(place: Place, root: OcflRoot) -> None:
    files = {
        name: name.encode("utf-8")
        for name in ("a b/c?.txt", "#", "100%", "e\u0301", "é", "É", "con", "😀", "x" * 255, "a\nb",
                     "A B/c", "/".join(["long"] * 300), ".hidden", "trailing. ")
    }  # fmt: skip
    stored = add(root, files)
    place.assert_valid(stored)
    assert {path: root.read(ID).read_bytes(path) for path in files} == files


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_foreign_object_keeps_its_ways(place: Place, root: OcflRoot, algorithm: str) -> None:
    put_foreign(place, root, algorithm)
    base = root.read(ID)
    place.assert_valid(base)
    with root.draft(ID, base=base, attempt="x") as draft:
        faults = draft.add_files(
            [
                NewFile(logical="b", source="b", sha256=sha256(b"new"), size=3),
                NewFile(logical="c", source="c", sha256=sha256(b"foreign"), size=7),
                NewFile(logical="d", source="d", sha256=sha256(b"wrong")),
            ],
            lambda source: Source({"b": b"new", "c": b"foreign", "d": b"x"}[source]),
        )
        assert [fault.code for fault in faults] == ["digest-mismatch"]
        finish(draft)
    stored = root.read(ID)
    assert stored.inventory.version_folder(2) == "v02"
    assert names(place, stored) == ["v01/data/a", "v02/data/b"]
    assert {p: stored.read_bytes(p) for p in "abc"} == {
        "a": b"foreign",
        "b": b"new",
        "c": b"foreign",
    }
    place.assert_valid(stored)
    assert root.recover(ID) is None


def put_foreign(place: Place, root: OcflRoot, algorithm: str = "sha512") -> None:
    """An object of OCFL 1.0 that another program has made, with ways of its own."""
    folder = root.object_path(ID)
    place.put(f"{folder}/v01/data/a", b"foreign")
    place.put(f"{folder}/0=ocfl_object_1.0", b"ocfl_object_1.0\n")
    digest = hashlib.new(algorithm, b"foreign").hexdigest().upper()
    raw = {
        "digestAlgorithm": algorithm, "id": ID, "head": "v01", "contentDirectory": "data",
        "type": "https://ocfl.io/1.0/spec/#inventory", "fixity": {},
        "manifest": {digest: ["v01/data/a"]},
        "versions": {"v01": {"created": "2020-01-01T00:00:00.123456789Z", "state": {digest: ["a"]},
                             "message": "m", "user": {"name": "F", "address": "info:f"}}},
    }  # fmt: skip
    data = json.dumps(raw).encode()
    sidecar = hashlib.new(algorithm, data).hexdigest().encode() + b"  inventory.json\n"
    for below in (folder, f"{folder}/v01"):
        place.put(f"{below}/inventory.json", data)
        place.put(f"{below}/inventory.json.{algorithm}", sidecar)


@pytest.mark.parametrize(
    "size", [0, 1, 1000, 5000, 4 << 20, (4 << 20) + 1, (9 << 20) + 4097], ids=str
)
def test_files_of_any_size_are_stored_as_they_are(
    place: Place, root: OcflRoot, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(copying, "SMALL", 1 << 10)
    monkeypatch.setattr(copying, "LARGE", 1 << 16)
    data = os.urandom(size)
    heard: list[tuple[int, int]] = []
    with root.draft(ID, base=None, attempt="x") as draft:
        files = [
            NewFile(logical="f", source="f", sha256=sha256(data), size=size),
            NewFile(logical="g", source="f"),
        ]
        assert (
            draft.add_files(files, lambda _: Source(data), progress=lambda *at: heard.append(at))
            == []
        )
        assert draft.sizes == {sha256(data): size}
        stored = finish(draft)
    assert heard[-1] == (2, 2 * size)
    assert heard == sorted(heard)
    assert stored.read_bytes("f") == stored.read_bytes("g") == data
    assert len(names(place, stored)) == 1
    place.assert_valid(stored)


@pytest.mark.parametrize("hint", [0, 10, 5000, 200_000], ids=str)
def test_a_wrong_idea_of_the_size_does_no_harm(
    root: OcflRoot, monkeypatch: pytest.MonkeyPatch, hint: int
) -> None:
    monkeypatch.setattr(copying, "SMALL", 1 << 10)
    monkeypatch.setattr(copying, "LARGE", 1 << 16)
    for n, size in enumerate((0, 11, 3000, 100_000)):
        data = os.urandom(size)
        with root.draft(f"{ID}{n}", base=None, attempt="x") as draft:
            files = [NewFile(logical="f", source="f")]
            assert draft.add_files(files, lambda _, data=data: Source(data, size=hint)) == []  # type: ignore[misc]
            stored = finish(draft)
        assert stored.read_bytes("f") == data
        assert stored.size(stored.inventory.content_path(sha256(data))) == size


def test_all_faults_are_collected_and_none_of_the_files_is_added(
    place: Place, root: OcflRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "SMALL", 1 << 10)
    monkeypatch.setattr(copying, "LARGE", 1 << 13)

    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise OSError(5, "Input/output error")

    def open_source(name: str) -> OpenFile:
        if name == "missing":
            raise NotFound("no such file")
        if name == "link":
            raise BadRequest("a link", code="symbolic-link")
        source = Source(
            b"x"
            * (20_000 if name.startswith("large") else 2000 if name.startswith("middle") else 1),
            changed=name.endswith("changed"),
        )
        if name == "broken":
            source.stream = Broken()  # type: ignore[assignment]
        return source

    def new(
        source: str,
        *,
        logical: str | None = None,
        digest: str | None = None,
        size: int | None = None,
    ) -> NewFile:
        return NewFile(logical=logical or source, source=source, sha256=digest, size=size)

    wrong = sha256(b"else")
    with root.draft(ID, base=None, attempt="x") as draft:
        faults = draft.add_files(
            [
                new("missing"), new("link"), new("broken"), new("good"), new("../bad"),
                *(new(f"{kind}-digest", digest=wrong) for kind in ("small", "middle", "large")),
                *(new(f"{kind}-changed") for kind in ("small", "middle", "large")),
                new("small-both", digest=wrong, size=7),
            ],
            open_source,
        )  # fmt: skip
        assert [(fault.code, fault.path) for fault in faults] == [
            ("missing-file", "missing"),
            ("symbolic-link", "link"),
            ("unreadable-file", "broken"),
            ("bad-path", "../bad"),
            ("digest-mismatch", "small-digest"),
            ("digest-mismatch", "middle-digest"),
            ("digest-mismatch", "large-digest"),
            ("changed-file", "small-changed"),
            ("changed-file", "middle-changed"),
            ("changed-file", "large-changed"),
            ("size-mismatch", "small-both"),
            ("digest-mismatch", "small-both"),
        ]
        assert (faults[4].expected, faults[4].found) == (wrong, sha256(b"x"))
        assert list(draft.state) == ["good"]
        stored = finish(draft)
    assert names(place, stored) == ["v1/content/good"]
    place.assert_valid(stored)


def test_known_content_is_still_read_and_proved(place: Place, root: OcflRoot) -> None:
    base = add(root, {"a": b"known"})
    with root.draft(ID, base=base, attempt="x") as draft:
        known = NewFile(logical="b", source="b", sha256=sha256(b"known"))
        [fault] = draft.add_files([known], lambda _: Source(b"not what it says"))
        assert fault.code == "digest-mismatch"
        assert draft.add_files([known], lambda _: Source(b"known")) == []
        stored = finish(draft)
    assert stored.read_bytes("b") == b"known"
    assert names(place, stored) == ["v1/content/a"]


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", ".", "a/../b", "a\0", "\ud800"])
def test_an_unsafe_path_is_refused(root: OcflRoot, path: str) -> None:
    with root.draft(ID, base=None, attempt="x") as draft, pytest.raises(BadRequest):
        draft.add_bytes(path, b"x")


def test_a_path_that_is_file_and_folder_is_refused(place: Place, root: OcflRoot) -> None:
    with root.draft(ID, base=None, attempt="x") as draft:
        draft.add_bytes("a", b"x")
        draft.add_bytes("a/b/c", b"x")
        with pytest.raises(Unprocessable) as caught:
            finish(draft)
        assert caught.value.problem == "path-conflict"
        draft.remove("a")
        place.assert_valid(finish(draft))


@pytest.mark.parametrize("exists", [False, True], ids=["v1", "v2"])
def test_of_racing_threads_one_wins(place: Place, root: OcflRoot, exists: bool) -> None:
    base = add(root, {"a": b"a"}) if exists else None
    drafts = []
    for n in range(8):
        draft = root.draft(ID, base=base, attempt=f"t{n}")
        draft.add_bytes("mine", b"%d" % n)
        draft.prepare(created=WHEN, user_name="Ann")
        drafts.append(draft)
    gate = threading.Barrier(len(drafts))
    results: list[StoredObject | Exception] = []

    def run(draft: Draft) -> None:
        gate.wait()
        try:
            results.append(draft.commit())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run, args=(draft,)) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for draft in drafts:
        draft.discard()
    won = [result for result in results if isinstance(result, StoredObject)]
    lost = [result for result in results if isinstance(result, Conflict)]
    assert (len(won), len(lost)) == (1, 7)
    assert {error.problem for error in lost} == {"version-conflict"}
    assert root.read(ID) == won[0]
    place.assert_valid(won[0])


def test_an_object_that_came_anew_under_the_same_id_is_not_built_upon(root: OcflRoot) -> None:
    base = add(root, {"a": b"a"})
    with root.draft(ID, base=base, attempt="x") as draft:
        draft.add_bytes("b", b"b")
        draft.prepare(created=WHEN, user_name="Ann")
        root.purge(ID)
        other = add(root, {"other": b"other"})
        with pytest.raises(Conflict, match="it is at version 1"):
            draft.commit()
    assert root.read(ID) == other


def test_an_id_whose_place_is_taken_is_not_there_and_is_refused(place: Place) -> None:
    root = shared(place)
    assert not root.exists("b:123")
    with pytest.raises(NotFound, match="taken by 'a:123'"):
        root.read("b:123")
    with root.draft("b:123", base=None, attempt="b") as draft, pytest.raises(Conflict) as caught:
        draft.add_bytes("b", b"b")
        finish(draft)
    assert caught.value.problem == "place-taken"
    assert root.read("a:123").read_bytes("a") == b"a"


def test_a_purge_spares_another_object_in_the_same_place(place: Place) -> None:
    root = shared(place)
    root.purge("b:123")
    assert root.read("a:123").read_bytes("a") == b"a"
    root.purge("a:123")
    assert list(root.objects()) == []


def shared(place: Place) -> OcflRoot:
    """A root in whose layout ``a:123`` and ``b:123`` have the same place, with the first."""
    layout = layouts.read("0006-flat-omit-prefix-storage-layout", b'{"delimiter": ":"}')
    root = place.open(layout=layout)
    add(root, {"a": b"a"}, object_id="a:123")
    return root


# -------------------------------------------------------------------------------- further changes


def test_files_are_renamed_removed_and_reused(place: Place, root: OcflRoot) -> None:
    add(root, {"a": b"one", "b": b"two", "c": b"three"})
    with root.draft(ID, base=root.read(ID), attempt="x") as draft:
        plan = Plan(
            removes=("c",),
            renames=(Rename(source="a", target="b"), Rename(source="b", target="a")),
            reuses=(Reuse(logical="again", digest=sha256(b"three")),),
        )
        assert draft.apply(plan, streams({})) == []
        finish(draft)
    assert state(root, ID)[2] == {"a": b"two", "b": b"one", "again": b"three"}
    assert len(names(place, root.read(ID))) == 3


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_further_digests_are_kept(place: Place, root: OcflRoot, algorithm: str) -> None:
    with root.draft(
        ID, base=None, attempt="x", algorithm=algorithm, fixity=["md5", "sha256"]
    ) as draft:
        draft.add_bytes("a", b"one")
        files = [NewFile(logical="b", source="b", digests={"md5": hashlib.md5(b"two").hexdigest()})]
        assert draft.add_files(files, lambda _: Source(b"two")) == []
        finish(draft)
    stored = root.read(ID)
    assert stored.inventory.fixity is not None
    assert set(stored.inventory.fixity["md5"]) == {
        hashlib.md5(data).hexdigest() for data in (b"one", b"two")
    }
    place.assert_valid(stored)


def test_an_object_is_lifted_to_the_specification_of_its_root(place: Place) -> None:
    root = place.open()
    put_foreign(place, root)
    with root.draft(ID, base=root.read(ID), attempt="x", upgrade=True) as draft:
        draft.add_bytes("b", b"b")
        finish(draft)
    stored = root.read(ID)
    assert stored.inventory.spec == "1.1"
    declared = [path for path in place.files() if path.startswith(f"{stored.path}/0=")]
    assert declared == [f"{stored.path}/0=ocfl_object_1.1"]
    place.assert_valid(stored)


def test_a_foreign_object_is_purged(place: Place, root: OcflRoot) -> None:
    put_foreign(place, root)
    root.purge(ID)
    assert not root.exists(ID)
    assert list(root.objects()) == []
    place.bury(root)
    assert [path for path in place.files() if path.startswith(root.object_path(ID))] == []
    assert add(root, {"a": b"new"}).inventory.head == 1
    place.assert_valid(root.read(ID))


def test_a_purged_object_can_come_again_at_once(place: Place, root: OcflRoot) -> None:
    put_foreign(place, root)
    root.purge(ID)
    root.purge(ID)
    with pytest.raises(NotFound):
        root.read(ID)
    add(root, {"a": b"again"})
    root.purge(ID)
    add(root, {"a": b"and again"})
    add(root, {"b": b"more"})
    place.bury(root)
    assert state(root, ID) == {1: {"a": b"and again"}, 2: {"a": b"and again", "b": b"more"}}
    assert len(names(place, root.read(ID))) == 2
    place.assert_valid(root.read(ID))


def test_a_stale_base_is_a_conflict(place: Place, root: OcflRoot) -> None:
    first = add(root, {"a": b"a"})
    add(root, {"b": b"b"})
    for base in (first, None):
        with root.draft(ID, base=base, attempt="late") as draft:
            draft.add_bytes("c", b"c")
            with pytest.raises(Conflict) as caught:
                finish(draft)
            assert caught.value.problem == "version-conflict"
    root.purge(ID)
    with root.draft(ID, base=first, attempt="late") as draft:
        draft.add_bytes("c", b"c")
        with pytest.raises(Conflict, match="purged"):
            finish(draft)
    place.bury(root)
    assert [path for path in place.files() if path.startswith(root.object_path(ID))] == []


def test_a_mutable_head_is_left_to_its_program(place: Place, root: OcflRoot) -> None:
    stored = add(root, {"a": b"a"})
    place.put(f"{stored.path}/extensions/0005-mutable-head/head/inventory.json", b"{}")
    with root.draft(ID, base=stored, attempt="x") as draft:
        draft.add_bytes("b", b"b")
        with pytest.raises(Conflict) as caught:
            finish(draft)
    assert caught.value.problem == "mutable-head"
    assert root.read(ID) == stored


def test_a_discarded_draft_is_as_if_it_had_never_been(place: Place, root: OcflRoot) -> None:
    before = place.files()
    for base in (None, add(root, {"other": b"x"}, object_id="other")):
        object_id = "other" if base else ID
        before = place.files()
        draft = root.draft(object_id, base=base, attempt="x")
        draft.add_bytes("a", b"a")
        assert object_id == "other" or list(root.objects()) == [] or len(before) > 0
        draft.discard()
        draft.discard()
        assert place.files() == before
    assert root.recover_all() == []


# ---------------------------------------------------------------------------------------- repairs


@pytest.mark.parametrize("damage", ["inventory", "sidecar", "no sidecar", "version's inventory"])
def test_damage_that_a_copy_proves_is_repaired(place: Place, root: OcflRoot, damage: str) -> None:
    add(root, {"a": b"a"})
    stored = add(root, {"b": b"b"})
    before = place.files()
    inventory = f"{stored.path}/inventory.json"
    if damage == "inventory":
        place.put(inventory, before[inventory].replace(b"Ann", b"Bob"))
        with pytest.raises(Damaged):
            root.read(ID)
    elif damage == "sidecar":
        place.put(f"{inventory}.sha256", b"0" * 64 + b"  inventory.json\n")
        assert root.read(ID) == stored
    elif damage == "no sidecar":
        place.delete(f"{inventory}.sha256")
        assert root.read(ID) == stored
    else:
        place.delete(f"{stored.path}/v2/inventory.json")
    told = root.recover_all(every=True)
    if damage != "version's inventory" or place.repairs_copies:
        assert len(told) == 1
        assert place.files() == before
    assert root.read(ID) == stored
    assert root.recover_all(every=True) == []


def test_damage_that_nothing_proves_is_told_and_left(place: Place, root: OcflRoot) -> None:
    stored = add(root, {"a": b"a"})
    for path in (f"{stored.path}/inventory.json", f"{stored.path}/v1/inventory.json"):
        place.put(path, place.files()[path].replace(b"Ann", b"Bob"))
    before = place.files()
    [told] = root.recover_all(every=True)
    assert "Restore it from a copy" in told
    with pytest.raises(Damaged):
        root.recover(ID)
    [found] = root.objects()
    assert isinstance(found, Damaged)
    assert place.files() == before


def test_an_older_inventory_in_the_newests_place_is_not_followed(
    place: Place, root: OcflRoot
) -> None:
    add(root, {"a": b"a"})
    for number in range(3):
        add(root, {f"{number}": b"%d" % number})
    folder = root.object_path(ID)
    files = place.files()
    for name in ("inventory.json", "inventory.json.sha256"):
        place.put(f"{folder}/{name}", files[f"{folder}/v1/{name}"])
    before = place.files()
    with pytest.raises(Damaged) as caught:
        root.recover(ID)
    assert caught.value.problem == "unknown-versions"
    assert place.files() == before


def test_a_version_that_another_program_left_complete_is_committed(
    place: Place, root: OcflRoot
) -> None:
    add(root, {"a": b"a"})
    folder = root.object_path(ID)
    old = place.files()
    add(root, {"b": b"b"})
    new = place.files()
    for name in ("inventory.json", "inventory.json.sha256"):
        place.put(f"{folder}/{name}", old[f"{folder}/{name}"])
    assert "committed version 2" in (root.recover(ID) or "") or not place.repairs_copies
    assert place.files() == new


def test_a_version_that_is_not_complete_is_put_aside(place: Place, root: OcflRoot) -> None:
    first = add(root, {"a": b"a"})
    folder = root.object_path(ID)
    old = place.files()
    second = add(root, {"b": b"b"})
    for name in ("inventory.json", "inventory.json.sha256"):
        place.put(f"{folder}/{name}", old[f"{folder}/{name}"])
    place.delete(f"{folder}/{second.inventory.content_path(sha256(b'b'))}")
    assert "aside" in (root.recover(ID) or "")
    assert root.read(ID) == first
    assert add(root, {"c": b"c"}).inventory.head == 2
    place.assert_valid(root.read(ID))


# ------------------------------------------------------------------------------------------- roots


def test_objects_are_found_wherever_they_lie(place: Place, root: OcflRoot) -> None:
    made = [add(root, {"a": b"a"}, object_id=f"info:{n}") for n in range(5)]
    found = list(root.objects())
    assert sorted(found, key=lambda each: str(each)) == sorted(made, key=lambda each: str(each))
    assert root.recover_all(every=True) == []
    assert root.sweep(older_than=0) == 0


def test_a_root_keeps_its_identity(place: Place) -> None:
    made = place.open()
    assert made.is_new
    again = place.open(create=False)
    assert not again.is_new
    assert again.identity() == made.identity() is not None
    place.delete(IDENTITY)
    assert made.identity() is None
    other = place.open(create=False).identity()
    assert other not in (None, again.identity() and "")
    place.put(IDENTITY, b"nonsense")
    with pytest.raises(Damaged, match="root-id"):
        place.open().identity()


def test_a_place_that_holds_something_else_is_left_alone(place: Place) -> None:
    place.put("thesis.txt", b"mine")
    with pytest.raises(Unprocessable, match="holds something else"):
        place.open()
    assert place.files() == {"thesis.txt": b"mine"}


def test_a_root_that_is_not_there_is_told(place: Place) -> None:
    with pytest.raises(NotFound):
        place.open(create=False)
    assert place.files() == {}


def test_a_root_of_1_0_is_followed_and_lifted(place: Place) -> None:
    place.open()
    place.put("0=ocfl_1.0", b"ocfl_1.0\n")
    place.delete("0=ocfl_1.1")
    old = place.open()
    assert old.spec == "1.0"
    stored = add(old, {"a": b"a"})
    assert stored.inventory.spec == "1.0"
    place.assert_valid(stored)
    lifted = place.open(upgrade=True)
    assert lifted.spec == "1.1"
    assert "0=ocfl_1.0" not in place.files()
    assert add(lifted, {"b": b"b"}).inventory.spec == "1.0"
    assert add(lifted, {"b": b"b"}, object_id="new").inventory.spec == "1.1"


def test_an_object_says_what_is_wrong_with_a_store_of_it(place: Place, root: OcflRoot) -> None:
    for name in ("", "../x", "a/b", "x" * 101, ".x"):
        with pytest.raises(BadRequest):
            root.draft(ID, base=None, attempt=name)
    with pytest.raises(StrongroomError):
        root.draft(ID, base=None, attempt="x", algorithm="md5")
