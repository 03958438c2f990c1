"""Every method of the client against a live server, and no operation of the server without one.

The server asks who one is, so all of it goes by a key; what each answer holds is for the tests of
the routes, here it must be what the types say.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from strongroom.client import (
    Client,
    ClientCredentials,
    DepositQuery,
    Digest,
    JobBuilder,
    JobFailed,
    members,
)
from strongroom.client import errors as client_errors
from strongroom.client.operations import declared
from strongroom.client.transport import Transport
from strongroom.client.uploads import Upload
from strongroom.wire.access import AccessChange
from strongroom.wire.archiving import ArchiveDepositJob
from strongroom.wire.deposits import Deposit
from strongroom.wire.jobs import ImportJobResult
from strongroom.wire.links import WantedLink
from strongroom.wire.resources import ArchivalGroup, Binary, Container
from support import workflow
from support.guarded import Guarded
from support.server import Server

#: operations that are for people or for other programs than ours, each with its reason
EXCLUDED = {
    "GET /": "a greeting for people",
    "GET /test": "a line of text for people",
    "GET /storage-api": "a greeting for people",
}
PAGE = b"page one \xe2\x80\x93 of a book\n"


class Recording(httpx.BaseTransport):
    """Remembers what goes over the network."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.sent: set[tuple[str, str]] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.add((request.method, request.url.raw_path.decode().partition("?")[0]))
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


@dataclass
class Place:
    server: Server
    client: Client
    recording: Recording
    key_id: str
    key: str
    origins: Path
    exports: Path

    @contextlib.contextmanager
    def no_worker(self) -> Iterator[None]:
        """Jobs wait while the block runs."""
        while True:
            self._signal(signal.SIGSTOP)
            if self._writable():
                break
            # it was stopped in the middle of a transaction
            self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        for pid in self.server.processes()[1:]:
            os.kill(pid, what)

    def _writable(self) -> bool:
        with contextlib.closing(
            sqlite3.connect(self.server.data / "strongroom.db", timeout=0.2)
        ) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
                database.rollback()
            except sqlite3.OperationalError:
                return False
            return True

    def group(self) -> str:
        return f"room/{workflow.fresh('g')}"

    def deposit(self, group: str | None = None, **files: bytes) -> Deposit:
        """A deposit with a METS that the platform manages, and these files."""
        deposit = self.client.deposits.create(
            archival_group=group or self.group(), name="A book", template="RootLevel"
        )
        for name, data in (files or {"page1": PAGE}).items():
            self.client.files.put(deposit, f"objects/{name}", data)
        self.client.mets.add(
            deposit,
            [f"objects/{name}" for name in files or ("page1",)],
            etag=self.client.mets.etag(deposit),
        )
        return self.client.deposits.get(deposit)

    def preserved(self, group: str | None = None, **files: bytes) -> ImportJobResult:
        job = self.client.jobs.run_diff(self.deposit(group, **files))
        return self.client.jobs.wait(job, timeout=60)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("client")
    for name in ("origins", "exports"):
        (folder / name).mkdir()
    (folder / "table.csv").write_text(
        "schema,value,path,name,template\ncatalogue,MS 17,room/ms-17,MS seventeen,RootLevel\n"
    )
    (folder / "identifiers.toml").write_text('[schemas.catalogue]\ntable = "table.csv"\n')
    server = Server(
        folder / "data",
        folder / "log",
        env={
            "STRONGROOM_AUTHENTICATION": "on",
            "STRONGROOM_STORAGE_ORIGINS": str(folder / "origins"),
            "STRONGROOM_STORAGE_DESTINATIONS": str(folder / "exports"),
            "STRONGROOM_IDENTIFIERS": str(folder / "identifiers.toml"),
        },
    )
    try:
        server.start()
        key_id, key = Guarded(server).named_key("administrator", name="tests", names_agents=True)
        recording = Recording()
        with Client(server.url, "librarian", api_key=key, wire=recording) as client:
            client.containers.create("room", name="A room")
            place = Place(
                server, client, recording, key_id, key, folder / "origins", folder / "exports"
            )
            place.preserved()  # so that there is a worker, which can be stopped
            yield place
        server.stop()
    finally:
        server.kill()


