"""The doctor looks at a folder: each probe must be able to say no."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from strongroom.storage import bigfile, durable, kernel
from strongroom.storage.doctor import examine, folder
from strongroom.storage.doctor.examine import examine_folder
from strongroom.storage.doctor.findings import Finding, Fit, State
from strongroom.storage.doctor.folder import filesystem
from support.server import run_command, without_file_privileges

Patch = pytest.MonkeyPatch


def _found(path: Path, code: str) -> Finding:
    report = examine_folder(path)
    assert report.left == ()
    assert list(path.iterdir()) == []
    return next(finding for finding in report.findings if finding.name == code)


def _refused(*_: Any, **__: Any) -> Any:
    raise OSError(errno.EINVAL, "Invalid argument")


def test_a_sound_folder(tmp_path: Path) -> None:
    told: list[str] = []
    report = examine_folder(tmp_path, tell=told.append)
    assert [finding.name for finding in report.findings] == [
        probe.name for probe in (folder.FIRST, *folder.PROBES)
    ]
    assert len(told) == len(report.findings)
    # what the machine of the tests has may be little, or in memory
    unsound = {each.name for each in report.findings if each.state is not State.GOOD}
    assert unsound <= {"space", "file-system", "direct"}, report
    assert (report.deposits, report.ocfl_root) == (Fit.YES, Fit.YES)


def test_without_sync(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(durable, "sync_folder", _refused)
    finding = _found(tmp_path, "sync")
    assert (finding.state, finding.found) == (State.BAD, "refused: Invalid argument")


def test_without_syncfs(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(kernel, "syncfs", lambda _: False)
    assert _found(tmp_path, "sync").state is State.LIMITED


def test_a_rename_that_copies(tmp_path: Path, monkeypatch: Patch) -> None:
    def copying(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        source.unlink()

    monkeypatch.setattr(durable, "rename", copying)
    assert _found(tmp_path, "rename").state is State.BAD


def test_a_rename_that_replaces(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(kernel, "rename_noreplace", lambda one, two: os.rename(one, two) or True)
    assert _found(tmp_path, "rename-noreplace").state is State.BAD


@pytest.mark.parametrize(
    ("call", "code"),
    [("rename_noreplace", "rename-noreplace"), ("rename_exchange", "rename-exchange")],
)
def test_without_renameat2(tmp_path: Path, monkeypatch: Patch, call: str, code: str) -> None:
    monkeypatch.setattr(kernel, call, lambda *_: False)
    finding = _found(tmp_path, code)
    assert (finding.state, finding.found) == (State.LIMITED, "not here")


def test_an_exchange_that_does_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(kernel, "rename_exchange", lambda *_: True)
    assert _found(tmp_path, "rename-exchange").state is State.BAD


@pytest.mark.parametrize("lock", [lambda *_: None, _refused])
def test_locks_that_part_nobody(tmp_path: Path, monkeypatch: Patch, lock: Any) -> None:
    monkeypatch.setattr(fcntl, "flock", lock)
    assert _found(tmp_path, "locks").state is State.BAD


def test_coarse_times(tmp_path: Path, monkeypatch: Patch) -> None:
    from strongroom.storage.doctor.folder import times

    class Status(NamedTuple):
        st_mtime_ns: int = 0
        st_ctime_ns: int = 0

    monkeypatch.setattr(times, "_signature", lambda _: tuple(Status()))
    assert _found(tmp_path, "times").state is State.BAD


def test_names_that_are_taken_for_others(tmp_path: Path, monkeypatch: Patch) -> None:
    real = durable.write_new

    def blind(path: Path, data: bytes) -> None:
        real(path.with_name(path.name.lower()), data)

    monkeypatch.setattr(durable, "write_new", blind)
    finding = _found(tmp_path, "names")
    assert finding.state is State.BAD
    assert "'case' (taken for another)" in finding.found


def test_names_that_are_changed(tmp_path: Path, monkeypatch: Patch) -> None:
    real = durable.write_new

    def composing(path: Path, data: bytes) -> None:
        real(
            path.with_name(unicodedata.normalize("NFD", path.name) + "x" * ("日" in str(path))),
            data,
        )

    monkeypatch.setattr(durable, "write_new", composing)
    finding = _found(tmp_path, "names")
    assert "'日本' (listed otherwise)" in finding.found
    assert "taken for another" in finding.found


def test_without_direct_writes(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.delattr(os, "O_DIRECT", raising=False)
    assert _found(tmp_path, "direct").state is State.LIMITED


def test_large_files_that_lose_bytes(tmp_path: Path, monkeypatch: Patch) -> None:
    real = bigfile.LargeFile.finish

    def cutting(self: bigfile.LargeFile) -> None:
        real(self)
        os.ftruncate(self._descriptor, 10)

    monkeypatch.setattr(bigfile.LargeFile, "finish", cutting)
    assert _found(tmp_path, "direct").state is State.BAD


@pytest.mark.parametrize(
    ("blocks", "files", "state"),
    [
        (10 << 30, 0, State.GOOD),
        (1 << 20, 0, State.LIMITED),
        (1000, 0, State.BAD),
        (10 << 30, 500, State.LIMITED),
    ],
)
def test_little_room(
    tmp_path: Path, monkeypatch: Patch, blocks: int, files: int, state: State
) -> None:
    class Room(NamedTuple):
        f_bavail: int = blocks
        f_frsize: int = 4096
        f_files: int = files
        f_favail: int = files

    monkeypatch.setattr(os, "statvfs", lambda _: Room())
    assert _found(tmp_path, "space").state is state


MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:30 / /dev/shm rw - tmpfs tmpfs rw
31 22 0:31 / /mnt/with\\040space rw shared:1 - nfs4 server:/x rw
32 22 0:32 / /mnt/with\\040space rw shared:1 - nfs4 server:/y rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home", "ext4"),
        ("/dev/shm/x", "tmpfs"),
        ("/dev/shmx", "ext4"),
        ("/mnt/with space", "nfs4"),
    ],
)
def test_the_kind_of_file_system(path: str, kind: str) -> None:
    assert filesystem.kind_of(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("kind", ["tmpfs", "nfs4"])
def test_file_systems_to_know_of(tmp_path: Path, monkeypatch: Patch, kind: str) -> None:
    monkeypatch.setattr(filesystem, "kind_of", lambda *_: kind)
    assert _found(tmp_path, "file-system").state is State.LIMITED


def test_a_probe_that_fails_says_so(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(kernel, "rename_exchange", _refused)
    finding = _found(tmp_path, "rename-exchange")
    assert (finding.state, finding.found) == (State.BAD, "failed: Invalid argument")
    assert finding.means == "Missing here: writers on other hosts are kept apart, too."


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    prefix = without_file_privileges()
    if prefix is None:
        pytest.skip("root's privileges cannot be dropped here")
    tmp_path.chmod(0o555)
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "strongroom", "storage", "doctor", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    tmp_path.chmod(0o755)
    assert done.returncode == 12, done.stderr
    assert "Permission denied" in done.stdout
    assert "not tried" in done.stdout


def test_what_cannot_be_removed_is_told(tmp_path: Path, monkeypatch: Patch) -> None:
    def keep(path: Path, onerror: Any) -> None:
        onerror(None, str(path), (OSError, OSError("busy"), None))

    monkeypatch.setattr("shutil.rmtree", keep)
    report = examine_folder(tmp_path)
    (left,) = report.left
    assert examine.PREFIX in left and "busy" in left


def test_it_can_be_asked_for_from_the_command_line(tmp_path: Path) -> None:
    done = run_command("storage", "doctor", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
