"""The activity streams: order, paging, shapes, links, and events that clients push."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from support import samples, workflow
from support.server import Server
from support.shapes import UTC_TIME, assert_problem, assert_shape
from support.workflow import get, load, make_deposit, make_filled, ok, post_diff, preserve, wait

CONTEXT = "http://iiif.io/api/discovery/1/context.json"
PAGE = 100


@pytest.fixture
def streams(server: Server) -> tuple[str, str]:
    """Roots of the two streams: of Archival Groups, and of import jobs."""
    return (
        f"{server.url}/activity/archivalgroups",
        f"{server.storage_url}/activity/importjobs",
    )


def events(client: httpx.Client, stream: str) -> list[dict[str, Any]]:
    """Every event, oldest first, read backwards from the last page as consumers do."""
    collection = get(client, f"{stream}/collection")
    found: list[dict[str, Any]] = []
    at = collection.get("last", {}).get("id")
    while at:
        page = get(client, at)
        found = page["orderedItems"] + found
        at = page.get("prev", {}).get("id")
    assert collection["totalItems"] == len(found)
    return found


def moment(event: dict[str, Any]) -> datetime:
    assert UTC_TIME.fullmatch(event["endTime"])
    return datetime.fromisoformat(event["endTime"])


@pytest.mark.contract("19.Storage.GET-activity.500")
def test_an_empty_stream(start_server: Any) -> None:
    fresh = start_server()
    with workflow.connect(fresh.url) as client:
        for stream in (
            f"{fresh.url}/activity/archivalgroups",
            f"{fresh.storage_url}/activity/importjobs",
        ):
            collection = get(client, f"{stream}/collection")
            assert_shape("OrderedCollection", collection)
            assert collection["totalItems"] == 0
            page = get(client, f"{stream}/pages/1")
            assert_shape("OrderedCollectionPage", page)
            assert page["orderedItems"] == []
            assert "next" not in page
            assert "prev" not in page


@pytest.mark.contract("16.24", "16.25")
def test_imports_make_events(
    server: Server, client: httpx.Client, group: str, streams: tuple[str, str]
) -> None:
    before = [len(events(client, stream)) for stream in streams]
    first = preserve(client, group, samples.with_mets(samples.book(1)))
    second = preserve(client, group, samples.with_mets(samples.book(2)))
    place = group.partition("/repository/")[2]

    groups = events(client, streams[0])[before[0] :]
    assert [event["type"] for event in groups] == ["Create", "Update"]
    for event, result in zip(groups, (first, second), strict=True):
        assert_shape("Activity", event)
        assert event["object"]["id"] == group
        assert event["object"]["type"] == "ArchivalGroup"
        assert event["endTime"] == result["dateFinished"]
        (link,) = event["object"]["seeAlso"]
        assert link["type"] == "ImportJobResult"
        assert link["id"].startswith(f"{server.storage_url}/import/results/")
        stored = get(client, link["id"])
        assert stored["newVersion"] == result["newVersion"]
        assert stored["id"] == link["id"]

    jobs = events(client, streams[1])[before[1] :]
    assert [event["type"] for event in jobs] == ["Update", "Update"]
    for event, result in zip(jobs, (first, second), strict=True):
        assert_shape("Activity", event)
        assert event["object"]["type"] == "ImportJob"
        assert get(client, event["object"]["id"])["newVersion"] == result["newVersion"]
        assert event["object"]["seeAlso"] == [
            {"id": f"{server.storage_url}/repository/{place}", "type": "ArchivalGroup"}
        ]
        assert event["startTime"] == result["created"]
        assert event["endTime"] == result["dateFinished"]


def test_the_event_is_there_when_the_job_says_completed(
    client: httpx.Client, group: str, streams: tuple[str, str]
) -> None:
    result = preserve(client, group, samples.with_mets(samples.book(1)))
    newest = events(client, streams[0])[-1]
    assert newest["object"]["id"] == group
    assert newest["endTime"] == result["dateFinished"]
    assert load(client, group)["lastModified"] == result["dateFinished"]


@pytest.mark.contract("17.7")
def test_failed_imports_make_no_events(
    client: httpx.Client, group: str, streams: tuple[str, str]
) -> None:
    book = samples.book(1)
    wrong = samples.entries(book, digests={"objects/page 0001.png": "0" * 64})
    deposit = make_filled(client, group, {**book, "mets.xml": samples.plain_mets(wrong)})
    before = events(client, streams[0])
    result = wait(client, ok(post_diff(client, deposit), 201).json())
    assert result["status"] == "completedWithErrors"
    assert events(client, streams[0]) == before
    assert all(
        event["object"]["seeAlso"][0]["id"].partition("/repository/")[2]
        != group.partition("/repository/")[2]
        for event in events(client, streams[1])
    )


@pytest.mark.contract("16.23", "17.13")
def test_times_are_strictly_increasing_and_pages_hold_together(
    server: Server, client: httpx.Client, room: str, streams: tuple[str, str]
) -> None:
    mets = samples.plain_mets([], title="N")

    def one(number: int) -> None:
        with workflow.connect(server.url) as own:
            group = f"{server.url}/repository/{room}/g{number}"
            deposit = make_filled(own, group, {"mets.xml": mets})
            result = wait(own, ok(post_diff(own, deposit), 201).json())
            assert result["status"] == "completed", result

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(PAGE + 5)))
    for stream in streams:
        found = events(client, stream)
        times = [moment(event) for event in found]
        assert all(a < b for a, b in pairwise(times))
        assert all(time.microsecond % 1000 == 0 for time in times)
        collection = get(client, f"{stream}/collection")
        assert_shape("OrderedCollection", collection)
        assert collection["@context"] == CONTEXT
        assert collection["id"] == f"{stream}/collection"
        assert collection["type"] == "OrderedCollection"
        pages = -(-len(found) // PAGE)
        assert pages >= 2
        link = "OrderedCollectionPage"
        assert collection["first"] == {"id": f"{stream}/pages/1", "type": link}
        assert collection["last"] == {"id": f"{stream}/pages/{pages}", "type": link}
        assert "partOf" not in collection
        forwards = []
        for number in range(1, pages + 1):
            page = get(client, f"{stream}/pages/{number}")
            assert_shape("OrderedCollectionPage", page)
            assert page["id"] == f"{stream}/pages/{number}"
            assert page["startIndex"] == (number - 1) * PAGE
            assert page["partOf"] == {"id": collection["id"], "type": "OrderedCollection"}
            assert ("prev" in page) == (number > 1)
            assert ("next" in page) == (number < pages)
            if number > 1:
                assert page["prev"] == {"id": f"{stream}/pages/{number - 1}", "type": link}
            if number < pages:
                assert page["next"] == {"id": f"{stream}/pages/{number + 1}", "type": link}
                assert len(page["orderedItems"]) == PAGE
            forwards += page["orderedItems"]
        assert forwards == found
        beyond = get(client, f"{stream}/pages/{pages + 1}")
        assert beyond["orderedItems"] == []
        assert "next" not in beyond


@pytest.mark.contract("17.21")
@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "%20", "9" * 30])
def test_pages_that_are_no_pages(
    client: httpx.Client, streams: tuple[str, str], number: str
) -> None:
    for stream in streams:
        assert_problem(client.get(f"{stream}/pages/{number}"), (400, 404))


# ------------------------------------------------------------------------------------- push


def push(client: httpx.Client, **fields: object) -> httpx.Response:
    return client.post("/activity/archivalgroups/collection", json=fields)


@pytest.mark.contract("17.13")
def test_a_pushed_event(client: httpx.Client, group: str, streams: tuple[str, str]) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    groups, jobs = (events(client, stream) for stream in streams)
    answer = push(client, type="Update", object={"id": group, "type": "ArchivalGroup"})
    assert ok(answer, 204).content == b""
    after = events(client, streams[0])
    assert after[:-1] == groups
    newest = after[-1]
    assert newest["type"] == "Update"
    assert newest["object"] == {"id": group, "type": "ArchivalGroup"}
    assert moment(newest) > moment(groups[-1])
    assert events(client, streams[1]) == jobs
    # an import after it comes after it
    preserve(client, group, samples.with_mets(samples.book(2)))
    last = events(client, streams[0])
    assert last[:-1] == after
    assert moment(last[-1]) > moment(newest)


def test_bad_pushes_make_no_events(
    server: Server, client: httpx.Client, room: str, group: str, streams: tuple[str, str]
) -> None:
    preserve(client, group, samples.with_mets(samples.book(1)))
    workflow.make_container(client, f"{room}/gone")
    ok(client.delete(f"/repository/{room}/gone"), 204)
    before = events(client, streams[0])
    root = f"{server.url}/repository/{room}"
    fine = {"id": group, "type": "ArchivalGroup"}
    for fields, status in (
        ({}, 400),
        ({"type": "Update"}, 400),
        ({"type": "Create", "object": fine}, 400),
        ({"type": "Delete", "object": fine}, 400),
        ({"type": "Update", "object": {"id": group, "type": "Container"}}, 400),
        ({"type": "Update", "object": {"type": "ArchivalGroup"}}, 400),
        ({"type": "Update", "object": {**fine, "id": "https://other.example/x"}}, 400),
        ({"type": "Update", "object": {**fine, "id": root}}, 400),
        ({"type": "Update", "object": {**fine, "id": f"{group}/mets.xml"}}, 400),
        ({"type": "Update", "object": {**fine, "id": f"{root}/absent"}}, 404),
        ({"type": "Update", "object": {**fine, "id": f"{root}/gone"}}, 410),
    ):
        assert_problem(push(client, **fields), status)  # type: ignore[arg-type]
    assert_problem(client.post("/activity/archivalgroups/collection"), 400)
    assert events(client, streams[0]) == before
    # nothing of this is a deposit either
    make_deposit(client, archivalGroup=group)