@pytest.fixture
def client(place: Place) -> Client:
    return place.client


# ---------------------------------------------------------------------------- deposits


def test_deposits_are_made_listed_changed_and_deleted(place: Place, client: Client) -> None:
    group = place.group()
    made = client.deposits.create(archival_group=group, name="One", note="n", idempotency_key="k-1")
    again = client.deposits.create(
        archival_group=group, name="One", note="n", idempotency_key="k-1"
    )
    assert again.id == made.id
    assert made.created_by == f"{place.server.url}/agents/librarian"
    assert client.deposits.patch(made, name="Two", note="m").archival_group_name == "Two"
    assert client.deposits.get(made.id).submission_text == "m"
    found = client.deposits.active_for(group)
    assert found is not None and found.id == made.id
    page = client.deposits.page(query=DepositQuery(page_size=1))
    assert (len(page.deposits), page.page_size) == (1, 1)
    begun = datetime.now(UTC)
    others = {client.deposits.create().id for _ in range(3)}
    query = DepositQuery(
        created_after=begun,
        created_by="librarian",
        order_by="created",
        ascending=True,
        page_size=2,
        show_all=True,
        status="new",
    )
    assert {deposit.id for deposit in client.deposits.all(query=query)} == others
    for deposit in others:
        client.deposits.delete(deposit)
    with pytest.raises(client_errors.NotThere):
        client.deposits.get(others.pop())


def test_locks_belong_to_agents(place: Place, client: Client) -> None:
    deposit = place.deposit()
    with Client(place.server.url, "other", api_key=place.key) as other:
        with client.deposits.locked(deposit):
            assert client.deposits.get(deposit).locked_by == f"{place.server.url}/agents/librarian"
            with pytest.raises(client_errors.Locked) as caught:
                other.deposits.lock(deposit)
            assert caught.value.type.endswith("/problems/locked")
            other.deposits.lock(deposit, force=True)
        assert client.deposits.get(deposit).locked_by is None
    client.deposits.delete(deposit)


def test_a_deposit_of_an_identifier(client: Client) -> None:
    deposit = client.deposits.from_identifier("catalogue", "MS 17", template="BagIt")
    assert deposit.archival_group_name == "MS seventeen"
    assert deposit.layout == "BagIt"
    found = client.search.identifier("MS 17")
    assert found is not None and found.title == "MS seventeen"
    client.deposits.delete(deposit)


def test_deposits_go_out_of_use_and_back(place: Place, client: Client) -> None:
    deposit = place.deposit()
    with pytest.raises(client_errors.RequestRefused):
        client.deposits.deactivate(deposit)
    with place.no_worker():
        job = client.jobs.run_diff(deposit)
        # behind the server's back, so that the import must fail
        (workflow.local(deposit.files or "") / "objects/page1").write_bytes(b"other")
    with pytest.raises(JobFailed) as failed:
        client.jobs.wait(job, timeout=60)
    assert {fault.path for fault in failed.value.faults} == {
        f"{deposit.archival_group}/objects/page1"
    }
    assert (client.deposits.get(deposit).status, client.deposits.get(deposit).active) == (
        "error",
        False,
    )
    client.deposits.activate(deposit)
    assert client.deposits.get(deposit).active
    client.deposits.deactivate(deposit)
    assert not client.deposits.get(deposit).active
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    archived = client.deposits.patch(deposit, archived=moment)
    assert archived.archived == "2026-01-02T03:04:05Z"
    begun = "2026-01-02T03:00:00Z"
    short = deposit.id.rpartition("/")[2]
    with pytest.raises(client_errors.NotThere):
        client.archiving.latest(deposit)
    client.archiving.record(
        ArchiveDepositJob(
            id="archive-1",
            deposit_id=short,
            deposit_uri=deposit.id,
            start_time=begun,
            end_time="2026-01-02T03:01:00Z",
            deleted_count=2,
        )
    )
    assert client.archiving.latest(deposit).date_begun == begun
    listed = client.deposits.all(query=DepositQuery(archived=True, show_all=True))
    assert deposit.id in {found.id for found in listed}


