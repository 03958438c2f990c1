"""What the storage does wrong is told as a problem of the file; what this process lacks is raised.

Also what a folder is taken for, whatever has happened to it.
"""

from __future__ import annotations

import errno
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from strongroom.ocfl.validation.objects import validate_object
from strongroom.ocfl.validation.places import what_is
from strongroom.ocfl.validation.problems import Problem
from strongroom.ocfl.validation.roots import validate_root
from strongroom.storage.localstore import LocalStore
from strongroom.storage.protocols import NotAFile
from support.ocfl_faults import FAULTS
from support.ocfl_faults_judged import Refusing
from support.ocfl_faults_making import Fault, Obj, make, write
from support.ocfl_faults_roots import hashed, shelf

TREE = make().tree()
FOLDERS = {path[:at] for path in TREE for at, each in enumerate(path) if each == "/"}


@dataclass(frozen=True)
class Turned(Refusing):
    """A store where files turn out to be something else."""

    def _look(self, path: str) -> None:
        if path in self.refused:
            raise NotAFile(path, "a pipe")


class _Broken(io.RawIOBase):
    """A file with a bad sector after its first bytes."""

    def __init__(self) -> None:
        self._left = 1

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._left -= 1
        buffer[:1] = b"o"
        return 1


@dataclass(frozen=True)
class Sectors(Refusing):
    """A store whose files fail while they are read."""

    def open(self, path: str) -> BinaryIO:
        return _Broken() if path in self.refused else self.store.open(path)  # type: ignore[return-value]

    def _look(self, path: str) -> None: ...


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    return LocalStore(write(TREE, tmp_path_factory.mktemp("book") / "book"))


def told(store: Refusing, *, workers: int = 1) -> list[Problem]:
    problems: list[Problem] = []
    summary = validate_object(store, tell=problems.append, workers=workers)
    assert not summary.valid
    return problems


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ENOENT, errno.ESTALE])
@pytest.mark.parametrize("path", sorted({*TREE, *FOLDERS}))
def test_what_cannot_be_read_is_told(book: LocalStore, path: str, number: int) -> None:
    problems = told(Refusing(book, (path,), number))
    assert {each.place.partition(": ")[0] for each in problems} == {path}
    if number != errno.ENOENT:
        assert {each.code for each in problems} == {"unreadable"}


def test_an_object_that_cannot_be_listed_is_told(book: LocalStore) -> None:
    [problem] = told(Refusing(book, ("",)))
    assert (problem.code, problem.place) == ("unreadable", "")


@pytest.mark.parametrize("path", sorted(TREE))
def test_what_turns_into_something_else_is_told(book: LocalStore, path: str) -> None:
    problems = told(Turned(book, (path,)))
    assert {each.place.partition(": ")[0] for each in problems} == {path}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_sector_is_told(book: LocalStore, workers: int) -> None:
    path = "v1/content/a.txt"
    [problem] = told(Sectors(book, (path,)), workers=workers)
    assert (problem.code, problem.place) == ("unreadable", path)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
@pytest.mark.parametrize("path", ["v1/content/a.txt", "inventory.json", "v2", ""])
def test_what_this_process_lacks_is_raised(book: LocalStore, path: str, number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)):
        validate_object(Refusing(book, (path,), number), tell=[].append, workers=1)


@pytest.mark.parametrize("path", ["a", "0=ocfl_1.1", "a/two/v1/content/a.txt", "b/three"])
def test_what_this_process_lacks_is_raised_from_a_root(tmp_path: Path, path: str) -> None:
    store = LocalStore(write(shelf().tree(), tmp_path / "root"))
    with pytest.raises(OSError, match="Too many open files"):
        validate_root(Refusing(store, (path,), errno.EMFILE), tell=[].append, workers=1)


def test_a_root_that_is_not_there_is_told(tmp_path: Path) -> None:
    problems: list[Problem] = []
    assert not validate_root(LocalStore(tmp_path / "gone"), tell=problems.append).valid
    assert not validate_object(LocalStore(tmp_path / "gone"), tell=problems.append).valid
    assert {each.place for each in problems} == {""}


# ------------------------------------------------------------------------------------ what it is


@pytest.mark.parametrize("fault", [each for each in FAULTS if not each.refused], ids=str)
def test_damaged_objects_and_roots_are_known_for_what_they_are(
    fault: Fault, tmp_path: Path
) -> None:
    made = fault.made()
    found = what_is(LocalStore(write(made.tree(), tmp_path / "x")))
    if isinstance(made, Obj):
        assert found == "object"
    elif fault.codes in ("E069", "E075", "E078", "E079"):
        # nothing else tells a root from a folder of folders
        assert found in ("root", None)
    else:
        assert found == "root"


def test_roots_without_declaration_are_known_by_their_layout(tmp_path: Path) -> None:
    made = hashed()
    made.remove("0=ocfl_1.1")
    assert what_is(LocalStore(write(made.tree(), tmp_path / "x"))) == "root"


def test_other_folders_are_neither(tmp_path: Path) -> None:
    write({"a/b": b"", "c.txt": b"", "v1": b""}, tmp_path / "x")
    assert what_is(LocalStore(tmp_path / "x")) is None
    assert what_is(LocalStore(tmp_path / "x"), "a") is None
    write(shelf().tree(), tmp_path / "y")
    assert what_is(LocalStore(tmp_path / "y"), "a/one") == "object"
    with pytest.raises(FileNotFoundError):
        what_is(LocalStore(tmp_path / "x"), "d")
