"""The search over paths of Binaries, and over texts of deposits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from contract.db.rows import NOW, at, binary, deposit, group
from strongroom.db import deposits, nodes, search
from strongroom.db import members as member_rows
from strongroom.db.engine import Database
from strongroom.domain.grants import Sight
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.searching import deposit_pattern, path_pattern, path_text
from strongroom.services import search_fill


class Parts:
    def __init__(self, db: Database) -> None:
        self.db = db


def fill(db: Database) -> int:
    return search_fill.fill(Parts(db))  # type: ignore[arg-type]


@pytest.fixture(params=["own", "portable"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the database's own index, and as any database can do it."""
    if request.param == "portable":
        monkeypatch.setattr(search, "_by_trigrams", lambda c: False)
    return str(request.param)


def record(db: Database, path: str, *binaries: Any, digest: str = "1", **more: Any) -> None:
    with db.write() as c:
        nodes.put_node(c, group(path, inventory_digest=digest, **more))
        member_rows.replace_members(c, path, binaries)


def found(c: Connection, text: str, *, limit: int = 100, offset: int = 0) -> list[str]:
    pattern = path_pattern(text)
    if pattern is None:
        return []
    total, numbers = search.page(c, pattern, limit=limit, offset=offset)
    paths = [each.path for each in search.found(c, numbers)]
    assert total >= len(paths)
    return paths


def test_nothing_is_found_before_it_is_filled(db: Database, way: str) -> None:
    record(db, "books/one", binary("a.txt"), binary("objects/b.txt"))
    with db.read() as c:
        assert found(c, "books") == []
        assert search.pending_count(c) == 1
    assert fill(db) == 1
    with db.read() as c:
        assert set(found(c, "books")) == {"books/one/a.txt", "books/one/objects/b.txt"}
        assert found(c, "s/one/O") == ["books/one/objects/b.txt"]
        assert search.pending_count(c) == 0
    assert fill(db) == 0


def test_the_search_follows_what_the_index_says(db: Database, way: str) -> None:
    record(db, "g", binary("a.txt"), binary("b.txt"), binary("c.txt"))
    fill(db)
    record(
        db,
        "g",
        binary("a.txt"),
        binary("b.txt", modified=2),
        binary("d.txt", created=2, modified=2),
        binary("c.txt", deleted=True, modified=2),
        digest="2",
        versions=2,
    )
    fill(db)
    with db.read() as c:
        assert found(c, ".txt") == ["g/d.txt", "g/b.txt", "g/a.txt"]
        assert search.count(c, path_pattern(".txt") or "") == 3
        assert found(c, "c.t") == []
    with db.write() as c:
        nodes.remove_node(c, "g")  # type: ignore[arg-type]
    fill(db)
    with db.read() as c:
        assert found(c, "/") == []
        assert search.count(c, path_pattern("/") or "") == 0


def test_a_stop_between_its_steps_leaves_what_can_be_gone_on_with(
    db: Database, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_fill, "_CHUNK", 2)
    record(db, "g", *(binary(f"{n:02d}.txt") for n in range(9)))
    left = iter([False, False, True])
    assert search_fill.fill(Parts(db), lambda: next(left, True)) == 0  # type: ignore[arg-type]
    with db.read() as c:
        assert 0 < len(found(c, ".txt")) < 9
        assert search.pending_count(c) == 1
    assert fill(db) == 1
    with db.read() as c:
        assert sorted(found(c, ".txt")) == [f"g/{n:02d}.txt" for n in range(9)]


def test_two_workers_that_follow_the_same_group_write_it_once(db: Database, way: str) -> None:
    record(db, "g", binary("a.txt"), binary("b.txt"))
    with db.read() as c:
        wanted = list(search.wanted(c, RepositoryPath("g")))
    for _ in range(2):
        with db.write() as c:
            search.add(c, RepositoryPath("g"), wanted)
    with db.read() as c:
        assert sorted(found(c, ".txt")) == ["g/a.txt", "g/b.txt"]
        assert search.count(c, ".txt") == 2
        present = list(search.present(c, RepositoryPath("g")))
    for _ in range(2):
        with db.write() as c:
            search.remove(c, RepositoryPath("g"), present)
    with db.read() as c:
        assert search.count(c, ".txt") == 0


