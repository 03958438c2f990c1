"""Fixtures for all suites: a live server for those that ask, more servers on demand.

Leaves what is done with a server to :mod:`support`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings as hypothesis_settings

sys.path.insert(0, str(Path(__file__).parent))

from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.connection import Endpoint
from support import postgres, s3_server, workflow
from support.guarded import Guarded, Issuer, settings_of
from support.s3_server import S3Server
from support.server import Server, ServerDied

# how long an example takes says nothing of whether it is right
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

#: a test's property of this name is lines that are shown at the end of the run
TOLD = "told at the end"

#: files that take a minute or more begin first, so that no process works on one alone at the end
LONG = (
    "test_openapi_schemathesis.py",
    "test_random_kills.py",
    "test_bucket_writers.py",
    "test_http_jobs.py",
    "test_bucket_kill.py",
    "test_import_killed.py",
    "test_ocfl_lost_writes.py",
    "test_cli_live.py",
    "test_several_hosts.py",
)

_RUNNING = pytest.StashKey[list[Server | S3Server]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RUNNING] = []
    if os.environ.get(postgres.KIND, "sqlite") not in ("sqlite", "postgresql"):
        raise pytest.UsageError(f"{postgres.KIND} is 'sqlite' or 'postgresql'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    turn = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: turn.get(item.path.name, len(turn)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test shows the end of the log of every server that was running."""
    report: Any = yield
    if report.failed:
        for server in item.config.stash[_RUNNING]:
            report.sections.append(
                (f"log of the server on port {server.port}", server.log_tail(25))
            )
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What tests have counted is shown, whether they passed or not."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, lines in report.user_properties:
                    if name == TOLD:
                        terminalreporter.section(report.nodeid.rpartition("::")[2])
                        terminalreporter.write("\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def databases_closed() -> Iterator[None]:
    """What a test opened within its own process is closed when it ends."""
    yield
    while postgres.TO_CLOSE:
        postgres.TO_CLOSE.pop()()


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Server]:
    """The server that most tests share; they keep apart by names of their own."""
    folder = tmp_path_factory.mktemp("server")
    shared = Server(folder / "data", folder / "server.log", warm=False)
    pytestconfig.stash[_RUNNING].append(shared)
    try:
        shared.start()
        yield shared
        shared.stop()
    finally:
        shared.kill()


@pytest.fixture
def start_server(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Callable[..., Server]]:
    """Starts further servers, each with its own data folder (or ``data=``) and environment."""
    started: list[Server] = []

    def start(**settings: Any) -> Server:
        number = len(started)
        data = settings.pop("data", tmp_path / f"data-{number}")
        extra = Server(data, tmp_path / f"server-{number}.log", **settings)
        started.append(extra)
        pytestconfig.stash[_RUNNING].append(extra)
        return extra.start()

    yield start
    for extra in started:
        extra.kill()
        pytestconfig.stash[_RUNNING].remove(extra)


@pytest.fixture(scope="session")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Guarded]:
    """The server with authentication on that tests share, and its issuer's process."""
    folder = tmp_path_factory.mktemp("guarded")
    with Issuer() as issuer:
        settings = {**settings_of(issuer), "STRONGROOM_DEFAULT_ROLE": "none"}
        shared = Server(folder / "data", folder / "server.log", env=settings)
        pytestconfig.stash[_RUNNING].append(shared)
        try:
            shared.start()
            yield Guarded(shared, issuer)
            shared.stop()
        finally:
            shared.kill()


@pytest.fixture(scope="session")
def s3(pytestconfig: pytest.Config) -> Iterator[S3Server]:
    """The S3 server that tests share; each has a bucket of its own."""
    with s3_server.shared() as server:
        pytestconfig.stash[_RUNNING].append(server)
        yield server
        pytestconfig.stash[_RUNNING].remove(server)


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of this test alone; the environment has what is needed to reach it."""
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    return Bucket(s3.make_bucket(), Endpoint(url=s3.endpoint))


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """An HTTP client of the shared server."""
    if not server.running:
        raise ServerDied(f"the shared server has died\n{server.log_tail()}")
    with workflow.connect(server.url) as connected:
        yield connected


@pytest.fixture
def room(client: httpx.Client) -> str:
    """Path of a Container that belongs to this test alone."""
    path = workflow.fresh("room")
    workflow.make_container(client, path)
    return path


@pytest.fixture
def group(server: Server, room: str) -> str:
    """The id of an Archival Group of this test alone; nothing is there yet."""
    return f"{server.url}/repository/{room}/book"
