from __future__ import annotations

import pytest

from strongroom.domain.deposit_query import MAX_PAGE_SIZE, DepositOrder, DepositQuery
from strongroom.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("archivalGroupPath", DepositOrder.GROUP),
        ("LASTMODIFIED", DepositOrder.MODIFIED),
        ("lastmodifiedby", DepositOrder.MODIFIED_BY),
        (" exported ", DepositOrder.EXPORTED),
        ("nonsense", DepositOrder.CREATED),
        ("", DepositOrder.CREATED),
        (None, DepositOrder.CREATED),
    ],
)
def test_orders_are_read_in_any_case(text: str | None, expected: DepositOrder) -> None:
    assert DepositOrder.read(text) is expected


@pytest.mark.contract("17.28")
def test_pages_that_cannot_be_are_all_named() -> None:
    with pytest.raises(BadRequest) as caught:
        DepositQuery(page=0, page_size=MAX_PAGE_SIZE + 1)
    assert [f.path for f in caught.value.faults] == ["page", "pageSize"]
    assert caught.value.problem == "bad-page"
    for bad in ({"page": -1}, {"page_size": 0}, {"page_size": -1}):
        with pytest.raises(BadRequest):
            DepositQuery(**bad)


def test_offsets() -> None:
    assert DepositQuery().offset == 0
    assert DepositQuery(page=3, page_size=7).offset == 14
    assert DepositQuery(page_size=MAX_PAGE_SIZE).offset == 0


@pytest.mark.parametrize(
    ("text", "exact", "end"),
    [
        ("/repository/a/b", "a/b", None),
        ("repository/a/b/", "a/b", None),
        ("/a", "a", None),
        ("a/repository/b", "a/repository/b", None),
        ("b", None, "b"),
        ("", None, ""),
        (None, None, None),
    ],
)
def test_a_slash_makes_a_group_path_whole(
    text: str | None, exact: str | None, end: str | None
) -> None:
    q = DepositQuery(group_path=text)
    assert (q.group_exact, q.group_end) == (exact, end)


@pytest.mark.parametrize(
    ("text", "start"),
    [("/repository/a/b/", "a/b/"), ("a", "a"), ("/repository", ""), ("/", ""), (None, None)],
)
def test_how_a_group_path_begins(text: str | None, start: str | None) -> None:
    assert DepositQuery(group_parent=text).group_start == start
