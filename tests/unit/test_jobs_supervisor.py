"""The worker's process: a twin that waits until it is wanted, and programs started after it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.jobs import twin
from strongroom.jobs.supervisor import Supervisor
from strongroom.jobs.twin import Twin
from support.server import alive

#: stands for `strongroom worker`: says that it is there, and ends with its input
PROGRAM = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]); sys.stdin.read()"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="twins are made on Linux only")


def double(work: Callable[[], int]) -> Twin:
    """A twin of this process whose end is that of a process, not of a test."""
    try:
        return Twin(work)
    except SystemExit as done:
        os._exit(int(done.code or 0))
    except BaseException:
        os._exit(70)


@pytest.fixture
def say(tmp_path: Path) -> Callable[[], int]:
    """The work of a worker that writes into ``said`` how often it was woken."""

    def work() -> int:
        count = 1
        (tmp_path / "said").write_text("1")
        while woken := os.read(0, 1):
            count += len(woken)
            (tmp_path / "said").write_text(str(count))
        return 3

    return work


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def said(folder: Path, text: str) -> Callable[[], bool]:
    def look() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return (folder / "said").read_text() == text
        return False

    return look


def supervisor(folder: Path, first: Twin | None) -> Supervisor:
    command = [sys.executable, "-c", PROGRAM, str(folder / "said"), "by program"]
    return Supervisor(command, dict(os.environ), first=first)


def test_a_twin_works_when_it_is_wanted_and_not_before(
    tmp_path: Path, say: Callable[[], int]
) -> None:
    first = double(say)
    watch = supervisor(tmp_path, first)
    watch.notify()
    time.sleep(0.1)
    assert not (tmp_path / "said").exists()
    watch.start()
    assert watch.pid == first.pid
    until(said(tmp_path, "1"))
    watch.notify()
    until(said(tmp_path, "2"))
    watch.stop(10)
    assert first.wait(0) == 3
    watch.stop(10)


def test_a_twin_that_is_never_wanted_ends_without_having_worked(
    tmp_path: Path, say: Callable[[], int]
) -> None:
    first = double(say)
    supervisor(tmp_path, first).stop(10)
    assert first.wait(0) == 0
    assert not (tmp_path / "said").exists()


def test_a_twin_ends_with_whoever_made_it(tmp_path: Path) -> None:
    script = (
        "import sys; from strongroom.jobs.twin import Twin; "
        "made = Twin(lambda: 1); print(made.pid, flush=True); sys.stdin.read()"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with maker:
        assert maker.stdout is not None
        made = int(maker.stdout.readline())
        maker.kill()
        until(lambda: not alive(made))


def test_after_a_twin_that_died_programs_are_started(
    tmp_path: Path, say: Callable[[], int]
) -> None:
    first = double(say)
    watch = supervisor(tmp_path, first)
    watch.start()
    until(said(tmp_path, "1"))
    first.kill()
    assert first.wait(10) == -signal.SIGKILL
    first.kill()
    until(said(tmp_path, "by program"))
    assert watch.pid != first.pid
    watch.stop(10)


def test_who_waits_for_a_twin_is_not_kept_longer_than_it_said() -> None:
    stubborn = double(lambda: time.sleep(60) or 0)
    stubborn.stdin.write(b"\n")
    with pytest.raises(subprocess.TimeoutExpired):
        stubborn.wait(0.05)
    watch = Supervisor([], {}, first=stubborn)
    watch.stop(0.05)
    assert stubborn.wait(0) == -signal.SIGKILL


def test_a_twin_does_not_heed_what_interrupts_its_maker(say: Callable[[], int]) -> None:
    first = double(say)
    with contextlib.closing(first.stdin):
        until(lambda: _ignores(first.pid))
        os.kill(first.pid, signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(0.2)
    assert first.wait(10) == 0


def _ignores(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("SigIgn:"))
    return bool(int(line.split()[1], 16) & 1 << (signal.SIGINT - 1))


def test_no_process_is_doubled_that_has_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin.threading, "active_count", lambda: 1)
    assert twin.possible()
    monkeypatch.setattr(twin.threading, "active_count", lambda: 2)
    assert not twin.possible()
