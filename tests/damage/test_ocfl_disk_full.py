"""Fills the disk while files come in, versions are made and exports are written.

The disk is a tmpfs of a few megabytes, mounted in a user namespace of its own; each case runs in a
child that enters it. What does not fit is refused with a clear error, and nothing that was there
is harmed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SETUP = """
import errno, hashlib, io, os, sys
from functools import partial
from datetime import UTC, datetime
from pathlib import Path
from strongroom.errors import OutOfSpace
from strongroom.ocfl.plan import NewFile, Plan, Reuse
from strongroom.ocfl.root import OcflRoot
from strongroom.storage import copying
from strongroom.storage.local import LocalWorkAreas
from strongroom.storage.protocols import CopyIn

MIB = 1 << 20
disk = Path(sys.argv[1])
source = LocalWorkAreas(Path(sys.argv[2]) / "source").area("d")
source.create()
when = datetime(2026, 2, 3, tzinfo=UTC)

def refused(work):
    try:
        work()
    except OutOfSpace as error:
        assert "disk is full" in error.message and "Make room" in error.message, error.message
        assert error.retryable and error.faults[0].code == "out-of-space"
        return
    raise AssertionError("the disk took it all")

def put(area, path, data):
    upload = area.upload(path)
    upload.write(data)
    upload.finish()

def used():
    status = os.statvfs(disk)
    return (status.f_blocks - status.f_bfree) * status.f_frsize

def finish(draft):
    draft.prepare(created=when, user_name="Ann", user_address="mailto:a@b.c", message="m")
    return draft.commit()
"""

CASES = {
    "upload": """
        area = LocalWorkAreas(disk / "deposits").area("d")
        area.create()
        put(area, "old", b"old")
        before = used()
        def upload():
            upload = area.upload("folder/new")
            for _ in range(20):
                upload.write(os.urandom(MIB))
        refused(upload)
        assert used() == before, (used(), before)
        assert [e.path for e in area.listing().files] == ["old"]
        put(area, "fits", b"x" * MIB)
    """,
    "export": """
        area = LocalWorkAreas(disk / "deposits").area("d")
        area.create()
        for size in (MIB // 2, 2 * MIB, 20 * MIB):
            data = os.urandom(size)
            digest = hashlib.sha256(data).hexdigest()
            def export():
                files = (
                    CopyIn(path=f"{n}", open=partial(io.BytesIO, data), sha256=digest, size=size)
                    for n in range(30)
                )
                for path, outcome in area.copy_in(files):
                    assert outcome.size == size, outcome
            refused(export)
            for entry in area.listing().files:
                assert entry.size == size and area.read_start(entry.path, size) == data
                area.delete(entry.path)
        assert list((disk / "deposits" / ".incoming").iterdir()) == []
    """,
    "version": """
        root = OcflRoot.open(disk / "root")
        with root.draft("info:x", base=None, attempt="a") as draft:
            draft.add_bytes("old", b"old")
            base = finish(draft)
        put(source, "small", os.urandom(MIB // 2))
        put(source, "middle", os.urandom(5 * MIB))
        put(source, "large", os.urandom(20 * MIB))
        for big in (["large"], ["middle"] * 3, ["small"] * 40):
            before = used()
            for number, name in enumerate(big):
                # different files, so that none is known already
                put(source, f"{name}-{number}", os.urandom(source.entry(name).size))
            def import_():
                with root.draft("info:x", base=base, attempt="b") as draft:
                    files = [
                        NewFile(logical=f"f{n}", source=f"{name}-{n}") for n, name in enumerate(big)
                    ]
                    assert draft.add_files(files, source.open) == []
            refused(import_)
            assert used() == before, (used(), before)
            assert root.read("info:x") == base and base.read_bytes("old") == b"old"
        with root.draft("info:x", base=base, attempt="c") as draft:
            assert draft.add_files([NewFile(logical="f", source="middle")], source.open) == []
            finish(draft)
    """,
    "inventory": """
        root = OcflRoot.open(disk / "root")
        with root.draft("info:x", base=None, attempt="a") as draft:
            draft.add_bytes("old", b"old")
            base = finish(draft)
        draft = root.draft("info:x", base=base, attempt="b")
        digest = draft.state["old"]
        reuses = tuple(
            Reuse(logical=f"{n:05}/{'name' * 20}", digest=digest) for n in range(30_000)
        )
        assert draft.apply(Plan(reuses=reuses), None) == []
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as stream:
            stream.write(bytes(root.free_bytes() - MIB))
        refused(lambda: finish(draft))
        draft.discard()
        assert root.read("info:x") == base
        assert OcflRoot.open(disk / "root").recover_all() == []
        filler.unlink()
        with root.draft("info:x", base=base, attempt="c") as draft:
            draft.add_bytes("new", b"new")
            assert finish(draft).inventory.head == 2
    """,
    "new root": """
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as stream:
            stream.write(bytes(LocalWorkAreas(disk / "deposits").area("x").free_bytes()))
        refused(lambda: OcflRoot.open(disk / "root"))
        filler.unlink()
        OcflRoot.open(disk / "root")
    """,
}


@pytest.fixture(scope="module")
def _namespaces() -> None:
    probe = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True
    )
    if probe.returncode != 0:
        pytest.skip(f"no small disk can be made here: unshare or mount says {probe.stderr.strip()}")


@pytest.mark.usefixtures("_namespaces")
@pytest.mark.parametrize("case", CASES)
def test_a_full_disk_is_reported_and_harms_nothing(tmp_path: Path, case: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = tmp_path / "case.py"
    script.write_text(SETUP + textwrap.dedent(CASES[case]))
    mounted = 'mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounted, str(disk), sys.executable, "-W", "error",
         str(script), str(disk), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
