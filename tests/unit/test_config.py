"""Settings: where they come from, which counts, and that all faults are named at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from strongroom import config
from strongroom.errors import BadRequest, Unprocessable
from strongroom.runtime.opening import open_context
from strongroom.storage.s3.location import Location
from support import ocfl_check
from support.killing import WHEN


def test_an_option_counts_before_the_environment_and_that_before_a_file(tmp_path: Path) -> None:
    file = tmp_path / "strongroom.toml"
    file.write_text(f'data = "{tmp_path}/file"\nport = 1\njob_threads = 3\nlog_level = "debug"\n')
    found = config.load(
        {"port": 3, "host": None},
        environment={"STRONGROOM_PORT": "2", "STRONGROOM_JOB_THREADS": "4", "HOME": "/"},
        file=file,
    )
    assert (found.port, found.job_threads, found.log_level) == (3, 4, "debug")
    assert found.host == "127.0.0.1"
    assert found.public_url == "http://localhost:3"
    assert found.ocfl_root == tmp_path / "file" / "ocfl-root"


def test_an_environment_made_of_settings_gives_the_same(tmp_path: Path) -> None:
    first = config.load({"data": str(tmp_path), "ocfl_layout": "0003"}, environment={})
    assert config.load({}, environment=config.as_environment(first)) == first


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////data/a:b@c?d.db", "sqlite:////data/a:b@c?d.db"),
        ("postgresql://ann@db:5432/x", "postgresql://ann@db:5432/x"),
        ("postgresql://ann:secret@db/x?sslmode=require", "postgresql://ann@db/x"),
        ("postgresql://ann:sec:r@et@db/x", "postgresql://ann@db/x"),
        ("postgresql:///x?host=/run&password=secret", "postgresql:///x"),
    ],
)
def test_the_password_of_a_database_is_not_shown(url: str, shown: str) -> None:
    assert config.without_password(url) == shown
    settings = config.load({"database": url}, environment={})
    assert settings.database == url
    assert url not in repr(settings)


def test_every_setting_can_be_set() -> None:
    assert {field.name for field in dataclasses.fields(config.Settings)} == set(config.OPTIONS)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "strongroom.toml"
    file.write_text('colour = "blue"\nport = true\n')
    with pytest.raises(BadRequest) as error:
        config.load(
            {"ocfl_layout": "0002", "host": "0.0.0.0", "job_threads": "many"},
            environment={
                "STRONGROOM_UNKNOWN_EXTENSIONS": "panic",
                "STRONGROOM_MAX_BODIES": "1",
                "STRONGROOM_DATABASE": "mysql://ann:secret@db/x",
            },
            file=file,
        )
    assert {fault.path for fault in error.value.faults} == {
        f"{file}: colour",
        f"{file}: port",
        "STRONGROOM_MAX_BODIES",
        "ocfl_layout",
        "host",
        "job_threads",
        "unknown_extensions",
        "database",
    }
    assert "secret" not in str(error.value.faults)


@pytest.mark.parametrize(
    ("number", "place"),
    [("0003", "info%3afedora%2fbooks"), ("0004", None)],
)
def test_the_layout_of_a_new_root_can_be_chosen(
    number: str, place: str | None, tmp_path: Path
) -> None:
    settings = config.load({"data": str(tmp_path / "data"), "ocfl_layout": number}, environment={})
    root = open_context(settings).repository.root
    with root.draft("info:fedora/books", base=None, attempt="a") as draft:
        draft.add_bytes("a", b"a")
        draft.prepare(created=WHEN, user_name="A", message="m")
        draft.commit()
    folder = root.folder / root.object_path("info:fedora/books")
    assert folder.name == (place or folder.name)
    assert (place is None) == (len(folder.name) == 64)
    ocfl_check.assert_valid(folder)
    # a root that is there keeps its own
    other = config.load({"data": str(tmp_path / "data"), "ocfl_layout": "0004"}, environment={})
    assert open_context(other).repository.root.read("info:fedora/books").id


def test_a_root_with_an_unknown_extension_can_be_refused(tmp_path: Path) -> None:
    given = {"data": str(tmp_path / "data")}
    open_context(config.load(given, environment={}))
    (tmp_path / "data" / "ocfl-root" / "extensions" / "9999-unheard-of").mkdir()
    open_context(config.load(given, environment={}))
    strict = config.load({**given, "unknown_extensions": "refuse"}, environment={})
    with pytest.raises(Unprocessable, match="9999-unheard-of"):
        open_context(strict)


def test_places_may_be_prefixes_of_buckets(tmp_path: Path) -> None:
    given = {
        "data": str(tmp_path),
        "deposits": "s3://work/a b/deposits/",
        "s3_endpoint": "http://127.0.0.1:7070",
        "s3_addressing": "path",
    }
    settings = config.load(given, environment={})
    assert settings.deposits == Location(bucket="work", prefix="a b/deposits/")
    assert settings.ocfl_root == tmp_path / "ocfl-root"
    assert (settings.s3_endpoint, settings.s3_region) == ("http://127.0.0.1:7070", None)
    environment = config.as_environment(settings)
    assert environment["STRONGROOM_DEPOSITS"] == "s3://work/a%20b/deposits/"
    assert config.load({}, environment=environment) == settings


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"deposits": "s3://", "ocfl_root": "https://host/x"}, {"deposits", "ocfl_root"}),
        ({"deposits": "s3://work/../x"}, {"deposits"}),
        ({"deposits": "s3://b-1/x/deposits", "ocfl_root": "s3://b-1/x"}, {"deposits"}),
        ({"deposits": "s3://b-1/", "ocfl_root": "s3://b-1/x"}, {"deposits"}),
        ({"deposits": "s3://b-1/x", "ocfl_root": "s3://b-1/x"}, {"deposits"}),
        ({"s3_endpoint": "store:9000", "s3_addressing": "host"}, {"s3_endpoint", "s3_addressing"}),
    ],
)
def test_places_that_cannot_be_are_named(given: dict[str, str], names: set[str]) -> None:
    with pytest.raises(BadRequest) as error:
        config.load(given, environment={})
    assert {fault.path for fault in error.value.faults} == names


def test_neighbours_in_a_bucket_are_apart() -> None:
    given = {"deposits": "s3://b-1/x", "ocfl_root": "s3://b-1/x-ocfl"}
    assert config.load(given, environment={}).ocfl_root == Location(bucket="b-1", prefix="x-ocfl/")


def faults_of(tmp_path: Path, **options: str) -> set[str | None]:
    with pytest.raises(BadRequest) as error:
        config.load({"data": str(tmp_path), **options}, environment={})
    return {fault.path for fault in error.value.faults}


def test_other_machines_are_let_in_only_with_authentication(tmp_path: Path) -> None:
    assert faults_of(tmp_path, host="0.0.0.0") == {"host"}
    found = config.load(
        {"data": str(tmp_path), "host": "0.0.0.0", "authentication": "On"}, environment={}
    )
    assert (found.host, found.authentication) == ("0.0.0.0", "on")


def test_settings_of_authentication_that_would_let_too_many_in_are_refused(tmp_path: Path) -> None:
    good = "https://a.example/x"
    assert faults_of(tmp_path, oidc_issuers=good, oidc_audience="x") == {"oidc_issuers"}
    on = {"authentication": "on"}
    assert faults_of(tmp_path, **on, oidc_issuers=good) == {"oidc_audience"}
    for bad in (
        "http://a.example",
        "a.example",
        "https://u:p@a.example",
        "https://a.example?x",
        "http://localhost:8000",
    ):
        both = {"oidc_issuers": f"{good}, {bad}", "oidc_audience": "x"}
        assert faults_of(tmp_path, **on, **both) == {"oidc_issuers"}, bad
    assert faults_of(
        tmp_path,
        authentication="maybe",
        default_role="king",
        clock_skew="301",
        token_lifetime="1",
        s3_timeout="0",
    ) == {"authentication", "default_role", "clock_skew", "token_lifetime", "s3_timeout"}
    found = config.load(
        {
            "data": str(tmp_path),
            **on,
            "oidc_issuers": f" {good} ,http://localhost:1, ",
            "oidc_audience": "x",
        },
        environment={},
    )
    assert config.listed(found.oidc_issuers) == [good, "http://localhost:1"]
