"""Watches the syncs: nothing may be renamed into the root that is not on disk as a whole.

A model of the disk keeps which bytes and which names a power cut could still lose. It is fed by
every step that the engine takes, and asked at each rename that makes something visible.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.ocfl.draft import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.storage import copying, durable
from strongroom.storage.local import LocalWorkAreas
from support.ocfl_check import folder_of

ID = "info:fedora/library/book"
WHEN = datetime(2026, 2, 3, tzinfo=UTC)


class Disk:
    """Which files have bytes, and which folders have names, that are only in memory yet."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, *, syncfs: bool) -> None:
        self.root = root
        self.unsynced: set[str] = set()
        self.shown: list[str] = []
        self.syncs = 0
        self._syncfs = syncfs
        for name in durable.STEPS:
            monkeypatch.setattr(durable, name, self._watch(name, getattr(durable, name)))

    def _watch(self, name: str, original: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **named: object) -> object:
            if name == "sync_file_system" and not self._syncfs:
                return False
            if name in ("rename", "rename_new", "exchange"):
                self._rename(
                    *(self._path(args[i], named, f) for i, f in ((0, "source_"), (1, "target_")))
                )
                return original(*args, **named)
            result = original(*args, **named)
            if name in ("make_folder", "write_new", "unlink", "remove_folder"):
                path = self._path(args[0], named, "")
                self.unsynced.add(os.path.dirname(path))
                if name == "write_new":
                    self.unsynced.add(path)
                if name in ("unlink", "remove_folder"):
                    self.unsynced.discard(path)
            elif name == "create":
                path = self._path(args[0], named, "")
                self.unsynced |= {path, os.path.dirname(path)}
            elif name in ("write", "write_at", "truncate", "reserve"):
                self.unsynced.add(os.readlink(f"/proc/self/fd/{args[0]}"))
            elif name == "sync_file":
                self.syncs += 1
                self.unsynced.discard(os.readlink(f"/proc/self/fd/{args[0]}"))
            elif name == "sync_file_system":
                self.syncs += 1
                self.unsynced.clear()
            return result

        return step

    def _path(self, path: object, named: dict[str, object], prefix: str) -> str:
        folder = named.get(f"{prefix}folder")
        if folder is None:
            return str(path)
        return f"{os.readlink(f'/proc/self/fd/{folder}')}/{path}"

    def _rename(self, source: str, target: str) -> None:
        staging = str(self.root / "extensions" / "strongroom-staging")
        if not target.startswith(staging) and target.startswith(str(self.root)):
            assert self.below(source) == set(), f"{target} could be shown with bytes missing"
            if os.path.basename(target) == "inventory.json":
                # the commit point: the version that it names must be there to stay
                assert os.path.dirname(target) not in self.unsynced
            self.shown.append(os.path.relpath(target, self.root))
        for path in self.below(source):
            self.unsynced.remove(path)
            self.unsynced.add(target + path[len(source) :])
        self.unsynced |= {os.path.dirname(source), os.path.dirname(target)}

    def below(self, path: str) -> set[str]:
        return {p for p in self.unsynced if p == path or p.startswith(path + "/")}

    def visible(self) -> set[str]:
        """What could be lost outside of staging."""
        return {p for p in self.below(str(self.root)) if "/extensions/" not in p}


def change(root: OcflRoot, folder: Path, files: int, number: int) -> None:
    area = LocalWorkAreas(folder / "deposits").area("d")
    base = root.read(ID) if number > 1 else None
    with root.draft(ID, base=base, attempt=f"a{number}") as draft:
        names = [NewFile(logical=f"v{number}/{i:02}", source=f"{i:02}") for i in range(files)]
        assert draft.add_files(names, area.open) == []
        draft.add_bytes("who", f"version {number}".encode())
        draft.prepare(created=WHEN, user_name="Ann", user_address="mailto:a@b", message="x")
        draft.commit()


@pytest.mark.parametrize("syncfs", [True, False], ids=["syncfs", "fsync"])
@pytest.mark.parametrize("files", [2, 30])
def test_nothing_is_shown_before_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, syncfs: bool
) -> None:
    monkeypatch.setattr(copying, "SMALL", 1000)
    monkeypatch.setattr(copying, "LARGE", 5000)
    area = tmp_path / "deposits" / "d"
    area.mkdir(parents=True)
    for i in range(files):
        (area / f"{i:02}").write_bytes(os.urandom(i * 300))
    root = OcflRoot.open(tmp_path / "root")
    path = root.object_path(ID)
    disk = Disk(root.folder, monkeypatch, syncfs=syncfs)

    change(root, tmp_path, files, 1)
    assert disk.shown == [path]
    assert disk.visible() == set()
    if syncfs and files == 30:
        # the file system once, the large files, and the folders above the object
        large = sum(i * 300 >= 5000 for i in range(files))
        assert disk.syncs == 1 + large + 4

    change(root, tmp_path, files, 2)
    assert disk.shown[1:] == [
        f"{path}/v2",
        f"{path}/inventory.json",
        f"{path}/inventory.json.sha256",
    ]
    assert disk.visible() == set()

    root.purge(ID)
    assert disk.visible() == set()


def test_recovery_shows_nothing_before_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deposits" / "d").mkdir(parents=True)
    root = OcflRoot.open(tmp_path / "root")
    change(root, tmp_path, 0, 1)
    folder = folder_of(root.read(ID))
    old = {
        name: (folder / name).read_bytes() for name in ("inventory.json", "inventory.json.sha256")
    }
    change(root, tmp_path, 0, 2)
    for name, data in old.items():
        (folder / name).write_bytes(data)
    disk = Disk(root.folder, monkeypatch, syncfs=True)
    assert root.recover(ID) == f"'{ID}': committed version 2, which was complete"
    assert [os.path.basename(path) for path in disk.shown] == list(old)
    assert disk.visible() == set()
    assert root.read(ID).read_bytes("who") == b"version 2"


def test_a_new_root_is_declared_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "root"
    disk = Disk(folder, monkeypatch, syncfs=True)
    original = durable.rename

    def rename(source: Path, target: Path, **named: int) -> None:
        if target.name.startswith("0="):
            # the declaration itself is made, but nothing else is only in memory
            assert disk.visible() <= {str(folder), str(source)}
            assert disk.below(str(folder / "extensions")) == set()
        disk.unsynced.discard(str(source))
        original(source, target, **named)

    monkeypatch.setattr(durable, "rename", rename)
    OcflRoot.open(folder)
    assert disk.below(str(folder)) == set()
