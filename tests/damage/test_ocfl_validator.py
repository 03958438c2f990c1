"""The validator finds every damage to what this engine wrote, by its code and at its place.

Objects and roots come from the engine itself, so that what it writes is judged too.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.ocfl.root import OcflRoot
from support.ocfl_faults_judged import Judged, judge

IDS = [f"info:fedora/library/book{number}" for number in range(3)]
BOOK = IDS[1]
WHEN = datetime(2026, 2, 3, tzinfo=UTC)
STAGING = "extensions/strongroom-staging"
PAGE = bytes(range(256)) * 20
#: (code, place below the object)
Told = set[tuple[str, str]]
Harm = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> OcflRoot:
    """A root with three objects of two versions each."""
    made = OcflRoot.open(tmp_path / "root")
    for object_id in IDS:
        add(made, object_id, {"page 1": PAGE, "deep/er/page 2": b"two", "empty": b""})
        add(made, object_id, {"page 3": b"three", "again": PAGE})
    return made


def add(root: OcflRoot, object_id: str, files: dict[str, bytes]) -> None:
    base = root.read(object_id) if root.exists(object_id) else None
    with root.draft(object_id, base=base, attempt="a") as draft:
        for path, data in files.items():
            draft.add_bytes(path, data)
        draft.prepare(
            created=WHEN, user_name="Ann", user_address="mailto:ann@example.org", message="New"
        )
        draft.commit()


def place(root: OcflRoot) -> Path:
    """Where the damaged object lies."""
    return root.folder / root.object_path(BOOK)


def content(root: OcflRoot, path: str, version: str = "v1") -> str:
    """Where the bytes of a logical path lie, below the object."""
    inventory = json.loads((place(root) / "inventory.json").read_bytes())
    state = inventory["versions"][version]["state"]
    [digest] = [digest for digest, paths in state.items() if path in paths]
    return str(inventory["manifest"][digest][0])


def told(judged: Judged) -> Told:
    """Codes and places, those of a sound root of ours left out."""
    return {
        (each.code, each.place.partition(": ")[0])
        for each in judged.problems
        if each.code not in ("W004", "W016")
    }


def check(root: OcflRoot, expected: Told) -> None:
    """The object alone and the whole root say exactly this, at the object's place."""
    alone = judge(place(root))
    assert told(alone) == expected, f"\n{alone}"
    assert not alone.summary.valid
    whole = judge(root.folder, root=True)
    path = root.object_path(BOOK)
    assert told(whole) == {(code, f"{path}/{below}") for code, below in expected}, f"\n{whole}"
    assert not whole.summary.valid
    assert {each.object_id for each in whole.problems if each.code.startswith("E")} <= {BOOK, None}


# ------------------------------------------------------------------------------------------- sound


def test_what_the_engine_writes_is_valid(root: OcflRoot) -> None:
    judged = judge(root.folder, root=True)
    assert judged.summary.valid
    found = sorted(
        (each.code, each.place.partition(": ")[0].removesuffix("/inventory.json"))
        for each in judged.problems
    )
    assert found == sorted(
        [("W016", STAGING), *(("W004", root.object_path(each)) for each in IDS)]
    ), f"\n{judged}"


def test_a_new_root_is_valid(tmp_path: Path) -> None:
    judged = judge(OcflRoot.open(tmp_path / "root").folder, root=True)
    assert [(each.code, each.place) for each in judged.problems] == [("W016", STAGING)]


# ------------------------------------------------------------------------------------ damaged files


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def blank(path: Path) -> None:
    """Zero-length, as after a power loss."""
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [flip, cut, grow, blank, Path.unlink])
@pytest.mark.parametrize("path", ["page 1", "deep/er/page 2"])
def test_damaged_content(root: OcflRoot, path: str, harm: Harm) -> None:
    at = content(root, path)
    harm(place(root) / at)
    check(root, {("E092", at)})


def test_two_files_exchanged(root: OcflRoot) -> None:
    one, two = content(root, "page 1"), content(root, "deep/er/page 2")
    folder = place(root)
    (folder / one).rename(folder / "x")
    (folder / two).rename(folder / one)
    (folder / "x").rename(folder / two)
    check(root, {("E092", one), ("E092", two)})


