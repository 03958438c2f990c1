"""Files of the archive that cannot be read, or are none: told as damage, and never waited for."""

from __future__ import annotations

import errno
import io
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.errors import Damaged
from strongroom.ocfl import recovery
from strongroom.ocfl.reading import read_range, verified_chunks
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.site import Site
from strongroom.ocfl.stored import StoredObject
from strongroom.storage.localstore import LocalStore
from support.ocfl_check import folder_of

ID = "info:fedora/library/book"
DOCUMENT = ".strongroom/resources.json"
STAGING = "extensions/strongroom-staging"
WHEN = datetime(2026, 2, 3, tzinfo=UTC)
DATA = bytes(range(256)) * 20


@pytest.fixture
def root(tmp_path: Path) -> OcflRoot:
    return OcflRoot.open(tmp_path / "root")


@pytest.fixture
def stored(root: OcflRoot) -> StoredObject:
    return add(root, ID, {"page": DATA, DOCUMENT: b"{}"})


def add(root: OcflRoot, object_id: str, files: dict[str, bytes]) -> StoredObject:
    base = root.read(object_id) if root.exists(object_id) else None
    with root.draft(object_id, base=base, attempt="a") as draft:
        for path, data in files.items():
            draft.add_bytes(path, data)
        draft.prepare(created=WHEN, user_name="Ann")
        return draft.commit()


# ----------------------------------------------------------------- what can lie in a file's place


def into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def into_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def into_socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.open(path.parent, os.O_RDONLY)
        bound.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


def into_link(path: Path) -> None:
    moved = path.parent.parent / f"moved {path.name}"
    path.rename(moved)
    path.symlink_to(moved)


ODD = [
    (into_folder, "a folder"),
    (into_pipe, "a pipe"),
    (into_socket, "a socket or a device"),
    (into_link, "a symbolic link"),
]
odd = pytest.mark.parametrize(("harm", "found"), ODD, ids=[found for _, found in ODD])


@contextmanager
def failing(
    monkeypatch: pytest.MonkeyPatch, name: str, path: Path, number: int = errno.EIO
) -> Iterator[None]:
    """``os.open`` or ``os.read`` fails for one file, as on a disk with a bad sector."""
    identity = (path.stat().st_dev, path.stat().st_ino)
    real_open, real_read = os.open, os.read

    def refuse() -> None:
        raise OSError(number, os.strerror(number))

    def broken_open(file: str | Path, flags: int, *rest: int, dir_fd: int | None = None) -> int:
        descriptor = real_open(file, flags, *rest, dir_fd=dir_fd)
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) == identity:
            os.close(descriptor)
            refuse()
        return descriptor

    def broken_read(descriptor: int, size: int) -> bytes:
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) == identity:
            refuse()
        return real_read(descriptor, size)

    class BrokenFile(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return broken_read(self.fileno(), -1 if size is None else size)

    real_file = LocalStore.open

    def broken_file(store: LocalStore, file: str) -> io.FileIO:
        with real_file(store, file) as good:
            return BrokenFile(os.dup(good.fileno()), "rb")

    with monkeypatch.context() as patch:
        patch.setattr(os, name, broken_open if name == "open" else broken_read)
        if name == "read":
            patch.setattr(LocalStore, "open", broken_file)
        yield


def document(stored: StoredObject) -> Path:
    content = stored.inventory.content_path(stored.inventory.logical()[DOCUMENT])
    return folder_of(stored) / content


def named(stored: StoredObject, error: Damaged) -> bool:
    """Whether the error and each of its faults name the object."""
    texts = [error.message, *(fault.message for fault in error.faults)]
    return bool(error.faults) and all(stored.id in text or stored.path in text for text in texts)


# -------------------------------------------------------------------------- inventory and sidecar


@odd
@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha256"])
def test_what_is_no_file_in_the_place_of_metadata_is_damage(
    root: OcflRoot, stored: StoredObject, name: str, harm: Callable[[Path], None], found: str
) -> None:
    harm(folder_of(stored) / name)
    for work in (lambda: root.read(ID), lambda: root.recover(ID)):
        with pytest.raises(Damaged, match=found) as caught:
            work()
        assert caught.value.problem == "unreadable-metadata"
        assert name in caught.value.message
        assert named(stored, caught.value)
        assert caught.value.faults[0].found == found


@pytest.mark.parametrize("step", ["open", "read"])
@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha256"])
def test_metadata_that_the_disk_refuses_is_damage(
    root: OcflRoot, stored: StoredObject, monkeypatch: pytest.MonkeyPatch, name: str, step: str
) -> None:
    with failing(monkeypatch, step, folder_of(stored) / name):
        with pytest.raises(Damaged, match="Input/output error") as caught:
            root.read(ID)
        assert [type(found) for found in root.objects()] == [Damaged]
    assert f"'{name}' of '{ID}'" in caught.value.message
    assert named(stored, caught.value)
    assert root.read(ID) == stored


@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha256"])
def test_a_copy_that_cannot_be_read_is_named(
    root: OcflRoot, stored: StoredObject, name: str
) -> None:
    (folder_of(stored) / "inventory.json.sha256").unlink()
    into_pipe(folder_of(stored) / "v1" / name)
    with pytest.raises(Damaged, match=f"'{name}' of v1 of '{ID}' is a pipe"):
        root.read(ID)


@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha256", "content/page"])
@odd
def test_an_uncommitted_version_with_odd_files_is_put_aside(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None], found: str, name: str
) -> None:
    add(root, ID, {"page": b"new"})
    for file in ("inventory.json", "inventory.json.sha256"):
        (folder_of(stored) / file).write_bytes((folder_of(stored) / "v1" / file).read_bytes())
    harm(folder_of(stored) / "v2" / name)
    assert "aside" in (root.recover(ID) or ""), found
    assert root.read(ID) == stored


