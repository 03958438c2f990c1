"""Times answers about very large Archival Groups, and the memory that they take.

    python benchmarks/bench_large.py [--sizes 10000 30000 100000] [--whole] [--folder DIR]

For each size a fresh server with one group in its index. Each answer is asked for five times, one
after another; medians. ``--whole`` makes the server read and encode every group whole, as small
ones are, to have something to compare with. Memory is the peak (VmHWM) of the server's process.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from strongroom import config
from strongroom.db import members as member_rows
from strongroom.db import nodes as node_rows
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Kind, Member, Node, Version
from strongroom.runtime.opening import open_context

SERVE = """
import sys
from strongroom.services import large
if sys.argv[1] == "whole":
    large.SMALL = large.SHALLOW = 1 << 40
from strongroom import config
from strongroom.runtime import serving
sys.exit(serving.serve(config.load({"data": sys.argv[2], "port": sys.argv[3]})))
"""
ANSWERS = ("/repository/big", "/ocfl/storagemap/big")
ROUNDS = 5


def fill(data: Path, size: int) -> None:
    """One group in the index; nothing lies behind it in storage, which is not read for this."""
    ctx = open_context(config.load({"data": str(data)}, environment={}))
    version = Version(number=1, created=datetime(2026, 1, 1, tzinfo=UTC), agent="bench")
    path = RepositoryPath("big")
    node = Node(path=path, kind=Kind.GROUP, name="Big", versions=(version,), inventory_digest="0")
    folders = [
        Member(path=MemberPath(name), kind=Kind.CONTAINER, created=1, modified=1)
        for name in ("objects", *(f"objects/part {n:03d}" for n in range(size // 1000)))
    ]
    binaries = (
        Member(
            path=MemberPath(f"objects/part {n // 1000:03d}/page {n:06d}.tif"),
            kind=Kind.BINARY,
            content_type="image/tiff",
            size=n,
            digest=f"{n:064x}",
            content_path=f"v1/content/objects/part {n // 1000:03d}/page {n:06d}.tif",
            created=1,
            modified=1,
        )
        for n in range(size)
    )
    with ctx.db.write() as c:
        node_rows.put_node(c, node)
        member_rows.replace_members(c, path, [*folders, *binaries])
    ctx.db.close()


def ask(port: int, path: str) -> tuple[float, float, int]:
    """Seconds to the first byte of the body and to the last, and bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Host": f"localhost:{port}"})
    answer = connection.getresponse()
    count = len(answer.read(1))
    first = time.perf_counter() - begun
    while chunk := answer.read(1 << 16):
        count += len(chunk)
    assert answer.status == 200, answer.status
    return first, time.perf_counter() - begun, count


def peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) >> 10
    return 0


def measure(folder: Path, size: int, how: str) -> None:
    data = folder / f"data-{size}"
    fill(data, size)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / f"{size}.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, how, data, str(port)],
        stderr=log,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        for _ in range(600):
            try:
                ask(port, "/health")
                break
            except ConnectionError:
                time.sleep(0.1)
        before = peak(server.pid)
        for path in ANSWERS:
            asked = [ask(port, path) for _ in range(ROUNDS)]
            first, last = (statistics.median(each[n] for each in asked) for n in (0, 1))
            print(
                f"| {size:,} | `{path.rsplit('/', 1)[0]}` | {asked[0][2] / (1 << 20):.1f} MiB "
                f"| {first * 1e3:.0f} ms | {last:.2f} s | {before} → {peak(server.pid)} MiB |",
                flush=True,
            )
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-large-", dir=given.folder))
    print(json.dumps({"folder": str(folder), "whole": given.whole}) + "\n")
    print("| Binaries | answer | size | first byte | last byte | server's peak, before → after |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for size in given.sizes:
        measure(folder, size, "whole" if given.whole else "pieces")


if __name__ == "__main__":
    main()
