"""Several syncs at once: none is left out, and what goes wrong with one is raised."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from strongroom.storage import durable, syncing


@pytest.fixture(params=["quick", "slow"], autouse=True)
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is not worth threads, and one that is."""
    monkeypatch.setattr(syncing, "_QUICK", 1e9 if request.param == "quick" else -1.0)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of what was synced."""
    done: list[str] = []
    original = durable.sync_file

    def sync_file(descriptor: int) -> None:
        original(descriptor)
        done.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(durable, "sync_file", sync_file)
    return done


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    for number in range(30):
        file = top / f"{number % 7}" / "below" / f"{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"%d" % number)
    (top / "empty").mkdir()
    return top


def test_every_file_and_folder_of_a_tree_is_synced_once(tree: Path, synced: list[str]) -> None:
    syncing.sync_tree(tree, and_folder=tree.parent)
    everything = [tree.parent, tree, *tree.rglob("*")]
    assert sorted(synced) == sorted(map(str, everything))


def test_it_ends_when_all_is_done(tree: Path, synced: list[str]) -> None:
    before = threading.active_count()
    syncing.sync_tree(tree)
    assert threading.active_count() == before


@pytest.mark.parametrize("bad", ["3/below/10", "3/below", ""])
def test_what_fails_is_raised_when_nobody_is_at_work(
    tree: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    identity = (tree / bad).stat().st_ino

    def sync_file(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == identity:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(durable, "sync_file", sync_file)
    before = threading.active_count()
    with pytest.raises(OSError, match="Input/output error"):
        syncing.sync_tree(tree)
    assert threading.active_count() == before


def test_a_tree_or_folder_that_is_not_there_is_no_success(tree: Path) -> None:
    with pytest.raises(FileNotFoundError):
        syncing.sync_tree(tree / "nowhere")
    with pytest.raises(FileNotFoundError):
        syncing.sync_tree(tree, and_folder=tree / "nowhere")


def test_folders_are_synced_but_for_those_that_are_gone(tree: Path, synced: list[str]) -> None:
    syncing.sync_folders([tree / "1", tree / "gone", tree, tree / "2/below"])
    assert sorted(synced) == sorted(map(str, [tree / "1", tree, tree / "2/below"]))


def test_a_link_is_not_synced_in_place_of_a_file(tree: Path) -> None:
    (tree / "link").symlink_to(tree / "1")
    (tree / "3/link").symlink_to(tree / "1/below/1")
    with pytest.raises(OSError, match="symbolic links"):
        syncing.sync_tree(tree)
