"""Requests under a key, where several servers share a database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection

from strongroom.db.engine import Database, open_database
from strongroom.domain.times import utc_now
from strongroom.errors import Conflict
from strongroom.services import replays


class Shared:
    """A database as one that other hosts may use."""

    shared = True

    def __init__(self, db: Database) -> None:
        self._db = db

    def write(self) -> AbstractContextManager[Connection]:
        return self._db.write()


def server(db: Any, place: str, process: str) -> Any:
    return SimpleNamespace(db=db, clock=utc_now, place=place, process=f"{place}:{process}")


def test_a_server_does_not_say_that_another_one_stopped(tmp_path: Path) -> None:
    own = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    db = Shared(own)
    assert replays.begin(server(db, "here", "1"), "k", "digest") is None
    for place, process, code in (
        ("here", "1", "key-in-use"),
        ("here", "2", "outcome-unknown"),
        ("there", "3", "key-in-use"),
    ):
        with pytest.raises(Conflict) as caught:
            replays.begin(server(db, place, process), "k", "digest")
        assert caught.value.problem == code
    replays.finish(server(db, "here", "1"), "k", 201, [("etag", "x")], b"{}")
    found = replays.begin(server(db, "there", "3"), "k", "digest")
    assert found is not None
    assert (found.status, found.headers, found.body) == (201, (("etag", "x"),), b"{}")
    own.close()
