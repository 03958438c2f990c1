"""The doctor looks at a real S3 server, honest and not: each probe must be able to say no."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strongroom import config, places
from strongroom.errors import Unavailable, Unprocessable
from strongroom.ocfl.root import OcflRoot
from strongroom.storage.doctor import examine, s3
from strongroom.storage.doctor.examine import conditional_writes, examine_bucket
from strongroom.storage.doctor.findings import Fit, Outcome, Report, State
from strongroom.storage.doctor.s3.site import Site
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.connection import Endpoint
from strongroom.storage.s3.location import Location
from strongroom.storage.s3.store import S3Store
from support.s3_lies import LIES, Lie
from support.s3_proxy import S3Proxy
from support.s3_server import S3Server
from support.server import run_command

PROBES = {probe.name: probe for probe in (s3.FIRST, *s3.PROBES)}


Lying = Callable[[Bucket, Lie], Bucket]


@pytest.fixture(scope="module")
def proxy(s3: S3Server) -> Iterator[S3Proxy]:
    """One for all, since a client for each endpoint takes its time to make."""
    with S3Proxy(s3.endpoint, lambda request, forward: forward(request)) as opened:
        yield opened


@pytest.fixture
def lying(s3: S3Server, proxy: S3Proxy) -> Lying:
    """A bucket as it is seen through a lie."""

    def lie_about(bucket: Bucket, lie: Lie) -> Bucket:
        client = s3.client
        proxy.spoil = lambda request, forward: (
            lie.fault(client, request, forward) or forward(request)
        )
        return Bucket(bucket.name, Endpoint(url=proxy.endpoint))

    return lie_about


def test_an_honest_store_is_fit_and_left_as_it_was(s3: S3Server, bucket: Bucket) -> None:
    bucket.put("archive/kept", b"x")
    told: list[str] = []
    report = examine_bucket(bucket, "archive/", tell=told.append)
    wrong = [finding for finding in report.findings if finding.state is not State.GOOD]
    # it has no lifecycle rules
    assert [finding.name for finding in wrong] == ["lifecycle"], wrong
    assert (report.deposits, report.ocfl_root) == (Fit.YES, Fit.YES)
    assert report.place == f"s3://{bucket.name}/archive/"
    assert [finding.name for finding in report.findings] == list(PROBES)
    assert len(told) == len(PROBES)
    assert report.left == ()
    assert s3.keys(bucket.name) == ["archive/kept"]
    assert s3.uploads(bucket.name) == []


def test_every_probe_is_lied_to() -> None:
    assert {lie.probe for lie in LIES} == set(PROBES)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie.probe}-{lie.found}")
def test_a_lie_is_found(bucket: Bucket, lying: Lying, lie: Lie) -> None:
    site = Site(lying(bucket, lie), "archive/try/", "archive/")
    finding = examine._run(PROBES[lie.probe], site, lambda _: None)
    assert (finding.state.value, lie.found in finding.found) == (lie.state, True), finding
    assert finding.means.endswith(".")
    assert finding.found


@pytest.mark.parametrize("state", [State.BAD, State.UNKNOWN])
@pytest.mark.parametrize(
    ("probe", "deposits", "root"),
    [
        ("rights", Fit.NO, Fit.NO),
        ("put-if-none-match", Fit.YES, Fit.SINGLE_WRITER),
        ("race-if-match", Fit.YES, Fit.SINGLE_WRITER),
        ("signed-expiry", Fit.YES, Fit.SINGLE_WRITER),
        ("consistency", Fit.NO, Fit.NO),
        ("checksum-put", Fit.NO, Fit.NO),
        ("copy-if-match", Fit.YES, Fit.YES),
    ],
)
def test_what_a_store_is_fit_for(probe: str, state: State, deposits: Fit, root: Fit) -> None:
    findings = [
        each.finding(Outcome(state if each.name == probe else State.GOOD, "found"))
        for each in PROBES.values()
    ]
    report = Report(place="s3://bucket/", findings=tuple(findings))
    assert (report.deposits, report.ocfl_root) == (deposits, root)


def test_what_cannot_be_cleared_away_is_told(s3: S3Server, bucket: Bucket, lying: Lying) -> None:
    lie = next(lie for lie in LIES if lie.probe == "rights")
    report = examine_bucket(lying(bucket, lie), "")
    assert {finding.state for finding in report.findings[1:]} == {State.UNKNOWN}
    assert (report.deposits, report.ocfl_root) == (Fit.NO, Fit.NO)
    (key,) = s3.keys(bucket.name)
    assert key.startswith(examine.PREFIX)
    assert [key.rpartition("/")[0] in left for left in report.left] == [True]


def test_it_clears_away_even_when_it_is_stopped(
    s3: S3Server, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: str) -> None:
        if s3.keys(bucket.name):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine_bucket(bucket, "", tell=stop)
    assert s3.keys(bucket.name) == []


def test_a_bucket_that_is_not_there_is_an_error(bucket: Bucket) -> None:
    with pytest.raises(Unavailable) as refused:
        examine_bucket(Bucket("no-such-bucket", bucket.endpoint), "")
    assert refused.value.problem == "no-bucket"


@pytest.mark.parametrize(
    "found", ["the right ETag", "overwritten", "several of 16", "a missing key"]
)
def test_the_quick_look_finds_stores_that_part_no_writers(
    s3: S3Server, bucket: Bucket, lying: Lying, found: str
) -> None:
    lie = next(lie for lie in LIES if lie.found == found)
    assert not conditional_writes(lying(bucket, lie), "a/")
    assert conditional_writes(bucket, "a/")
    assert s3.keys(bucket.name) == []


def test_versions_are_cleared_away_too() -> None:
    with S3Server(versions=True) as server:
        bucket = Bucket(server.make_bucket(), Endpoint(url=server.endpoint))
        server.client.put_bucket_versioning(
            Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"}
        )
        with pytest.MonkeyPatch.context() as patch:
            for name, value in server.environment().items():
                patch.setenv(name, value)
            report = examine_bucket(bucket, "")
        left = server.client.list_object_versions(Bucket=bucket.name)
        assert not left.get("Versions") and not left.get("DeleteMarkers")
    assert report.ocfl_root is Fit.YES
    (versioning,) = [each for each in report.findings if each.name == "versioning"]
    assert versioning.state is State.LIMITED


def test_the_command_line_tells_it(s3: S3Server, bucket: Bucket) -> None:
    place = f"s3://{bucket.name}/archive"
    done = run_command("storage", "doctor", place, "--json", env=s3.environment())
    assert done.returncode == 0, done.stderr
    (store,) = json.loads(done.stdout)["stores"]
    assert store["place"] == f"{place}/"
    assert store["fit"] == {"deposits": "yes", "ocfl-root": "yes"}
    missing = run_command(
        "storage", "doctor", "s3://no-such-bucket", "--json", env=s3.environment()
    )
    assert missing.returncode == 4
    assert json.loads(missing.stdout)["error"]["code"] == "no-bucket"
    wrong = {**s3.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"}
    refused = run_command("storage", "doctor", place, "--json", env=wrong)
    assert refused.returncode == 12, refused.stdout
    findings = json.loads(refused.stdout)["stores"][0]["findings"]
    assert "SignatureDoesNotMatch" in findings[0]["found"]
    assert {each["state"] for each in findings[1:]} == {"unknown"}
    assert "wrong" not in refused.stdout + refused.stderr


def test_a_store_that_parts_no_writers_becomes_no_root(
    s3: S3Server, bucket: Bucket, lying: Lying, tmp_path: Path
) -> None:
    lie = next(lie for lie in LIES if lie.found == "several of 16")
    given = {
        "data": str(tmp_path),
        "ocfl_root": f"s3://{bucket.name}/ocfl",
        "s3_endpoint": lying(bucket, lie).endpoint.url,
    }
    with pytest.raises(Unprocessable) as refused:
        places.try_root(config.load(given, environment={}))
    assert refused.value.problem == "no-conditional-writes"
    assert s3.keys(bucket.name) == []
    trusting = config.load({**given, "s3_single_writer": "yes"}, environment={})
    places.try_root(trusting)
    assert places.open_root(trusting, create=True).spec == "1.1"
    store = S3Store(bucket, Location(bucket=bucket.name, prefix="ocfl/"))
    assert OcflRoot.open(store, create=False).spec == "1.1"
