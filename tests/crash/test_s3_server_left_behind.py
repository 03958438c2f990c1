"""The S3 server of the tests and benchmarks ends with whoever started it, also by a kill."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import s3_server
from support.server import alive

#: starts a server, tells its process and its files, and waits
_OWNER = """
import sys, time
from support.s3_server import S3Server
server = S3Server().start()
print(server.process.pid, server.log_path, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_a_server_whose_owner_is_killed() -> None:
    s3_server.require()
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as owner:
        assert owner.stdout is not None
        pid, log = owner.stdout.readline().split()
        try:
            assert alive(int(pid))
            owner.kill()
            deadline = time.monotonic() + 10
            while alive(int(pid)) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not alive(int(pid))
        finally:
            shutil.rmtree(Path(log).parent)
