from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.db.rows import NOW, binary, container, event, folder, group
from strongroom.db import events, index, members, nodes
from strongroom.db.engine import Database, open_database
from strongroom.domain.paths import parent
from strongroom.domain.resources import Member, MemberChanges
from strongroom.errors import Damaged, NotFound

ODD = ["a b", "a%b_c", "ünï/📚", "cafe\u0301", "caf\u00e9", "quote'\"", "x/#1"]


@pytest.fixture
def book(db: Database) -> Database:
    with db.write() as c:
        nodes.put_node(c, container("library"))
        nodes.put_node(c, group("library/book"))
        nodes.put_node(c, group("library/book2"))
    return db


def test_members_come_back_sorted(book: Database) -> None:
    given_ = [
        folder("objects", name="Objects"),
        folder("empty"),
        binary("objects/b.tif", name=None, size=0, content_type="", created=2, modified=3),
        binary("objects/a.tif"),
        binary("objects.txt"),
        binary("gone", deleted=True, modified=4),
        *(binary(path) for path in ODD),
    ]
    living = sorted((m for m in given_ if not m.deleted), key=lambda m: m.path)
    with book.write() as c:
        members.replace_members(c, "library/book", iter(given_))
    with book.read() as c:
        assert members.members(c, "library/book") == living
        assert members.members(c, "library/book", deleted=True) == sorted(
            given_, key=lambda m: m.path
        )
        for each in given_:
            assert members.member(c, "library/book", each.path) == each
        assert members.member(c, "library/book", "objects/none") is None
        assert members.member(c, "library/book2", "objects") is None
        assert members.member(c, "library/none", "objects") is None
        assert members.members(c, "library/book2") == []


def test_replacing_forgets_what_was_there(book: Database) -> None:
    with book.write() as c:
        members.replace_members(c, "library/book", [binary("a"), binary("b")])
        members.replace_members(c, "library/book2", [binary("a")])
        members.replace_members(c, "library/book", [binary("c")])
        assert members.members(c, "library/book", deleted=True) == [binary("c")]
        assert members.members(c, "library/book2") == [binary("a")]
        members.replace_members(c, "library/book", [])
        assert members.members(c, "library/book", deleted=True) == []


def test_child_members_are_living_and_immediate(book: Database) -> None:
    paths = ["a", "a/b", "a/b/c", "a/b/d", "a/e", "a-", "a.x", "a0", "z", "a/b.x", "b/b"]
    with book.write() as c:
        members.replace_members(
            c, "library/book", [binary(p) for p in paths] + [binary("a/gone", deleted=True)]
        )
        members.replace_members(c, "library/book2", [binary("a/other")])

        def names(folder_path: str) -> list[str]:
            return [m.path for m in members.child_members(c, "library/book", folder_path)]

        assert names("") == ["a", "a-", "a.x", "a0", "z"]
        assert names("a") == ["a/b", "a/b.x", "a/e"]
        assert names("a/b") == ["a/b/c", "a/b/d"]
        assert names("a/b/c") == []
        assert names("b") == ["b/b"]


def test_apply_puts_replaces_and_leaves_tombstones(book: Database) -> None:
    with book.write() as c:
        members.replace_members(c, "library/book", [binary("a"), binary("b"), binary("c")])
        changed = binary("b", digest="ef" * 32, content_path="v2/content/b", modified=2)
        changes = MemberChanges(version=2, put=(changed, folder("d", created=2)), removed=("a",))
        for _ in range(2):  # the second time changes nothing
            members.apply(c, "library/book", changes)
            assert members.members(c, "library/book", deleted=True) == [
                replace(binary("a"), deleted=True, modified=2),
                changed,
                binary("c"),
                folder("d", created=2),
            ]
        back = binary("a", created=3, modified=3, size=7)
        members.apply(c, "library/book", MemberChanges(version=3, put=(back,)))
        assert members.member(c, "library/book", "a") == back


