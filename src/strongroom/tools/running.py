"""The programs behind the tools: whether each is there, and what it writes of a folder.

Programs are called by lists of arguments, in an environment of their own, and ended when they are
to stop or take too long. What they write lies where :mod:`strongroom.tools.outputs` reads it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from strongroom.errors import Unprocessable
from strongroom.tools import places as outputs

_PROBE_SECONDS = 60
#: seconds between two looks whether a program is to stop
_LOOK = 0.2
#: seconds that a program may run
_LONGEST = 24 * 3600
#: bytes of what a program complains of that are kept
_COMPLAINT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    name: str
    version: str | None = None
    #: why it is absent; None if it is there
    reason: str | None = None


class ExifTool:
    """Embedded metadata, by ExifTool."""

    task = "metadata"

    def probe(self) -> Probe:
        return _probe("exiftool", ["-ver"], "ExifTool", "Debian: libimage-exiftool-perl")

    def run(self, folder: Path, scratch: Path, stop: Callable[[], bool]) -> None:
        target = _place(scratch, outputs.EXIF)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            # it ends with 1 where a file is of a kind that it does not know
            _run(["exiftool", "-a", "-r", folder.name], folder.parent, out, stop, good=(0, 1))


class ClamScan:
    """Viruses, by ClamAV's clamscan."""

    task = "viruses"

    def probe(self) -> Probe:
        found = _probe("clamscan", ["--version"], "ClamAV", "Debian: clamav")
        if found.reason is None and "/" not in (found.version or ""):
            return Probe(
                name=found.name,
                version=found.version,
                reason="it has no virus definitions; fetch them with freshclam",
            )
        return found

    def run(self, folder: Path, scratch: Path, stop: Callable[[], bool]) -> None:
        target = _place(scratch, outputs.VIRUS_LOG)
        target.parent.mkdir(parents=True, exist_ok=True)
        arguments = ["clamscan", "-r", "-i", "--stdout", folder.name]
        with tempfile.TemporaryFile() as out:
            # it ends with 1 where it has found something
            _run(arguments, folder.parent, out, stop, good=(0, 1))
            out.seek(0)
            above = os.fsencode(folder.parent.resolve()) + b"/"
            with target.open("wb") as log:
                log.writelines(line.removeprefix(above) for line in out)
        version = _place(scratch, outputs.VIRUS_DEFINITION)
        version.parent.mkdir(parents=True, exist_ok=True)
        version.write_text(f"{self.probe().version}\n", encoding="utf-8")


class Siegfried:
    """Formats by PRONOM, by Siegfried."""

    task = "formats"

    def probe(self) -> Probe:
        return _probe("sf", ["-version"], "Siegfried", "https://www.itforarchivists.com/siegfried")

    def run(self, folder: Path, scratch: Path, stop: Callable[[], bool]) -> None:
        target = _place(scratch, f"{outputs.SIEGFRIED}siegfried.csv")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            _run(["sf", "-csv", "-hash", "sha256", folder.name], folder.parent, out, stop)


ALL = (Siegfried(), ClamScan(), ExifTool())


def _place(scratch: Path, output: str) -> Path:
    """Where an output goes; ``scratch`` stands for the deposit's folder ``metadata``."""
    return scratch / output.removeprefix("metadata/")


def _environment() -> dict[str, str]:
    """What a program needs of ours; nothing that is secret is in it."""
    names = ("PATH", "HOME", "TMPDIR")
    return {"LC_ALL": "C.UTF-8", **{n: os.environ[n] for n in names if n in os.environ}}


def _probe(program: str, arguments: Sequence[str], name: str, how: str) -> Probe:
    if shutil.which(program) is None:
        return Probe(name=name, reason=f"there is no program '{program}' ({how})")
    try:
        told = subprocess.run(
            [program, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=_environment(),
            timeout=_PROBE_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Probe(name=name, reason=f"'{program}' cannot be run: {error}")
    first = told.stdout.decode("utf-8", "replace").strip().splitlines()
    return Probe(name=name, version=first[0] if first else "unknown")


def _run(
    arguments: Sequence[str],
    folder: Path,
    out: IO[bytes],
    stop: Callable[[], bool],
    *,
    good: tuple[int, ...] = (0,),
) -> None:
    """Run a program to its end; Unprocessable (``tool-failed``) if that is a bad one."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            list(arguments),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=complaints,
            env=_environment(),
            start_new_session=True,
        )
        deadline = time.monotonic() + _LONGEST
        try:
            while True:
                try:
                    status = process.wait(_LOOK)
                    break
                except subprocess.TimeoutExpired:
                    if stop():
                        return
                    if time.monotonic() > deadline:
                        raise _failed(arguments, "it took longer than a day", b"") from None
        finally:
            if process.returncode is None:
                # with all that it has started
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if status not in good:
            complaints.seek(0)
            raise _failed(arguments, f"it ended with {status}", complaints.read(_COMPLAINT))


def _failed(arguments: Sequence[str], why: str, complaint: bytes) -> Unprocessable:
    said = complaint.decode("utf-8", "replace").strip()
    return Unprocessable(
        f"{arguments[0]}: {why}." + (f" It said: {said}" if said else ""), code="tool-failed"
    )
