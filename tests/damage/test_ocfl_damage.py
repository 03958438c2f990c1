"""Damages stored objects in every way that comes to mind; nothing damaged is served as good."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.errors import Conflict, Damaged, NotFound
from strongroom.ocfl.reading import read_range, verified_chunks
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.stored import StoredObject
from support.ocfl_check import assert_valid, folder_of

ID = "info:fedora/library/book"
WHEN = datetime(2026, 2, 3, tzinfo=UTC)
DATA = bytes(range(256)) * 20


@pytest.fixture
def root(tmp_path: Path) -> OcflRoot:
    return OcflRoot.open(tmp_path / "root")


@pytest.fixture
def stored(root: OcflRoot) -> StoredObject:
    """An object with two versions."""
    add(root, ID, {"page": DATA, "empty": b"", "gone": b"only in v1"})
    return add(root, ID, {"other": b"in v2"}, remove=["gone"])


def add(
    root: OcflRoot, object_id: str, files: dict[str, bytes], remove: list[str] | None = None
) -> StoredObject:
    base = root.read(object_id) if root.exists(object_id) else None
    with root.draft(object_id, base=base, attempt="a") as draft:
        for path in remove or []:
            draft.remove(path)
        for path, data in files.items():
            draft.add_bytes(path, data)
        draft.prepare(created=WHEN, user_name="Ann", user_address="mailto:a@b.c", message="m")
        return draft.commit()


def page(stored: StoredObject) -> Path:
    return folder_of(stored) / "v1" / "content" / "page"


def everything(stored: StoredObject, chunk: int) -> bytes:
    digest = stored.inventory.logical()["page"]
    path = stored.inventory.content_path(digest)
    return b"".join(verified_chunks(stored, path, digest, chunk))


# ------------------------------------------------------------------------------------- content


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def into_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARMS = [flip, truncate, empty, lengthen, Path.unlink, into_link, into_folder]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_damaged_content_is_not_served(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None]
) -> None:
    assert everything(stored, 1000) == stored.read_bytes("page") == DATA
    harm(page(stored))
    again = root.read(ID)
    for chunk in (1, 1000, 1 << 20):
        got = bytearray()
        digest = again.inventory.logical()["page"]
        with pytest.raises(Damaged) as caught:
            for data in verified_chunks(again, again.inventory.content_path(digest), digest, chunk):
                got += data
        # a receiver that counts bytes never has as many as it was promised
        assert len(got) < max(len(DATA), 1) or harm is lengthen
        assert caught.value.faults
    with pytest.raises(Damaged):
        again.read_bytes("page")


def test_a_small_file_is_proved_before_its_first_byte(stored: StoredObject) -> None:
    flip(page(stored))
    digest = stored.inventory.logical()["page"]
    with pytest.raises(Damaged):
        next(verified_chunks(stored, stored.inventory.content_path(digest), digest))


def test_an_empty_file_reads_as_empty(stored: StoredObject) -> None:
    digest = stored.inventory.logical()["empty"]
    path = stored.inventory.content_path(digest)
    assert list(verified_chunks(stored, path, digest)) == []
    assert list(read_range(stored, path, 0, 0)) == []
    assert stored.size(path) == 0


@pytest.mark.parametrize(("start", "length"), [(0, 1), (0, 5120), (5119, 1), (1000, 3000), (7, 0)])
def test_a_range_gives_exactly_its_bytes(stored: StoredObject, start: int, length: int) -> None:
    path = stored.inventory.content_path(stored.inventory.logical()["page"])
    got = b"".join(read_range(stored, path, start, length, 999))
    assert got == DATA[start : start + length]


def test_a_range_over_the_end_is_damage(stored: StoredObject) -> None:
    path = stored.inventory.content_path(stored.inventory.logical()["page"])
    truncate(page(stored))
    with pytest.raises(Damaged, match="ends after 5119 bytes"):
        list(read_range(stored, path, 5000, 120))


@pytest.mark.parametrize("harm", [truncate, empty, lengthen], ids=lambda harm: harm.__name__)
def test_a_range_of_a_file_of_another_size_gives_no_byte(
    stored: StoredObject, harm: Callable[[Path], None]
) -> None:
    path = stored.inventory.content_path(stored.inventory.logical()["page"])
    assert b"".join(read_range(stored, path, 3, 4, size=len(DATA))) == DATA[3:7]
    harm(page(stored))
    for start, length in ((0, 1), (3, 4), (len(DATA) - 1, 1), (0, 0)):
        with pytest.raises(Damaged, match=f"instead of {len(DATA)}") as caught:
            next(read_range(stored, path, start, length, size=len(DATA)))
        assert caught.value.problem == "size-mismatch"
        [fault] = caught.value.faults
        assert (fault.path, fault.expected) == (path, str(len(DATA)))
        assert fault.found == str(page(stored).stat().st_size)


def test_content_of_an_object_that_is_gone_is_damage(root: OcflRoot, stored: StoredObject) -> None:
    """Who knows where content lies knows of the object; that nothing is there is no answer."""
    digest = stored.inventory.logical()["page"]
    path = stored.inventory.content_path(digest)
    shutil.rmtree(folder_of(stored))
    folder = root.folder_of(ID)
    for work in (
        lambda: folder.open(path),
        lambda: folder.size(path),
        lambda: list(verified_chunks(folder, path, digest)),
        lambda: list(read_range(folder, path, 0, 1)),
        lambda: stored.read_bytes("page"),
    ):
        with pytest.raises(Damaged, match=f"^'{ID}' is missing from storage. Restore") as caught:
            work()
        assert caught.value.problem == "missing-object"
        assert caught.value.faults[0].path == ID
    with pytest.raises(NotFound):
        root.read(ID)


# ----------------------------------------------------------------------------------- inventory


HARMS = [flip, truncate, empty, lengthen]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_damaged_root_inventory_is_never_used(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None]
) -> None:
    harm(folder_of(stored) / "inventory.json")
    harm(folder_of(stored) / "v2" / "inventory.json")
    with pytest.raises(Damaged) as caught:
        root.read(ID)
    assert "Restore" in caught.value.message
    with pytest.raises(Damaged):
        root.recover(ID)
    assert [type(found) for found in root.objects()] == [Damaged]
    before = sorted(folder_of(stored).rglob("*"))
    with root.draft(ID, base=stored, attempt="b") as draft:
        draft.add_bytes("x", b"x")
        draft.prepare(created=WHEN, user_name="Ann")
        with pytest.raises(Damaged):
            draft.commit()
    assert sorted(folder_of(stored).rglob("*")) == before


@pytest.mark.parametrize("harm", [*HARMS, Path.unlink], ids=lambda harm: harm.__name__)
def test_a_root_inventory_is_restored_from_the_copy_that_the_sidecar_proves(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None]
) -> None:
    before = (folder_of(stored) / "inventory.json").read_bytes()
    harm(folder_of(stored) / "inventory.json")
    with pytest.raises(Damaged):
        root.read(ID)
    told = root.recover(ID)
    assert told == f"'{ID}': restored its inventory from the copy that its sidecar proves"
    assert (folder_of(stored) / "inventory.json").read_bytes() == before
    assert root.read(ID) == stored
    assert_valid(folder_of(stored))
    assert root.recover_all(every=True) == []


def test_a_plausible_change_of_the_inventory_is_seen(root: OcflRoot, stored: StoredObject) -> None:
    path = folder_of(stored) / "inventory.json"
    path.write_bytes(path.read_bytes().replace(b"Ann", b"Bob"))
    with pytest.raises(Damaged, match="neither its sidecar nor the copy"):
        root.read(ID)


def test_a_forged_pair_without_its_copy_in_the_version_is_what_the_sidecar_says(
    root: OcflRoot, stored: StoredObject
) -> None:
    """The sidecar decides: the copy in the version is for the gap between the two renames."""
    (folder_of(stored) / "v2" / "inventory.json").write_bytes(b"{}")
    assert root.read(ID) == stored


@pytest.mark.parametrize(
    "harm", [flip, empty, lengthen, Path.unlink], ids=lambda harm: harm.__name__
)
def test_a_damaged_sidecar_alone_is_repaired(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None]
) -> None:
    harm(folder_of(stored) / "inventory.json.sha256")
    assert root.read(ID) == stored
    assert root.recover(ID) == f"'{ID}': rewrote the sidecar of its inventory"
    assert_valid(folder_of(stored))
    assert root.read(ID) == stored
    assert root.recover_all(every=True) == []


def test_a_damaged_sidecar_and_copy_leave_nothing_to_trust(
    root: OcflRoot, stored: StoredObject
) -> None:
    flip(folder_of(stored) / "inventory.json.sha256")
    flip(folder_of(stored) / "v2" / "inventory.json.sha256")
    with pytest.raises(Damaged):
        root.read(ID)


def test_an_object_without_inventory_is_damaged(root: OcflRoot, stored: StoredObject) -> None:
    (folder_of(stored) / "inventory.json").unlink()
    with pytest.raises(Damaged, match="no inventory"):
        root.read(ID)


def test_another_object_in_the_place_is_damage(root: OcflRoot, stored: StoredObject) -> None:
    other = add(root, "info:fedora/other", {"a": b"a"})
    shutil.rmtree(folder_of(stored))
    shutil.copytree(folder_of(other), folder_of(stored))
    with pytest.raises(Damaged, match="lies 'info:fedora/other'"):
        root.read(ID)
    kinds = {type(found) for found in root.objects()}
    assert kinds == {StoredObject, Damaged}


# ----------------------------------------------------------------- versions that were not committed


def roll_back(stored: StoredObject) -> None:
    """The state after a stop between moving v2 in and replacing the root inventory."""
    for name in ("inventory.json", "inventory.json.sha256"):
        shutil.copy(folder_of(stored) / "v1" / name, folder_of(stored) / name)


def aside(root: OcflRoot) -> list[str]:
    folder = root.folder / "extensions" / "strongroom-staging" / "aside"
    return [path.name for path in sorted(folder.iterdir())]


def test_a_complete_version_is_committed_by_recovery(root: OcflRoot, stored: StoredObject) -> None:
    roll_back(stored)
    assert root.read(ID).inventory.head == 1
    assert root.recover_all() == [], "nothing in staging points to the object"
    assert root.recover_all(every=True) == [f"'{ID}': committed version 2, which was complete"]
    assert root.read(ID) == stored
    assert_valid(folder_of(stored))


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_an_incomplete_version_is_put_aside(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None]
) -> None:
    roll_back(stored)
    harm(folder_of(stored) / "v2" / "content" / "other")
    told = root.recover(ID)
    assert told is not None
    assert "aside" in told
    assert len(aside(root)) == 1
    assert root.read(ID).inventory.head == 1
    assert_valid(folder_of(stored))
    assert add(root, ID, {"other": b"in v2"}, remove=["gone"]).inventory.head == 2
    assert_valid(folder_of(stored))


@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha256"])
@pytest.mark.parametrize("harm", [flip, empty, Path.unlink], ids=lambda harm: harm.__name__)
def test_a_version_with_a_damaged_inventory_is_put_aside(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None], name: str
) -> None:
    roll_back(stored)
    harm(folder_of(stored) / "v2" / name)
    assert "aside" in (root.recover(ID) or "")
    assert root.read(ID).inventory.head == 1
    assert_valid(folder_of(stored))


@pytest.mark.parametrize("change", ["extra file", "other past", "lost content", "other id"])
def test_a_version_that_does_not_follow_is_put_aside(
    root: OcflRoot, stored: StoredObject, change: str
) -> None:
    roll_back(stored)
    version = folder_of(stored) / "v2"
    raw = json.loads((version / "inventory.json").read_bytes())
    if change == "extra file":
        (version / "content" / "extra").write_bytes(b"x")
    elif change == "other past":
        raw["versions"]["v1"]["message"] = "rewritten"
    elif change == "lost content":
        gone = hashlib.sha256(b"only in v1").hexdigest()
        raw["manifest"][gone] = ["v2/content/other2"]
    else:
        raw["id"] = "info:fedora/another"
    data = json.dumps(raw).encode()
    (version / "inventory.json").write_bytes(data)
    (version / "inventory.json.sha256").write_text(
        f"{hashlib.sha256(data).hexdigest()}  inventory.json\n"
    )
    assert "aside" in (root.recover(ID) or "")
    assert root.read(ID).inventory.head == 1
    assert_valid(folder_of(stored))


def test_an_old_inventory_over_several_versions_is_reported_not_repaired(
    root: OcflRoot, stored: StoredObject
) -> None:
    add(root, ID, {"third": b"3"})
    roll_back(stored)
    with pytest.raises(Damaged, match="older inventory"):
        root.recover(ID)
    assert (folder_of(stored) / "v3" / "content" / "third").read_bytes() == b"3"
    assert root.recover_all(every=True)[0].startswith(f"'{ID}' has folders for versions")


def test_a_commit_repairs_what_it_finds(root: OcflRoot, stored: StoredObject) -> None:
    roll_back(stored)
    base = root.read(ID)
    with root.draft(ID, base=base, attempt="b") as draft:
        draft.add_bytes("mine", b"mine")
        draft.prepare(created=WHEN, user_name="Ann")
        with pytest.raises(Conflict) as caught:
            draft.commit()
    assert caught.value.problem == "version-conflict"
    assert root.read(ID) == stored


def test_a_second_declaration_is_removed(root: OcflRoot, stored: StoredObject) -> None:
    (folder_of(stored) / "0=ocfl_object_1.0").write_text("ocfl_object_1.0\n")
    told = root.recover(ID)
    assert told == f"'{ID}': made 1.1 the one specification that it declares"
    assert_valid(folder_of(stored))


def test_an_uncommitted_head_of_another_program_is_not_built_upon(
    root: OcflRoot, stored: StoredObject
) -> None:
    (folder_of(stored) / "extensions" / "0005-mutable-head" / "head").mkdir(parents=True)
    with pytest.raises(Conflict, match="mutable-head"):
        add(root, ID, {"x": b"x"})
    assert root.read(ID) == stored


# ---------------------------------------------------------------------------------- the whole root


def test_the_walk_names_what_is_wrong_and_goes_on(root: OcflRoot, stored: StoredObject) -> None:
    others = [add(root, f"info:fedora/{n}", {"a": b"%d" % n}) for n in range(5)]
    flip(folder_of(others[2]) / "inventory.json")
    (root.folder / "abc" / "def").mkdir(parents=True)
    (root.folder / "abc" / "stray.txt").write_bytes(b"x")
    (root.folder / "abc" / "def" / "inventory.json").write_bytes(b"x")
    found = list(root.objects())
    good = [f for f in found if isinstance(f, StoredObject)]
    assert sorted(f.id for f in good) == sorted([ID, *(others[n].id for n in (0, 1, 3, 4))])
    assert [f.path for f in good] == sorted(f.path for f in good)
    assert len(found) - len(good) == 3
    assert [str(f) for f in found] == [str(f) for f in root.objects()]
