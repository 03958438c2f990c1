"""The list of Deposits, against section 2.2 of the HTTP contract and a model in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.db.rows import at, deposit
from strongroom.db import deposits
from strongroom.db.engine import Database, open_database
from strongroom.domain.deposit_query import DepositOrder, DepositQuery
from strongroom.domain.deposits import Deposit, DepositStatus


def ids(db: Database, **query: Any) -> list[str]:
    with db.read() as c:
        found, total = deposits.query(c, DepositQuery(**query))
    assert len(found) == total
    return [each.id for each in found]


@pytest.fixture
def five(db: Database) -> Database:
    """a to e, created a minute apart; d and e are inactive, e is archived."""
    groups = ["library/books/one", "library/books/two_x", "library/booksale", None, "maps/one"]
    with db.write() as c:
        for number, (letter, group) in enumerate(zip("abcde", groups, strict=True)):
            deposits.insert(
                c,
                deposit(
                    letter,
                    group=group,
                    active=letter not in "de",
                    created=at(minutes=number),
                    created_by="ann" if letter in "ab" else "bob",
                    modified=at(hours=10 - number),
                    modified_by="cid" if letter == "c" else "bob",
                    status=DepositStatus.ERROR if letter == "d" else DepositStatus.NEW,
                    exported=at(days=number) if letter in "bd" else None,
                    exported_by="dot" if letter in "bd" else None,
                    preserved=at(days=-number) if letter in "ae" else None,
                    preserved_by="eve" if letter in "ae" else None,
                    archived=at(days=1) if letter == "e" else None,
                ),
            )
    return db


def test_active_ones_newest_first_by_default(five: Database) -> None:
    assert ids(five) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"show_all": True}, "edcba"),
        ({"show_all": True, "active": False}, "edcba"),
        ({"active": False}, "ed"),
        ({"archived": True, "active": False}, "e"),
        ({"archived": False, "show_all": True}, "dcba"),
        ({"archived": True}, ""),
        ({"status": "error", "show_all": True}, "d"),
        ({"status": "error"}, ""),
        ({"status": "no such status"}, ""),
        ({"created_by": "ann"}, "ba"),
        ({"created_by": "http://localhost/agents/ann"}, ""),
        ({"created_by": "Ann"}, ""),
        ({"modified_by": "cid"}, "c"),
        ({"preserved_by": "eve", "show_all": True}, "ea"),
        ({"exported_by": "dot", "show_all": True}, "db"),
        ({"created_after": at(minutes=1)}, "cb"),
        ({"created_before": at(minutes=1)}, "a"),
        ({"created_after": at(minutes=1), "created_before": at(minutes=2)}, "b"),
        ({"modified_after": at(hours=9)}, "ba"),
        ({"modified_before": at(hours=9)}, "c"),
        ({"exported_after": at(days=2), "show_all": True}, "d"),
        ({"exported_before": at(days=2), "show_all": True}, "b"),
        ({"preserved_after": at(days=-1), "show_all": True}, "a"),
        ({"preserved_before": at(days=-1), "show_all": True}, "e"),
        ({"created_by": "ann", "modified_after": at(hours=10)}, "a"),
    ],
)
def test_filters(five: Database, query: dict[str, Any], expected: str) -> None:
    assert ids(five, **query) == list(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/repository/library/books/one", "a"),
        ("library/books/one", "a"),
        ("/library/books/one/", "a"),
        ("books/one", ""),
        ("Library/books/one", ""),
        ("one", "ea"),
        ("ONE", ""),
        ("_x", "b"),
        ("o_e", ""),
        ("%", ""),
        ("", "ecba"),
        ("a text that is longer than any path that is there, and then some more of it", ""),
    ],
)
def test_group_path_is_whole_or_its_end(five: Database, text: str, expected: str) -> None:
    assert ids(five, group_path=text, show_all=True) == list(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("library/books", "cba"),
        ("/repository/library/books/", "ba"),
        ("library", "cba"),
        ("l_brary", ""),
        ("library%", ""),
        ("", "ecba"),
    ],
)
def test_group_parent_is_how_it_begins(five: Database, text: str, expected: str) -> None:
    assert ids(five, group_parent=text, show_all=True) == list(expected)


@pytest.mark.contract("17.28")
@pytest.mark.parametrize(
    ("order", "descending"),
    [
        (DepositOrder.CREATED, "edcba"),
        (DepositOrder.CREATED_BY, "edcba"),
        (DepositOrder.MODIFIED, "abcde"),
        (DepositOrder.MODIFIED_BY, "cedba"),
        (DepositOrder.GROUP, "ecbad"),
        (DepositOrder.STATUS, "ecbad"),
        (DepositOrder.EXPORTED, "dbeca"),
        (DepositOrder.EXPORTED_BY, "dbeca"),
        (DepositOrder.PRESERVED, "aedcb"),
        (DepositOrder.PRESERVED_BY, "eadcb"),
    ],
)
def test_orders_break_ties_by_id_and_put_silence_last(
    five: Database, order: DepositOrder, descending: str
) -> None:
    assert ids(five, show_all=True, order=order) == list(descending)
    with five.read() as c:
        everything, _ = deposits.query(c, DepositQuery(show_all=True))
    field = {
        DepositOrder.GROUP: "group",
        DepositOrder.MODIFIED: "modified",
        DepositOrder.MODIFIED_BY: "modified_by",
        DepositOrder.EXPORTED_BY: "exported_by",
        DepositOrder.PRESERVED_BY: "preserved_by",
        DepositOrder.CREATED_BY: "created_by",
    }.get(order, order.value)
    silent = sorted(d.id for d in everything if getattr(d, field) is None)
    spoken = sorted(
        (d for d in everything if getattr(d, field) is not None),
        key=lambda d: (getattr(d, field), d.id),
    )
    assert ids(five, show_all=True, order=order, ascending=True) == [
        *(d.id for d in spoken),
        *silent,
    ]


def test_pages_cover_everything_once(db: Database) -> None:
    with db.write() as c:
        for number in range(25):
            deposits.insert(c, deposit(f"d{number:02}"))  # all created at one moment
    seen = []
    with db.read() as c:
        for page in (1, 2, 3):
            found, total = deposits.query(c, DepositQuery(page=page, page_size=10))
            assert total == 25
            seen += [d.id for d in found]
        assert deposits.query(c, DepositQuery(page=4, page_size=10)) == ([], 25)
        assert deposits.query(c, DepositQuery(page=10**30, page_size=10)) == ([], 25)
    assert seen == [f"d{number:02}" for number in reversed(range(25))]


_names = st.sampled_from([None, "ann", "bob"])
_moments = st.one_of(st.none(), st.integers(0, 3).map(lambda n: at(hours=n)))
_groups = st.sampled_from([None, "a/b", "a/bc", "x_y", "x%y"])


@st.composite
def _deposits(draw: st.DrawFn) -> list[Deposit]:
    return [
        deposit(
            f"d{number}",
            group=draw(_groups),
            # distinct groups are another test's matter
            active=False,
            created=at(hours=draw(st.integers(0, 3))),
            created_by=draw(st.sampled_from(["ann", "bob"])),
            exported=draw(_moments),
            exported_by=draw(_names),
            archived=draw(_moments),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


_queries = st.builds(
    DepositQuery,
    page=st.integers(1, 3),
    page_size=st.integers(1, 5),
    order=st.sampled_from(DepositOrder),
    ascending=st.booleans(),
    active=st.just(False),
    archived=st.one_of(st.none(), st.booleans()),
    created_by=_names,
    exported_by=_names,
    created_after=_moments,
    created_before=_moments,
    exported_after=_moments,
    exported_before=_moments,
    group_path=st.sampled_from([None, "a/b", "b", "_y", "%y", "bc"]),
    group_parent=st.sampled_from([None, "a", "a/b", "x_", "x%"]),
)


def _model(kept: list[Deposit], q: DepositQuery) -> tuple[list[Deposit], int]:
    def matches(d: Deposit) -> bool:
        return all(
            [
                q.archived is None or q.archived == (d.archived is not None),
                q.created_by in (None, d.created_by),
                q.exported_by in (None, d.exported_by),
                q.created_after is None or d.created >= q.created_after,
                q.created_before is None or d.created < q.created_before,
                q.exported_after is None
                or (d.exported is not None and d.exported >= q.exported_after),
                q.exported_before is None
                or (d.exported is not None and d.exported < q.exported_before),
                q.group_exact is None or d.group == q.group_exact,
                q.group_end is None or (d.group is not None and d.group.endswith(q.group_end)),
                q.group_start is None
                or (d.group is not None and d.group.startswith(q.group_start)),
            ]
        )

    names = {"archivalGroupPath": "group", "lastModified": "modified", "createdBy": "created_by"}
    names |= {"lastModifiedBy": "modified_by", "exportedBy": "exported_by"}
    names |= {"preservedBy": "preserved_by"}
    field = names.get(q.order.value, q.order.value)
    found = sorted(filter(matches, kept), key=lambda d: d.id, reverse=not q.ascending)
    spoken = [d for d in found if getattr(d, field) is not None]
    silent = [d for d in found if getattr(d, field) is None]
    spoken.sort(key=lambda d: getattr(d, field), reverse=not q.ascending)
    ordered = spoken + silent
    return ordered[q.offset : q.offset + q.page_size], len(ordered)


@settings(max_examples=25, deadline=None)
@given(kept=_deposits(), queries=st.lists(_queries, min_size=5, max_size=10))
def test_the_list_equals_a_model(
    empty_database: Callable[[], str], kept: list[Deposit], queries: list[DepositQuery]
) -> None:
    db = open_database(empty_database())
    try:
        with db.write() as c:
            for each in kept:
                deposits.insert(c, each)
        with db.read() as c:
            for q in queries:
                for both in (q, replace(q, ascending=not q.ascending)):
                    assert deposits.query(c, both) == _model(kept, both)
    finally:
        db.close()
