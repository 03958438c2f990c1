from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.db.rows import NOW, at, event, group
from strongroom.db import events, nodes, tickets
from strongroom.db.engine import Database, open_database
from strongroom.errors import Conflict

NOW_MS = NOW.replace(microsecond=123_000)


def test_a_ticket_is_now_in_whole_milliseconds(db: Database) -> None:
    with db.write() as c:
        assert tickets.allot(c, "j1", NOW) == NOW_MS


def test_tickets_increase_whatever_the_clock_says(db: Database) -> None:
    with db.write() as c:
        first = tickets.allot(c, "j1", NOW)
        same = tickets.allot(c, "j2", NOW)
        back = tickets.allot(c, "j3", at(days=-30))
        later = tickets.allot(c, "j4", at(seconds=1))
    assert [first, same, back] == [NOW_MS.replace(microsecond=n * 1000) for n in (123, 124, 125)]
    assert later == NOW_MS.replace(second=1)


def test_settled_and_dropped_tickets_are_not_given_out_again(db: Database, url: str) -> None:
    with db.write() as c:
        first = tickets.allot(c, "j1", NOW)
        tickets.settle(c, "j1")
        second = tickets.allot(c, "j2", NOW)
        third = tickets.allot(c, "j2", NOW)
    assert first < second < third
    again = open_database(url)
    with again.write() as c:
        assert tickets.allot(c, "j3", NOW) > third
    again.close()


def test_tickets_lie_after_events_that_came_from_storage(db: Database) -> None:
    future = datetime(2100, 1, 1, 0, 0, 0, 500, tzinfo=UTC)
    with db.write() as c:
        events.add_event(c, event("old", future))
        given = tickets.allot(c, "j1", NOW)
    assert given == future.replace(microsecond=1000)


def test_a_second_ticket_for_a_job_replaces_its_first(db: Database) -> None:
    with db.write() as c:
        tickets.allot(c, "j1", NOW)
        between = event("j2", tickets.next_end(c, NOW))
        events.add_event(c, between)
        assert events.events(c, 0, 10) == []
        tickets.allot(c, "j1", NOW)
        assert events.events(c, 0, 10) == [between]
        tickets.settle(c, "j1")
        tickets.settle(c, "j1")
        assert events.events(c, 0, 10) == [between]


def test_only_what_lies_before_the_oldest_ticket_is_shown(db: Database) -> None:
    with db.write() as c:
        ends = {name: tickets.allot(c, name, NOW) for name in ("j1", "j2", "j3")}
        made = {name: event(name, moment) for name, moment in ends.items()}
        for name in ("j3", "j1"):
            events.add_event(c, made[name])
            tickets.settle(c, name)
        assert events.events(c, 0, 10) == [made["j1"]]
        assert (events.total(c), events.import_total(c)) == (1, 1)
        events.add_event(c, made["j2"])
        tickets.settle(c, "j2")
        assert events.events(c, 0, 10) == [made["j1"], made["j2"], made["j3"]]
        assert events.total(c) == 3


@pytest.mark.contract("17.13")
def test_an_event_is_recorded_once(db: Database) -> None:
    first = event("j1", at(seconds=1))
    with db.write() as c:
        events.add_event(c, first)
        events.add_event(c, first)
        assert events.events(c, 0, 10) == [first]


@pytest.mark.parametrize(
    "second",
    [
        event("j1", at(seconds=2)),
        event("j2", at(seconds=1)),
        event(None, at(seconds=1)),
        event("j1", at(seconds=1), group="another/book"),
    ],
)
def test_another_event_with_the_same_job_or_time_is_refused(db: Database, second) -> None:
    first = event("j1", at(seconds=1))
    with db.write() as c:
        events.add_event(c, first)
        with pytest.raises(Conflict) as caught:
            events.add_event(c, second)
        assert caught.value.problem == "event-differs"
        assert "j1" in caught.value.faults[0].found
        assert events.events(c, 0, 10) == [first]


def test_pushed_events_are_in_one_stream_only(db: Database) -> None:
    with db.write() as c:
        imported = event("j1", tickets.next_end(c, NOW))
        events.add_event(c, imported)
        pushed = events.push_event(c, "library/book", NOW)
        assert pushed.end > imported.end
        assert (pushed.type, pushed.job, pushed.start) == ("Update", None, None)
        assert events.push_event(c, "library/book", NOW).end > pushed.end
    with db.read() as c:
        assert [each.job for each in events.events(c, 0, 10)] == ["j1", None, None]
        assert events.events(c, 1, 1) == [pushed]
        assert (events.total(c), events.import_total(c)) == (3, 1)
        assert events.import_events(c, 0, 10) == [imported]
        assert events.import_events(c, 1, 10) == []


def test_emptying_the_index_keeps_pushed_events(db: Database) -> None:
    with db.write() as c:
        nodes.put_node(c, group("library/book"))
        events.add_event(c, event("j1", tickets.next_end(c, NOW)))
        pushed = events.push_event(c, "library/book", NOW)
        nodes.clear_index(c)
        assert events.events(c, 0, 10) == [pushed]
        assert nodes.node(c, "library/book") is None


@pytest.mark.contract("17.13")
@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["allot", "record", "fail", "push"]),
            st.integers(0, 3),
            st.integers(-5_000, 5_000),
        ),
        max_size=25,
    )
)
def test_a_reader_that_remembers_the_last_time_misses_nothing(
    empty_database: Callable[[], str], steps: list[tuple[str, int, int]]
) -> None:
    db = open_database(empty_database())
    open_tickets: dict[str, datetime] = {}
    read: list[datetime] = []
    recorded = set()
    try:
        for number, (step, which, clock) in enumerate(steps):
            now = at(milliseconds=clock)
            with db.write() as c:
                held = sorted(open_tickets)
                if step == "allot":
                    name = f"j{number}"
                    open_tickets[name] = tickets.allot(c, name, now)
                elif step == "push":
                    recorded.add(events.push_event(c, "g", now).end)
                elif held:
                    name = held[which % len(held)]
                    moment = open_tickets.pop(name)
                    if step == "record":
                        events.add_event(c, event(name, moment))
                        recorded.add(moment)
                    tickets.settle(c, name)
            with db.read() as c:
                seen = [each.end for each in events.events(c, 0, 100)]
            assert seen[: len(read)] == read, "something appeared behind the reader's back"
            assert all(a < b for a, b in pairwise(seen))
            read = seen
        with db.write() as c:
            for name in open_tickets:
                tickets.settle(c, name)
            assert {each.end for each in events.events(c, 0, 100)} == recorded
    finally:
        db.close()
