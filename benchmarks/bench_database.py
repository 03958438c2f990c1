"""What SQLite and PostgreSQL do in a second, both durable and on one disk.

Measures what the program does with either: jobs claimed and ended, events recorded, the index of a
large group written, changed and read. Prints a table of its own; `--help` lists what can be set.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from contract.db.rows import binary, group, job
from strongroom.db import events, job_queue, jobs, members, nodes, tickets
from strongroom.db.engine import Database, open_database
from strongroom.domain.importjob import JobKind, JobStatus
from strongroom.domain.resources import Event, MemberChanges
from support.postgres import PostgresServer

Measure = Callable[[list[Database], int], float]


@contextmanager
def several(url: str, count: int) -> Iterator[list[Database]]:
    """The database opened several times, as by as many processes."""
    opened = [open_database(url) for _ in range(count)]
    try:
        yield opened
    finally:
        for each in opened:
            each.close()


def claim_and_finish(opened: list[Database], count: int) -> float:
    """Jobs a second, from the queue to their end, by as many workers as there are openings."""
    with opened[0].write() as c:
        for number in range(count):
            name = f"{len(opened)}-{number}"
            jobs.insert(c, job(name, group=name, kind=JobKind.EXPORT))

    def work(number: int) -> int:
        done = 0
        while True:
            with opened[number].touch() as c:
                claimed = job_queue.claim(c, f"w{number}", datetime.now(UTC))
            if claimed is None:
                return done
            with opened[number].write() as c:
                job_queue.finish(
                    c,
                    claimed.id,
                    status=JobStatus.COMPLETED,
                    finished=datetime.now(UTC),
                    source_version=None,
                    new_version=None,
                    errors=(),
                    outcome=None,
                )
            done += 1

    began = time.perf_counter()
    with ThreadPoolExecutor(len(opened)) as pool:
        done = sum(pool.map(work, range(len(opened))))
    assert done == count, f"{done} of {count} jobs were run"
    return count / (time.perf_counter() - began)


def beat(opened: list[Database], count: int) -> float:
    """Signs of life a second."""
    with opened[0].write() as c:
        jobs.insert(c, job("beating", group="beating", kind=JobKind.EXPORT))
        job_queue.claim(c, "w", datetime.now(UTC))
    began = time.perf_counter()
    for _ in range(count):
        with opened[0].touch() as c:
            assert job_queue.heartbeat(c, "beating", "w", datetime.now(UTC))
    return count / (time.perf_counter() - began)


def record_events(opened: list[Database], count: int) -> float:
    """Events a second, each with its ticket, in two transactions, as an import does it."""
    began = time.perf_counter()
    for number in range(count):
        with opened[0].write() as c:
            end = tickets.allot(c, f"e{number}", datetime.now(UTC))
        with opened[0].write() as c:
            events.add_event(c, Event(end=end, type="Update", group="g", job=f"e{number}"))
            tickets.settle(c, f"e{number}")
    return count / (time.perf_counter() - began)


def write_index(opened: list[Database], count: int) -> float:
    """Seconds to write the rows of a new group."""
    rows = [binary(f"objects/{number:06}.tif") for number in range(count)]
    began = time.perf_counter()
    with opened[0].write() as c:
        nodes.put_node(c, group("big"))
        members.replace_members(c, "big", rows)
    return time.perf_counter() - began


def change_index(opened: list[Database], count: int) -> float:
    """Seconds to write that half of the members changed and a tenth is gone."""
    put = [binary(f"objects/{number:06}.tif", modified=2) for number in range(count // 2)]
    gone = [f"objects/{number:06}.tif" for number in range(count - count // 10, count)]
    began = time.perf_counter()
    with opened[0].write() as c:
        members.apply(c, "big", MemberChanges(version=2, put=put, removed=gone))
    return time.perf_counter() - began


def read_index(opened: list[Database], count: int) -> float:
    """Seconds to read all living members in order."""
    began = time.perf_counter()
    with opened[0].read() as c:
        found = members.members(c, "big")
    assert len(found) == count - count // 10
    return time.perf_counter() - began


#: what, unit, how many times, by how many openings, how
MEASURES: list[tuple[str, str, int, int, Measure]] = [
    ("jobs claimed and ended, one worker", "/s", 400, 1, claim_and_finish),
    ("jobs claimed and ended, four workers", "/s", 400, 4, claim_and_finish),
    ("signs of life", "/s", 400, 1, beat),
    ("tickets and events", "/s", 300, 1, record_events),
    ("index of a new group of 10,000", "s", 10_000, 1, write_index),
    ("… half of it changed, a tenth gone", "s", 10_000, 1, change_index),
    ("… read in order", "s", 10_000, 1, read_index),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the databases lie; on a disk")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-database-", dir=options.folder))
    folder.chmod(0o755)
    found: dict[tuple[str, str], list[float]] = {}
    try:
        with PostgresServer(place=folder) as server:
            for number in range(options.rounds):
                urls = {
                    "SQLite": f"sqlite:///{folder / f'{number}.db'}",
                    "PostgreSQL": server.url(server.make_database()),
                }
                for what, _, count, openings, measure in MEASURES:
                    for kind, url in urls.items():
                        with several(url, openings) as opened:
                            found.setdefault((what, kind), []).append(measure(opened, count))
    finally:
        shutil.rmtree(folder)
    print("| what | SQLite | PostgreSQL |\n| --- | ---: | ---: |")
    for what, unit, *_ in MEASURES:
        cells = [_cell(found[what, kind], unit) for kind in ("SQLite", "PostgreSQL")]
        print(f"| {what} | {' | '.join(cells)} |")


def _cell(values: list[float], unit: str) -> str:
    digits = 2 if unit == "s" else 0
    middle, low, high = statistics.median(values), min(values), max(values)
    space = " " if unit == "s" else ""
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f}){space}{unit}"


if __name__ == "__main__":
    main()
