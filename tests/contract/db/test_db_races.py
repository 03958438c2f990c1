"""Rules that hold between processes, however they are timed."""

from __future__ import annotations

from collections import Counter

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


INSERT = """
    try:
        with db.write() as c:
            {insert}
        print("won")
    except Conflict as error:
        print(error.problem)
"""


def _one_wins(printed: list[str], problem: str) -> None:
    assert sorted(printed) == sorted(["won\n"] + [f"{problem}\n"] * (len(printed) - 1))


def test_one_of_many_deposits_gets_the_group(db: Database, url: str) -> None:
    insert = "deposits.insert(c, deposit('d' + me, group='g'))"
    printed = processes.race(HEAD + START + INSERT.format(insert=insert), url, racers=4)
    _one_wins(printed, "active-deposit")
    with db.read() as c:
        assert deposits.active_for(c, "g") == f"d{printed.index('won' + chr(10))}"


def test_one_of_many_imports_gets_the_group(db: Database, url: str) -> None:
    insert = "jobs.insert(c, job('j' + me, group='g'))"
    printed = processes.race(HEAD + START + INSERT.format(insert=insert), url, racers=4)
    _one_wins(printed, "active-import")
    with db.read() as c:
        assert jobs.unfinished_import(c, "g") == f"j{printed.index('won' + chr(10))}"


def test_one_of_many_claims_gets_the_path(db: Database, url: str) -> None:
    insert = "intents.claim_path(c, 'library/a', 'create', me, NOW)"
    printed = processes.race(HEAD + START + INSERT.format(insert=insert), url, racers=4)
    _one_wins(printed, "busy-path")


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


def test_a_new_database_is_opened_by_many_at_once(url: str) -> None:
    late = HEAD + "    print('ready', flush=True); input()\n    db = open_database(url)\n"
    write = "    with db.write() as c: jobs.insert(c, job(me))\n    print('done')"
    assert processes.race(late + write, url, racers=6) == ["done\n"] * 6
    opened = open_database(url)
    with opened.read() as c:
        assert [j.id for j in jobs.unfinished(c, "deposit")] != []
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
