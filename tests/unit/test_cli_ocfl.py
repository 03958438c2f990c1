"""``strongroom ocfl``: what it prints, and what it ends with, for roots that are sound and not."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.cli.main import main
from strongroom.ocfl.root import OcflRoot
from support.ocfl_check import folder_of, tree

ID = "info:fedora/book"


@pytest.fixture
def root(tmp_path: Path) -> OcflRoot:
    root = OcflRoot.open(tmp_path / "root")
    for number in (1, 2):
        base = root.read(ID) if number > 1 else None
        with root.draft(ID, base=base, attempt="a") as draft:
            draft.add_bytes(f"page {number}", b"page %d" % number)
            draft.prepare(
                created=datetime(2026, 2, number, tzinfo=UTC),
                user_name="Ann",
                user_address="mailto:ann@example.org",
                message="m",
            )
            draft.commit()
    return root


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_sound_root_is_valid(root: OcflRoot, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root.folder)
    code, out, _ = run(capsys, "ocfl", "validate", root.folder)
    assert code == 0
    assert out.splitlines()[-1] == (
        f"{root.folder} is valid (OCFL 1.1, 1 object, 2 files of content, 12 bytes): "
        "0 errors, 2 warnings."
    )
    assert [line.split()[:2] for line in out.splitlines()[:-1]] == [
        ["WARNING", "W016"],
        ["WARNING", "W004"],
    ]
    assert tree(root.folder) == before


def test_damage_is_told_in_text_and_in_json(
    root: OcflRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(root.read(ID))
    (folder / "v1/content/page 1").write_bytes(b"page X")
    (folder / "stray").write_bytes(b"")
    code, out, _ = run(capsys, "ocfl", "validate", folder)
    assert code == 7
    assert "ERROR E001 stray: " in out
    assert "ERROR E092 v1/content/page 1: " in out
    assert "is NOT valid" in out
    code, out, err = run(capsys, "ocfl", "validate", root.folder, "--json")
    assert (code, err) == (7, "")
    document = json.loads(out)
    place = str(folder.relative_to(root.folder))
    assert {(p["severity"], p["code"], p["place"]) for p in document["problems"]} == {
        ("warning", "W016", "extensions/strongroom-staging"),
        ("warning", "W004", f"{place}/inventory.json: digestAlgorithm"),
        ("error", "E001", f"{place}/stray"),
        ("error", "E092", f"{place}/v1/content/page 1"),
    }
    assert document["valid"] is False
    assert (document["kind"], document["objects"], document["invalid_objects"]) == ("root", 1, 1)
    assert (document["errors"], document["warnings"]) == (2, 2)
    code, out, _ = run(capsys, "ocfl", "validate", root.folder, "--no-digests")
    assert code == 7
    assert "E092" not in out


def test_json_without_problems_is_a_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "0=ocfl_1.1").write_text("ocfl_1.1\n")
    code, out, _ = run(capsys, "ocfl", "validate", "--json", tmp_path)
    assert code == 0
    assert json.loads(out)["problems"] == []


def test_what_is_no_ocfl_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "ocfl", "validate", tmp_path)
    assert (code, "neither an OCFL storage root nor" in err) == (4, True)
    code, _, err = run(capsys, "ocfl", "validate", tmp_path / "missing")
    assert (code, "There is no folder" in err) == (4, True)
    code, _, err = run(capsys, "ocfl", "recover", tmp_path)
    assert (code, "is no OCFL storage root" in err) == (4, True)
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_commit_is_finished(root: OcflRoot, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(root.read(ID))
    for name in ("inventory.json", "inventory.json.sha256"):
        (folder / name).write_bytes((folder / "v1" / name).read_bytes())
    code, out, _ = run(capsys, "ocfl", "validate", folder)
    assert (code, "E046" in out) == (7, True)
    code, out, _ = run(capsys, "ocfl", "recover", root.folder)
    assert (code, out) == (0, f"'{ID}': committed version 2, which was complete\n")
    assert root.read(ID).inventory.head == 2
    code, out, _ = run(capsys, "ocfl", "recover", root.folder, "--json")
    assert (code, json.loads(out)["repaired"]) == (0, [])


def test_a_lost_inventory_is_restored_and_a_lost_object_is_named(
    root: OcflRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(root.read(ID))
    (folder / "inventory.json").unlink()
    code, out, _ = run(capsys, "ocfl", "recover", root.folder)
    assert (code, "restored its inventory" in out) == (0, True)
    for path in folder.rglob("inventory.json"):
        path.write_bytes(b"{")
    code, out, err = run(capsys, "ocfl", "recover", root.folder)
    assert code == 7
    assert "1 thing in" in err
    assert "Restore" in err


def test_an_old_root_is_lifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = OcflRoot.open(tmp_path / "root")
    (root.folder / "0=ocfl_1.1").rename(root.folder / "0=ocfl_1.0")
    (root.folder / "0=ocfl_1.0").write_text("ocfl_1.0\n")
    code, out, _ = run(capsys, "ocfl", "upgrade", root.folder)
    assert (code, out) == (0, "It is a storage root of OCFL 1.1.\n")
    assert [p.name for p in root.folder.glob("0=*")] == ["0=ocfl_1.1"]
    code, out, _ = run(capsys, "ocfl", "upgrade", root.folder, "--json")
    assert json.loads(out) == {"root": str(root.folder), "before": "1.1", "after": "1.1"}


def test_who_validates_an_object_waits_for_no_server_database_or_store(root: OcflRoot) -> None:
    script = (
        "import sys; from strongroom.cli.main import main; code = main(sys.argv[1:]); "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        "print(code, sorted(loaded & {'sqlalchemy', 'httpx', 'boto3', 'litestar', 'lxml'}))"
    )
    command = [sys.executable, "-c", script, "ocfl", "validate", str(folder_of(root.read(ID)))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
