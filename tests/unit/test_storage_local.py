"""Local work areas: what only a file system can do to them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.errors import BadRequest, NotFound, StrongroomError, Unprocessable
from strongroom.storage import durable, kernel
from strongroom.storage.local import LocalWorkArea, LocalWorkAreas
from strongroom.storage.protocols import WorkArea, WorkAreas
from strongroom.storage.removal import remove_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "deposits"


@pytest.fixture
def area(root: Path) -> LocalWorkArea:
    areas: WorkAreas = LocalWorkAreas(root)
    area: WorkArea = areas.area("d")
    area.create()
    assert isinstance(area, LocalWorkArea)
    return area


def put(area: LocalWorkArea, path: str, data: bytes) -> None:
    upload = area.upload(path)
    upload.write(data)
    upload.finish()


def test_the_uri_is_a_percent_encoded_file_uri(tmp_path: Path) -> None:
    area = LocalWorkAreas(tmp_path / "my deposits #1").area("d")
    assert area.uri == f"file://{tmp_path}/my%20deposits%20%231/d/"


def test_links_are_refused_at_every_level(area: LocalWorkArea, root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "file").write_bytes(b"not yours")
    put(area, "real/file", b"yours")
    (root / "d" / "link").symlink_to(secret)
    (root / "d" / "loop").symlink_to("loop")
    (root / "d" / "real" / "link").symlink_to(secret / "file")
    (root / "d" / "inside").symlink_to("real")
    found = area.listing()
    assert [entry.path for entry in found.files] == ["real/file"]
    assert found.folders == ("real",)
    assert [(f.code, f.path) for f in found.refused] == [
        ("symbolic-link", path) for path in ("inside", "link", "loop", "real/link")
    ]
    for path in ("link", "link/file", "loop", "real/link", "inside/file", "inside"):
        with pytest.raises(BadRequest) as caught:
            area.open(path)
        assert caught.value.problem == "symbolic-link"
        assert area.entry(path) is None
    assert area.children("link") == ((), ())
    for path in ("link/new", "inside/new"):
        with pytest.raises(BadRequest):
            area.upload(path)
        with pytest.raises(BadRequest):
            area.make_folder(path)
        with pytest.raises(BadRequest):
            area.delete(path)
    # the link itself can be replaced and deleted; what it led to stays
    put(area, "link", b"a file now")
    area.delete("real/link")
    assert (secret / "file").read_bytes() == b"not yours"
    area.remove()
    assert (secret / "file").read_bytes() == b"not yours"


def test_an_area_that_is_a_link_is_none(area: LocalWorkArea, root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"x")
    (root / "e").symlink_to(tmp_path / "elsewhere")
    other = LocalWorkAreas(root).area("e")
    assert not other.exists()
    assert list(LocalWorkAreas(root).names()) == ["d"]
    with pytest.raises(StrongroomError):
        other.open("file")


def test_special_files_are_refused_and_do_not_block(
    area: LocalWorkArea, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(root / "d" / "pipe")
    monkeypatch.chdir(root / "d")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        for path in ("pipe", "socket"):
            with pytest.raises(BadRequest) as caught:
                area.open(path)
            assert caught.value.problem == "special-file"
        assert [f.path for f in area.listing().refused] == ["pipe", "socket"]
    assert area.listing().files == ()


def test_names_that_are_not_utf8_are_refused_by_name(area: LocalWorkArea, root: Path) -> None:
    os.close(os.open(os.fsencode(root / "d") + b"/caf\xe9.txt", os.O_CREAT | os.O_WRONLY))
    os.mkdir(os.fsencode(root / "d") + b"/\xff")
    found = area.listing()
    assert (found.files, found.folders) == ((), ())
    assert [(f.code, f.path) for f in found.refused] == [
        ("bad-name", "\\xff"),
        ("bad-name", "caf\\xe9.txt"),
    ]
    area.remove()
    assert not area.exists()


def test_hard_links_are_files_like_others(area: LocalWorkArea, root: Path) -> None:
    put(area, "a", b"x")
    os.link(root / "d" / "a", root / "d" / "b")
    assert [entry.path for entry in area.listing().files] == ["a", "b"]


@pytest.mark.parametrize("change", ["append", "replace", "same size", "touch back", "unlink"])
def test_an_open_file_knows_that_it_changed(area: LocalWorkArea, root: Path, change: str) -> None:
    put(area, "f", b"before")
    path = root / "d" / "f"
    with area.open("f") as file:
        assert file.unchanged()
        if change == "append":
            with path.open("ab") as stream:
                stream.write(b"more")
        elif change == "replace":
            (root / "d" / "g").write_bytes(b"before")
            (root / "d" / "g").rename(path)
        elif change == "same size":
            path.write_bytes(b"BEFORE")
        elif change == "touch back":
            status = path.stat()
            path.write_bytes(b"BEFORE")
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        else:
            path.unlink()
        assert not file.unchanged()


def test_a_signature_is_proof_at_once(area: LocalWorkArea, root: Path) -> None:
    for n in range(50):
        upload = area.upload("f")
        upload.write(b"good")
        entry, _ = upload.finish()
        (root / "d" / "f").write_bytes(b"evil")
        now = area.entry("f")
        assert now is not None
        assert now.signature != entry.signature, n


def test_a_signature_differs_even_within_one_tick_of_the_clock(
    area: LocalWorkArea, root: Path
) -> None:
    """Kernels before 6.13 stamp changes with a clock that stands still for milliseconds."""
    before = time.time_ns() // 10**9 * 10**9
    put(area, "f", b"good")
    status = (root / "d" / "f").stat()
    assert status.st_mtime_ns < before + 10**9
    assert status.st_mtime_ns % 10**9 == 10**9 - 1
    assert status.st_mtime_ns < status.st_ctime_ns


def test_the_held_folder_is_not_trusted_after_it_was_replaced(
    area: LocalWorkArea, root: Path
) -> None:
    put(area, "f/x", b"old")
    assert area.read_start("f/x", 9) == b"old"
    (root / "d" / "f").rename(root / "d" / "g")
    with pytest.raises(NotFound):
        area.open("f/x")
    (root / "d" / "f").mkdir()
    (root / "d" / "f" / "x").write_bytes(b"new")
    assert area.read_start("f/x", 9) == b"new"


def test_threads_share_an_area_without_leaking_descriptors(area: LocalWorkArea) -> None:
    for n in range(4):
        put(area, f"{n}/f", b"%d" % n)
    before = len(os.listdir("/proc/self/fd"))
    failures: list[BaseException] = []

    def read(start: int) -> None:
        try:
            for n in range(start, start + 200):
                assert area.read_start(f"{n % 4}/f", 9) == b"%d" % (n % 4)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(os.listdir("/proc/self/fd")) <= before


def test_sweep_takes_dead_uploads_and_removals_only(area: LocalWorkArea, root: Path) -> None:
    areas = LocalWorkAreas(root)
    alive = area.upload("alive")
    alive.write(b"x")
    (root / ".incoming" / "dead").write_bytes(b"left by a killed server")
    (root / ".trash" / "gone-1" / "deep").mkdir(parents=True)
    assert areas.sweep(3600) == 0
    assert areas.sweep(3600, now=lambda: time.time() + 7200) == 2
    assert sorted(path.name for path in (root / ".incoming").iterdir()) != ["dead"]
    assert list((root / ".trash").iterdir()) == []
    alive.finish()
    assert area.read_start("alive", 9) == b"x"
    assert list((root / ".incoming").iterdir()) == []


def test_without_syncfs_every_file_is_synced(
    area: LocalWorkArea, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(area, "a/b", b"x")
    (root / "d" / "link").symlink_to("/etc")
    synced: list[str] = []
    original = durable.sync_file

    def sync_file(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        original(descriptor)

    monkeypatch.setattr(durable, "sync_file", sync_file)
    monkeypatch.setattr(kernel, "syncfs", lambda descriptor: False)
    area.sync()
    assert synced == [str(root / "d" / path) for path in ("a/b", "a")] + [str(root / "d")]


def test_a_folder_is_removed_whatever_is_in_it(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for path in ("a/b/c", "a/.removing-0/x", ".removing-1/.removing-0/y", "e"):
        (top / path).mkdir(parents=True)
        (top / path / "file").write_bytes(b"x")
    (top / "a" / "b" / "link").symlink_to(tmp_path)
    (top / "a" / ".removing-2").write_bytes(b"x")
    remove_tree(top)
    assert list(tmp_path.iterdir()) == []
    remove_tree(top)


def test_a_name_is_taken_only_if_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for supported in (True, False):
        if not supported:
            monkeypatch.setattr(kernel, "rename_noreplace", lambda *args: False)
        new, taken = tmp_path / "new", tmp_path / "taken"
        new.mkdir()
        (new / "file").write_bytes(b"new")
        taken.mkdir()
        with pytest.raises(FileExistsError):
            durable.rename_new(new, taken)
        assert (new / "file").exists()
        taken.rmdir()
        durable.rename_new(new, taken)
        assert (taken / "file").read_bytes() == b"new"
        remove_tree(taken)


def test_a_server_without_the_right_says_so() -> None:
    """As an unprivileged user, since nothing is unreadable for root."""
    with tempfile.TemporaryDirectory(prefix="strongroom-") as folder:
        # a place of its own: pytest's folders let nobody but their owner pass
        root = Path(folder)
        root.chmod(0o755)
        area = LocalWorkAreas(root).area("d")
        area.create()
        put(area, "readable", b"x")
        put(area, "closed", b"x")
        put(area, "folder/x", b"x")
        (root / "d" / "closed").chmod(0)
        (root / "d" / "folder").chmod(0)
        as_nobody(lambda: check_unreadable(root))
        (root / "d" / "folder").chmod(0o755)


def test_what_cannot_be_deleted_stops_neither_a_removal_nor_a_sweep() -> None:
    with tempfile.TemporaryDirectory(prefix="strongroom-") as folder:
        root = Path(folder)
        root.chmod(0o777)
        as_nobody(lambda: LocalWorkAreas(root).area("d").create())
        foreign = root / "d" / "foreign"
        foreign.mkdir(mode=0o755)
        (foreign / "x").write_bytes(b"x")
        if os.geteuid() != 0:
            foreign.chmod(0o555)
        as_nobody(lambda: check_undeletable(root))


def check_undeletable(root: Path) -> None:
    areas = LocalWorkAreas(root)
    areas.area("d").remove()
    assert not areas.area("d").exists()
    assert areas.sweep(0) == 0
    assert len(list((root / ".trash").iterdir())) == 1


def as_nobody(act: Callable[[], None]) -> None:
    """Do something as a user without rights; as the present one, if that is not root."""
    if os.geteuid() != 0:
        act()
        return
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            act()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def check_unreadable(root: Path) -> None:
    area = LocalWorkArea(root, "d")
    for path in ("closed", "folder/x"):
        with pytest.raises(Unprocessable) as caught:
            area.open(path)
        assert caught.value.problem == "unreadable-file"
        assert caught.value.faults[0].code == "unreadable-file"
    found = area.listing()
    assert [entry.path for entry in found.files] == ["closed", "readable"]
    assert [(f.code, f.path) for f in found.refused] == [("unreadable-file", "folder")]
    with pytest.raises(Unprocessable):
        area.delete("readable")


def test_the_rooms_import_nothing_heavy() -> None:
    code = "import sys, strongroom.storage.local, strongroom.ocfl.root; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    ).stdout.split()
    assert not {"sqlalchemy", "lxml", "litestar", "strongroom.domain.paths"} & set(loaded)


def message(work: Callable[[], object]) -> str:
    with pytest.raises(StrongroomError) as caught:
        work()
    return caught.value.message


def test_refusals_say_what_stands_in_the_way(area: LocalWorkArea, root: Path) -> None:
    put(area, "same.bin", b"x")
    put(area, "a/b", b"x")
    (root / "d" / "a" / "link").symlink_to("b")
    file, link = "is a file", "is a symbolic link, and links are not followed."
    said = {
        "same.bin/x": (
            f"'same.bin' {file}, not a folder.",
            f"'same.bin' {file}, not a folder. Nothing can be put below it.",
        ),
        "a/b/c/x": (
            f"There is no folder 'a/b/c': 'a/b' {file}.",
            f"There is no folder 'a/b/c': 'a/b' {file}. Nothing can be put below it.",
        ),
        "a/link/c/x": (f"'a/link' {link}", f"'a/link' {link}"),
    }
    for path, (on_reading, on_writing) in said.items():
        assert message(lambda path=path: area.open(path)) == on_reading
        assert message(lambda path=path: area.delete(path)) == on_reading
        assert message(lambda path=path: area.upload(path)) == on_writing
    assert message(lambda: area.make_folder("same.bin")) == (
        f"'same.bin' {file}, so nothing can be put below it."
    )
    assert message(lambda: area.make_folder("a/b/c")) == (
        f"'a/b' {file}, so nothing can be put below it."
    )
    assert message(lambda: area.delete("no/x")) == "There is no folder 'no'."


def test_refusals_of_a_whole_area_name_it(area: LocalWorkArea, root: Path) -> None:
    works: list[Callable[[], object]] = [
        area.listing,
        lambda: area.open("x"),
        lambda: area.open("a/x"),
        lambda: area.upload("a/x"),
        lambda: area.make_folder("a"),
    ]
    (root / "d").rmdir()
    for work in works:
        assert message(work) == "The working area 'd' is not there."
    (root / "elsewhere").mkdir()
    (root / "d").symlink_to("elsewhere")
    for work in works[1:]:
        assert message(work) == (
            "The working area 'd' itself is a symbolic link, and links are not followed."
        )
    with pytest.raises(BadRequest) as caught:
        area.open("x")
    assert [fault.path for fault in caught.value.faults] == ["d"]
    (root / "d").unlink()
    (root / "d").write_bytes(b"")
    assert message(lambda: area.open("x")) == "The working area 'd' is a file, not a folder."
    assert message(lambda: area.open("a/x")) == (
        "There is no folder 'a': the working area 'd' is a file."
    )