def test_removing_what_is_not_there_is_damage(book: Database) -> None:
    with book.write() as c:
        members.replace_members(c, "library/book", [binary("a")])
    removal = MemberChanges(version=2, removed=("x", "a", "y"))
    with pytest.raises(Damaged) as caught, book.write() as c:
        members.apply(c, "library/book", removal)
    assert caught.value.problem == "index-differs"
    assert [fault.path for fault in caught.value.faults] == ["x", "y"]
    with book.read() as c:
        assert members.members(c, "library/book") == [binary("a")]


def test_members_need_their_group(db: Database) -> None:
    with db.write() as c:
        with pytest.raises(NotFound):
            members.replace_members(c, "library/book", [binary("a")])
        with pytest.raises(NotFound):
            members.apply(c, "library/book", MemberChanges(version=1))


def test_many_more_members_than_one_batch(book: Database) -> None:
    many = [binary(f"objects/{number:05}") for number in range(5_001)]
    with book.write() as c:
        members.replace_members(c, "library/book", many)
        assert members.members(c, "library/book") == many
        gone = tuple(m.path for m in many[:4_500])
        members.apply(c, "library/book", MemberChanges(version=2, removed=gone))
        assert members.members(c, "library/book") == many[4_500:]
        assert len(members.members(c, "library/book", deleted=True)) == 5_001


_names = st.sampled_from(["a", "b", "a.x", "a-", "0"])
_paths = st.lists(_names, min_size=1, max_size=3).map("/".join)


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sets(_paths, max_size=4), st.sets(_paths, max_size=3)), max_size=6)
)
def test_members_follow_a_model_through_versions(
    empty_database: Callable[[], str], steps: list[tuple[set[str], set[str]]]
) -> None:
    db = open_database(empty_database())
    model: dict[str, Member] = {}
    try:
        with db.write() as c:
            nodes.put_node(c, group("g"))
        for number, (put, gone) in enumerate(steps, start=1):
            removed = tuple(p for p in gone if p in model and p not in put)
            fresh = tuple(binary(p, created=number, modified=number) for p in put)
            with db.write() as c:
                members.apply(c, "g", MemberChanges(version=number, put=fresh, removed=removed))
            model |= {m.path: m for m in fresh}
            model |= {p: replace(model[p], deleted=True, modified=number) for p in removed}
            living = {p: m for p, m in model.items() if not m.deleted}
            with db.read() as c:
                everything = members.members(c, "g", deleted=True)
                assert everything == [model[p] for p in sorted(model)]
                assert members.members(c, "g") == [living[p] for p in sorted(living)]
                for path in ["", *model]:
                    assert members.child_members(c, "g", path) == [
                        living[p] for p in sorted(living) if parent(p) == path
                    ]
    finally:
        db.close()


def test_two_ways_to_the_same_index_have_the_same_dump(
    db: Database, empty_database: Callable[[], str]
) -> None:
    made_again = open_database(empty_database())
    old = [binary("a"), binary("b", deleted=True, modified=2)]
    with db.write() as c:
        # through other rows, in another order, with leftovers that are no part of the index
        nodes.put_node(c, container("zoo"))
        nodes.remove_node(c, "zoo")
        nodes.put_node(c, group("g", versions=1, name="Old"))
        members.replace_members(c, "g", [binary("a"), binary("b"), binary("c")])
        events.push_event(c, "g", NOW)
        nodes.put_node(c, group("g", versions=2))
        members.apply(c, "g", MemberChanges(version=2, removed=("b",)))
        nodes.put_node(c, container("a"))
        events.add_event(c, event("j1", NOW))
        assert "c" in {m.path for m in members.members(c, "g")}
    with db.read() as c:
        first = list(index.dump_index(c))
    with made_again.write() as c:
        nodes.put_node(c, container("a"))
        nodes.put_node(c, group("g", versions=2))
        members.replace_members(c, "g", [*old, binary("c")])
        events.add_event(c, event("j1", NOW))
        assert list(index.dump_index(c)) == first
        members.apply(c, "g", MemberChanges(version=2, put=(binary("c", size=1),)))
        assert list(index.dump_index(c)) != first
    made_again.close()
    tables = [row[0] for row in first]
    assert tables == ["node"] * 2 + ["version"] * 3 + ["member"] * 3 + ["event"]
    with db.write() as c:
        nodes.clear_index(c)
        assert list(index.dump_index(c)) == []
