"""One Java process with ocfl-java in it, asked again and again: to start one takes a second.

What it is asked, and what its answers mean, is the affair of :mod:`support.peer`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

from support.peer_report import PeerFailed

CLASSES = Path(__file__).parents[2] / "build" / "peers" / "java"
_SECONDS = 120


def bare(home: str) -> dict[str, str]:
    """An environment apart from the settings and the language of whoever runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    return {**kept, "HOME": home, "LC_ALL": "C.UTF-8"}


class JavaProcess:
    """Answers questions one after the other, until it is ended."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()
        self._errors = (Path(self._home.name) / "errors").open("w+b")
        # quick to start, for it does too little to be worth compiling
        options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        self._process = subprocess.Popen(
            ["java", *options, "-cp", f"{CLASSES}:{CLASSES}/*", "Judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=bare(self._home.name),
        )
        self._lock = threading.Lock()

    def ask(self, question: object) -> dict[str, Any]:
        """The answer; PeerFailed if it ends instead, or takes too long."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with self._lock:
            try:
                process.stdin.write(json.dumps(question).encode() + b"\n")
                process.stdin.flush()
            except BrokenPipeError:
                raise PeerFailed(self._last_words()) from None
            if not select.select([process.stdout], [], [], _SECONDS)[0]:
                process.kill()
                raise PeerFailed(f"ocfl-java did not answer {question} in {_SECONDS} s")
            line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise PeerFailed(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        self._process.wait(_SECONDS)
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")
        return f"Java ended with {self._process.returncode}: {said}"

    def end(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            self._process.stdin.close()
        self._process.wait(_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        self._home.cleanup()


@functools.cache
def shared() -> JavaProcess:
    """The process for the tests of this process."""
    started = JavaProcess()
    atexit.register(started.end)
    return started
