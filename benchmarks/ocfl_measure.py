"""Runs a command in a process of its own and measures the whole of it, its children included.

Time and processor time are the kernel's; memory is looked at fifty times a second; system calls
are counted by strace in a run of their own, which nobody times.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ocfl_work

_SYNCS = ("fsync", "fdatasync", "sync", "syncfs", "sync_file_range")
_LOOK = 0.02  # seconds


class Failed(Exception):
    """The command ended badly; the text says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command."""

    #: seconds from its start to its end
    wall: float
    #: seconds of the work alone, as the command tells them; None if it tells none
    work: float | None
    #: seconds of all processors, user and system
    cpu: float
    #: bytes: the highest sum of the peaks of all processes that lived at one moment; None if it
    #: was over before it could be looked at
    memory: int | None
    #: bytes that came from the disk instead of memory
    from_disk: int
    #: bytes that were made to be written
    to_disk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one run asked of the system."""

    #: system calls; None where only the engine's own steps could be counted
    calls: int | None
    #: fsync, fdatasync, syncfs, …
    syncs: int


def run(command: Sequence[str]) -> Run:
    """Run a command to its end; Failed unless it exits with 0."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as wrong:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=wrong)
        peaks = _Peaks(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        memory = peaks.stop()
        if process.returncode != 0:
            wrong.seek(0)
            raise Failed(
                f"{' '.join(command)} ended with {process.returncode}: "
                f"{wrong.read().decode(errors='replace').strip()[-2000:]}"
            )
        out.seek(0)
        said = out.read()
    return Run(
        wall=wall,
        work=_work(said),
        cpu=usage.ru_utime + usage.ru_stime,
        # ru_maxrss would be wrong: it begins with what the parent had when it forked
        memory=memory or None,
        from_disk=usage.ru_inblock * 512,
        to_disk=usage.ru_oublock * 512,
    )


def _work(said: bytes) -> float | None:
    """The seconds in the last line of what a command printed."""
    lines = said.splitlines()
    if not lines or not lines[-1].startswith(b'{"seconds"'):
        return None
    return float(json.loads(lines[-1])["seconds"])


def can_trace() -> bool:
    """Whether strace is there and may trace."""
    strace = shutil.which("strace")
    return strace is not None and (
        subprocess.run([strace, "-c", "true"], capture_output=True, check=False).returncode == 0
    )


def count(command: Sequence[str]) -> Counts:
    """Run a command under strace, with all its threads and children; Failed as above."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "calls"
        traced = subprocess.run(
            ["strace", "-f", "-c", "-o", table, *command], capture_output=True, check=False
        )
        if traced.returncode != 0:
            raise Failed(f"under strace: {traced.stderr.decode(errors='replace')[-2000:]}")
        calls = _calls(table.read_text())
    return Counts(calls=sum(calls.values()), syncs=sum(calls.get(name, 0) for name in _SYNCS))


def count_own_syncs(command: Sequence[str]) -> Counts:
    """The same without strace, for a command that counts its own steps on disk if it is asked."""
    done = subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, ocfl_work.COUNT: "1"}
    )
    if done.returncode != 0:
        raise Failed(done.stderr.decode(errors="replace")[-2000:])
    steps = json.loads(done.stdout.splitlines()[-1])["steps"]
    # sync_folder calls sync_file
    syncs = sum(steps.get(name, 0) for name in ("sync_file", "sync_file_system"))
    return Counts(calls=None, syncs=syncs)


def _calls(table: str) -> dict[str, int]:
    """Name -> calls, from strace's table: share, seconds, µs a call, calls, errors, name."""
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", table, re.M)
    return {name: int(calls) for calls, name in rows if name != "total"}


class _Peaks:
    """Looks at a process and those below it until it is told to stop."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._highest = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Bytes; 0 where there was nothing to be seen."""
        self._over.set()
        self._thread.join()
        return self._highest

    def _look(self) -> None:
        if not Path("/proc/self/status").exists():
            return
        while not self._over.wait(_LOOK):
            self._highest = max(self._highest, sum(map(_peak, _family(self._top))))


def _family(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            for child in children:
                found += _family(int(child))
    except (FileNotFoundError, ProcessLookupError):
        return found  # it has just ended
    return found


def _peak(pid: int) -> int:
    """The most memory that a living process has had, in bytes; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