# ------------------------------------------------------------------- files of deposits


def test_files_go_up_and_come_back(place: Place, client: Client, tmp_path: Path) -> None:
    deposit = client.deposits.create()
    source = tmp_path / "source"
    source.write_bytes(os.urandom(2_500_000))
    name = "objects/a b #1 é/%41.bin"
    stored = client.files.put(deposit, name, source)
    assert stored.digest == hashlib.sha256(source.read_bytes()).hexdigest()
    listing = client.files.listing(deposit)
    assert [(file.path, file.size) for file in listing.files] == [(name, 2_500_000)]
    assert client.files.get(deposit, name, tmp_path / "back").sha256 == stored.digest
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert b"".join(client.files.stream(deposit, name)) == source.read_bytes()
    assert client.files.read(deposit, name, start=7, length=9) == source.read_bytes()[7:16]
    told = client.files.stat(deposit, name)
    assert (told.size, told.digest) == (2_500_000, stored.digest)
    client.files.make_folder(deposit, "empty/inner")
    assert "empty/inner" in client.files.listing(deposit).folders
    client.files.delete_folder(deposit, "empty/inner")
    client.files.delete(deposit, name)
    assert client.files.listing(deposit).files == []
    client.deposits.delete(deposit)


def test_files_go_by_links(place: Place, client: Client, tmp_path: Path) -> None:
    deposit = client.deposits.create()
    known = Digest(len(PAGE), hashlib.sha256(PAGE).hexdigest())
    link = client.links.to_put(deposit, "objects/p", known)
    assert client.links.put(link, PAGE) == known
    assert client.files.read(deposit, "objects/p") == PAGE
    target = tmp_path / "p"
    assert client.links.get(client.links.to_get(deposit, "objects/p"), target) == known
    client.files.put(deposit, "mets", b"")
    two = [WantedLink(path=path, method="GET") for path in ("objects/p", "mets")]
    assert len(client.links.make(deposit, two, seconds=60)) == 2
    with pytest.raises(client_errors.ApiError):
        client.links.put(link, PAGE[::-1])
    # parts are for buckets; there, test_http_links sends them
    with pytest.raises(client_errors.StateConflict) as refused:
        client.uploads.put(deposit, "objects/p", target)
    assert refused.value.problem == "no-parts"
    none = Upload(path="objects/p", upload="5-5-x", part_size=5, parts=[])
    for ending in (
        lambda: client.uploads.complete(deposit, none, []),
        lambda: client.uploads.abort(deposit, none),
    ):
        with pytest.raises(client_errors.StateConflict):
            ending()
    client.deposits.delete(deposit)


def test_mets_is_read_edited_and_guarded(place: Place, client: Client) -> None:
    deposit = place.deposit(page1=PAGE, page2=b"two")
    mets = client.mets.read(deposit)
    assert b"objects/page2" in mets.xml
    assert mets.etag == client.mets.etag(deposit) == client.deposits.get(deposit).mets_etag
    done = client.mets.delete(deposit, ["objects/page2"], etag=mets.etag)
    assert [item.path for item in done.items] == ["objects/page2"]
    assert [file.path for file in client.files.listing(deposit).files] == [
        "mets.xml",
        "objects/page1",
    ]
    with pytest.raises(client_errors.Stale):
        client.mets.add(deposit, ["objects/page1"], etag=mets.etag)
    client.deposits.delete(deposit)


