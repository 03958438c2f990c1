from __future__ import annotations

from dataclasses import fields, replace

import pytest

from contract.db.rows import NOW, at, deposit
from strongroom.db import deposits, digests
from strongroom.db.engine import Database
from strongroom.domain.deposits import DepositStatus, Layout
from strongroom.errors import Conflict, NotFound


def full(deposit_id: str = "d1"):
    return deposit(
        deposit_id,
        group="library/ä/book#1",
        group_name="Ein Büchlein 📚",
        submission_text="a\nb",
        status=DepositStatus.PRESERVED,
        active=False,
        layout=Layout.BAGIT,
        mets="data/mets.xml",
        modified=at(days=1),
        modified_by="bob",
        preserved=at(days=2),
        preserved_by="cid",
        version_preserved=3,
        exported=at(days=3),
        exported_by="dot",
        version_exported=2,
        base_version=4,
        locked_by="eve",
        lock_date=at(days=4),
        archived=at(days=5),
    )


def test_every_field_comes_back(db: Database) -> None:
    given = full()
    # a field that is added and forgotten here would be lost in silence
    plain = deposit("d1")
    same = [f.name for f in fields(given) if getattr(given, f.name) == getattr(plain, f.name)]
    assert same == ["id", "created", "created_by"]
    with db.write() as c:
        deposits.insert(c, given)
        deposits.insert(c, deposit("d2"))
    with db.read() as c:
        assert deposits.get(c, "d1") == given
        assert deposits.get(c, "d2") == deposit("d2")
        assert deposits.get(c, "d3") is None


def test_save_replaces_the_whole(db: Database) -> None:
    with db.write() as c:
        deposits.insert(c, deposit("d1"))
        deposits.save(c, full())
        assert deposits.get(c, "d1") == full()
        deposits.save(c, deposit("d1"))
        assert deposits.get(c, "d1") == deposit("d1")


def test_saving_what_is_gone_is_an_error(db: Database) -> None:
    with pytest.raises(NotFound, match="d1"), db.write() as c:
        deposits.save(c, deposit("d1"))


def test_delete_takes_the_digests_along(db: Database) -> None:
    with db.write() as c:
        deposits.insert(c, deposit("d1"))
        digests.remember(c, "d1", [("a", "sig", "0" * 64)])
        deposits.delete(c, "d1")
        assert deposits.get(c, "d1") is None
        assert digests.known(c, "d1") == {}
        deposits.delete(c, "d1")


def test_one_active_deposit_for_a_group(db: Database) -> None:
    with db.write() as c:
        deposits.insert(c, deposit("first", group="library/book"))
        with pytest.raises(Conflict, match="'first'") as caught:
            deposits.insert(c, deposit("second", group="library/book"))
        assert caught.value.problem == "active-deposit"
        assert caught.value.faults[0].found == "first"
        assert caught.value.faults[0].path == "library/book"
        assert deposits.get(c, "second") is None
        # neither inactive ones, nor other groups, nor deposits without one are in the way
        deposits.insert(c, deposit("third", group="library/book", active=False))
        deposits.insert(c, deposit("fourth", group="library/Book"))
        deposits.insert(c, deposit("fifth"))
        deposits.insert(c, deposit("sixth"))
        assert deposits.active_for(c, "library/book") == "first"
        assert deposits.active_for(c, "library/none") is None


def test_a_change_cannot_make_a_second_active_deposit(db: Database) -> None:
    with db.write() as c:
        deposits.insert(c, deposit("first", group="library/book"))
        sleeping = deposit("second", group="library/book", active=False)
        deposits.insert(c, sleeping)
        with pytest.raises(Conflict) as caught:
            deposits.save(c, replace(sleeping, active=True))
        assert caught.value.problem == "active-deposit"
        # the transaction goes on, and nothing of the refused change is in it
        assert deposits.get(c, "second") == sleeping
        deposits.save(c, deposit("first", group="library/book", active=False))
        deposits.save(c, replace(sleeping, active=True))
    with db.read() as c:
        assert deposits.active_for(c, "library/book") == "second"


def test_an_active_deposit_may_be_saved_again(db: Database) -> None:
    with db.write() as c:
        deposits.insert(c, deposit("first", group="library/book"))
        deposits.save(c, deposit("first", group="library/book", group_name="New"))
    with db.read() as c:
        assert deposits.get(c, "first").group_name == "New"


def test_agents_are_distinct_and_sorted(db: Database) -> None:
    with db.write() as c:
        assert deposits.agents(c) == []
        deposits.insert(c, full())
        deposits.insert(c, deposit("d2", created_by="zoë", modified_by="Ann", created=NOW))
    with db.read() as c:
        assert deposits.agents(c) == ["Ann", "ann", "bob", "cid", "dot", "zoë"]