def test_too_many_open_files_are_no_damage(
    root: OcflRoot, stored: StoredObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("inventory.json", "v1/content/page"):
        with (
            failing(monkeypatch, "open", folder_of(stored) / path, errno.EMFILE),
            pytest.raises(OSError, match="Too many open files"),
        ):
            root.read(ID).read_bytes("page")


@pytest.mark.parametrize("name", ["0=ocfl_1.1", "ocfl_layout.json"])
def test_a_root_whose_declaration_is_a_pipe_is_refused_at_once(root: OcflRoot, name: str) -> None:
    into_pipe(root.folder / name)
    with pytest.raises(Damaged, match=f"'{name}' of the storage root .* is a pipe"):
        OcflRoot.open(root.folder)


# ---------------------------------------------------------------------------------------- content


@odd
def test_what_is_no_file_in_the_place_of_content_is_damage(
    root: OcflRoot, stored: StoredObject, harm: Callable[[Path], None], found: str
) -> None:
    harm(document(stored))
    with pytest.raises(Damaged, match=found) as caught:
        root.read(ID).read_bytes(DOCUMENT)
    assert caught.value.problem == "missing-content"
    assert named(stored, caught.value)
    assert caught.value.faults[0].found == found


@pytest.mark.parametrize("step", ["open", "read"])
def test_content_that_the_disk_refuses_is_damage(
    stored: StoredObject, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    digest = stored.inventory.logical()["page"]
    path = stored.inventory.content_path(digest)
    works: list[Callable[[], object]] = [
        lambda: stored.read_bytes("page"),
        lambda: list(verified_chunks(stored, path, digest, 100)),
        lambda: list(read_range(stored, path, 5, 10)),
        lambda: stored.open(path).readinto(bytearray(5)),  # type: ignore[attr-defined]
    ]
    for work in works if step == "open" else works[:3]:
        with (
            failing(monkeypatch, step, folder_of(stored) / path),
            pytest.raises(Damaged, match="Input/output error") as caught,
        ):
            work()
        assert caught.value.problem == "unreadable-content"
        assert path in caught.value.message
        assert named(stored, caught.value)
    assert stored.read_bytes("page") == DATA


# ------------------------------------------------------------------------------ one among several


def three(root: OcflRoot) -> list[StoredObject]:
    return [add(root, f"info:fedora/{n}", {"a": b"%d" % n}) for n in range(3)]


@pytest.mark.parametrize("harm", ["a folder", "a pipe", "the disk", "the whole folder"])
def test_the_walk_goes_on_after_an_object_that_cannot_be_read(
    root: OcflRoot, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    objects = three(root)
    bad = objects[1]
    inventory = folder_of(bad) / "inventory.json"
    if harm == "the disk":
        with failing(monkeypatch, "read", inventory):
            found = list(root.objects())
            told = root.recover_all(every=True)
    elif harm == "the whole folder":
        real = os.scandir
        status = folder_of(bad).stat()

        def scandir(path: str | Path | int) -> object:
            found = os.stat(path)
            if (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(path)

        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", scandir)
            found = list(root.objects())
            told = root.recover_all(every=True)
    else:
        (into_folder if harm == "a folder" else into_pipe)(inventory)
        found = list(root.objects())
        told = root.recover_all(every=True)
    good = {f.id for f in found if isinstance(f, StoredObject)}
    assert good == {objects[0].id, objects[2].id}
    [damaged] = [f for f in found if isinstance(f, Damaged)]
    assert named(bad, damaged)
    assert len(told) == 1
    assert bad.path in told[0]


def leave_work(root: OcflRoot, object_id: str) -> Path:
    """Unfinished work for an object, as a killed writer leaves it."""
    before = set((root.folder / STAGING / "work").iterdir())
    draft = root.draft(object_id, base=root.read(object_id), attempt="killed")
    draft._work._place.release()
    [folder] = set((root.folder / STAGING / "work").iterdir()) - before
    return folder


@pytest.mark.parametrize("harm", ["inventory", "no repair", "intent", "odd intent"])
def test_unfinished_work_is_cleared_beside_what_cannot_be(
    root: OcflRoot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    harm: str,
) -> None:
    objects = three(root)
    works = [leave_work(root, each.id) for each in objects]
    bad = objects[1]
    if harm == "inventory":
        into_folder(folder_of(bad) / "inventory.json")
    elif harm == "intent":
        into_pipe(works[1] / "intent.json")
    elif harm == "odd intent":
        into_folder(works[1] / "intent.json")
    else:
        real = recovery.recover

        def recover(site: Site, object_id: str) -> str | None:
            if object_id == bad.id:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            return real(site, object_id)

        monkeypatch.setattr(recovery, "recover", recover)
    assert root.sweep(older_than=0) == 2
    assert [work.exists() for work in works] == [False, True, False]
    assert works[1].name in caplog.text or bad.id in caplog.text
    [told] = root.recover_all()
    assert works[1].name in told or bad.id in told