def test_views_and_access(place: Place, client: Client) -> None:
    group = place.group()
    deposit = place.deposit(group)
    (objects,) = [d for d in client.views.files(deposit).directories if d.local_path == "objects"]
    assert [file.local_path for file in objects.files] == ["objects/page1"]
    tree = client.views.combined(deposit, refresh=True)
    assert {d.local_path for d in tree.directories} >= {"objects", "metadata"}
    flat = {item.path: item.where for item in client.views.differences(deposit).items}
    assert flat["objects/page1"] == "Both"
    changed = client.access.set(
        deposit,
        [AccessChange(path="objects", access_restrictions=["Staff"])],
        etag=client.mets.etag(deposit),
    )
    assert changed.editable
    (one,) = client.access.of_deposit(deposit, path="objects/page1").items
    assert one.effective_access_restrictions == ["Staff"]
    client.jobs.wait(client.jobs.run_diff(deposit), timeout=60)
    (one,) = client.access.of_preserved(f"{group}/objects/page1", version="v1").items
    assert one.access_restrictions_from == "objects"


# ---------------------------------------------------------------------- jobs and tools


def test_jobs_by_difference_by_hand_and_withdrawn(place: Place, client: Client) -> None:
    group = place.group()
    deposit = place.deposit(group)
    diff = client.jobs.diff(deposit)
    assert not diff.is_update
    states: list[str] = []
    job = client.jobs.run(deposit, diff)
    done = client.jobs.wait(job, seen=lambda state: states.append(state.status), timeout=60)
    assert (done.new_version, states[-1]) == ("v1", "completed")
    assert client.jobs.results(deposit) == [client.jobs.result(job.id)]

    patch = client.deposits.create(archival_group=group)
    client.files.put(patch, "new #1.txt", b"mended")
    builder = JobBuilder(patch, id="urn:test:by-hand", source_version="v1", name="Renamed")
    builder.patch(
        "objects/page1", origin="new #1.txt", digest=hashlib.sha256(b"mended").hexdigest()
    )
    builder.add_folder("objects/x #2", name="Two").add(
        "objects/x #2/copy", origin="new #1.txt", digest=hashlib.sha256(b"mended").hexdigest()
    )
    builder.rename_folder("objects", "Things")
    done = client.jobs.wait(client.jobs.run(patch, builder.build()), timeout=60)
    assert done.new_version == "v2"
    tree = members(client.repository.group(group))
    assert sorted(tree.files) == ["mets.xml", "objects/page1", "objects/x #2/copy"]
    assert tree.folders["objects"].name == "Things"
    assert client.content.read(tree.files["objects/page1"]) == b"mended"
    assert client.repository.group(group).name == "Renamed"

    last = client.deposits.create(archival_group=group)
    job = JobBuilder(last, id="urn:test:again", source_version="v2")
    job.delete("objects/x #2/copy").delete_folder("objects/x #2").rename("objects/page1", "First")
    with place.no_worker():
        waiting = client.jobs.run(last, job.build())
        assert client.jobs.cancel(waiting).status == "completedWithErrors"
        with pytest.raises(JobFailed) as failed:
            client.jobs.wait(waiting, timeout=5)
    assert failed.value.faults
    done = client.jobs.wait(client.jobs.run(last, job.build()), timeout=60)
    assert [binary.name for binary in done.binaries_renamed] == ["First"]
    old = client.deposits.create(archival_group=group)
    stale = JobBuilder(old, id="urn:test:stale", source_version="v1").delete("objects/page1")
    with pytest.raises(client_errors.Stale):
        client.jobs.run(old, stale.build())


def test_exports_into_deposits(place: Place, client: Client) -> None:
    group = place.group()
    place.preserved(group)
    deposit = client.deposits.export(group, version="v1")
    deposit = client.deposits.wait_exported(deposit, timeout=60)
    assert (deposit.status, deposit.version_exported) == ("new", "v1")
    assert client.files.read(deposit, "objects/page1") == PAGE


