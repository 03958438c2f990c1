"""Entity tags of repository answers, and states by time (RFC 7089)."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from support import samples, workflow
from support.server import Server
from support.workflow import Json, ok


def date(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def links(text: str) -> list[tuple[str, str, str | None]]:
    """Address, relation and datetime of each link."""
    return [
        (uri, rel, when or None)
        for uri, rel, when in re.findall(
            r'<([^>]*)>; rel="([^"]*)"(?:; type="[^"]*")?(?:; from="[^"]*"; until="[^"]*")?'
            r'(?:; datetime="([^"]*)")?',
            text,
        )
    ]


@pytest.fixture(scope="module")
def group(server: Server) -> str:
    """Three versions, a second and more apart: a.txt stays, b.txt changes, c.txt comes and goes."""
    group = f"{server.url}/repository/{workflow.fresh('states')}"
    with workflow.connect(server.url) as client:
        for files in (
            {"d/a.txt": b"a", "d/b.txt": b"1", "c.txt": b"c"},
            {"d/a.txt": b"a", "d/b.txt": b"2"},
            {"d/a.txt": b"a", "d/b.txt": b"2", "c.txt": b"c"},
        ):
            deposit = workflow.make_filled(client, group, samples.with_mets(files))
            workflow.run_diff(client, deposit)
            time.sleep(1.1)
    return group


def versions(client: httpx.Client, group: str) -> list[datetime]:
    loaded = workflow.load(client, group)
    return [
        datetime.fromisoformat(version["mementoDateTime"]).replace(tzinfo=UTC)
        for version in loaded["versions"]
    ]


def test_what_a_client_has_is_not_sent_again(client: httpx.Client, group: str) -> None:
    path = group.partition("/repository/")[2]
    storage = "/storage-api"
    tags = set()
    for uri in (
        group,
        f"{group}?view=lightweight",
        f"{group}?version=v1",
        f"{group}?version=v3",
        f"{group}/d",
        f"{group}/d/a.txt",
        "/repository/",
        f"/ocfl/storagemap/{path}",
        f"{storage}/repository/{path}",
        f"{storage}/ocfl/storagemap/{path}?version=v2",
    ):
        first = ok(client.get(uri))
        tag = first.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]+"', tag), uri
        again = ok(client.get(uri, headers={"If-None-Match": f'"other", {tag}'}), 304)
        assert again.content == b""
        assert again.headers["etag"] == tag
        assert ok(client.get(uri, headers={"If-None-Match": '"other"'})).content == first.content
        if "storagemap" not in uri:
            assert ok(client.head(uri)).headers["etag"] == tag
        tags.add(tag)
    # v3 is the newest: asked for by name or not, it is the same answer
    assert len(tags) == 9


def test_a_tag_changes_with_what_it_stands_for(client: httpx.Client, server: Server) -> None:
    room = workflow.fresh("room")
    workflow.make_container(client, room)

    def tag(uri: str) -> str:
        return str(ok(client.get(uri)).headers["etag"])

    seen = [tag(f"/repository/{room}")]
    workflow.make_container(client, f"{room}/inner")
    seen.append(tag(f"/repository/{room}"))
    group = f"{server.url}/repository/{room}/book"
    workflow.preserve(client, group, samples.with_mets({"a.txt": b"1"}))
    seen.append(tag(f"/repository/{room}"))
    before = tag(group), tag(f"{group}/a.txt"), tag(f"{group}?version=v1")
    workflow.preserve(client, group, samples.with_mets({"a.txt": b"2"}))
    seen.append(tag(f"/repository/{room}"))
    assert len(set(seen)) == len(seen)
    after = tag(group), tag(f"{group}/a.txt"), tag(f"{group}?version=v1")
    assert all(one != other for one, other in zip(before, after, strict=True))
    ok(client.delete(f"/repository/{room}/inner"), 204)
    assert tag(f"/repository/{room}") not in seen


def test_what_was_there_at_a_moment(client: httpx.Client, group: str) -> None:
    made = versions(client, group)
    for moment, number in (
        (made[0] - timedelta(days=9), 1),
        (made[0], 1),
        (made[1] - timedelta(seconds=1), 1),
        (made[1], 2),
        (made[2] + timedelta(days=9), 3),
    ):
        answer = ok(client.get(group, headers={"Accept-Datetime": date(moment)}))
        assert answer.json() == workflow.load(client, group, f"v{number}")
        assert answer.headers["content-location"] == f"{group}?version=v{number}"
        assert answer.headers["memento-datetime"] == date(made[number - 1])
        assert "accept-datetime" in answer.headers["vary"].lower()
        head = ok(client.head(group, headers={"Accept-Datetime": date(moment)}))
        assert head.headers["memento-datetime"] == date(made[number - 1])
    plain = ok(client.get(group))
    assert "memento-datetime" not in plain.headers
    named = ok(client.get(f"{group}?version=v2", headers={"Accept-Datetime": date(made[0])}))
    assert named.headers["memento-datetime"] == date(made[1])
    # what cannot be read is refused, also where a version makes it needless
    ok(client.get(f"{group}?version=v2", headers={"Accept-Datetime": "yesterday"}), 400)
    problem = ok(client.get(group, headers={"Accept-Datetime": "yesterday"}), 400).json()
    assert problem["code"] == "bad-datetime"


def test_the_mets_of_a_group_as_it_was_at_a_moment(client: httpx.Client, group: str) -> None:
    made = versions(client, group)
    whole = {
        number: ok(client.get(f"{group}?view=mets&version=v{number}")).content
        for number in (1, 2, 3)
    }
    assert len(set(whole.values())) == 3
    for number, moment in enumerate(made, start=1):
        answer = ok(client.get(f"{group}?view=mets", headers={"Accept-Datetime": date(moment)}))
        assert answer.content == whole[number]
        assert answer.headers["memento-datetime"] == date(moment)
        assert answer.headers["content-location"] == f"{group}?version=v{number}&view=mets"
        assert "accept-datetime" in answer.headers["vary"].lower()
        there = ok(client.get(answer.headers["content-location"]))
        assert there.content == answer.content
        assert there.headers["etag"] == answer.headers["etag"]
    plain = ok(client.get(f"{group}?view=mets"))
    assert "memento-datetime" not in plain.headers
    assert plain.content == whole[3]
    ok(client.get(f"{group}?view=mets", headers={"Accept-Datetime": "yesterday"}), 400)


def test_bytes_as_they_were_at_a_moment(client: httpx.Client, group: str) -> None:
    made = versions(client, group)
    content = workflow.binaries(workflow.load(client, group))["d/b.txt"]["content"]
    gone = workflow.binaries(workflow.load(client, group))["c.txt"]["content"]
    for number, data in ((0, b"1"), (1, b"2"), (2, b"2")):
        answer = ok(client.get(content, headers={"Accept-Datetime": date(made[number])}))
        assert answer.content == data
        assert answer.headers["memento-datetime"] == date(made[number])
        assert answer.headers["content-location"] == f"{content}?version=v{number + 1}"
    ok(client.get(gone, headers={"Accept-Datetime": date(made[1])}), 404)
    assert ok(client.get(gone, headers={"Accept-Datetime": date(made[0])})).content == b"c"


def test_time_maps_list_the_states(client: httpx.Client, server: Server, group: str) -> None:
    made = [date(moment) for moment in versions(client, group)]
    found: dict[str, list[str]] = {}
    for uri in (
        group,
        f"{group}/d/b.txt",
        f"{group}/c.txt",
        group.replace("/repository/", "/storage-api/content/") + "/d/b.txt",
    ):
        listed = links(ok(client.get(uri)).headers["link"])
        assert (uri, "original timegate", None) in listed
        (timemap,) = [link for link, rel, _ in listed if rel == "timemap"]
        answer = ok(client.get(timemap))
        assert answer.headers["content-type"].startswith("application/link-format")
        own = links(answer.text)
        assert own[0] == (uri, "original timegate", None)
        assert own[1][:2] == (timemap, "self")
        found[uri.rpartition("/")[2]] = [when for _, rel, when in own if "memento" in rel]
        assert "first" in own[2][1] and "last" in own[-1][1]
        for memento, _, when in own[2:]:
            answer = ok(client.get(memento))
            assert answer.headers["memento-datetime"] == when
            assert parsedate_to_datetime(str(when)).tzinfo is not None
    assert found[group.rpartition("/")[2]] == made
    assert found["b.txt"] == made[:2]
    assert found["c.txt"] == [made[0], made[2]]
    assert ok(client.get("/v1/timemap/nothing/here"), 404).json()["code"] == "no-resource"
    inner = group.partition("/repository/")[2] + "/d"
    assert ok(client.get(f"/v1/timemap/{inner}"), 404).json()["code"] == "no-history"


def test_containers_have_no_states_by_time(client: httpx.Client) -> None:
    room = workflow.fresh("room")
    made: Json = workflow.make_container(client, room)
    answer = ok(client.get(made["id"], headers={"Accept-Datetime": date(datetime.now(UTC))}))
    assert "link" not in answer.headers
    assert "memento-datetime" not in answer.headers
