"""Looks at an OCFL root from outside: ocfl-py validates, and inventories are read independently.

Also takes snapshots of folders, so that a test can say "nothing changed" and mean it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ocfl

LAYOUT = "0004-hashed-n-tuple-storage-layout"


def find_root(data: Path) -> Path:
    """The OCFL storage root in (or at most two levels below) a server's data folder."""
    found = sorted(
        path.parent
        for pattern in ("0=ocfl_1.*", "*/0=ocfl_1.*", "*/*/0=ocfl_1.*")
        for path in data.glob(pattern)
    )
    assert len(found) == 1, f"expected one OCFL root below {data}, found {found}"
    return found[0]


def objects(root: Path) -> Iterator[Path]:
    """The folder of every object in the root, staging and other extensions left out."""
    for folder, below, files in os.walk(root):
        if Path(folder) == root:
            below[:] = [name for name in below if name != "extensions"]
        if any(name.startswith("0=ocfl_object_") for name in files):
            below.clear()
            yield Path(folder)
        below.sort()


def inventory(folder: Path) -> dict[str, Any]:
    """The inventory of an object, checked against its sidecar."""
    data = (folder / "inventory.json").read_bytes()
    parsed: dict[str, Any] = json.loads(data)
    algorithm = parsed["digestAlgorithm"]
    sidecar = (folder / f"inventory.json.{algorithm}").read_text()
    assert sidecar.split() == [hashlib.new(algorithm, data).hexdigest(), "inventory.json"]
    return parsed


def object_of(root: Path, object_id: str) -> Path:
    """The folder of the object with this id."""
    for folder in objects(root):
        if inventory(folder)["id"] == object_id:
            return folder
    raise AssertionError(f"no object {object_id} in {root}")


def folder_of(stored: Any) -> Path:
    """Where an object that the engine has read lies on this machine."""
    return Path(stored.store.place(stored.path))


def contents(folder: Path, version: str | None = None) -> dict[str, bytes]:
    """Logical path to bytes, for the files of one version that belong to clients."""
    inv = inventory(folder)
    state = inv["versions"][version or inv["head"]]["state"]
    found = {}
    for digest, paths in state.items():
        data = (folder / inv["manifest"][digest][0]).read_bytes()
        assert hashlib.new(inv["digestAlgorithm"], data).hexdigest() == digest.lower()
        for path in paths:
            if not path.startswith(".strongroom/"):
                found[path] = data
    return found


def assert_valid(folder: Path) -> None:
    """ocfl-py finds no error in this object, digests of all content included."""
    checked = ocfl.Object()
    passed, validator = checked.validate(
        str(folder), log_warnings=True, log_errors=True, check_digests=True
    )
    assert passed, f"{folder} is not valid OCFL:\n{validator}"


def assert_root_valid(root: Path) -> int:
    """The root and every object in it are valid OCFL 1.1; how many objects there are.

    ocfl-py does not know layout 0004, so the root's own structure is checked here.
    """
    assert (root / "0=ocfl_1.1").read_text() == "ocfl_1.1\n"
    layout = json.loads((root / "ocfl_layout.json").read_text())
    assert set(layout) == {"extension", "description"}
    assert layout["extension"] == LAYOUT
    config = json.loads((root / "extensions" / LAYOUT / "config.json").read_text())
    assert config["extensionName"] == LAYOUT
    count = 0
    for folder in objects(root):
        assert_valid(folder)
        assert str(folder.relative_to(root)) == place_of(inventory(folder)["id"])
        count += 1
    for path in root.rglob("*"):
        if path.is_dir() and "extensions" not in path.relative_to(root).parts:
            assert any(path.iterdir()), f"an empty folder in the root: {path}"
    return count


def place_of(object_id: str) -> str:
    """Where layout 0004 with its defaults puts an object."""
    digest = hashlib.sha256(object_id.encode()).hexdigest()
    return f"{digest[:3]}/{digest[3:6]}/{digest[6:9]}/{digest}"


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Every file of the root with size and modification time; staging is left out."""
    found = {}
    for folder, below, files in os.walk(root):
        if Path(folder) == root / "extensions":
            below[:] = [name for name in below if name != "strongroom-staging"]
        for name in files:
            path = Path(folder) / name
            status = path.lstat()
            found[str(path.relative_to(root))] = (status.st_size, status.st_mtime_ns)
    return found


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes; folders (with a slash at the end) with None."""
    found: dict[str, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        relative = str(path.relative_to(folder))
        if path.is_dir():
            found[relative + "/"] = None
        else:
            found[relative] = path.read_bytes()
    return found