def test_tools_run_and_are_stopped(place: Place, client: Client) -> None:
    deposit = place.deposit()
    with place.no_worker():
        run = client.pipeline.start(deposit)
        client.pipeline.stop(run, reason="Not now.")
        with pytest.raises(JobFailed, match="ended with errors") as failed:
            client.pipeline.wait(run, timeout=5)
        assert [fault.message for fault in failed.value.faults] == ["Not now."]
    run = client.pipeline.start(deposit)
    states: list[str] = []
    done = client.pipeline.wait(run, seen=lambda state: states.append(state.status), timeout=120)
    assert (done.status, states[-1]) == ("completed", "completed")
    assert [found.job_id for found in client.pipeline.runs(deposit)][1:] == [done.job_id]
    assert client.pipeline.run(run.id) == done


# -------------------------------------------------------------------------- repository


def test_the_repository_is_browsed(place: Place, client: Client, tmp_path: Path) -> None:
    shelf = f"room/{workflow.fresh('shelf')}"
    client.containers.create(shelf, name="A shelf")
    for number in range(5):
        client.containers.create(f"{shelf}/box-{number}")
    first = place.preserved(f"{shelf}/book", page1=PAGE)
    between = datetime.now(UTC)
    second = place.preserved(f"{shelf}/book", page1=PAGE[::-1], page2=b"two")
    assert (first.new_version, second.new_version) == ("v1", "v2")
    assert isinstance(client.repository.get(""), Container)
    assert client.repository.kind("/") == "RepositoryRoot"
    listed = list(client.repository.children(shelf, page_size=2))
    assert [child.type for child in listed].count("ArchivalGroup") == 1
    assert len(listed) == 6 == len(client.containers.get(shelf).containers)
    group = client.repository.group(listed[-1] if listed[-1].type != "Container" else listed[0])
    assert isinstance(group, ArchivalGroup) and len(group.versions or []) == 2
    path = f"{shelf}/book"
    assert client.repository.kind(path) == "ArchivalGroup"
    assert client.repository.kind(f"{shelf}/nothing") is None
    assert client.repository.get(path, lightweight=True).binaries == []  # type: ignore[union-attr]
    old = client.repository.binary(f"{path}/objects/page1", version="v1")
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)  # answered with the first version
    assert client.repository.binary(f"{path}/objects/page1", at=long_ago).digest == old.digest
    assert client.content.read(old, version="v1") == client.content.read(old, at=long_ago) == PAGE
    assert client.content.fetch(old, tmp_path / "p", version="v1").sha256 == old.digest
    assert client.content.read(f"{path}/objects/page1", start=5, length=3) == PAGE[::-1][5:8]
    with pytest.raises(client_errors.VerificationFailed):
        client.content.read(old)  # the head has other bytes than the Binary of v1
    told = client.content.stat(f"{path}/objects/page1", version="v1")
    assert (told.size, told.digest) == (len(PAGE), old.digest)
    assert client.repository.mets(path, version="v1") != client.repository.mets(path)
    assert client.repository.storage_map(path, version="v1").files["objects/page1"].hash
    times = client.repository.timemap(path)
    assert [memento.version for memento in times.mementos] == ["v1", "v2"]
    assert times.mementos[0].moment <= between
    assert len(client.content.timemap(f"{path}/objects/page2").mementos) == 1
    client.repository.check_path(f"{shelf}/new-book")
    with pytest.raises(client_errors.StateConflict):
        client.repository.check_path(f"{shelf}/no-shelf/book")
    client.containers.delete(f"{shelf}/box-0")
    with pytest.raises(client_errors.Tombstone):
        client.containers.exists(f"{shelf}/box-0")
    client.containers.delete(f"{shelf}/box-0", purge=True)
    assert not client.containers.exists(f"{shelf}/box-0")
    assert isinstance(client.repository.get(f"{path}/objects/page2"), Binary)


