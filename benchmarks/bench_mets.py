"""Times reading and editing METS of many files beside lxml's plain ``iterparse`` of the same bytes.

    python benchmarks/bench_mets.py [--files 100000] [--rounds 5] [--folder DIR]

Each measurement is a process of its own; rounds are interleaved. Prints a Markdown table of medians
(minimum and maximum in brackets): seconds without the interpreter's start, of the clock and of the
processor (which other work on the machine disturbs less), and peak memory of the process. Of an
edit's memory the pages of the mapped METS are a part, which the system can drop.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from strongroom.domain.description import DescribedFile
from strongroom.domain.findings import VirusFinding
from strongroom.mets import writer
from strongroom.mets.editing.changes import PutFile
from strongroom.mets.editing.editor import edit
from strongroom.mets.reader import read

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SCAN = VirusFinding(
    source="ClamAV",
    timestamp=NOW,
    has_virus=False,
    definition="ClamAV 1.4.3/27886/Tue Jan 20 07:24:12 2026",
)
TASKS = {
    "iterparse": "lxml `iterparse`, clearing, nothing kept",
    "read": "read: every file, digest, size, format, scan",
    "add 1": "add one file",
    "add 10000": "add 10,000 files in one call",
}


def files(count: int) -> Iterator[DescribedFile]:
    """Pages with digest, size, type and format; every second one was scanned for viruses."""
    for number in range(count):
        yield DescribedFile(
            path=f"objects/{number // 1000:04}/page {number:06}.tif",
            name=f"Page {number}",
            content_type="image/tiff",
            size=number * 7,
            digest=hashlib.sha256(str(number).encode()).hexdigest(),
            pronom_key="fmt/353",
            format_name="Tagged Image File Format",
            virus=SCAN if number % 2 else None,
        )


def run(task: str, place: Path) -> None:
    """One measurement, in this process: seconds and MiB as JSON."""
    begun, used = time.perf_counter(), time.process_time()
    with place.open("rb") as source:
        if task == "read":
            read(source)
        elif task == "iterparse":
            for _, element in etree.iterparse(source, events=("end",)):
                element.clear()
        else:
            changes = [
                PutFile(
                    file=DescribedFile(
                        path=f"objects/0001/new {number}.tif",
                        size=number,
                        digest=f"{number:064x}",
                        content_type="image/tiff",
                    )
                )
                for number in range(int(task.removeprefix("add ")))
            ]
            with place.with_suffix(".new").open("wb") as target:
                edit(source, target, changes, now=NOW)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps([seconds, time.process_time() - used, peak]))


def measure(place: Path, rounds: int) -> dict[str, list[tuple[float, float, int]]]:
    found: dict[str, list[tuple[float, float, int]]] = {task: [] for task in TASKS}
    for number in range(rounds):
        for task in TASKS:
            print(f"round {number + 1}: {task}", file=sys.stderr)
            told = subprocess.run(
                [sys.executable, __file__, "--task", task, "--mets", str(place)],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            seconds, used, peak = json.loads(told)
            found[task].append((seconds, used, peak))
    return found


def spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f}) s"


def table(found: dict[str, list[tuple[float, float, int]]]) -> str:
    beside = statistics.median(used for _, used, _ in found["iterparse"])
    lines = [
        "| what | clock | processor | × *iterparse* | peak memory |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for task, values in found.items():
        clock, used = ([value[place] for value in values] for place in (0, 1))
        lines.append(
            f"| {TASKS[task]} | {spread(clock)} | {spread(used)} "
            f"| {statistics.median(used) / beside:.2f} | {max(value[2] for value in values)} MiB |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    parser.add_argument("--mets", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        run(given.task, given.mets)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        place = Path(folder) / "mets.xml"
        place.write_bytes(writer.write(title="T", files=files(given.files), created=NOW))
        print(
            f"METS of {given.files:,} files, {place.stat().st_size / 1e6:.0f} MB; "
            f"{os.cpu_count()} CPUs, {platform.machine()}, Linux {platform.release()}, "
            f"CPython {platform.python_version()}, lxml {etree.__version__}; "
            f"load {os.getloadavg()[0]:.1f} before\n"
        )
        print(table(measure(place, given.rounds)))


if __name__ == "__main__":
    main()
