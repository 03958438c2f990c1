"""Times the search over the paths of very many Binaries, and what filling it costs.

    python benchmarks/bench_search.py [--rows 1000000] [--group 1000] [--folder DIR]

Makes an index without storage behind it, records its groups as imports do, lets the search follow
as the worker does, and prints a Markdown table. Each question is asked seven times; the median is
of whole pages of 20 with their total, as the service answers them.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strongroom.db import members as member_rows
from strongroom.db import nodes as node_rows
from strongroom.db import search as rows
from strongroom.db.engine import Database, open_database
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.domain.resources import Kind, Member, Node, Version
from strongroom.services import search, search_fill
from strongroom.services.context import Roots

WORDS = """
maps atlas photo letters archive novels leeds special manuscripts theses journal audio film poem
diary garden river house street church market school record drawing print negative
""".split()  # noqa: SIM905
START = datetime(2020, 1, 1, tzinfo=UTC)
QUESTIONS = (
    ("a whole id", None),
    ("one in a million", "_000777_0777.t"),
    ("nothing", "nowhere"),
    ("three letters", "tif"),
    ("a name among many", "manuscripts"),
    ("two parts", "leeds/map"),
    ("in half of the names", "photo_0"),
    ("two letters", "ma"),
    ("one letter", "r"),
    ("in every path", "objects"),
)


class Parts:
    """As much of a context as filling and searching need."""

    roots = Roots(public="http://localhost", storage="http://localhost/storage-api")

    def __init__(self, db: Database) -> None:
        self.db = db


def record(db: Database, rows: int, size: int) -> list[float]:
    random.seed(1)
    times = []
    for number in range(rows // size):
        path = RepositoryPath(f"{random.choice(WORDS)}/{random.choice(WORDS)}-{number:06d}")
        version = Version(number=1, created=START + timedelta(minutes=number), agent="a")
        node = Node(
            path=path,
            kind=Kind.GROUP,
            name=None,
            versions=(version,),
            inventory_digest=f"{number:064x}",
        )
        members = [member(n) for n in range(size)]
        begun = time.perf_counter()
        with db.write() as c:
            node_rows.put_node(c, node)
            member_rows.replace_members(c, path, members)
        times.append(time.perf_counter() - begun)
    return times


def member(n: int) -> Member:
    word, other = random.choice(WORDS), random.choice(WORDS)
    name = f"{other}_{random.randrange(10**6):06d}_{n:04d}.{random.choice(['tif', 'jpg', 'xml'])}"
    return Member(
        path=MemberPath(f"objects/{word}/{name}"),
        kind=Kind.BINARY,
        content_type="image/tiff",
        size=1,
        digest="0" * 64,
        content_path=f"v1/content/objects/{word}/{name}",
        created=1,
        modified=1,
    )


def ask(db: Database, text: str) -> tuple[float, int]:
    """Milliseconds of a page of 20 with the total, and the total."""
    begun = time.perf_counter()
    found = search.binaries(Parts(db), text, page=0, page_size=20)  # type: ignore[arg-type]
    return (time.perf_counter() - begun) * 1e3, found.total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--group", type=int, default=1_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-search-", dir=given.folder))
    file = folder / "index.db"
    db = open_database(f"sqlite:///{file}")
    times = record(db, given.rows, given.group)
    before = file.stat().st_size
    begun = time.perf_counter()
    groups = search_fill.fill(Parts(db))  # type: ignore[arg-type]
    filled = time.perf_counter() - begun
    with db.read() as c:
        last = rows.found(c, rows.numbers(c, "\x02//", limit=1))[0].path
    print(f"{given.rows:,} Binaries in {groups:,} groups; {file}\n")
    print("| what | measured |\n| --- | ---: |")
    print(
        f"| recording a group of {given.group:,} Binaries, median "
        f"| {statistics.median(times) * 1e3:.1f} ms |"
    )
    print(
        f"| filling the search afterwards | {filled:.0f} s, {given.rows / filled:,.0f} Binaries/s |"
    )
    print(
        f"| the index, without and with the search | {before >> 20} MiB, "
        f"{file.stat().st_size >> 20} MiB |"
    )
    print(f"| peak memory | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB |\n")
    print("| question | text | hits | a page of 20 and the total |\n| --- | --- | ---: | ---: |")
    for name, text in QUESTIONS:
        asked = [ask(db, text or f"info:fedora/{last}") for _ in range(7)]
        took = [each[0] for each in asked]
        shown = f"`{text}`" if text else ""
        print(
            f"| {name} | {shown} | {asked[0][1]:,} "
            f"| {statistics.median(took):.1f} ({min(took):.1f}–{max(took):.1f}) ms |"
        )


if __name__ == "__main__":
    main()