def test_what_is_preserved_is_found_and_told(place: Place, client: Client) -> None:
    group = f"room/{workflow.fresh('findable')}"
    word = group.rpartition("/")[2]
    before = datetime.now(UTC)
    job = place.preserved(group, page1=PAGE, page2=b"two")
    deadline = before + timedelta(seconds=30)
    while len(found := list(client.search.binaries(word, page_size=2))) < 3:
        assert datetime.now(UTC) < deadline
    assert {item.fedora_id.rpartition("/")[2] for item in found} == {"mets.xml", "page1", "page2"}
    stored = list(client.storage.search.binaries(word, page_size=1))
    assert {item.fedora_id for item in stored} == {item.fedora_id for item in found}
    assert [deposit.id for deposit in client.search.deposits(word)] == [job.deposit]
    assert client.search.page(word).fedora_search is not None
    events = list(client.activity.events(after=before))
    assert [event.object.id.rpartition("/")[2] for event in events] == [word]
    client.activity.push(group)
    pushed = list(client.activity.events(after=events[-1].end_time))
    assert [event.type for event in pushed] == ["Update"]
    assert list(client.activity.events())[-1] == pushed[-1]
    assert client.activity.collection().total_items == len(list(client.activity.events()))
    imports = list(client.storage.activity.events(after=before))
    assert len(imports) == 1
    assert client.storage.activity.collection().total_items >= 1
    assert client.storage.activity.page(1).ordered_items
    assert client.activity.page(10_000).ordered_items == []


# ------------------------------------------------------------------------- storage API


def test_jobs_of_the_storage_api(place: Place, client: Client) -> None:
    group, folder = place.group(), place.origins / workflow.fresh("scans")
    folder.mkdir()
    (folder / "1 #.tif").write_bytes(PAGE)
    digest = hashlib.sha256(PAGE).hexdigest()
    job = JobBuilder(group, id="urn:test:storage", name="From storage")
    job.add("objects/1 #.tif", origin=(folder / "1 #.tif").as_uri(), digest=digest)
    submitted = client.storage.run(job.build(), author="scanner", agent="goobi")
    states: list[str] = []
    done = client.storage.wait(
        submitted, seen=lambda state: states.append(state.status), timeout=60
    )
    assert (done.new_version, states[-1]) == ("v1", "completed")
    binary = client.storage.repository.binary(f"{group}/objects/1 #.tif")
    assert binary.created_by == f"{place.server.storage_url}/agents/scanner"
    assert client.content.read(binary) == PAGE
    place_for = place.exports / workflow.fresh("out")
    export = client.storage.export(group, place_for.as_uri() + "/", version="v1")
    export = client.storage.wait_exported(export, timeout=60)
    assert len(export.files) == 1
    assert (place_for / "objects/1 #.tif").read_bytes() == PAGE
    managed = place.group()
    place.preserved(managed)
    out = place.exports / workflow.fresh("mets")
    assert client.storage.export_mets(managed, out.as_uri() + "/").source_version == "v1"
    assert (out / "mets.xml").exists()
    with pytest.raises(client_errors.RequestRefused):
        client.storage.export(group, "file:///elsewhere/")


def test_the_repository_of_the_storage_api(place: Place, client: Client) -> None:
    group = place.group()
    place.preserved(group)
    storage = client.storage
    assert storage.repository.kind(group) == "ArchivalGroup"
    head = storage.repository.group(group)
    assert (head.id or "").startswith(place.server.storage_url)
    assert storage.repository.storage_map(head).head_version.ocfl_version == "v1"
    assert len(storage.repository.timemap(group).mementos) == 1
    storage.repository.check_path(place.group())
    box = f"room/{workflow.fresh('box')}"
    assert storage.containers.create(box, name="A box").name == "A box"
    storage.containers.delete(box, purge=True)
    assert storage.healthy()
    assert storage.check_storage().success
    assert storage.check_root().success


