"""Runs pieces of Python in processes of their own, for tests of races and of sudden death."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import strongroom

_PATHS = (str(Path(strongroom.__file__).parents[1]), str(Path(__file__).parents[2]))


def start(script: str, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """A process that runs the script; its input and output are pipes."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", textwrap.dedent(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_PATHS)},
    )


def race(script: str, *arguments: str, racers: int) -> list[str]:
    """What each of several processes printed; they start together at ``input()``."""
    started = [start(script, *arguments, str(number)) for number in range(racers)]
    for each in started:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in started:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    printed = []
    for each in started:
        out, err = each.communicate(timeout=120)
        assert each.returncode == 0, err
        printed.append(out)
    return printed