def test_nothing_out_of_sight_is_found_or_counted(db: Database, way: str) -> None:
    for path in ("a/one", "a_one", "a/two", "b/one"):
        record(db, path, binary("x/p.txt"), binary("q.txt"))
    with db.read() as c:
        assert search.pending_count(c, Sight(paths=(RepositoryPath("a"),), owner=None)) == 2
    fill(db)
    pattern = path_pattern(".txt") or ""
    for paths, expected in (
        ((), []),
        (("a",), ["a/one/q.txt", "a/one/x/p.txt", "a/two/q.txt", "a/two/x/p.txt"]),
        (("a/one", "b"), ["a/one/q.txt", "a/one/x/p.txt", "b/one/q.txt", "b/one/x/p.txt"]),
        (("b/one/x",), ["b/one/x/p.txt"]),
    ):
        sight = Sight(paths=tuple(RepositoryPath(path) for path in paths), owner=None)
        with db.read() as c:
            total, numbers = search.page(c, pattern, limit=100, offset=0, sight=sight)
            assert sorted(each.path for each in search.found(c, numbers)) == expected
            assert total == search.count(c, pattern, sight) == len(expected)
            assert search.numbers(c, pattern, limit=100, sight=sight) == numbers
            inside = search.page_inside(c, "b/one/x/", limit=9, offset=0, sight=sight)
            assert inside is not None
            assert inside[0] == len(inside[1]) == sum(p.startswith("b/one/x/") for p in expected)


def test_deposits_out_of_sight_are_neither_found_nor_counted(db: Database) -> None:
    with db.write() as c:
        for number, path in enumerate(("a/x", "b/x", "ab/x")):
            deposits.insert(c, deposit(f"d{number}", group=path))
    sight = Sight(paths=(RepositoryPath("a"),), owner=None)
    with db.read() as c:
        shown, total = deposits.search(c, "/x", limit=9, offset=0, sight=sight)
        assert ([each.id for each in shown], total) == (["d0"], 1)
        assert deposits.search(c, "/x", limit=9, offset=0)[1] == 3