def test_a_whole_content_folder_lost(root: OcflRoot) -> None:
    shutil.rmtree(place(root) / "v2" / "content")
    check(root, {("E016", "v2")})


def test_a_whole_version_lost(root: OcflRoot) -> None:
    shutil.rmtree(place(root) / "v2")
    check(root, {("E046", "v2")})


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("harm", [flip, cut, grow])
def test_damaged_inventory_of_a_version(root: OcflRoot, harm: Harm, version: str) -> None:
    path = f"{version}/inventory.json"
    harm(place(root) / path)
    judged = judge(place(root))
    assert not judged.summary.valid
    assert ("E060", f"{path}.sha256") in told(judged) or ("E060", path) in told(judged)
    assert ("E064" in judged.codes) == (version == "v2")


@pytest.mark.parametrize("harm", [flip, cut, grow, blank])
def test_damaged_inventory(root: OcflRoot, harm: Harm) -> None:
    harm(place(root) / "inventory.json")
    judged = judge(place(root))
    assert not judged.summary.valid
    assert {"E060", "E064"} <= judged.codes
    whole = judge(root.folder, root=True)
    assert all(
        each.place.startswith(root.object_path(BOOK))
        for each in whole.problems
        if each.code.startswith("E")
    )


def test_no_inventory(root: OcflRoot) -> None:
    (place(root) / "inventory.json").unlink()
    (place(root) / "inventory.json.sha256").unlink()
    assert {code for code, _ in told(judge(place(root)))} == {"E063"}
    assert {code for code, _ in told(judge(root.folder, root=True))} == {"E063"}


@pytest.mark.parametrize("folder", ["", "v1/"])
@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lambda path: path.unlink(), "E058"),
        (blank, "E061"),
        (lambda path: path.write_text("0" * 64 + "  inventory.json\n"), "E060"),
        (lambda path: path.rename(path.with_suffix(".sha512")), "E059"),
    ],
    ids=["gone", "empty", "other", "renamed"],
)
def test_damaged_sidecar(root: OcflRoot, harm: Harm, code: str, folder: str) -> None:
    harm(place(root) / f"{folder}inventory.json.sha256")
    judged = judge(place(root))
    assert {each for each, _ in told(judged)} == {code}, f"\n{judged}"
    assert all(each.place.startswith(folder) for each in judged.problems if each.code == code)


def test_an_inventory_of_another_object(root: OcflRoot) -> None:
    """Each file is sound in itself; what they describe is not what lies there."""
    other = root.folder / root.object_path(IDS[2])
    for name in ("inventory.json", "inventory.json.sha256"):
        shutil.copyfile(other / name, place(root) / name)
    assert "E064" in judge(place(root)).codes


def test_an_older_root_inventory_restored(root: OcflRoot) -> None:
    """What a crash of lesser software leaves: a version moved in, the root not changed."""
    for name in ("inventory.json", "inventory.json.sha256"):
        shutil.copyfile(place(root) / "v1" / name, place(root) / name)
    check(root, {("E046", "v2")})


# ------------------------------------------------------------------------------- what is no file


def into_link(path: Path) -> None:
    moved = path.parents[1] / "moved"
    path.rename(moved)
    path.symlink_to(moved)


def into_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def test_content_that_is_a_link(root: OcflRoot) -> None:
    path = place(root) / content(root, "page 1")
    outside = root.folder.parent / "elsewhere"
    path.rename(outside)
    path.symlink_to(outside)
    check(root, {("E090", content(root, "page 1"))})


def test_content_with_a_second_name(root: OcflRoot) -> None:
    path = place(root) / content(root, "page 1")
    os.link(path, root.folder.parent / "second name")
    check(root, {("E090", content(root, "page 1"))})


def test_content_that_is_a_pipe(root: OcflRoot) -> None:
    at = content(root, "page 1")
    into_pipe(place(root) / at)
    judged = judge(place(root))
    assert not judged.summary.valid
    assert {below for _, below in told(judged)} == {at}


@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha256", "0=ocfl_object_1.1"])
@pytest.mark.parametrize("harm", [into_pipe, into_link])
def test_metadata_that_is_no_file_is_not_waited_for(root: OcflRoot, name: str, harm: Harm) -> None:
    harm(place(root) / name)
    assert not judge(place(root)).summary.valid
    assert not judge(root.folder, root=True).summary.valid


