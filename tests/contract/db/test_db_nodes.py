from __future__ import annotations

from dataclasses import replace

import pytest

from contract.db.rows import at, binary, container, group, version
from strongroom.db import members, nodes
from strongroom.db.engine import Database


def test_nodes_come_back(db: Database) -> None:
    given = [
        container("library"),
        container("library/old", deleted=True, versions=(version(1), version(2))),
        group("library/book (1)%", versions=3, other_names=("Älter", "Old"), mets=None, name=None),
    ]
    with db.write() as c:
        for each in given:
            nodes.put_node(c, each)
    with db.read() as c:
        for each in given:
            assert nodes.node(c, each.path) == each
        assert nodes.node(c, "library/none") is None
        assert nodes.node(c, "Library") is None


def test_putting_again_makes_the_index_say_just_that(db: Database) -> None:
    first = group("library/book", versions=2)
    later = [
        group("library/book", versions=4, name="New title", other_names=("A book",)),
        group("library/book", versions=1),
        # the same numbers, another history
        replace(first, versions=(first.versions[0], version(2, agent="bob", created=at(days=9)))),
        container("library/book", deleted=True),
    ]
    with db.write() as c:
        nodes.put_node(c, first)
        members.replace_members(c, first.path, [binary("a")])
        for each in later:
            nodes.put_node(c, each)
            assert nodes.node(c, "library/book") == each
        # members are another matter
        assert members.members(c, first.path) == [binary("a")]


def test_only_new_versions_are_written(db: Database) -> None:
    written = []
    with db.write() as c:
        nodes.put_node(c, group("g", versions=50))
        original = c.execute

        def watch(statement, values=None, **rest):
            if str(statement).startswith("INSERT INTO versions"):
                written.extend(row["number"] for row in values)
            return original(statement, values, **rest)

        c.execute = watch  # type: ignore[method-assign]
        nodes.put_node(c, group("g", versions=51))
        nodes.put_node(c, group("g", versions=51))
    assert written == [51]


def test_children_are_living_immediate_and_sorted(db: Database) -> None:
    with db.write() as c:
        for path in ("b", "a", "a/z", "a/b", "a/b/c", "a.x", "ab"):
            nodes.put_node(c, container(path))
        nodes.put_node(c, group("a/g", versions=3))
        nodes.put_node(c, container("a/gone", deleted=True))
        nodes.put_node(c, container("lonely", deleted=False))
        nodes.put_node(c, container("lonely/gone", deleted=True))
    with db.read() as c:
        assert [n.path for n in nodes.children(c, "a")] == ["a/b", "a/g", "a/z"]
        assert nodes.children(c, "a")[1] == group("a/g", versions=3)
        assert [n.path for n in nodes.children(c, "")] == ["a", "a.x", "ab", "b", "lonely"]
        assert nodes.children(c, "a/z") == []
        assert nodes.has_children(c, "a")
        assert nodes.has_children(c, "")
        assert not nodes.has_children(c, "lonely")
        assert not nodes.has_children(c, "a/z")


def test_removed_nodes_leave_nothing(db: Database) -> None:
    with db.write() as c:
        nodes.put_node(c, group("g", versions=2))
        nodes.put_node(c, group("h"))
        for path in ("g", "h"):
            members.replace_members(c, path, [binary("a")])
        nodes.remove_node(c, "g")
        nodes.remove_node(c, "g")
        assert nodes.node(c, "g") is None
        assert members.members(c, "g") == []
        assert members.members(c, "h") == [binary("a")]
        # what is made there later begins anew
        nodes.put_node(c, group("g"))
        assert nodes.node(c, "g") == group("g")
        assert members.members(c, "g") == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("library/book", "library/book"),
        ("library/book/objects/page 1.tif", "library/book"),
        ("library/bookshelf", None),
        ("library", None),
        ("", None),
        ("elsewhere/book", None),
        ("/".join(["deep"] * 900), None),
    ],
)
def test_the_group_at_or_above(db: Database, path: str, expected: str | None) -> None:
    with db.write() as c:
        nodes.put_node(c, container("library"))
        nodes.put_node(c, group("library/book", versions=2))
        found = nodes.group_at_or_above(c, path)
    assert (found and found.path) == expected
    if found:
        assert found == group("library/book", versions=2)


def test_all_nodes_by_path_a_page_at_a_time(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_PAGE", 3)
    paths = [f"n{number}" for number in range(8)]
    with db.write() as c:
        assert list(nodes.nodes(c)) == []
        for path in reversed(paths):
            nodes.put_node(c, container(path, deleted=path == "n4"))
        assert [each.path for each in nodes.nodes(c)] == paths
        # changing the table underway neither repeats nor skips what is ahead
        seen = []
        for each in nodes.nodes(c):
            seen.append(each.path)
            nodes.remove_node(c, each.path)
    assert seen == paths
