"""What only SQLite can do wrong, and how the file is opened."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

import strongroom
from strongroom.db import (
    archive_jobs,
    deposits,
    digests,
    events,
    job_queue,
    jobs,
    members,
    meta,
    nodes,
)
from strongroom.db.engine import Database, open_database
from strongroom.domain.importjob import JobKind
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.errors import Damaged, OutOfSpace, StrongroomError, Unavailable


def opened(path: Path):
    return open_database(f"sqlite:///{path}")


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        db = opened(tmp_path / "x.db")
        with db.write() as c:
            meta.put(c, "a", "b")
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
        db.close()
    finally:
        os.umask(before)
    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}


def test_every_connection_is_durable_and_checks_references(tmp_path: Path) -> None:
    db = opened(tmp_path / "x.db")
    for transaction in (db.read, db.write):
        with transaction() as c:
            found = {
                name: c.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert found == {
            "journal_mode": "wal",
            "synchronous": 2,  # FULL
            "foreign_keys": 1,
            "busy_timeout": 30_000,
        }
    db.close()


@pytest.mark.contract("17.37")
def test_the_active_deposit_is_found_by_its_index(tmp_path: Path) -> None:
    from strongroom.db.tables import deposits

    query = deposits.select().where(deposits.c.active, deposits.c.group_path == "g")
    db = opened(tmp_path / "x.db")
    with db.read() as c:
        text = str(query.compile(c, compile_kwargs={"literal_binds": True}))
        plan = str(c.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())
    db.close()
    assert "deposits_active_group" in plan


def plans_of(db: Database, ask: Callable[[Connection], object]) -> list[str]:
    """How SQLite finds the rows of each question."""
    found: list[str] = []

    def explain(c: Connection, _cursor: object, query: str, given: Any, *_: object) -> None:
        plan = c.connection.cursor()
        plan.execute(f"EXPLAIN QUERY PLAN {query}", given)
        steps = [row[3] for row in plan.fetchall()]
        plan.close()
        if steps:  # the beginning of a transaction has none
            found.append("; ".join(steps))

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        with db.read() as c:
            ask(c)
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    assert found
    return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    db = opened(tmp_path_factory.mktemp("empty") / "x.db")
    yield db
    db.close()


GROUP, MEMBER = RepositoryPath("g"), MemberPath("objects/a")


@pytest.mark.contract("17.37")
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda c: deposits.get(c, "d"), id="a deposit"),
        pytest.param(lambda c: deposits.active_for(c, GROUP), id="the deposit of a group"),
        pytest.param(lambda c: digests.known(c, "d"), id="digests of a deposit"),
        pytest.param(lambda c: jobs.get(c, "j"), id="a job"),
        pytest.param(lambda c: jobs.for_deposit(c, "d", JobKind.IMPORT), id="jobs of a deposit"),
        pytest.param(lambda c: jobs.unfinished(c, "d"), id="what a deposit waits for"),
        pytest.param(lambda c: jobs.unfinished_import(c, GROUP), id="the import of a group"),
        pytest.param(lambda c: archive_jobs.latest(c, "d"), id="archiving of a deposit"),
        pytest.param(lambda c: nodes.node(c, GROUP), id="a node"),
        pytest.param(lambda c: nodes.children(c, GROUP), id="children of a Container"),
        pytest.param(lambda c: members.member(c, GROUP, MEMBER), id="a member"),
        pytest.param(lambda c: members.members(c, GROUP), id="members of a group"),
        pytest.param(lambda c: members.child_members(c, GROUP, "objects"), id="a folder"),
        pytest.param(lambda c: events.events(c, 0, 100), id="a page of events, by their ends"),
        pytest.param(lambda c: job_queue.signs_of_life(c), id="running jobs"),
    ],
)
def test_what_is_looked_up_is_found_by_an_index(
    empty: Database, ask: Callable[[Connection], object]
) -> None:
    for plan in plans_of(empty, ask):
        scanned = re.findall(r"SCAN (\w+)(?! USING| CONSTANT)\b", plan)
        assert not scanned, plan


def test_a_table_that_is_read_whole_is_seen(empty: Database) -> None:
    query = "SELECT * FROM jobs WHERE errors = 'x'"
    assert plans_of(empty, lambda c: c.exec_driver_sql(query)) == ["SCAN jobs"]


def test_a_relative_path_does_not_follow_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    db = open_database("sqlite:///x.db")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with db.write() as c:
        meta.put(c, "a", "b")
    db.close()
    assert (tmp_path / "x.db").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["a b.db", "ü#%41?.db", "100%.db", "%(here)s.db", "?"])
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    opened(tmp_path / name).close()
    assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgresql://u:secret@h/", "names none"),
        ("postgresql://u:secret@h:port/d", "cannot be read"),
        ("postgresql+psycopg2://u:secret@h/d", r"'postgresql\+psycopg2'"),
        ("mysql://u:secret@h/d", "'mysql'"),
        ("sqlite://", "a plain file"),
        ("sqlite:///:memory:", "a plain file"),
        ("sqlite:///", "a plain file"),
        ("sqlite:x.db", "a plain file"),
        ("sqlite:///x.db?mode=ro", "a plain file"),
        ("x.db", "no URL of a database"),
        ("", "no URL of a database"),
    ],
)
def test_other_databases_are_refused(url: str, text: str) -> None:
    with pytest.raises(StrongroomError, match=text) as caught:
        open_database(url)
    assert caught.value.problem == "database-unsupported"
    assert "secret" not in str(caught.value)


def test_the_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(StrongroomError, match="make it first") as caught:
        opened(tmp_path / "none" / "x.db")
    assert caught.value.problem == "database-unusable"


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StrongroomError, match="cannot be opened") as caught:
        opened(tmp_path)
    assert caught.value.problem == "database-unusable"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"certainly no database" * 1000)
    before = path.read_bytes()
    with pytest.raises(Damaged) as caught:
        opened(path)
    assert caught.value.problem == "database-damaged"
    assert path.read_bytes() == before


def test_damaged_pages_are_named_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    db = opened(path)
    with db.write() as c:
        meta.put(c, "x", "y" * 100_000)
    db.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(Damaged) as caught:
        opened(path)
    assert caught.value.problem == "database-damaged"
    assert caught.value.operator is not None
    assert str(path) in caught.value.operator
    assert str(path) not in caught.value.message


def test_a_database_that_can_grow_no_more(tmp_path: Path) -> None:
    db = opened(tmp_path / "x.db")
    with pytest.raises(OutOfSpace), db.write() as c:
        pages = c.exec_driver_sql("PRAGMA page_count").scalar_one()
        c.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        meta.put(c, "kept", "no")
        meta.put(c, "large", "x" * 1_000_000)
    with db.read() as c:
        assert meta.get(c, "kept") is None
    db.close()


ON_A_FULL_DISK = """
import sys
from pathlib import Path
from strongroom.db import (
    archive_jobs,
    deposits,
    digests,
    events,
    job_queue,
    jobs,
    members,
    meta,
    nodes,
)
from strongroom.db.engine import Database, open_database
from strongroom.domain.importjob import JobKind
from strongroom.domain.paths import MemberPath, RepositoryPath
from strongroom.errors import OutOfSpace

