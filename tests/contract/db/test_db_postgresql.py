"""What only a database server can do: vanish, come back, let others write beside, say no."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from contract.db.rows import NOW, at, binary, container, deposit, group, job
from strongroom.db import deposits, job_queue, jobs, members, meta, migrate, nodes
from strongroom.db.engine import Database, open_database
from strongroom.db.tables import metadata
from strongroom.domain.importjob import JobKind, JobStatus
from strongroom.errors import BadRequest, StrongroomError, Unavailable
from support import postgres
from support.cutting import CuttableWay
from support.postgres import PostgresServer


@pytest.fixture(scope="module")
def shared() -> PostgresServer:
    return postgres.shared()


@pytest.fixture
def name(shared: PostgresServer) -> str:
    return shared.make_database(template=postgres.template())


@pytest.fixture
def db(shared: PostgresServer, name: str) -> Iterator[Database]:
    opened = open_database(shared.url(name))
    yield opened
    opened.close()


@pytest.fixture
def other(shared: PostgresServer, name: str) -> Iterator[Database]:
    opened = open_database(shared.url(name), busy_timeout=0.3)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def fragile() -> Iterator[PostgresServer]:
    """A server of these tests alone, which may be stopped."""
    postgres.require()
    with PostgresServer() as server:
        yield server


@pytest.fixture
def fragile_db(fragile: PostgresServer) -> Iterator[Database]:
    opened = open_database(fragile.url(fragile.make_database()))
    yield opened
    opened.close()


def cut_all(server: PostgresServer, name: str) -> None:
    """End all connections to a database, as an operator or a failing network does."""
    server.execute(
        "postgres",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
        name,
    )


def value(db: Database, key: str = "x") -> str | None:
    with db.read() as c:
        return meta.get(c, key)


# ------------------------------------------------------------------------- beside each other


def test_a_worker_speaks_while_another_writes(db: Database, other: Database) -> None:
    with db.write() as c:
        jobs.insert(c, job("j1"))
        jobs.insert(c, job("j2"))
    with db.touch() as c:
        job_queue.claim(c, "w", NOW)
    with db.write() as long:
        meta.put(long, "x", "1")
        with pytest.raises(Unavailable), other.write():
            pytest.fail("two writers at once")
        with other.touch() as c:
            assert job_queue.heartbeat(c, "j1", "w", at(seconds=5))
            claimed = job_queue.claim(c, "v", NOW)
        assert claimed is not None
        assert claimed.id == "j2"
    assert value(other) == "1"


def test_what_a_writer_has_read_stays_true(db: Database, other: Database) -> None:
    patient = ThreadPoolExecutor(1)

    def add() -> None:
        with db.write() as c:
            meta.put(c, "x", str(int(meta.get(c, "x") or 0) + 1))

    with other.write() as c:
        assert meta.get(c, "x") is None
        waiting = patient.submit(add)
        time.sleep(0.2)
        assert not waiting.done()
        meta.put(c, "x", "41")
    waiting.result(30)
    patient.shutdown()
    assert value(db) == "42"


def test_two_workers_do_not_wait_for_each_other(db: Database, other: Database) -> None:
    with db.write() as c:
        for number in range(3):
            jobs.insert(c, job(f"j{number}", group=f"g{number}"))
    with db.touch() as one, other.touch() as two:
        first, second = (job_queue.claim(c, "w", NOW) for c in (one, two))
    assert first is not None
    assert second is not None
    assert [first.id, second.id] == ["j0", "j1"]


def test_two_workers_take_jobs_of_one_group_at_the_same_moment(
    db: Database, other: Database
) -> None:
    with db.write() as c:
        for number in range(2):
            jobs.insert(c, job(f"j{number}", group="g", kind=JobKind.EXPORT))
    with ThreadPoolExecutor(1) as pool:
        with db.touch() as one:
            assert job_queue.claim(one, "w1", NOW) is not None

            def take() -> object:
                with other.touch() as two:
                    return job_queue.claim(two, "w2", NOW)

            racing = pool.submit(take)
            time.sleep(0.1)  # it waits for the end of the first, in the index of running jobs
        assert racing.result(30) is None
    with db.read() as c:
        assert [sign.job for sign in job_queue.signs_of_life(c)] == ["j0"]


def test_a_failure_that_nobody_minds_is_not_committed(db: Database) -> None:
    with pytest.raises(RuntimeError, match="cannot be committed"), db.write() as c:
        meta.put(c, "x", "1")
        with pytest.raises(DBAPIError):
            c.exec_driver_sql("SELECT nonsense")
    assert value(db) is None


def test_text_with_nul_is_refused(db: Database) -> None:
    with pytest.raises(BadRequest) as caught, db.write() as c:
        meta.put(c, "x", "a\0b")
    assert caught.value.problem == "nul-in-text"
    with pytest.raises(BadRequest), db.read() as c:
        meta.get(c, "\0")
    assert value(db) is None


# ---------------------------------------------------------------------------- lost connections


def test_connections_that_were_cut_while_idle_are_made_again(
    db: Database, shared: PostgresServer, name: str
) -> None:
    for _ in range(2):
        with db.read() as a, db.read() as b, db.write() as c:
            meta.put(c, "x", "1")
            assert meta.get(a, "x") == meta.get(b, "x")
        cut_all(shared, name)
        with db.write() as c:
            meta.put(c, "y", "2")
        cut_all(shared, name)
        assert value(db) == "1"
        cut_all(shared, name)
        with db.touch() as c:
            assert job_queue.claim(c, "w", NOW) is None


@pytest.mark.parametrize("how", ["read", "write", "touch"])
def test_a_connection_that_is_cut_in_a_transaction_undoes_it(
    how: str, db: Database, shared: PostgresServer, name: str
) -> None:
    with pytest.raises(Unavailable) as caught, getattr(db, how)() as c:
        if how != "read":
            meta.put(c, "x", "1")
        cut_all(shared, name)
        meta.get(c, "x")
    assert caught.value.problem == "database-unusable"
    assert caught.value.retryable
    assert value(db) is None
    with db.write() as c:
        meta.put(c, "x", "2")
    assert value(db) == "2"


@pytest.mark.parametrize("recorded", [True, False])
def test_a_commit_whose_answer_is_lost_is_asked_after(
    recorded: bool, shared: PostgresServer, name: str
) -> None:
    with CuttableWay(shared.port) as way:
        url = shared.url(name).replace(f":{shared.port}/", f":{way.port}/")
        db = open_database(url)
        way.cut_at, way.passes_on = b"COMMIT\0", recorded
        if recorded:
            put(db)
        else:
            with pytest.raises(Unavailable) as caught:
                put(db)
            assert caught.value.problem == "database-unusable"
        assert way.cuts == 1
        assert value(db) == ("1" if recorded else None)
        db.close()


def put(db: Database) -> None:
    with db.write() as c:
        meta.put(c, "x", "1")


def test_where_a_commit_cannot_be_asked_after_that_is_said(
    shared: PostgresServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strongroom.db.postgres.PATIENCE", (0.01, 0.01))
    monkeypatch.setattr("strongroom.db.postgres.PAUSES", (0.01,))
    with CuttableWay(shared.port) as way:
        db = open_database(shared.url(name).replace(f":{shared.port}/", f":{way.port}/"))
        with pytest.raises(Unavailable) as caught, db.write() as c:
            meta.put(c, "x", "1")
            way.cut_at, way.passes_on, way.closed = b"COMMIT\0", True, True
        assert caught.value.problem == "database-unknown-end"
        way.cut_at, way.closed = None, False
        assert value(db) == "1"
        db.close()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_is_started_again(
    by: signal.Signals, fragile: PostgresServer, fragile_db: Database
) -> None:
    with fragile_db.write() as c:
        meta.put(c, "x", "1")
    fragile.restart(by)
    assert value(fragile_db) == "1"
    with pytest.raises(Unavailable), fragile_db.write() as c:
        meta.put(c, "x", "2")
        fragile.restart(by)
        meta.put(c, "y", "2")
    assert value(fragile_db) == "1"


def test_a_server_that_is_away(fragile: PostgresServer, fragile_db: Database) -> None:
    with fragile_db.write() as c:
        meta.put(c, "x", "1")
    fragile.stop()
    try:
        for transaction in (fragile_db.read, fragile_db.write, fragile_db.touch):
            with pytest.raises(Unavailable) as caught, transaction():
                pytest.fail("there is no server")
            assert caught.value.problem == "database-unusable"
            assert fragile.password not in str(caught.value.operator)
        with pytest.raises(Unavailable, match="cannot be reached"):
            open_database(fragile.url("x"))
        with ThreadPoolExecutor(1) as pool:
            patient = pool.submit(value, fragile_db)
            time.sleep(0.2)
            fragile.start()
            assert patient.result(30) == "1"
    finally:
        if fragile.process is None:
            fragile.start()


# ------------------------------------------------------------------------------- who is there


def test_the_first_is_alone_until_it_lets_others_in(db: Database, other: Database) -> None:
    first = db.present(first=True)
    assert first.alone
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other.present, first=True)
        time.sleep(0.3)
        assert not waiting.done()
        first.settle()
        second = waiting.result(30)
    assert not first.alone
    assert not second.alone
    first.close()
    third = db.present(first=True)
    assert not third.alone  # the second is still there
    third.close()
    second.close()
    fourth = db.present(first=True)
    assert fourth.alone


def test_presence_outlives_a_restart_of_the_server(
    fragile: PostgresServer, fragile_db: Database
) -> None:
    one = fragile_db.present(first=True)
    one.settle()
    fragile.restart()
    began = time.monotonic()
    two = fragile_db.present(first=True)
    assert not two.alone
    assert time.monotonic() - began < 10


# ---------------------------------------------------------------------------- tables, versions


def catalogue(engine: Engine) -> set[tuple[str, ...]]:
    """All that the server knows of the tables, in its own words."""
    questions = (
        (
            "SELECT 'column', table_name, column_name, data_type, is_nullable, collation_name, "
            "column_default FROM information_schema.columns WHERE table_schema = 'public'"
        ),
        "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        (
            "SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        ),
    )
    with engine.begin() as c:
        rows = {tuple(row) for each in questions for row in c.exec_driver_sql(each)}
    return {row for row in rows if not any("alembic_version" in str(part) for part in row)}


def engine_for(shared: PostgresServer, name: str) -> Engine:
    return create_engine(shared.url(name).replace("postgresql:", "postgresql+psycopg:"))


def test_the_steps_lead_to_the_tables_as_they_are_written(
    shared: PostgresServer, name: str
) -> None:
    migrated, made = (engine_for(shared, each) for each in (name, shared.make_database()))
    metadata.create_all(made)
    found = catalogue(migrated)
    assert len(found) > 100
    assert found == catalogue(made)
    migrated.dispose()
    made.dispose()


def test_every_text_is_in_the_order_of_code_points(shared: PostgresServer, name: str) -> None:
    found = shared.execute(
        name,
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
    )
    # JSON, which nothing compares
    assert {column for (column,) in found} == {
        "errors",
        "progress",
        "other_names",
        "scopes",
        "headers",
    }


@pytest.mark.contract("17.37")
def test_rows_are_found_by_indexes(db: Database, shared: PostgresServer, name: str) -> None:
    with db.write() as c:
        for number in range(300):
            nodes.put_node(c, container(f"a/n{number:03}"))
        nodes.put_node(c, group("g"))
        members.replace_members(c, "g", (binary(f"f/{number}") for number in range(3_000)))
        for number in range(300):
            deposits.insert(c, deposit(f"d{number}", group=f"g{number}"))
            jobs.insert(c, job(f"j{number}", status=JobStatus.COMPLETED))
    shared.execute(name, "ANALYZE")
    plans: list[str] = []
    with db.read() as c:
        run = c.exec_driver_sql

        def explained(statement: object, *args: object, **options: object) -> object:
            compiled = statement.compile(  # type: ignore[attr-defined]
                dialect=c.dialect, compile_kwargs={"literal_binds": True}
            )
            plans.append("\n".join(row[0] for row in run(f"EXPLAIN {compiled!s}")))
            return execute(statement, *args, **options)

        execute = c.execute
        c.execute = explained  # type: ignore[method-assign, assignment]
        c.scalar = lambda q: explained(q).scalar()  # type: ignore[method-assign, attr-defined]
        nodes.node(c, "a/n100")
        members.member(c, "g", "f/7")
        deposits.active_for(c, "g7")
    assert len(plans) == 3
    for plan, index in zip(
        plans, ["nodes_path", "members_key", "deposits_active_group"], strict=True
    ):
        assert re.search(rf"Index (Only )?Scan.* {index}", plan), plan
        assert "Sort" not in plan or "nodes" in index, plan


def test_a_database_of_another_program_is_left_alone(shared: PostgresServer) -> None:
    name = shared.make_database()
    shared.execute(name, "CREATE TABLE recipes (id int)")
    with pytest.raises(StrongroomError, match="recipes") as caught:
        open_database(shared.url(name))
    assert caught.value.problem == "database-foreign"
    tables = shared.execute(name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert tables == [("recipes",)]


def test_a_newer_database_is_left_alone(shared: PostgresServer, name: str) -> None:
    shared.execute(name, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StrongroomError, match=r"newer version.*9999") as caught:
        open_database(shared.url(name))
    assert caught.value.problem == "database-newer"


def test_tables_of_the_first_step_are_brought_up_to_date(shared: PostgresServer) -> None:
    from alembic import command

    name = shared.make_database()
    engine = engine_for(shared, name)
    config = migrate.configuration()
    steps = [s.revision for s in ScriptDirectory.from_config(config).walk_revisions()]
    with engine.begin() as c:
        config.attributes["connection"] = c
        command.upgrade(config, steps[-1])
    open_database(shared.url(name)).close()
    whole = engine_for(shared, postgres.template())
    assert catalogue(engine) == catalogue(whole)
    engine.dispose()
    whole.dispose()


def test_an_encoding_that_cannot_hold_all_is_refused(shared: PostgresServer) -> None:
    shared.execute(
        "postgres",
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE_PROVIDER libc"
        " LOCALE 'C'",
    )
    with pytest.raises(StrongroomError, match="LATIN1"):
        open_database(shared.url("latin"))


@pytest.mark.parametrize("wrong", ["password", "database"])
def test_whoever_is_not_let_in_is_told_why_without_the_password(
    wrong: str, shared: PostgresServer
) -> None:
    secret = "very/secret@%"
    url = shared.url("postgres", secret) if wrong == "password" else shared.url("nowhere")
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        open_database(url)
    assert time.monotonic() - began < 5, "it is no use to try again"
    assert caught.value.problem == "database-unusable"
    said = f"{caught.value.message} {caught.value.operator} {caught.value!r}"
    assert ("password authentication failed" in said) == (wrong == "password")
    assert (secret not in said) and (shared.password not in said)


def test_a_constraint_without_a_meaning_is_a_mistake(db: Database) -> None:
    with pytest.raises(IntegrityError), db.write() as c:
        deposits.insert(c, deposit("d"))
        deposits.insert(c, replace(deposit("d"), group_name="again"))
    with db.read() as c:
        assert deposits.get(c, "d") is None
