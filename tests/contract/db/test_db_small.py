"""Claims on paths, proven digests, facts about the database."""

from __future__ import annotations

import pytest

from contract.db.rows import NOW, at, deposit
from strongroom.db import deposits, digests, intents, meta
from strongroom.db.engine import Database
from strongroom.db.intents import Claim
from strongroom.errors import Conflict


def test_a_path_has_one_claimant(db: Database) -> None:
    with db.write() as c:
        intents.claim_path(c, "library/a", "create", "me", NOW)
        with pytest.raises(Conflict) as caught:
            intents.claim_path(c, "library/a", "purge", "you", NOW)
        assert caught.value.problem == "busy-path"
        assert "create" in caught.value.faults[0].found
        # mine again, for something else
        intents.claim_path(c, "library/a", "purge", "me", at(seconds=1))
        assert intents.claims(c) == [
            Claim(path="library/a", what="purge", owner="me", since=at(seconds=1))
        ]
        intents.drop_claim(c, "library/a", "you")
        assert len(intents.claims(c)) == 1
        intents.drop_claim(c, "library/a", "me")
        intents.drop_claim(c, "library/a", "me")
        intents.claim_path(c, "library/a", "purge", "you", NOW)


def test_claims_below_a_path(db: Database) -> None:
    paths = ["library", "library/a", "library/a/b", "library.x", "library0", "library-", "other"]
    with db.write() as c:
        for path in reversed(paths):
            intents.claim_path(c, path, "create", "me", NOW)
        below = [each.path for each in intents.claimed_below(c, "library")]
        assert below == ["library/a", "library/a/b"]
        assert [each.path for each in intents.claimed_below(c, "")] == sorted(paths)
        assert [each.path for each in intents.claims(c)] == sorted(paths)
        assert intents.claimed_below(c, "library/a/b") == []


def test_digests_are_kept_for_each_deposit(db: Database) -> None:
    with db.write() as c:
        for name in ("d1", "d2"):
            deposits.insert(c, deposit(name))
        digests.remember(c, "d1", (e for e in [("a", "s1", "11"), ("b/ü", "s2", "22")]))
        digests.remember(c, "d2", [("a", "s3", "33")])
        digests.remember(c, "d1", [("a", "s4", "44")])
        assert digests.known(c, "d1") == {"a": ("s4", "44"), "b/ü": ("s2", "22")}
        digests.forget(c, "d1")
        assert digests.known(c, "d1") == {}
        assert digests.known(c, "d2") == {"a": ("s3", "33")}


def test_nothing_is_kept_for_a_deposit_that_is_gone(db: Database) -> None:
    with db.write() as c:
        digests.remember(c, "gone", [("a", "s", "11")])
        assert digests.known(c, "gone") == {}


def test_facts(db: Database) -> None:
    with db.write() as c:
        assert meta.get(c, "format") is None
        meta.put(c, "format", "1")
        meta.put(c, "format", "2")
        assert meta.get(c, "format") == "2"
        meta.drop(c, "format")
        meta.drop(c, "format")
        assert meta.get(c, "format") is None
