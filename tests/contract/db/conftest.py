"""One database for each driver that the program runs on; every contract holds on all of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator

import pytest

from strongroom.db.engine import Database, open_database
from support import postgres

DRIVERS = ("sqlite", "postgresql")


@pytest.fixture(scope="session", params=DRIVERS)
def empty_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], str]:
    """Gives URLs of new databases with all tables; migrated once, then copied."""
    if request.param == "postgresql":
        shared = postgres.shared()
        return lambda: shared.url(shared.make_database(template=postgres.template()))
    folder = tmp_path_factory.mktemp("databases")
    template = folder / "template.db"
    open_database(f"sqlite:///{template}").close()
    numbers = itertools.count()

    def make() -> str:
        path = folder / f"{next(numbers)}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(scope="session", params=DRIVERS)
def bare_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], str]:
    """Gives URLs of databases in which there is nothing yet."""
    if request.param == "postgresql":
        shared = postgres.shared()
        return lambda: shared.url(shared.make_database())
    folder = tmp_path_factory.mktemp("bare")
    numbers = itertools.count()
    return lambda: f"sqlite:///{folder / f'{next(numbers)}.db'}"


@pytest.fixture
def url(empty_database: Callable[[], str]) -> str:
    return empty_database()


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
