"""Starts, watches, stops and kills real servers as child processes.

Leaves HTTP to :mod:`support.workflow`, and the folders' contents to :mod:`support.ocfl_check`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from support import postgres, warm
from support.ports import free_port
from support.warm import WarmProcess

READY_SECONDS = 60.0
STOP_SECONDS = 30.0


class ServerDied(AssertionError):
    """The server process ended, or never became ready; the text holds the end of its log."""


class Server:
    """One `strongroom serve` on a port of its own."""

    def __init__(
        self,
        data: Path,
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        prefix: Sequence[str] = (),
        port: int | None = None,
        warm: bool = True,
    ) -> None:
        """``warm``: a fork of a process that has loaded everything, where that can be."""
        self.data = data
        self.log_path = log
        self.port = port or free_port()
        #: public root of the Preservation surface; ids start with it
        self.url = f"http://localhost:{self.port}"
        self.storage_url = f"{self.url}/storage-api"
        self._env = dict(env or {})
        self._options = tuple(options)
        #: a command that runs the server, such as setpriv or unshare with its options
        self._prefix = tuple(prefix)
        self._warm = warm and not prefix
        self.process: subprocess.Popen[bytes] | WarmProcess | None = None

    def start(self) -> Server:
        self.data.mkdir(parents=True, exist_ok=True)
        arguments = ["serve", "--data", str(self.data), "--port", str(self.port), *self._options]
        env = environment({**postgres.environment_for(self.data), **self._env})
        with self.log_path.open("ab") as log:
            if self._warm and warm.possible(env):
                self.process = WarmProcess(arguments, log, env)
            else:
                self.process = subprocess.Popen(
                    [*self._prefix, sys.executable, "-m", "strongroom", *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=env,
                    start_new_session=True,
                )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        opener = build_opener(ProxyHandler({}))
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerDied(f"exit code {self.process.returncode}\n{self.log_tail()}")
            with (
                contextlib.suppress(OSError),
                opener.open(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            time.sleep(0.05)
        self.kill()
        raise ServerDied(f"not ready after {READY_SECONDS:.0f} s\n{self.log_tail()}")

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """SIGTERM, as an operator stops it; the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(by)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise ServerDied(
                    f"did not stop within {STOP_SECONDS:.0f} s of SIGTERM\n{self.log_tail()}"
                ) from None
        return self.process.returncode

    def kill(self) -> None:
        """SIGKILL for the server and every process it started, as a power cut would."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def kill_only_the_server(self) -> None:
        """SIGKILL for the first process alone; what it started may live on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def log_text(self) -> str:
        if not self.log_path.exists():
            return ""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def log_tail(self, lines: int = 60) -> str:
        return "\n".join(self.log_text().splitlines()[-lines:])

    def processes(self) -> list[int]:
        """The server's process and all that it started (Linux)."""
        assert self.process is not None
        return list(family(self.process.pid))

    def worker(self) -> int:
        """The process id of the worker that the server runs now; waits until there is one."""
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            for child in filter(alive, _children(self.process.pid)):
                return child
            time.sleep(0.02)
        raise AssertionError(f"the server runs no worker\n{self.log_tail()}")

    def peak_memory(self) -> int:
        """The greatest resident size (bytes) of any process of this server so far (Linux)."""
        assert self.process is not None
        return max(_peak(pid) for pid in family(self.process.pid))


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of the person who runs the tests, and with ``extra``."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("STRONGROOM_", "AWS_"))
    }
    env["PYTHONUNBUFFERED"] = "1"
    env["NO_PROXY"] = "localhost,127.0.0.1"
    return {**env, **extra}


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def run_command(
    *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `strongroom` with these arguments and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "strongroom", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(env or {}),
        check=False,
    )


def family(pid: int) -> Iterator[int]:
    """The process and all its descendants (Linux)."""
    yield pid
    for child in _children(pid):
        yield from family(child)


def _children(pid: int) -> list[int]:
    """What any thread of the process has started: the server's watch starts later workers."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, children.read_text().split())
    return found


def _peak(pid: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def without_file_privileges() -> list[str] | None:
    """A command prefix under which file permissions bind the server too.

    Empty where the tests do not run as root; None where root's privileges cannot be dropped.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    dropped = "-dac_override,-dac_read_search,-fowner"
    prefix = [setpriv, f"--bounding-set={dropped}", f"--inh-caps={dropped}"]
    works = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if works.returncode == 0 else None


def with_small_disk(folder: Path, megabytes: int) -> list[str] | None:
    """A command prefix under which ``folder`` is a file system of this size; None if impossible.

    The file system is seen by the server alone; from outside it is reached through
    :func:`inside_of`.
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    script = 'mount -t tmpfs -o size="$0"m tmpfs "$1" && shift && exec "$@"'
    flags = "-m" if os.geteuid() == 0 else "-rm"
    prefix = [unshare, flags, "sh", "-c", script, str(megabytes), str(folder)]
    folder.mkdir(parents=True, exist_ok=True)
    works = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if works.returncode == 0 else None


def inside_of(server: Server, path: Path) -> Path:
    """``path`` as the server's own mount namespace shows it."""
    assert server.process is not None
    return Path(f"/proc/{server.process.pid}/root") / str(path).lstrip("/")
