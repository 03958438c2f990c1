"""One database for each driver that the program runs on; every contract holds on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.db.engine import Database, open_database

DRIVERS = ("sqlite",)


@pytest.fixture(params=DRIVERS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    assert request.param == "sqlite"
    return f"sqlite:///{tmp_path / 'strongroom.db'}"


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def other(db: Database, url: str) -> Iterator[Database]:
    """The same database, opened once more: what another process would have."""
    opened = open_database(url)
    yield opened
    opened.close()
