"""Host, Origin, correlation id and agent name, as every request is checked for them."""

from __future__ import annotations

import pytest

from strongroom.api.guards import DEFAULT_AGENT, Hosts, agent_name, authority, safe_correlation
from strongroom.api.settings import EdgeSettings
from strongroom.errors import BadRequest, Forbidden

SETTINGS = EdgeSettings(
    public="http://pres.example:8000",
    storage="https://Stor.example",
    allowed_hosts=("Tunnel.example",),
)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST:1",
        "127.0.0.1:9",
        "[::1]:8000",
        "pres.example",
        "stor.example:443",
        "tunnel.example",
        None,
    ],
)
def test_own_hosts_pass(host: str | None) -> None:
    Hosts.of(SETTINGS).check(host)
    if host is not None:
        Hosts.of(SETTINGS).check("localhost", [f"http://{host}"])


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.2",
        "",
        "[::1",
        "a@evil.example",
        "evil.example@localhost",
        "localhost, http://evil.example",
    ],
)
def test_foreign_hosts_and_origins_do_not(host: str) -> None:
    hosts = Hosts.of(SETTINGS)
    with pytest.raises(Forbidden) as refused:
        hosts.check(host)
    assert refused.value.problem == "foreign-host"
    with pytest.raises(Forbidden) as refused:
        hosts.check("localhost", [f"http://{host}"])
    assert refused.value.problem == "foreign-site"


@pytest.mark.parametrize("foreign", [0, 1, 2])
def test_every_origin_is_one_of_ours(foreign: int) -> None:
    origins = ["http://localhost"] * 3
    Hosts.of(SETTINGS).check("localhost", origins)
    origins[foreign] = "http://evil.example"
    with pytest.raises(Forbidden):
        Hosts.of(SETTINGS).check("localhost", origins)


@pytest.mark.parametrize(
    ("hosts", "target", "version", "expected"),
    [
        (["localhost:8000"], "/deposits", "1.1", "localhost:8000"),
        (["[::1]:8000"], "/a://b", "1.1", "[::1]:8000"),
        ([""], "/", "1.1", ""),
        ([], "/", "1.0", None),
        (["localhost:1"], "http://LOCALHOST:1/deposits", "1.1", "LOCALHOST:1"),
        ([], "http://localhost/deposits", "1.0", "localhost"),
    ],
)
def test_whom_a_request_addresses(
    hosts: list[str], target: str, version: str, expected: str | None
) -> None:
    assert authority(hosts, target, version) == expected


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["localhost", "localhost"],
        ["evil.example@localhost"],
        ["localhost/evil"],
        ["localhost?x"],
        ["localhost#x"],
        ["evil.example\\@localhost"],
        ["a b"],
        ["[::1"],
        ["localhost:x"],
    ],
)
def test_a_host_header_that_is_none(hosts: list[str]) -> None:
    with pytest.raises(BadRequest) as bad:
        authority(hosts, "/", "1.1")
    assert bad.value.problem == "bad-host"


@pytest.mark.parametrize(
    "target",
    ["http://evil.example/", "http://evil.example@localhost/", "https://localhost.evil", "http://"],
)
def test_a_target_elsewhere(target: str) -> None:
    with pytest.raises(Forbidden) as refused:
        authority(["localhost"], target, "1.1")
    assert refused.value.problem == "foreign-host"


def test_a_page_without_origin_of_its_own_is_foreign() -> None:
    with pytest.raises(Forbidden):
        Hosts.of(SETTINGS).check("localhost", ["null"])


def test_beyond_loopback_any_host_passes() -> None:
    open_to_all = EdgeSettings(public="http://p", storage="http://s", loopback_only=False)
    Hosts.of(open_to_all).check("evil.example", ["http://evil.example"])


@pytest.mark.parametrize("sent", ["a", "0f8fad5b-d9cb-469f-a165-70867728950e", "|x.y_z", "a" * 128])
def test_safe_correlation_ids_are_kept(sent: str) -> None:
    assert safe_correlation(sent) == sent


@pytest.mark.parametrize("sent", [None, "", "a" * 129, "a b", "a\n", "<script>", "é", 'a"', "\x00"])
def test_others_are_not_echoed(sent: str | None) -> None:
    assert safe_correlation(sent) is None


@pytest.mark.parametrize("sent", ["goobi", "A. Person", "me@example.org", "Jürgen", "x" * 255])
def test_agent_names(sent: str) -> None:
    assert agent_name(sent) == sent
    assert agent_name(f" {sent} ") == sent


@pytest.mark.parametrize(
    "sent", ["", "  ", "a/b", "x" * 256, "a\x07b", "a\u2028b", "a\x00", "a\x1f", "\x85a"]
)
def test_bad_agent_names(sent: str) -> None:
    with pytest.raises(BadRequest, match="X-Client-Identity"):
        agent_name(sent)


def test_nobody_in_particular() -> None:
    assert agent_name(None) == DEFAULT_AGENT
