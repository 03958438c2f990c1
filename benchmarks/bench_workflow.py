"""Times the main workflow on a live server beside ``cp -r`` of the same files on the same disk.

    python benchmarks/bench_workflow.py [--rounds 5] [--folder DIR] [--large-gib 5]

Prints a Markdown table of medians (minimum and maximum in brackets), the ratio to the peer, and
the peak memory (VmHWM) of server and worker. Rounds are interleaved; nothing is deleted between
them, since deleting slows many file systems down for minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from strongroom.domain.description import DescribedFile
from strongroom.mets import writer
from support import orphans

MIB = 1 << 20
#: requests in a round of GETs
REQUESTS = 500


class Server:
    """A server with its own data folder, and the few calls that the workflow needs."""

    def __init__(self, data: Path, port: int) -> None:
        self.base = f"http://localhost:{port}"
        self.log = (data.parent / f"{data.name}.log").open("wb")
        self.process = subprocess.Popen(
            [
                *orphans.prefix(),
                *(sys.executable, "-m", "strongroom", "serve"),
                *("--data", data, "--port", str(port)),
            ],
            stderr=self.log,
        )
        for _ in range(2400):
            try:
                urllib.request.urlopen(self.base + "/health").close()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        self.stop()
        raise SystemExit("the server did not start")

    def call(self, method: str, uri: str, body: object = None) -> Any:
        request = urllib.request.Request(
            uri if uri.startswith("http") else self.base + uri,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def run_import(self, deposit: str) -> dict[str, Any]:
        job = self.call(
            "POST",
            f"{urlsplit(deposit).path}/importjobs",
            {"id": f"{deposit}/importjobs/diff"},
        )
        while job["status"] in ("waiting", "running"):
            time.sleep(0.02)
            job = self.call("GET", job["id"])
        if job["status"] != "completed":
            raise SystemExit(f"the import failed: {job['errors']}")
        return dict(job)

    def peaks(self) -> tuple[int, int]:
        """VmHWM of server and worker, in MiB."""
        worker = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True
        ).stdout.split()[0]
        return peak(self.process.pid), peak(int(worker))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


def make_files(folder: Path, count: int, size: int) -> list[DescribedFile]:
    """``count`` files of ``size`` bytes below ``folder/objects``, and their descriptions."""
    (folder / "objects").mkdir(parents=True)
    block = os.urandom(min(size, 64 * MIB))
    found = []
    for number in range(count):
        path = f"objects/{number:06}.bin"
        digest = hashlib.sha256()
        with (folder / path).open("wb") as file:
            left, first = size, number.to_bytes(8, "big")
            while left > 0:
                piece = (first + block)[: min(left, len(block))]
                file.write(piece)
                digest.update(piece)
                left -= len(piece)
        found.append(
            DescribedFile(
                path=path,
                size=size,
                digest=digest.hexdigest(),
                content_type="application/octet-stream",
            )
        )
    return found


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def copy(source: Path, target: Path, *, sync: bool) -> None:
    subprocess.run(["cp", "-r", source, target], check=True)
    if sync:
        subprocess.run(["sync", "-f", target], check=True)


def row(*cells: str) -> str:
    return "| " + " | ".join((*cells, "", "")[:4]) + " |"


def show(values: list[float], digits: int = 2) -> str:
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def imports(
    server: Server, place: Path, name: str, count: int, size: int, rounds: int
) -> list[str]:
    """Rows for importing ``count`` files of ``size`` bytes, beside cp with and without sync."""
    source = place / f"source-{name}"
    described = make_files(source, count, size)
    subprocess.run(["sync", "-f", source], check=True)
    diffs, jobs, plain, synced = [], [], [], []
    for round_number in range(rounds):
        group = f"{server.base}/repository/bench/{name}-{round_number}"
        deposit = server.call("POST", "/deposits", {"archivalGroup": group})
        files = Path(unquote(urlsplit(deposit["files"]).path))
        shutil.copytree(source, files, dirs_exist_ok=True)
        mets = writer.write(title=name, files=described, created=datetime.now(UTC))
        (files / "mets.xml").write_bytes(mets)
        subprocess.run(["sync", "-f", files], check=True)
        diffs.append(timed(lambda d=deposit: server.call("GET", d["id"] + "/importjobs/diff")))
        jobs.append(timed(lambda d=deposit: server.run_import(d["id"])) - diffs[-1])
        for found, sync in ((plain, False), (synced, True)):
            target = place / f"copy-{name}-{round_number}-{sync}"
            found.append(timed(lambda t=target, s=sync: copy(source, t, sync=s)))
            if size >= MIB:  # a few large files go quickly, and the disk is not endless
                shutil.rmtree(target)
        if size >= MIB:
            shutil.rmtree(files)
    total = count * size / MIB
    ratio = statistics.median(jobs) / statistics.median(synced)
    what = f"{count:,} × {size // 1024:,} KiB" if size < MIB else f"{count} × {size // MIB:,} MiB"
    rows = [
        row(f"{what}: diff", f"{show(diffs)} s", "reads METS, lists the deposit"),
        row(
            f"{what}: import job, durable and verified",
            f"{show(jobs)} s",
            f"`cp -r` and `sync -f`: {show(synced)} s",
            f"{ratio:.2f}",
        ),
        row(
            f"{what}: `cp -r` alone",
            f"{show(plain)} s",
            f"imported at {total / statistics.median(jobs):.0f} MiB/s",
            f"{statistics.median(jobs) / statistics.median(plain):.2f}",
        ),
    ]
    server_peak, worker_peak = server.peaks()
    rows.append(
        f"| peak memory after that | server {server_peak} MiB, worker {worker_peak} MiB | | |"
    )
    return rows


def gets(server: Server, rounds: int) -> list[str]:
    """Requests a second on GET of a small Binary, one connection."""
    path = "/storage-api/content/bench/small-0/objects/000007.bin"
    rates: dict[str, list[float]] = {path: [], "/health": []}
    for _ in range(rounds):
        for wanted, found in rates.items():
            connection = http.client.HTTPConnection("localhost", urlsplit(server.base).port)
            seconds = timed(lambda w=wanted, c=connection: fetch(c, w, REQUESTS))
            found.append(REQUESTS / seconds)
    ratio = statistics.median(rates[path]) / statistics.median(rates["/health"])
    return [
        row(
            "GET of a 10 KiB Binary, one connection",
            f"{show(rates[path], 0)}/s",
            f"`GET /health`: {show(rates['/health'], 0)}/s",
            f"{ratio:.2f}",
        )
    ]


def fetch(connection: http.client.HTTPConnection, path: str, number: int) -> None:
    for _ in range(number):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--large-rounds", type=int, default=3)
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options.add_argument("--large-gib", type=int, default=5)
    options.add_argument("--port", type=int, default=8765)
    chosen = options.parse_args()
    place = Path(tempfile.mkdtemp(prefix="strongroom-bench-", dir=chosen.folder))
    server = Server(place / "data", chosen.port)
    try:
        server.call("PUT", "/repository/bench")
        print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
        print(f"load before: {os.getloadavg()[0]:.1f}; {chosen.rounds} rounds\n")
        print("| what | median (min–max) | beside it | ratio |\n| --- | --- | --- | --- |")
        rows = imports(server, place, "small", 10_000, 10 * 1024, chosen.rounds)
        rows += gets(server, chosen.rounds)
        if chosen.large_gib:
            rows += imports(
                server, place, "large", 1, chosen.large_gib * 1024 * MIB, chosen.large_rounds
            )
        print("\n".join(rows))
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
