"""The judges can say no: each kind of damage is found, and an answer not understood is an error."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.ocfl.root import OcflRoot
from support import peer
from support.java_process import JavaProcess
from support.ocfl_check import object_of, tree
from support.peer_report import PeerFailed, parse
from support.peer_writing import ID, by_hand, write


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that is judged without problems."""
    peer.require()
    folder = tmp_path_factory.mktemp("sound") / "root"
    opened = OcflRoot.open(folder)
    write(opened, {"a/one.txt": b"one", "a/two.txt": b"two"})
    write(opened, {"a/three.txt": b"three"}, remove=["a/one.txt"])
    write(opened, {"x": b"x"}, object_id="urn:other")
    assert peer.judge_root(folder) == []
    return folder


@pytest.fixture
def root(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "root")


def flip_a_byte(folder: Path) -> None:
    (folder / "v1/content/a/two.txt").write_bytes(b"twp")


def add_a_file(folder: Path) -> None:
    (folder / "v1/content/a/extra.txt").write_bytes(b"")


def lose_a_file(folder: Path) -> None:
    (folder / "v2/content/a/three.txt").unlink()


def spoil_the_sidecar(folder: Path) -> None:
    sidecar = folder / "inventory.json.sha256"
    sidecar.write_text("0" * 64 + sidecar.read_text()[64:])


def spoil_an_old_inventory(folder: Path) -> None:
    with (folder / "v1/inventory.json").open("a") as stream:
        stream.write("\n")


def lose_the_inventory(folder: Path) -> None:
    (folder / "inventory.json").unlink()


def forget_the_new_version(folder: Path) -> None:
    for name in ("inventory.json", "inventory.json.sha256"):
        (folder / name).write_bytes((folder / "v1" / name).read_bytes())


