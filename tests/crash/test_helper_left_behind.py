"""A killed process whose second process still writes: its work is not taken for left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from strongroom.ocfl.root import OcflRoot
from strongroom.storage.local import LocalWorkAreas

#: copies until its second process has work, stops that, and kills itself
CHILD = """
import os, signal, sys
from pathlib import Path
from strongroom.ocfl.draft import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.storage import copier
from strongroom.storage.local import LocalWorkAreas

root, deposits, listing = map(Path, sys.argv[1:])
send = copier.Copier.send

def sent(self, groups):
    self._process.send_signal(signal.SIGSTOP)
    send(self, groups)
    print(self._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

copier.Copier.send = sent
copier.cores = lambda: 2
area = LocalWorkAreas(deposits).area("d")
files = [
    NewFile(logical=path, source=path, sha256=digest, size=int(size))
    for path, digest, size in (line.split() for line in listing.read_text().splitlines())
]
draft = OcflRoot.open(root).draft("info:example/many", base=None, attempt="a")
draft.add_files(files, area.open, folders=area.folders)
"""


def test_the_work_of_a_killed_process_is_swept_when_its_helper_is_gone_too(tmp_path: Path) -> None:
    area = LocalWorkAreas(tmp_path / "deposits").area("d")
    area.create()
    lines = []
    for number in range(800):
        data = b"%d" % number
        (tmp_path / "deposits" / "d" / f"f{number}").write_bytes(data)
        lines.append(f"f{number} {sha256(data).hexdigest()} {len(data)}\n")
    (tmp_path / "listing").write_text("".join(lines))
    root = OcflRoot.open(tmp_path / "root")

    child = subprocess.run(
        [sys.executable, "-c", CHILD, root.folder, tmp_path / "deposits", tmp_path / "listing"],
        stdout=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert child.returncode == -signal.SIGKILL
    helper = int(child.stdout)
    work = root.folder / "extensions" / "strongroom-staging" / "work"
    try:
        root.sweep(older_than=0)
        assert [path.name for path in work.iterdir()], "work was swept that still goes on"
        os.kill(helper, signal.SIGCONT)
        _await_end(helper)
        root.sweep(older_than=0)
        assert not list(work.iterdir())
    finally:
        with suppress(ProcessLookupError):
            os.kill(helper, signal.SIGKILL)
    assert not root.exists("info:example/many")


def _await_end(process: int) -> None:
    """Wait until a process that is no child of ours has ended by itself."""
    deadline = time.monotonic() + 20
    while Path(f"/proc/{process}").exists():
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            return
        assert time.monotonic() < deadline, "the second process has not ended"
        time.sleep(0.01)
