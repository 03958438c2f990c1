"""Rules that hold between processes, however they are timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from contract.db import processes
from contract.db.rows import NOW, job
from strongroom.db import deposits, events, job_queue, jobs, nodes
from strongroom.db.engine import Database, open_database
from strongroom.domain.importjob import JobKind

HEAD = """
    import sys
    from contract.db.rows import NOW, deposit, event, group, job
    from strongroom.db import deposits, events, intents, job_queue, jobs, nodes, tickets
    from strongroom.db.engine import open_database
    from strongroom.errors import Conflict
    url, me = sys.argv[1:]
"""
START = """
    db = open_database(url)
    print("ready", flush=True)
    input()
"""


def test_every_job_is_claimed_exactly_once(db: Database, url: str) -> None:
    names = [f"j{number}" for number in range(60)]
    with db.write() as c:
        for number, name in enumerate(names):
            jobs.insert(c, job(name, group=f"g{number % 50}", kind=JobKind.EXPORT))
    printed = processes.race(
        HEAD
        + START
        + """
    while True:
        with db.write() as c:
            claimed = job_queue.claim(c, me, NOW)
        if claimed is None:
            break
        print(claimed.id, claimed.attempts)
    """,
        url,
        racers=3,
    )
    claims = Counter(line for out in printed for line in out.split("\n") if line)
    # ten share their group with a running one
    assert claims == Counter(f"{name} 1" for name in names[:50])
    with db.write() as c:
        assert job_queue.release(c, None) == 50


@pytest.mark.contract("17.15")
def test_of_many_racers_one_gets_the_group_or_the_path(db: Database, url: str) -> None:
    printed = processes.race(
        HEAD
        + START
        + """
    def attempt(rule, number, insert):
        try:
            with db.write() as c:
                insert(c, f"{rule}-{number}-{me}", f"library/{number}")
            print(rule, number, "won")
        except Conflict as error:
            print(rule, number, error.problem)

    for number in range(10):
        attempt("deposit", number, lambda c, name, g: deposits.insert(c, deposit(name, group=g)))
        attempt("import", number, lambda c, name, g: jobs.insert(c, job(name, group=g)))
        attempt("claim", number, lambda c, name, p: intents.claim_path(c, p, "create", me, NOW))
    """,
        url,
        racers=3,
    )
    refusals = {"deposit": "active-deposit", "import": "active-import", "claim": "busy-path"}
    expected = [
        f"{rule} {number} {result}"
        for rule, refusal in refusals.items()
        for number in range(10)
        for result in ("won", refusal, refusal)
    ]
    assert sorted("".join(printed).splitlines()) == sorted(expected)
    with db.read() as c:
        for number in range(10):
            for rule, kept in (
                ("deposit", deposits.active_for(c, f"library/{number}")),
                ("import", jobs.unfinished_import(c, f"library/{number}")),
            ):
                assert kept is not None
                winner = int(kept.rpartition("-")[2])
                assert f"{rule} {number} won\n" in printed[winner]


def test_tickets_are_unique_between_processes(db: Database, url: str) -> None:
    printed = processes.race(
        HEAD
        + START
        + """
    for number in range(20):
        with db.write() as c:
            print(tickets.allot(c, f"j{me}-{number}", NOW).isoformat())
    """,
        url,
        racers=3,
    )
    given = [out.split() for out in printed]
    assert all(each == sorted(each) for each in given)
    assert len({moment for each in given for moment in each}) == 60


def test_a_new_database_is_opened_by_many_at_once(bare_database: Callable[[], str]) -> None:
    url = bare_database()
    late = HEAD + "    print('ready', flush=True); input()\n    db = open_database(url)\n"
    write = "    with db.write() as c: jobs.insert(c, job(me))\n    print('done')"
    assert processes.race(late + write, url, racers=3) == ["done\n"] * 3
    opened = open_database(url)
    with opened.read() as c:
        assert sorted(j.id for j in jobs.unfinished(c, "deposit")) == list("012")
    opened.close()


def test_a_killed_writer_leaves_all_or_nothing(db: Database, url: str) -> None:
    victim = processes.start(
        HEAD
        + START
        + """
    with db.write() as c:
        nodes.put_node(c, group("before"))
        events.add_event(c, event("j1", NOW))
    with db.write() as c:
        nodes.put_node(c, group("never"))
        jobs.insert(c, job("never"))
        print("inside", flush=True)
        input()
    """,
        url,
        "x",
    )
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.write("go\n")
    victim.stdin.flush()
    assert [victim.stdout.readline() for _ in range(2)] == ["ready\n", "inside\n"]
    victim.kill()
    victim.communicate(timeout=30)
    with db.write() as c:  # the lock died with its holder
        assert nodes.node(c, "before") is not None
        assert events.total(c) == 1
        assert nodes.node(c, "never") is None
        assert jobs.get(c, "never") is None


def test_claims_between_two_connections(db: Database, other: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1"))
        jobs.insert(c, job("j2"))
    with db.write() as c:
        assert job_queue.claim(c, "one", NOW).id == "j1"
    with other.write() as c:
        assert job_queue.claim(c, "two", NOW).id == "j2"
        assert not job_queue.heartbeat(c, "j1", "two", NOW)
    with db.read() as c:
        assert [j.attempts for j in jobs.unfinished(c, "deposit")] == [1, 1]