# ------------------------------------------------------------------ callers and server


def test_grants(client: Client, place: Place) -> None:
    me = client.grants.me()
    assert (me.agent, me.kind) == ("librarian", "key")
    grant = client.grants.add("agent:ann", "reader", "room")
    assert grant in client.grants.all()
    assert grant in client.grants.all(agent="ann", groups=["staff"])
    assert client.grants.explain("agent:ann", "read", "room").allowed
    client.grants.remove(grant)
    assert grant not in client.grants.all()
    with pytest.raises(client_errors.NotThere):
        client.grants.remove(grant)


def test_the_server(client: Client, place: Place) -> None:
    assert client.server.healthy()
    assert f"{place.server.url}/agents/librarian" in client.server.agents()
    assert client.server.check_storage().success
    assert client.server.check_deposits().success
    assert client.server.check_root().success
    assert client.server.issuer().token_endpoint == f"{place.server.url}/v1/token"
    assert client.server.token_keys().keys


def test_a_key_is_exchanged_for_tokens(place: Place) -> None:
    proof = ClientCredentials(place.key_id, place.key)
    with Client(place.server.url, "librarian", auth=proof, wire=place.recording) as client:
        assert client.grants.me().kind == "key"
    client = Client(place.server.url, auth=ClientCredentials(place.key_id, "sr_wrong"))
    with client, pytest.raises(client_errors.NotAuthenticated) as caught:
        client.grants.me()
    assert caught.value.problem == "invalid_client"


# --------------------------------------------------------------------- client and server


def subjects(client: Client) -> Iterator[Any]:
    """Every object on which operations are."""
    for owner in (client, client.storage):
        for name, value in vars(owner).items():
            known = type(value).__module__.startswith("strongroom.client")
            if known and not name.startswith("_") and not isinstance(value, Transport):
                yield value


def operations(client: Client) -> set[str]:
    """``METHOD /path``, as the server describes itself."""
    paths = client.transport.request("GET", "/openapi.json").json()["paths"]
    return {
        f"{method.upper()} {path.rstrip('/') or '/'}"
        for path, methods in paths.items()
        for method in methods
        if method in ("get", "head", "put", "post", "patch", "delete", "options", "trace")
    }


def test_every_operation_of_the_server_has_a_method_and_no_method_has_none(client: Client) -> None:
    found = {name for subject in subjects(client) for _, name in declared(type(subject))}
    described = operations(client)
    assert len(described) > 80
    # fetched by the proof, not by a subject
    assert described - found - {"POST /v1/token"} == EXCLUDED.keys()
    assert found <= described


def test_every_public_method_says_what_it_does(client: Client) -> None:
    for subject in subjects(client):
        for name, method in inspect.getmembers(subject, inspect.ismethod):
            if not name.startswith("_"):
                assert inspect.getdoc(method), f"{type(subject).__name__}.{name}"


def test_every_operation_was_asked_for(
    place: Place, client: Client, request: pytest.FixtureRequest
) -> None:
    """By the tests above, if all of them ran."""
    ran = {item.name for item in request.session.items if item.path == request.path}
    written = {name for name in globals() if name.startswith("test_")}
    if ran != written:
        pytest.skip("only a part of this file runs")
    forms = {name: re.compile(form_of(name)) for name in operations(client) - EXCLUDED.keys()}
    sent = {f"{method} {path}" for method, path in place.recording.sent}
    missing = {name for name, form in forms.items() if not any(map(form.fullmatch, sent))}
    assert not missing


def form_of(operation: str) -> str:
    """A pattern of the requests that a name such as ``GET /deposits/{deposit_id}`` means."""
    whole = re.escape(operation).replace(r"/\{path\}", "(/.*)?")
    return re.sub(r"\\{\w+\\}", "[^/]+", whole)
