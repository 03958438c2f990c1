"""Times imports from a bucket, into a bucket and into a folder, beside plain copies of the same.

    python benchmarks/bench_s3.py [--rounds 5] [--small 2000] [--large-mib 1024] [--keys 100000]
        [--folder DIR] [--only {small,large,keys}]

Starts an S3 server of its own (the one of the tests, ``make peers``), with its files in memory; it
ends with the benchmark, however that ends.
Prints Markdown tables: medians with minimum and maximum, requests for each file, bytes that went
from and to the store through a client, and CPU time. ``aws s3 cp`` takes part where it is
installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

from bench_workflow import MIB, Server, make_files, show, timed

from strongroom.domain.description import DescribedFile
from strongroom.domain.times import utc_now
from strongroom.mets import writer
from support.s3_server import S3Server

_THREADS = 16


@dataclass
class Traffic:
    """What the store was asked for in a stretch of time."""

    requests: dict[str, int] = field(default_factory=dict)
    #: bytes of objects that it sent, and that it received
    sent: int = 0
    received: int = 0

    @property
    def total(self) -> int:
        return sum(self.requests.values())


#: operation, key (it may hold spaces), path, status, error, bytes sent, size of the object
_LINE = re.compile(r" s3_(\w+) (.*?) (/\S*) (\d{3}) \S+ (\S+) (\d+) ")
#: bytes of one request of an object that is read in parts, by us and by boto3
_PART = 8 * MIB


class Watched(S3Server):
    """A server of which it is known what it was asked for."""

    @contextmanager
    def watch(self, bucket: str, prefix: str = "") -> Iterator[Traffic]:
        """All that is asked for inside the ``with``; ``prefix`` is of keys whose size matters."""
        start = self.access_log_path.stat().st_size
        traffic = Traffic()
        yield traffic
        time.sleep(0.2)
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        sizes = {said["Key"]: said["Size"] for page in pages for said in page.get("Contents", ())}
        with self.access_log_path.open(encoding="utf-8", errors="replace") as log:
            log.seek(start)
            for line in log:
                if (found := _LINE.search(line)) is not None:
                    _count(traffic, sizes, *found.groups())


def _count(traffic: Traffic, sizes: dict[str, int], what: str, key: str, *more: str) -> None:
    _, status, _, size = more
    traffic.requests[what] = traffic.requests.get(what, 0) + 1
    if what == "GetObject" and status in ("200", "206"):
        whole = sizes.get(key, 0)
        # the log tells neither ranges nor bytes
        traffic.sent += whole if whole < 2 * _PART else _PART
    if what in ("PutObject", "UploadPart"):
        traffic.received += int(size)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Bench:
    """One store, and servers that import from it."""

    def __init__(self, store: Watched, place: Path, rounds: int) -> None:
        self.store = store
        self.place = place
        self.rounds = rounds
        self.bucket = store.make_bucket()
        self.port = 8300

    @contextmanager
    def server(self, name: str, ocfl_root: str) -> Iterator[Server]:
        self.port += 1
        for key, value in (
            *self.store.environment().items(),
            ("STRONGROOM_DEPOSITS", f"s3://{self.bucket}/deposits-{name}"),
            ("STRONGROOM_OCFL_ROOT", ocfl_root),
        ):
            os.environ[key] = value
        server = Server(self.place / f"data-{name}", self.port)
        try:
            yield server
        finally:
            server.stop()
            for key in ("STRONGROOM_DEPOSITS", "STRONGROOM_OCFL_ROOT"):
                del os.environ[key]

    def fill(self, prefix: str, folder: Path, files: list[DescribedFile]) -> None:
        """Put files into the bucket, each with its SHA-256 as a client can state it."""

        def put(file: DescribedFile) -> None:
            path = folder / file.path
            if file.size > 64 * MIB:
                self.store.client.upload_file(str(path), self.bucket, prefix + file.path)
                return
            self.store.put(
                self.bucket, prefix + file.path, path.read_bytes(), ChecksumAlgorithm="SHA256"
            )

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(put, files))

    def imports(self, name: str, ocfl_root: str, folder: Path, files: list[DescribedFile]) -> str:
        """A row: how long an import of these files takes."""
        times: list[float] = []
        diffs: list[float] = []
        cpu: list[float] = []
        traffic = Traffic()
        with self.server(name, ocfl_root) as server:
            server.call("PUT", "/repository/bench")
            for number in range(self.rounds):
                deposit = server.call(
                    "POST",
                    "/deposits",
                    {
                        "archivalGroup": f"{server.base}/repository/bench/{name}-{number}",
                        "archivalGroupName": "bench",
                    },
                )
                prefix = deposit["files"].partition(f"s3://{self.bucket}/")[2]
                self.fill(prefix, folder, files)
                mets = writer.write(title="bench", files=files, folders=[], created=utc_now())
                self.store.put(self.bucket, f"{prefix}mets.xml", mets)
                diff = f"{deposit['id']}/importjobs/diff"
                diffs.append(timed(partial(server.call, "GET", diff)))
                worker = int(
                    subprocess.run(
                        ["pgrep", "-P", str(server.process.pid)],
                        capture_output=True,
                        text=True,
                        check=True,
                    ).stdout.split()[0]
                )
                before = cpu_of(worker) + cpu_of(server.process.pid)
                with self.store.watch(self.bucket) as traffic:
                    times.append(timed(partial(server.run_import, deposit["id"])))
                cpu.append(cpu_of(worker) + cpu_of(server.process.pid) - before)
            peaks = server.peaks()
        return _row(
            f"import, {name}",
            times,
            traffic,
            len(files),
            cpu,
            f"diff {show(diffs)} s; server {peaks[0]} MiB, worker {peaks[1]} MiB",
        )

    def loops(self, files: list[DescribedFile], prefix: str, *, local: bool) -> Iterator[str]:
        """Rows: the same copies by a plain loop, by threads, and by ``aws``."""
        client = self.store.client

        def one(number: int, file: DescribedFile) -> None:
            key = prefix + file.path
            if local:
                target = self.place / f"loop-{number}" / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                client.download_file(self.bucket, key, str(target))
            else:
                client.copy_object(
                    Bucket=self.bucket,
                    Key=f"loop-{number}/{file.path}",
                    CopySource={"Bucket": self.bucket, "Key": key},
                )

        number = 0
        for name, work in (
            ("boto3, one after another", _in_turn),
            (f"boto3, {_THREADS} threads", _by_threads),
        ):
            times, cpu = [], []
            for _ in range(self.rounds):
                number += 1
                before = _own_cpu()
                with self.store.watch(self.bucket) as traffic:
                    times.append(timed(partial(work, partial(one, number), files)))
                cpu.append(_own_cpu() - before)
            yield _row(name, times, traffic, len(files), cpu, "verifies nothing")
        aws = shutil.which("aws")
        if aws is not None:
            times = []
            for _ in range(self.rounds):
                number += 1
                target = (
                    str(self.place / f"aws-{number}")
                    if local
                    else f"s3://{self.bucket}/aws-{number}"
                )
                command = [aws, "s3", "cp", "--quiet", "--recursive"]
                command += [f"s3://{self.bucket}/{prefix}", target]
                environment = os.environ | self.store.environment()
                with self.store.watch(self.bucket) as traffic:
                    times.append(
                        timed(partial(subprocess.run, command, check=True, env=environment))
                    )
            yield _row("aws s3 cp --recursive", times, traffic, len(files), [], "verifies nothing")


def _in_turn(work: Callable[[Any], None], files: list[DescribedFile]) -> None:
    for file in files:
        work(file)


def _by_threads(work: Callable[[Any], None], files: list[DescribedFile]) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, files))


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _row(
    name: str, times: list[float], traffic: Traffic, files: int, cpu: list[float], more: str
) -> str:
    each = ", ".join(
        f"{what} {count}" for what, count in sorted(traffic.requests.items(), key=lambda i: -i[1])
    )
    used = f"{statistics.median(cpu):.2f} s" if cpu else ""
    through = f"{traffic.sent / MIB:,.1f} + {traffic.received / MIB:,.1f} MiB"
    return (
        f"| {name} | {show(times)} s | {traffic.total / files:.2f} | {through} | {used} | "
        f"{more}; {each} |"
    )


def keys(bench: Bench, count: int) -> str:
    """A row: a deposit of very many tiny objects is listed, and held against its METS."""
    store = bench.store
    listed: tuple[list[float], list[float]] = ([], [])
    diffs: tuple[list[float], list[float]] = ([], [])
    asked: list[Traffic] = []
    with bench.server("keys", str(bench.place / "root-keys")) as server:
        server.call("PUT", "/repository/bench")
        body = {"archivalGroup": f"{server.base}/repository/bench/keys"}
        deposit = server.call("POST", "/deposits", body | {"archivalGroupName": "bench"})
        prefix = deposit["files"].partition(f"s3://{bench.bucket}/")[2]
        described = []

        def files() -> Iterator[tuple[str, bytes]]:
            for number in range(count):
                data = b"%d" % number
                path = f"objects/{number // 1000:03}/{number:06}.bin"
                described.append(
                    DescribedFile(
                        path=path,
                        size=len(data),
                        digest=hashlib.sha256(data).hexdigest(),
                        content_type="application/octet-stream",
                    )
                )
                yield prefix + path, data

        store.plant(bench.bucket, files())
        mets = writer.write(title="bench", files=described, folders=[], created=utc_now())
        store.put(bench.bucket, f"{prefix}mets.xml", mets)
        for _ in range(bench.rounds):
            for (times, cpu), address in (
                (listed, deposit["id"].replace("/deposits/", "/v1/deposits/") + "/files"),
                (diffs, f"{deposit['id']}/importjobs/diff"),
            ):
                before = cpu_of(server.process.pid)
                with store.watch(bench.bucket, prefix=f"{prefix}mets.xml") as traffic:
                    times.append(timed(partial(server.call, "GET", address)))
                cpu.append(cpu_of(server.process.pid) - before)
                asked.append(traffic)
        peak = server.peaks()[0]
    each = "; ".join(
        ", ".join(f"{what} {number}" for what, number in sorted(traffic.requests.items()))
        for traffic in asked[-2:]
    )
    shown = " | ".join(f"{show(times)} s | {show(cpu)} s" for times, cpu in (listed, diffs))
    return f"| {count:,} keys | {shown} | {peak} MiB | {each} |"


def imports_and_copies(bench: Bench, what: str, count: int, size: int) -> None:
    """Prints a table: imports, and plain copies of the same files."""
    folder = bench.place / what
    files = make_files(folder, count, size)
    print(f"\n### {count:,} × {size:,} bytes\n")
    print("| what | time | requests a file | from + to the store | CPU of ours | more |")
    print("| --- | --- | --- | --- | --- | --- |")
    prefix = f"source-{what}/"
    bench.fill(prefix, folder, files)
    print(bench.imports(f"S3-S3-{what}", f"s3://{bench.bucket}/root-{what}", folder, files))
    for row in bench.loops(files, prefix, local=False):
        print(row)
    print(bench.imports(f"S3-local-{what}", str(bench.place / f"root-{what}"), folder, files))
    for row in bench.loops(files, prefix, local=True):
        print(row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", type=int, default=2000)
    parser.add_argument("--large-mib", type=int, default=1024)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", choices=("small", "large", "keys"))
    arguments = parser.parse_args()
    only = arguments.only
    # a kill in good order ends the servers and removes the files, as a Ctrl-C does
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shown = arguments.folder or Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp")
    with TemporaryDirectory(prefix="strongroom-bench-", dir=shown) as scratch, Watched() as store:
        bench = Bench(store, Path(scratch), arguments.rounds)
        if only in (None, "small"):
            imports_and_copies(bench, "small", arguments.small, 10 << 10)
        if only in (None, "large"):
            imports_and_copies(bench, "large", 1, arguments.large_mib * MIB)
        if only in (None, "keys"):
            print(f"\n### A deposit of {arguments.keys:,} objects\n")
            print("| what | list | CPU | diff | CPU | server | requests of each |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            print(keys(bench, arguments.keys), flush=True)


if __name__ == "__main__":
    main()