@pytest.mark.parametrize(
    ("damage", "by_rocfl", "by_java"),
    [
        (flip_a_byte, "E092", "E092"),
        (add_a_file, "E023", "E023"),
        (lose_a_file, "E092", "E092"),
        (spoil_the_sidecar, "E060", "E060"),
        (spoil_an_old_inventory, "E060", "E060"),
        # whoever lists the objects for ocfl-java stumbles
        (lose_the_inventory, "E063", None),
        (forget_the_new_version, "E001", "E046"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_damage_of_an_object_is_found(
    root: Path, damage: Callable[[Path], None], by_rocfl: str, by_java: str | None
) -> None:
    damage(object_of(root, ID))
    told = "\n".join(peer.rocfl_root(root))
    assert by_rocfl in told
    assert "urn:other" not in told
    assert by_rocfl in "\n".join(peer.judge_object(root, ID))
    assert peer.judge_object(root, "urn:other") == []
    if by_java is None:
        with pytest.raises(PeerFailed, match="NoSuchFileException"):
            peer.java_root(root)
    else:
        assert f"ocfl-java: object {ID}: {by_java}" in "\n".join(peer.java_root(root))


def lose_the_declaration(root: Path) -> None:
    (root / "0=ocfl_1.1").unlink()


def spoil_the_declaration(root: Path) -> None:
    (root / "0=ocfl_1.1").write_text("ocfl_1.1")


def leave_a_stray_file(root: Path) -> None:
    (object_of(root, ID).parent / "stray.txt").write_text("stray")


def leave_an_empty_folder(root: Path) -> None:
    (root / "abc/def").mkdir(parents=True)


def leave_a_file_among_extensions(root: Path) -> None:
    (root / "extensions/stray.txt").write_text("stray")


def leave_an_unknown_extension(root: Path) -> None:
    (root / "extensions/my-own").mkdir()


def leave_a_link(root: Path) -> None:
    (root / "abc").mkdir()
    (root / "abc/link").symlink_to(object_of(root, ID))


def misplace_an_object(root: Path) -> None:
    folder = object_of(root, ID)
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_the_declaration, "rocfl: root: E069"),
        (spoil_the_declaration, "rocfl: root: E080"),
        (leave_a_stray_file, "rocfl: hierarchy: E072"),
        (leave_an_empty_folder, "rocfl: hierarchy: E073"),
        (leave_a_file_among_extensions, "rocfl: root: E112"),
        (leave_an_unknown_extension, "rocfl: root: W016"),
        (leave_a_link, "rocfl: hierarchy: E090"),
        (misplace_an_object, f"rocfl: object {ID}: not where the layout says"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damage_of_a_root_is_found(root: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(root)
    assert [problem for problem in peer.rocfl_root(root) if problem.startswith(said)]


def test_warnings_count_unless_they_are_allowed(root: Path) -> None:
    by_hand(OcflRoot.open(root), "urn:padded", {"a": b"a"}, width=3)
    told = peer.judge_root(root)
    assert [problem.split(":")[0] for problem in told] == ["rocfl", "ocfl-java"]
    assert all("W001" in problem for problem in told)
    assert peer.judge_root(root, allow=["W001"]) == []


def test_judging_changes_nothing(root: Path) -> None:
    before = tree(root)
    assert peer.judge_root(root) == []
    assert tree(root) == before


def test_a_judge_that_ends_or_does_not_understand_gives_no_verdict(tmp_path: Path) -> None:
    peer.require()
    judge = JavaProcess()
    said = judge.ask(["praise", str(tmp_path), str(tmp_path)])
    assert said.keys() == {"failed"}
    with pytest.raises(PeerFailed, match="Java ended with 1"):
        judge.ask({"no": "list"})
    with pytest.raises(PeerFailed, match="Java ended with 1"):
        judge.ask(["validate", str(tmp_path), str(tmp_path)])
    judge.end()


def test_what_is_no_root_is_not_judged_valid(tmp_path: Path) -> None:
    peer.require()
    with pytest.raises(PeerFailed, match="does not exist"):
        peer.rocfl_root(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert peer.rocfl_root(tmp_path / "empty") == [
        "rocfl: root: E069 Root version declaration does not exist"
    ]


def test_an_object_that_is_not_there_is_told(root: Path) -> None:
    assert peer.judge_object(root, "urn:none") == [
        "rocfl: object urn:none: not where the layout says"
    ]


# --------------------------------------------------------------------------- rocfl's answers

VALID = """\
Storage root is valid

Object urn:a is valid with warnings
  Warnings:
    1. [W004] (root) sha256

Object urn:b is invalid
  Errors:
    1. [E023] (root) extra
    2. [E092] (v2) flipped
  Warnings:
    1. [W005] (root) no URI

Storage hierarchy is invalid
  Errors:
    1. [E072] stray

Summary:
  Total objects:   2
  Invalid objects: 1
  Storage issues:  1
"""


def test_an_answer_is_understood() -> None:
    report = parse(VALID, 2, summary=True)
    assert report.objects == ["urn:a", "urn:b"]
    assert report.of_root
    assert [(found.subject, found.code) for found in report.findings] == [
        ("object urn:a", "W004"),
        ("object urn:b", "E023"),
        ("object urn:b", "E092"),
        ("object urn:b", "W005"),
        ("hierarchy", "E072"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("is valid\n", "is fine\n"),
        ("    1. [E023] (root) extra\n", ""),
        ("    1. [E072] stray", "    1. [E072] stray\nand more"),
        ("[E072]", "E072"),
        ("  Errors:\n    1. [E072]", "    1. [E072]"),
        ("hierarchy is invalid", "hierarchy is valid"),
        ("hierarchy is invalid", "hierarchy is valid with warnings"),
        ("Total objects:   2", "Total objects:   3"),
        ("Invalid objects: 1", "Invalid objects: 0"),
        ("Storage issues:  1", "Storage issues:  0"),
        ("  Storage issues:  1\n", ""),
        ("Storage root is valid\n\n", ""),
        ("\nSummary:\n", "\nSo:\n"),
        ("[W004]", "[E004]"),
        (VALID, ""),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(old: str, new: str) -> None:
    assert old in VALID
    with pytest.raises(PeerFailed):
        parse(VALID.replace(old, new, 1), 2, summary=True)


@pytest.mark.parametrize("status", [0, 1, 101, -9])
def test_an_exit_status_that_does_not_fit_is_refused(status: int) -> None:
    with pytest.raises(PeerFailed, match="ended with"):
        parse(VALID, status, summary=True)
