"""A real server and its worker, killed by SIGKILL at random moments of real imports, many times.

Every time, what they left behind is put in order by starting again and nothing else, and every
import ends at a valid object with exactly the bytes that were put in, and says so. The moments
come from a seed, which is told; how the machine deals with them is chance, so each run is another.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crash.trial import Trial, hunt
from support import postgres
from support.server import Server

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are watched by Linux's /proc"
)

ROUNDS = int(os.environ.get("STRONGROOM_CRASH_ROUNDS") or (30 if postgres.is_sqlite() else 10))
#: further rounds for each phase that must be hit and was not
EXTRA = 20


@pytest.mark.timeout(120 + 30 * ROUNDS)
def test_imports_killed_at_random(
    start_server: Callable[..., Server],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    seed = int(os.environ.get("STRONGROOM_CRASH_SEED") or secrets.randbits(32))
    server = start_server(env={"STRONGROOM_JOB_THREADS": "3"})
    trial = Trial(server, tmp_path, compared=max(5, ROUNDS // 20))
    try:
        hunt(trial, seed, ROUNDS, extra=EXTRA)
        assert trial.missing() == [], "these phases were never hit, however often they were tried"
    finally:
        record_property("told at the end", [f"STRONGROOM_CRASH_SEED={seed}", *trial.table()])
