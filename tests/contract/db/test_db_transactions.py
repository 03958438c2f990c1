from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import DBAPIError

from strongroom.db import meta
from strongroom.db.engine import Database, open_database
from strongroom.errors import Unavailable


def value(db: Database) -> str | None:
    with db.read() as c:
        return meta.get(c, "x")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_error_undoes_the_transaction(db: Database, error: type[BaseException]) -> None:
    with pytest.raises(error), db.write() as c:
        meta.put(c, "x", "1")
        raise error
    assert value(db) is None
    with db.write() as c:
        meta.put(c, "x", "2")
    assert value(db) == "2"


def test_what_was_written_survives_closing(db: Database, url: str) -> None:
    with db.write() as c:
        meta.put(c, "x", "1")
    db.close()
    db.close()
    again = open_database(url)
    assert value(again) == "1"
    again.close()


def test_a_reader_sees_one_state(db: Database, other: Database) -> None:
    with db.write() as c:
        meta.put(c, "x", "1")
    with other.read() as c:
        assert meta.get(c, "x") == "1"
        with db.write() as w:
            meta.put(w, "x", "2")
        assert meta.get(c, "x") == "1"
    assert value(other) == "2"


def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), db.read() as c:
        meta.put(c, "x", "1")
    assert value(db) is None
    with db.write() as c:  # and a writer can, after it
        meta.put(c, "x", "2")


def test_writing_is_not_nested(db: Database) -> None:
    with db.write() as c:
        meta.put(c, "x", "1")
        with pytest.raises(RuntimeError, match="already"), db.write():
            pytest.fail("a second transaction was opened")
    assert value(db) == "1"


def test_threads_lose_no_update(db: Database) -> None:
    def count() -> None:
        for _ in range(25):
            with db.write() as c:
                meta.put(c, "x", str(int(meta.get(c, "x") or 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(db) == "100"


def test_waiting_for_another_process_ends(db: Database, url: str) -> None:
    impatient = open_database(url, busy_timeout=0.1)
    with db.write() as c:
        meta.put(c, "x", "1")
        with pytest.raises(Unavailable) as caught, impatient.write():
            pytest.fail("two writers at once")
        assert value(impatient) is None
    assert caught.value.problem == "database-busy"
    assert caught.value.retryable
    with impatient.write() as c:
        meta.put(c, "x", "2")
    impatient.close()


def test_waiting_for_another_thread_ends(url: str) -> None:
    db = open_database(url, busy_timeout=0.1)
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with db.write():
            inside.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(30)
    with pytest.raises(Unavailable) as caught, db.write():
        pytest.fail("two writers at once")
    assert caught.value.problem == "database-busy"
    done.set()
    holder.join()
    with db.write() as c:
        meta.put(c, "x", "1")
    db.close()


def test_opening_does_not_wait_for_a_writer(db: Database, url: str) -> None:
    with db.write():
        again = open_database(url, busy_timeout=0.1)
        assert value(again) is None
        again.close()