folder = Path(sys.argv[1])
(folder / "ballast").write_bytes(bytes(1_000_000))
db = open_database(f"sqlite:///{folder}/x.db")
with db.write() as c:
    meta.put(c, "before", "kept")
failed = 0
for number in range(400):
    try:
        with db.write() as c:
            meta.put(c, f"large {number}", "x" * 50_000)
            meta.put(c, "last", str(number))
    except OutOfSpace:
        failed += 1
        if failed == 3:
            break
assert failed == 3, failed
with db.read() as c:
    assert meta.get(c, "before") == "kept"
    last = int(meta.get(c, "last"))
    assert meta.get(c, f"large {last}") is not None
    assert meta.get(c, f"large {last + 1}") is None
(folder / "ballast").unlink()
with db.write() as c:  # no restart is needed once there is space again
    meta.put(c, "after", "x" * 50_000)
db.close()
print("survived")
"""


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    mounting = ["-rm", "sh", "-c", 'mount -t tmpfs -o size=3m none "$0" && exec "$@"']
    if unshare is None or sys.platform != "linux":
        pytest.skip("needs unshare(1) to mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [unshare, *mounting, str(disk)]
    probe = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"no small file system can be mounted here: {probe.stderr.strip()}")
    source = str(Path(strongroom.__file__).parents[1])
    done = subprocess.run(
        [*command, sys.executable, "-c", ON_A_FULL_DISK, str(disk)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert done.stdout == "survived\n", done.stderr


def test_a_lost_folder_is_unavailability(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    db = opened(folder / "x.db")
    db.close()  # connections are made anew
    shutil.rmtree(folder)
    with pytest.raises(Unavailable) as caught, db.read():
        pytest.fail("there is nothing to read")
    assert caught.value.problem == "database-unusable"


def test_mistakes_of_the_program_are_not_hidden(tmp_path: Path) -> None:
    from sqlalchemy.exc import OperationalError

    db = opened(tmp_path / "x.db")
    with pytest.raises(OperationalError, match="no such table"), db.read() as c:
        c.exec_driver_sql("SELECT * FROM nonsense")
    db.close()


def test_no_connection_is_left_open(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    db = opened(path)
    with db.read(), db.write():
        pass
    db.close()
    # the last one to close takes the write-ahead log along
    assert [p.name for p in tmp_path.iterdir()] == ["x.db"]
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()