def test_a_version_that_comes_meanwhile_is_not_missed(
    db: Database, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(db, "g", binary("a.txt"))
    settle = search.settle
    again = group("g", inventory_digest="2", versions=2)

    def settle_late(c: Connection, path: Any, digest: str) -> None:
        if digest == "1":
            nodes.put_node(c, again)
            member_rows.replace_members(c, path, [binary("z.txt", created=2, modified=2)])
        settle(c, path, digest)

    monkeypatch.setattr(search, "settle", settle_late)
    fill(db)
    with db.read() as c:
        assert found(c, ".txt") == ["g/z.txt"]
        assert search.pending_count(c) == 0


def test_pages_and_more_than_a_few(db: Database, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_FEW", 5)
    for number in range(4):
        record(db, f"g{number}", *(binary(f"{n}.txt") for n in range(3)), digest=str(number))
    fill(db)
    with db.read() as c:
        whole = found(c, ".txt")
        assert len(whole) == 12
        pages = [found(c, ".txt", limit=5, offset=start) for start in (0, 5, 10, 15)]
        assert [len(page) for page in pages] == [5, 5, 2, 0]
        assert [path for page in pages for path in page] == whole
        assert found(c, "g3/") == ["g3/2.txt", "g3/1.txt", "g3/0.txt"]


def test_ids_inside_a_group_are_looked_up(db: Database) -> None:
    record(db, "a/g", *(binary(path) for path in ("x.txt", "x.txt.xml", "y/x.txt", "ü.txt")))
    record(db, "a/g2", binary("x.txt"), digest="2")
    fill(db)
    with db.read() as c:

        def inside(start: str) -> list[str] | None:
            told = search.page_inside(c, start, limit=9, offset=0)
            if told is None:
                return None
            assert told[0] == len(told[1])
            return sorted(each.path for each in search.found(c, told[1]))

        assert inside("a/g/x.txt") == ["a/g/x.txt", "a/g/x.txt.xml"]
        assert inside("a/g/y/x.txt") == ["a/g/y/x.txt"]
        assert inside("a/g/ü") == ["a/g/ü.txt"]
        assert inside("a/g/") == ["a/g/x.txt", "a/g/x.txt.xml", "a/g/y/x.txt", "a/g/ü.txt"]
        assert inside("a/g/z") == []
        assert inside("a/g") is None
        assert inside("other") is None


def test_an_emptied_index_empties_the_search(db: Database, way: str) -> None:
    record(db, "g", binary("a.txt"))
    fill(db)
    with db.write() as c:
        nodes.clear_index(c)
    with db.read() as c:
        assert search.count(c, path_pattern("/") or "") == 0
        assert search.pending_count(c) == 0
    record(db, "g", binary("a.txt"))
    fill(db)
    with db.read() as c:
        assert found(c, "a.t") == ["g/a.txt"]


TEXTS = st.text(st.sampled_from('aAbBäÄßſıİ%_"*/. -\U0001f4da'), min_size=1, max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.sets(TEXTS, min_size=1, max_size=6), term=TEXTS)
def test_a_term_is_found_where_folded_texts_hold_it(
    empty_database: Any, names: set[str], term: str
) -> None:
    from strongroom.db.engine import open_database

    paths = {name.strip("/").replace("//", "/") or "x" for name in names}
    db = open_database(empty_database())
    try:
        record(db, "g", *(binary(path) for path in paths))
        fill(db)
        pattern = path_pattern(term)
        with db.read() as c:
            told = set(found(c, term))
        expected = {f"g/{path}" for path in paths if pattern and pattern in path_text(f"g/{path}")}
        assert told == expected
    finally:
        db.close()


@pytest.mark.parametrize(
    ("term", "path", "holds"),
    [
        ("ABC", "x/zabcz", True),
        ("bc/d", "abc/def", True),
        ("/de", "abc/def", True),
        ("b", "abc/bcd", True),
        ("b", "abc/cbd", False),
        ("bc", "abc/bcd", True),
        ("bc", "abc/xbcd", False),
        ("c/", "abc/d", True),
        ("d/", "abc/d", False),
        ("/", "a", True),
        ("info:fedora/abc", "abc/d", True),
        ("INFO:fedora/abc", "x/abc", False),
        ("info:fedora/", "x", True),
        ("straße", "STRASSE/x", True),
        ("a\nb", "a", False),
        ("\x02//a", "a", False),
    ],
)
def test_what_a_term_means(term: str, path: str, holds: bool) -> None:
    pattern = path_pattern(term)
    assert (pattern is not None and pattern in path_text(path)) is holds


@pytest.mark.parametrize("few", [0, 1_000])
def test_deposits_are_found_by_their_folded_texts(
    db: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deposits, "_FEW", few)
    with db.write() as c:
        deposits.insert(c, deposit("d1", group_name="Ärger", created=NOW))
        deposits.insert(c, deposit("d2", submission_text="50%_off", created=at(seconds=1)))
        deposits.insert(c, deposit("d3", group="maps/ärger", active=False, created=at(seconds=2)))

    def ids(term: str, limit: int = 10, offset: int = 0) -> tuple[list[str], int]:
        pattern = deposit_pattern(term)
        assert pattern is not None
        with db.read() as c:
            found, total = deposits.search(c, pattern, limit=limit, offset=offset)
        return [each.id for each in found], total

    assert ids("ÄRGER") == (["d3", "d1"], 2)
    assert ids("ÄRGER", 1, 1) == (["d1"], 2)
    assert ids("%_O") == (["d2"], 1)
    assert ids("0%off") == ([], 0)
    assert ids("D2") == (["d2"], 1)
    assert deposit_pattern("a\x1fb") is None
    with db.write() as c:
        deposits.delete(c, "d1")
    assert ids("ärger") == (["d3"], 1)
