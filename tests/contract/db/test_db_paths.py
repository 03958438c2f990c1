"""Paths as long and as odd as they may be, wherever rows are found by them."""

from __future__ import annotations

import pytest

from contract.db.rows import NOW, binary, container, deposit, group, job
from strongroom.db import deposits, digests, intents, job_queue, jobs, members, nodes
from strongroom.db.engine import Database
from strongroom.domain.deposit_query import DepositOrder, DepositQuery
from strongroom.domain.importjob import JobKind
from strongroom.domain.paths import MAX_PATH
from strongroom.domain.resources import MemberChanges
from strongroom.errors import Conflict

#: four bytes each, so that as many as possible are in an index
_WIDE = "/".join(["𝔸" * 62] * 15)
#: bytes that no compression makes shorter
_DENSE = "/".join(
    "".join(chr(0x4E00 + (number * 7919 + place * 104729) % 20000) for place in range(80))
    for number in range(16)
)
LONG = [f"{start}/{end}" for start in (_WIDE, _DENSE) for end in ("a", "b", "b/c", "b%_\\'\"")]
#: in the order of code points, which is not that of any language
ODD = ["%", "-", "A", "B/x", "Z", "\\", "\\x41", "_", "a", "a'\"", "b", "ab\\", "ä", "Ωmega", "𝔸"]


def test_the_paths_are_as_long_as_they_may_be() -> None:
    sizes = [len(path.encode()) for path in LONG]
    assert min(sizes) > 3_700
    assert max(sizes) <= MAX_PATH


@pytest.mark.parametrize("paths", [LONG, ODD], ids=["long", "odd"])
def test_nodes(db: Database, paths: list[str]) -> None:
    in_order = sorted(paths)
    with db.write() as c:
        for path in paths:
            nodes.put_node(c, container(path))
            nodes.put_node(c, container(path, name="again"))
    with db.read() as c:
        assert [node.path for node in nodes.nodes(c)] == in_order
        for path in paths:
            found = nodes.node(c, path)
            assert found is not None
            assert (found.path, found.name) == (path, "again")
        for parent in {path.rpartition("/")[0] for path in paths}:
            below = [node.path for node in nodes.children(c, parent)]
            assert below == [path for path in in_order if path.rpartition("/")[0] == parent]
    with db.write() as c:
        nodes.remove_node(c, paths[0])
        assert [node.path for node in nodes.nodes(c)] == [p for p in in_order if p != paths[0]]


def test_the_group_above_a_long_path(db: Database) -> None:
    with db.write() as c:
        nodes.put_node(c, group(_DENSE))
        nodes.put_node(c, container(_DENSE.rpartition("/")[0]))
    with db.read() as c:
        for path in (_DENSE, f"{_DENSE}/b", f"{_DENSE}/b/c/d"):
            found = nodes.group_at_or_above(c, path)
            assert found is not None
            assert found.path == _DENSE
        assert nodes.group_at_or_above(c, _DENSE + "x") is None


@pytest.mark.parametrize("paths", [LONG, ODD], ids=["long", "odd"])
def test_members(db: Database, paths: list[str]) -> None:
    with db.write() as c:
        nodes.put_node(c, group("g"))
        members.replace_members(c, "g", [binary(path) for path in paths])
        changed = [binary(path, size=number, modified=2) for number, path in enumerate(paths)]
        members.apply(c, "g", MemberChanges(version=2, put=changed[1:], removed=[paths[0]]))
    with db.read() as c:
        assert members.members(c, "g") == sorted(changed[1:], key=lambda m: m.path)
        for wanted in changed[1:]:
            assert members.member(c, "g", wanted.path) == wanted
        gone = members.member(c, "g", paths[0])
        assert gone is not None
        assert gone.deleted
        for parent in {path.rpartition("/")[0] for path in paths}:
            below = [member.path for member in members.child_members(c, "g", parent)]
            living = sorted(paths[1:])
            assert below == [path for path in living if path.rpartition("/")[0] == parent]


@pytest.mark.parametrize("paths", [LONG, ODD], ids=["long", "odd"])
def test_digests(db: Database, paths: list[str]) -> None:
    with db.write() as c:
        deposits.insert(c, deposit("d"))
        for signature in ("s1", "s2"):
            digests.remember(c, "d", [(path, signature, path[-2:]) for path in paths])
        assert digests.known(c, "d") == {path: ("s2", path[-2:]) for path in paths}
        for path in paths:
            assert digests.known_one(c, "d", path) == ("s2", path[-2:])


@pytest.mark.parametrize("paths", [LONG, ODD], ids=["long", "odd"])
def test_claims_deposits_and_jobs(db: Database, paths: list[str]) -> None:
    numbered = list(enumerate(paths))
    for number, path in numbered:
        with db.write() as c:
            intents.claim_path(c, path, "create", "me", NOW)
            deposits.insert(c, deposit(f"d{number}", group=path))
            jobs.insert(c, job(f"i{number}", group=path))
            jobs.insert(c, job(f"e{number}", group=path, kind=JobKind.EXPORT))
    for number, path in numbered:
        with db.write() as c:
            with pytest.raises(Conflict, match="being changed"):
                intents.claim_path(c, path, "create", "you", NOW)
            with pytest.raises(Conflict, match="already has"):
                deposits.insert(c, deposit("other", group=path))
            with pytest.raises(Conflict, match="not finished"):
                jobs.insert(c, job("other", group=path))
            assert deposits.active_for(c, path) == f"d{number}"
            assert jobs.unfinished_import(c, path) == f"i{number}"
    with db.read() as c:
        assert [claim.path for claim in intents.claims(c)] == sorted(paths)
    with db.write() as c:
        claimed = [job_queue.claim(c, "w", NOW) for _ in range(2 * len(paths))]
        assert None not in claimed
        for path in paths:
            intents.drop_claim(c, path, "me")
        assert intents.claims(c) == []


def test_lists_are_in_the_order_of_code_points(db: Database) -> None:
    with db.write() as c:
        for path in ODD:
            deposits.insert(c, deposit(path, group=f"g/{path}", created_by=f"by {path}"))
    with db.read() as c:
        # equal ones by id
        for order in (DepositOrder.GROUP, DepositOrder.CREATED_BY, DepositOrder.STATUS):
            found, _ = deposits.query(c, DepositQuery(order=order, ascending=True))
            assert [each.id for each in found] == sorted(ODD)
