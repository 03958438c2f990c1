"""What the client writes and reads without a server: names of things, jobs, queries, answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.client import BadAnswer, Client, DepositQuery, Digest, JobBuilder
from strongroom.client.addresses import Secret, bare, checked, origin, root
from strongroom.client.errors import NotThere
from strongroom.client.operations import declared, operation
from strongroom.client.references import at, job_at, path_of, run_at, stored_job_at, uri_of
from strongroom.client.timemaps import accept_datetime, read_timemap
from strongroom.client.views import KNOWN, read_tree
from strongroom.domain import paths as domain
from strongroom.errors import BadRequest
from strongroom.wire.deposits import Deposit
from strongroom.wire.resources import Binary, Container
from strongroom.wire.working import Metadata, WorkingDirectory

DEPOSIT = Deposit(
    id="https://pres.example/deposits/kx7m2tq9ahwd",
    archival_group="https://pres.example/repository/maps/atlas%2012",
    files="file:///data/deposits/kx7m2tq9ahwd/",
)
PATHS = st.lists(
    st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1).filter(
        lambda part: part not in (".", "..")
    ),
    min_size=1,
).map("/".join)


# ----------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "deposit", [DEPOSIT, DEPOSIT.id, "kx7m2tq9ahwd", "/deposits/kx7m2tq9ahwd/"]
)
def test_a_deposit_is_named_in_any_way(deposit):
    assert at(deposit) == "/deposits/kx7m2tq9ahwd"


@pytest.mark.parametrize(
    "thing",
    [
        "maps/atlas 12",
        "/maps/atlas 12/",
        "http://localhost:8000/repository/maps/atlas%2012",
        "https://stor.example/storage/repository/maps/atlas 12",
        "/repository/maps/atlas%2012",
        Container(id="http://localhost:8000/repository/maps/atlas%2012"),
        Binary(id="http://localhost:8000/repository/maps/atlas%2012"),
    ],
)
def test_a_resource_is_named_in_any_way(thing):
    assert path_of(thing) == "maps/atlas 12"
    assert uri_of(thing) == "/repository/maps/atlas%2012"


def test_what_has_no_id_names_nothing():
    """Least of all the root."""
    with pytest.raises(BadRequest, match="names nothing"):
        path_of(Container())


def test_jobs_and_runs_are_named_by_what_ids_begin_with_or_not():
    assert job_at("https://p/x/deposits/d/importjobs/results/j") == (
        "/deposits/d/importjobs/results/j"
    )
    assert run_at("/deposits/d/pipelinerunjobs/j/") == "/deposits/d/pipelinerunjobs/j"
    assert stored_job_at("https://s/storage/import/results/j/a/b") == "/import/results/j/a/b"


# ------------------------------------------------------------------------------ jobs


@given(PATHS)
def test_ids_and_origins_are_read_by_the_server_as_they_were_meant(path):
    if domain.HASH_TOKEN in path:
        return  # a real name that holds it is refused
    job = JobBuilder(DEPOSIT, id="urn:x").add(path).build()
    (item,) = job.binaries_to_add or []
    raw = (item.id or "").removeprefix("/repository/maps/atlas%2012/")
    try:
        understood = domain.decode(raw)
    except BadRequest:
        return  # no name that the server takes, however it is written
    assert understood == path
    origin = (item.origin or "").removeprefix(DEPOSIT.files or "")
    assert domain.decode(origin, token=False) == path


def test_a_job_holds_what_was_called_for_and_nothing_else():
    digest = Digest(3, "ab" * 32)
    job = JobBuilder(DEPOSIT, id="urn:x", source_version="v2", name="New")
    job.add("a", digest=digest, content_type="image/tiff", name="A").patch("b", origin="x/y z")
    job.delete("c").rename("d", "D").add_folder("e").delete_folder("f").rename_folder("g", "G")
    job.allow_infected("a")
    built = job.build()
    base = "/repository/maps/atlas%2012"
    assert (built.archival_group, built.archival_group_name) == (base, "New")
    assert (built.deposit, built.source_version, built.id) == (DEPOSIT.id, "v2", "urn:x")
    (added,), (patched,) = built.binaries_to_add or [], built.binaries_to_patch or []
    assert (added.digest, added.size, added.content_type) == (digest.sha256, 3, "image/tiff")
    assert (patched.origin, patched.digest) == (f"{DEPOSIT.files}x/y%20z", None)
    assert [item.id for item in built.binaries_to_delete or []] == [f"{base}/c"]
    assert [item.name for item in built.binaries_to_rename or []] == ["D"]
    assert [item.id for item in built.containers_to_add or []] == [f"{base}/e"]
    assert [item.id for item in built.containers_to_delete or []] == [f"{base}/f"]
    assert [item.name for item in built.containers_to_rename or []] == ["G"]
    assert built.allow_infected == ["a"]
    # what comes later is for the next job
    job.delete("z")
    assert len(built.binaries_to_delete or []) == 1
    assert JobBuilder("maps/atlas", id="x").build().binaries_to_add is None


def test_what_can_be_no_job_is_refused():
    with pytest.raises(BadRequest, match="no Archival Group"):
        JobBuilder(Deposit(id="x"), id="urn:x")
    with pytest.raises(BadRequest, match="no URI"):
        JobBuilder("maps/atlas", id="urn:x").add("a", origin="a")


# --------------------------------------------------------------------------- queries


def test_a_query_has_the_words_of_the_wire():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    query = DepositQuery(
        status="new",
        show_all=True,
        active=False,
        archival_group="/maps/atlas/",
        archival_group_begins="maps",
        last_modified_by="goobi",
        preserved_after=moment,
        exported_before="2026-01-01",
        order_by="lastModifiedBy",
        page_size=7,
    )
    assert query.parameters() == {
        "status": "new",
        "showAll": "true",
        "active": "false",
        "archivalGroupPath": "/repository/maps/atlas",
        "archivalGroupPathParent": "maps",
        "lastModifiedBy": "goobi",
        "preservedAfter": "2026-01-02T02:04:05Z",
        "exportedBefore": "2026-01-01",
        "orderBy": "lastModifiedBy",
        "pageSize": "7",
    }
    assert DepositQuery(archival_group_ends="atlas").parameters() == {"archivalGroupPath": "atlas"}
    assert DepositQuery().parameters() == {}


# --------------------------------------------------------------------------- answers


def test_a_moment_is_asked_for_in_utc():
    moment = datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=timezone(timedelta(hours=2)))
    wanted = {"Accept-Datetime": "Fri, 02 Jan 2026 01:04:05 GMT"}
    assert accept_datetime(moment) == wanted
    assert accept_datetime(datetime(2026, 1, 2, 1, 4, 5)) == wanted  # noqa: DTZ001 - naive is meant
    assert accept_datetime(None) == {}


def test_a_timemap_is_read():
    text = (
        '<http://p/repository/a>; rel="original timegate",\n'
        '<http://p/v1/timemap/a>; rel="self"; type="application/link-format"; from="x"; until="y",'
        '\n<http://p/repository/a?version=v1>; rel="first memento"; '
        'datetime="Thu, 01 Jan 2026 00:00:00 GMT",\n'
        '<http://p/repository/a?version=v2>; rel="last memento"; '
        'datetime="Fri, 02 Jan 2026 00:00:00 GMT"\n'
    )
    found = read_timemap(text)
    assert found.original == "http://p/repository/a"
    assert [memento.version for memento in found.mementos] == ["v1", "v2"]
    assert found.mementos[1].moment == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        '<http://p/a>; rel="original"',
        '<http://p/a>; rel="original", <http://p/a?version=v1>; rel="memento"; datetime="soon"',
        '<a>; rel="original", <a>; rel="memento"; datetime="Thu, 01 Jan 2026 00:00:00 GMT"',
    ],
)
def test_what_is_no_timemap_is_refused(text):
    with pytest.raises(BadAnswer):
        read_timemap(text)


def tree(*metadata: dict[str, object]) -> httpx.Response:
    common = {
        "name": None,
        "modified": "2026-01-01T00:00:00Z",
        "accessRestrictions": [],
        "effectiveAccessRestrictions": [],
        "rightsStatement": None,
        "effectiveRightsStatement": None,
    }
    file = {
        **common,
        "type": "WorkingFile",
        "localPath": "objects/a",
        "contentType": None,
        "digest": None,
        "size": 1,
        "metadata": list(metadata),
        "ofLater": {"metadata": "versions"},
    }
    inner = {
        **common,
        "type": "WorkingDirectory",
        "localPath": "objects",
        "files": [file],
        "directories": [],
    }
    outer = {**inner, "localPath": "", "files": [], "directories": [inner]}
    request = httpx.Request("GET", "http://server.test/deposits/x/filesystem")
    return httpx.Response(200, content=msgspec.json.encode(outer), request=request)


DIGEST = {"type": "DigestMetadata", "source": "s", "timestamp": "t", "digest": "ab"}


def test_a_kind_of_metadata_that_is_not_known_is_passed_over():
    newer = {"type": "HolographyMetadata", "depth": 3}
    (folder,) = read_tree(tree(DIGEST, newer, DIGEST), WorkingDirectory).directories
    assert [item.source for item in folder.files[0].metadata] == ["s", "s"]
    with pytest.raises(BadAnswer, match="no WorkingDirectory"):
        read_tree(tree({"type": "DigestMetadata"}), WorkingDirectory)


def test_all_kinds_of_metadata_are_known():
    assert {kind.__struct_config__.tag for kind in Metadata.__args__} == KNOWN


# ------------------------------------------------------------------------- addresses


def test_addresses_are_compared_as_servers_are():
    assert origin("HTTPS://Pres.Example/x") == origin("https://pres.example:443")
    assert origin("http://pres.example") != origin("https://pres.example")
    assert checked("http://[::1]:8000/root/") == "http://[::1]:8000/root"


def test_what_is_shown_of_an_address():
    url = "https://name:word@bucket.example:9000/b/k?X-Amz-Signature=s#f"
    assert bare(url) == "https://bucket.example:9000/b/k"
    assert root(url) == "https://bucket.example:9000"
    assert "Signature" not in f"{Secret(url)} {Secret(url)!r}"


@pytest.mark.parametrize("url", ["http://host:port", "http://host:0", "http://[::1", "http:///x"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadRequest, match="no address of a server"):
        checked(url)


def test_content_is_reached_by_the_way_that_the_client_came():
    """Ids begin with the server's public root, which may be another address than ours."""
    seen: list[str] = []

    def wire(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(404)

    client = Client("http://localhost:9000", wire=httpx.MockTransport(wire))
    public = "https://pres.example/root"
    for id_, content in (
        (f"{public}/repository/a/b", f"{public}/storage-api/content/a/b"),
        (f"{public}/storage-api/repository/a/b", f"{public}/storage-api/content/a/b"),
        (f"{public}/repository/a/b", "https://stor.example/content/a/b"),
    ):
        with pytest.raises(NotThere):
            client.content.read(Binary(id=id_, content=content))
    ours = "http://localhost:9000/storage-api/content/a/b"
    assert seen == [ours, ours, "https://stor.example/content/a/b"]


@pytest.mark.parametrize("url", ["s3://bucket/a", "https://host:x/a", "http://[::1/a", "http:///"])
def test_an_answer_that_leads_nowhere_is_told(url):
    client = Client("http://server.test", sleep=lambda _: pytest.fail("tried again"))
    with client, pytest.raises(BadAnswer, match="no address that can be asked"):
        client.content.read(Binary(id="x", content=url))


def test_operations_are_told_of_both_surfaces():
    class Subject:
        @operation("GET /a/{path}", both=True)
        def a(self) -> None:
            """A."""

        def b(self) -> None:
            """B."""

    assert list(declared(Subject)) == [("a", "GET /a/{path}"), ("a", "GET /storage-api/a/{path}")]
