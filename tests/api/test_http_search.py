"""Search over HTTP: Binaries by path, deposits by text, identifiers. Contract section 9."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import workflow
from support.server import Server, run_command
from support.workflow import Json, ok

#: names that would be patterns, quotes or operators to a careless search
ODD = ("100%_sure.txt", 'say "hi".txt', "a'b--.txt", "Ünïcode Straße.txt", "x*y OR z.txt")


def binary(group: str, path: str) -> str:
    return "info:fedora/" + group.partition("/repository/")[2] + "/" + path


def search(client: httpx.Client, text: str, **more: Any) -> Json:
    answer: Json = ok(client.get("/search", params={"text": text, **more})).json()
    return answer


def until_filled(client: httpx.Client) -> None:
    """The search follows in the background, and tells how many groups it is behind."""
    deadline = time.monotonic() + 30
    while "pending" in search(client, "x")["fedoraSearch"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def found(client: httpx.Client, text: str, **more: Any) -> list[str]:
    until_filled(client)
    return [each["fedoraId"] for each in search(client, text, **more)["fedoraSearch"]["results"]]


@pytest.fixture
def book(client: httpx.Client, server: Server) -> str:
    word = workflow.fresh("find")
    group = f"{server.url}/repository/{word}"
    workflow.preserve_book(client, group, pages=4)
    return group


@pytest.mark.contract("16.29", "9.GET-search.shape")
def test_binaries_are_found_by_any_part_of_their_path(client: httpx.Client, book: str) -> None:
    word = book.rpartition("/")[2]
    until_filled(client)
    answer = search(client, word.upper(), pageSize=3)
    assert list(answer) == ["fedoraSearch", "text", "depositSearch", "identifier", "searchType"]
    assert answer["text"] is answer["searchType"] is None
    page = answer["fedoraSearch"]
    assert list(page) == ["total", "count", "results", "pageSize", "page"]
    loaded = workflow.binaries(workflow.load(client, book))
    assert (page["total"], page["count"], page["pageSize"], page["page"]) == (len(loaded), 3, 3, 0)
    for each in page["results"]:
        assert list(each) == ["fedoraId", "created", "lastModified", "contentSize", "mimeType"]
        stored = loaded[each["fedoraId"].partition(f"{word}/")[2]]
        assert each["created"] + "Z" == stored["created"]
        assert each["lastModified"] + "Z" == stored["lastModified"]
        assert each["contentSize"] == stored["size"]
        assert each["mimeType"] == stored["contentType"]
    assert set(found(client, f"{word}/objects/page")) == {
        binary(book, path) for path in loaded if path.startswith("objects/page")
    }
    # the whole id, and the URI of a resource
    first = sorted(loaded)[0]
    assert found(client, binary(book, first)) == [binary(book, first)]
    assert found(client, loaded[first]["id"]) == [binary(book, first)]


@pytest.mark.contract("16.29", "9.GET-search.paging")
def test_pages_count_from_zero_and_hold_everything_once(client: httpx.Client, book: str) -> None:
    word = book.rpartition("/")[2]
    until_filled(client)
    every: list[str] = []
    for page in range(9):
        answer = search(client, word, pageNumber=page, pageSize=2)["fedoraSearch"]
        every += [each["fedoraId"] for each in answer["results"]]
        assert answer["page"] == page
    assert len(every) == len(set(every)) == answer["total"]
    assert search(client, word, pageNumber=100)["fedoraSearch"]["results"] == []


def test_what_changed_last_comes_first(client: httpx.Client, book: str) -> None:
    word = book.rpartition("/")[2]
    deposit = workflow.make_deposit(client, archivalGroup=book)
    workflow.fill(deposit, {"objects/page 0002.png": b"a new second page"})
    item = workflow.binary(book, deposit, "objects/page 0002.png", b"a new second page")
    workflow.run_job(client, deposit, workflow.hand_written(deposit, book, binariesToPatch=[item]))
    assert found(client, word)[0] == binary(book, "objects/page 0002.png")
    assert found(client, word).count(binary(book, "objects/page 0002.png")) == 1


def test_no_character_of_a_text_is_a_pattern(client: httpx.Client, server: Server) -> None:
    word = workflow.fresh("odd")
    group = f"{server.url}/repository/{word}"
    files = {f"objects/{name}": name.encode() for name in ODD}
    deposit = workflow.make_filled(client, group, files)
    items = [workflow.binary(group, deposit, path, data) for path, data in files.items()]
    workflow.run_job(client, deposit, workflow.hand_written(deposit, group, binariesToAdd=items))
    for name in ODD:
        assert found(client, f"{word}/objects/{name.upper()}"[:-4]) == [
            binary(group, f"objects/{name}")
        ], name
    for pattern in (f"{word}%", f"{word[:-1]}_/", "x_y or z.", '100"sure', "*", "%%%", "x OR z"):
        assert not [each for each in found(client, pattern) if word in each], pattern


def test_short_texts_are_found_where_names_begin(client: httpx.Client, server: Server) -> None:
    word = workflow.fresh("short")
    group = f"{server.url}/repository/{word}"
    files = {"qz/one.txt": b"1", "other/QZ2.txt": b"2", "other/xqz.txt": b"3"}
    deposit = workflow.make_filled(client, group, files)
    items = [workflow.binary(group, deposit, path, data) for path, data in files.items()]
    workflow.run_job(client, deposit, workflow.hand_written(deposit, group, binariesToAdd=items))
    hits = [binary(group, path) for path in ("qz/one.txt", "other/QZ2.txt")]
    assert {each for each in found(client, "qz", pageSize=500) if word in each} == set(hits)
    assert {each for each in found(client, "Q", pageSize=500) if word in each} == set(hits)
    everything = [each for each in found(client, "/", pageSize=500) if word in each]
    assert len(everything) == 3


@pytest.mark.contract("9.GET-search.type")
def test_the_type_says_whose_pages_are_counted(client: httpx.Client, book: str) -> None:
    word = book.rpartition("/")[2]
    until_filled(client)

    def pages(**more: Any) -> tuple[int, int | None]:
        answer = search(client, word, pageSize=1, **more)
        deposits = answer["depositSearch"]
        return answer["fedoraSearch"]["page"], deposits["page"] if deposits else None

    assert pages() == (0, 0)
    assert pages(pageNumber=1) == (1, None)
    assert pages(type="fedora", pageNumber=1) == (1, 0)
    assert pages(type="Fedora", otherPage=1) == (0, None)
    assert pages(type="Deposits", otherPage=2) == (2, 0)
    assert pages(type="Deposits", pageNumber=2) == (0, None)


@pytest.mark.contract("9.GET-search.deposits")
def test_deposits_are_found_by_their_texts(client: httpx.Client, server: Server) -> None:
    word = workflow.fresh("dep")
    group = f"{server.url}/repository/group-{word}"
    first = workflow.make_deposit(client, archivalGroup=group, archivalGroupName=f"Ärger {word}")
    second = workflow.make_deposit(client, submissionText=f"50%_off\n{word.upper()}")
    for text, expected in (
        (word, [second, first]),
        (f"ÄRGER {word}", [first]),
        (f"GROUP-{word}", [first]),
        (second["id"].rpartition("/")[2], [second]),
        (f"50%_off\n{word}", [second]),
        (f"50%__ff\n{word}", []),
    ):
        answer = search(client, text)["depositSearch"]
        assert (
            [d["id"] for d in answer["deposits"]] if answer else [d["id"] for d in expected] == []
        ), text
        if expected:
            assert [d["id"] for d in answer["deposits"]] == [d["id"] for d in expected], text
            assert list(answer) == ["deposits", "total", "page", "pageSize"]
            assert answer["total"] == len(expected)
        else:
            assert answer is None
    ok(client.patch(second["id"], json={"submissionText": "gone"}))
    assert search(client, f"50%_off\n{word}")["depositSearch"] is None
    ok(client.delete(first["id"]), 204)
    assert search(client, f"Ärger {word}")["depositSearch"] is None


def test_identifiers_are_looked_up(start_server: Callable[..., Server], tmp_path: Path) -> None:
    table = tmp_path / "identifiers.csv"
    table.write_text(
        "schema,value,path,name\ncatirn,IRN 77,books/seven,Seven\npid,abc123,books/pid,By pid\n"
        "pid,twice,books/a,A\npid,twice,books/b,B\n"
    )
    configuration = tmp_path / "identifiers.toml"
    configuration.write_text(
        f'[schemas.catirn]\ntable = "{table}"\n\n[schemas.pid]\ntable = "{table}"\n'
    )
    server = start_server(options=["--identifiers", str(configuration)])
    with workflow.connect(server.url) as client:
        record = search(client, "IRN 77")["identifier"]
        assert record["id"] == "IRN 77"
        assert record["title"] == "Seven"
        assert record["repositoryUri"] == f"{server.url}/repository/books/seven"
        assert list(record) == [
            "id",
            "ePid",
            "created",
            "updated",
            "catIrn",
            "desc",
            "status",
            "title",
            "catalogueApiUri",
            "manifestUri",
            "repositoryUri",
        ]
        assert search(client, "abc123")["identifier"]["title"] == "By pid"
        assert search(client, "unknown")["identifier"] is None
        assert search(client, "twice")["identifier"] is None
        # a search is no failure because a table is
        table.write_text("nonsense")
        assert search(client, "abc123")["identifier"] is None


@pytest.mark.contract("19.GET-search.400")
@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({}, ["text"]),
        ({"text": ""}, ["text"]),
        ({"text": "  "}, ["text"]),
        ({"text": "x" * 4001}, ["text"]),
        ({"text": "x", "pageNumber": -1}, ["pageNumber"]),
        ({"text": "x", "pageNumber": "one"}, ["pageNumber"]),
        ({"text": "x", "pageSize": 0}, ["pageSize"]),
        ({"text": "x", "pageSize": 501}, ["pageSize"]),
        ({"text": "x", "type": "Nothing"}, ["type"]),
        ({"otherPage": -1, "pageSize": 0, "type": "x"}, ["text", "otherPage", "pageSize", "type"]),
    ],
)
def test_all_that_is_wrong_with_a_search_is_said_at_once(
    client: httpx.Client, query: Json, wrong: list[str]
) -> None:
    problem = ok(client.get("/search", params=query), 400).json()
    assert problem["code"] == "bad-search"
    assert [fault["path"] for fault in problem["errors"]] == wrong


@pytest.mark.contract("19.Storage.GET-FedoraSearch.400")
@pytest.mark.parametrize(
    "query", [{}, {"text": " "}, {"text": "x", "page": -1}, {"text": "x", "pageSize": 501}]
)
def test_the_storage_search_refuses_alike(
    client: httpx.Client, server: Server, query: Json
) -> None:
    answer = client.get(f"{server.storage_url}/FedoraSearch", params=query)
    assert ok(answer, 400).json()["code"] == "bad-search"


@pytest.mark.contract("9.GET-FedoraSearch")
def test_the_storage_search_pages_or_tells_everything(
    client: httpx.Client, server: Server, book: str
) -> None:
    word = book.rpartition("/")[2]
    until_filled(client)
    uri = f"{server.storage_url}/FedoraSearch"
    page = ok(client.get(uri, params={"text": word, "page": 1, "pageSize": 2})).json()
    assert (page["count"], page["page"], page["pageSize"]) == (2, 1, 2)
    every = ok(client.get(uri, params={"text": word})).json()
    assert list(every) == ["total", "count", "results", "pageSize", "page"]
    assert every["total"] == every["count"] == len(every["results"]) == page["total"]
    assert every["results"][2:4] == page["results"]
    nothing = ok(client.get(uri, params={"text": word + "nothing"})).json()
    assert nothing == {"total": 0, "count": 0, "results": [], "pageSize": 0, "page": 0}


def test_what_is_deleted_and_rebuilt_is_found_accordingly(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    group = f"{server.url}/repository/rebuilt"
    with workflow.connect(server.url) as client:
        workflow.preserve_book(client, group, pages=3)
        deposit = workflow.make_deposit(client, archivalGroup=group)
        gone = {"id": workflow.member(group, "objects/page 0001.png")}
        job = workflow.hand_written(deposit, group, binariesToDelete=[gone])
        workflow.run_job(client, deposit, job)
        before = found(client, "rebuilt")
        assert binary(group, "objects/page 0001.png") not in before
        assert binary(group, "objects/page 0002.png") in before
    server.stop()
    assert run_command("rebuild", "--data", str(server.data)).returncode == 0
    server.start()
    with workflow.connect(server.url) as client:
        assert found(client, "rebuilt") == before