# -------------------------------------------------------------------------------------- unreadable

_UNPRIVILEGED = """
import os, sys
from pathlib import Path
from strongroom.ocfl.validation.objects import validate_object
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.localstore import LocalStore

if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
what, path = sys.argv[1:]
validate = validate_root if what == "root" else validate_object
found = []
summary = validate(LocalStore(Path(path)), tell=found.append, workers=1)
assert not summary.valid
for each in found:
    if each.code[0] != "W":
        print(each.code, each.place)
"""


@pytest.mark.parametrize(
    "below",
    [
        "v1/content/deep",
        "content",
        "inventory.json",
        "inventory.json.sha256",
        "v1/inventory.json",
        "v2",
        "",
    ],
)
def test_what_permissions_forbid_is_told_and_never_valid(below: str) -> None:
    """As another user than the one who may read everything."""
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        root = OcflRoot.open(Path(base) / "root")
        add(root, BOOK, {"page 1": PAGE, "deep/page 2": b"two"})
        add(root, BOOK, {"page 3": b"three"})
        subprocess.run(["chmod", "-R", "a+rX", base], check=True)
        if below == "content":
            below = content(root, "page 1")
        forbidden = place(root) / below
        forbidden.chmod(0o000)
        try:
            for what, path in (("object", place(root)), ("root", root.folder)):
                done = subprocess.run(
                    [sys.executable, "-c", _UNPRIVILEGED, what, str(path)],
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=60,
                )
                at = str(forbidden.relative_to(path)).removeprefix(".")
                assert f"unreadable {at}" in done.stdout.splitlines(), done.stdout
        finally:
            forbidden.chmod(0o755)


# -------------------------------------------------------------------------------------------- many


def test_many_kinds_of_damage_are_all_told(root: OcflRoot) -> None:
    folder = place(root)
    expected: Told = set()
    for path, harm in (("page 1", flip), ("deep/er/page 2", Path.unlink), ("empty", grow)):
        at = content(root, path)
        harm(folder / at)
        expected.add(("E092", at))
    (folder / "notes.txt").write_text("x")
    (folder / "v1" / "notes.txt").write_text("x")
    (folder / "v1" / "content" / "more").write_text("x")
    (folder / "v2" / "content" / "hollow").mkdir()
    (folder / "extensions").mkdir()
    (folder / "extensions" / "a.txt").write_text("x")
    (folder / "link").symlink_to("v1")
    (folder / "0=ocfl_object_1.1").write_text("")
    expected |= {
        ("E001", "notes.txt"),
        ("E015", "v1/notes.txt"),
        ("E023", "v1/content/more"),
        ("E024", "v2/content/hollow"),
        ("E067", "extensions/a.txt"),
        ("E090", "link"),
        ("E007", "0=ocfl_object_1.1"),
    }
    check(root, expected)


def test_damage_to_several_objects_and_the_root(root: OcflRoot) -> None:
    expected: Told = set()
    for object_id in IDS:
        path = root.object_path(object_id)
        (root.folder / path / "notes.txt").write_text("x")
        expected.add(("E001", f"{path}/notes.txt"))
    path = root.object_path(BOOK)
    moved = f"abc/abc/abc/{hashlib.sha256(b'x').hexdigest()}"
    (root.folder / moved).parent.mkdir(parents=True)
    (root.folder / path).rename(root.folder / moved)
    first = root.object_path(IDS[0]).partition("/")[0]
    (root.folder / first / "notes.txt").write_text("x")
    (root.folder / "extensions" / "a.txt").write_text("x")
    (root.folder / "0=ocfl_1.1").write_text("")
    expected -= {("E001", f"{path}/notes.txt")}
    expected |= {
        ("E001", f"{moved}/notes.txt"),
        ("E083", moved),
        ("E084", f"{first}/notes.txt"),
        ("E112", "extensions/a.txt"),
        ("E080", "0=ocfl_1.1"),
    }
    judged = judge(root.folder, root=True)
    hollow = {at for code, at in told(judged) if code == "E073"}
    assert len(hollow) == 1, "the folders above the place that the object left"
    assert told(judged) - {("E073", *hollow)} == expected, f"\n{judged}"
