"""Deleting the database and rebuilding it from storage changes no answer by a single byte."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from support import postgres, samples, workflow
from support.server import Server, run_command
from support.workflow import (
    assert_holds,
    export,
    fill,
    hand_written,
    load,
    make_container,
    make_deposit,
    member,
    ok,
    preserve,
    run_diff,
    run_job,
)

#: a correlation id stands in problem documents, so it must be the same each time
FIXED = {"x-correlation-id": "snapshot"}


def crawl(server: Server, client: httpx.Client, tombstones: list[str]) -> dict[str, bytes]:
    """Every answer about the repository, its storage maps and its streams, by address."""
    seen: dict[str, bytes] = {}

    def look(uri: str, *, status: int = 200) -> bytes:
        answer = client.get(uri, headers=FIXED)
        assert answer.status_code == status, (uri, answer.status_code, answer.text[:500])
        kept = {
            name: answer.headers[name]
            for name in ("content-type", "etag", "content-length")
            if name in answer.headers
        }
        seen[uri] = json.dumps(kept).encode() + answer.content
        return answer.content

    def group(uri: str, path: str) -> None:
        loaded = json.loads(look(uri))
        look(f"{uri}?view=lightweight")
        look(f"{uri}?view=mets")
        for version in loaded["versions"]:
            name = version["ocflVersion"]
            older = json.loads(look(f"{uri}?version={name}"))
            look(f"{server.url}/ocfl/storagemap/{path}?version={name}")
            look(f"{server.storage_url}/ocfl/storagemap/{path}?version={name}")
            look(f"{server.storage_url}/repository/{path}?version={name}")
            for resource in workflow.walk(older):
                look(f"{resource['id']}?version={name}")
                if resource["type"] == "Binary":
                    look(f"{resource['content']}?version={name}")

    def container(uri: str) -> None:
        listing = json.loads(look(uri))
        for child in listing["containers"]:
            path = child["id"].partition("/repository/")[2]
            look(f"{server.storage_url}/repository/{path}")
            if child["type"] == "ArchivalGroup":
                group(child["id"], path)
            else:
                container(child["id"])

    container(f"{server.url}/repository")
    look(f"{server.storage_url}/repository")
    for gone in tombstones:
        look(gone, status=410)
    for stream in (
        f"{server.url}/activity/archivalgroups",
        f"{server.storage_url}/activity/importjobs",
    ):
        collection = json.loads(look(f"{stream}/collection"))
        for number in range(1, collection["totalItems"] // 100 + 2):
            look(f"{stream}/pages/{number}")
    return seen


def populate(server: Server, client: httpx.Client) -> list[str]:
    """Something of everything that storage must remember; the tombstones in it."""
    root = f"{server.url}/repository"
    make_container(client, "library", "The Library & more")
    make_container(client, "library/books")
    make_container(client, "empty", "Leer 📚")
    for path in ("gone", "purged", "library/gone"):
        make_container(client, path)
    ok(client.delete("/repository/gone"), 204)
    ok(client.delete("/repository/library/gone"), 204)
    ok(client.delete("/repository/purged", params={"purge": "true"}), 204)

    group = f"{root}/library/books/my-book"
    labels = {"objects/page 0001.png": "Title “page”"}
    folders = {"metadata/ad-hoc": "Ad hoc", "nothing #1": None}
    book = samples.book(3) | {f"objects/{name}": name.encode() for name in samples.AWKWARD_NAMES}
    with workflow.connect(server.url, identity="first.author@example.org") as author:
        deposit = make_deposit(author, archivalGroup=group, archivalGroupName="My “book”")
        place = fill(deposit, samples.with_mets(book, labels=labels, folders=folders))
        for folder in folders:
            (place / folder).mkdir(parents=True, exist_ok=True)
        run_diff(author, deposit)
    with workflow.connect(server.url, identity="second author") as author:
        deposit = export(author, group)
        del book["objects/page 0002.png"]
        (workflow.local(deposit["files"]) / "objects/page 0002.png").unlink()
        book["objects/page 0001.png"] = samples.page(70)
        labels |= {"objects/page 0003.png": "Third"}
        fill(deposit, samples.with_mets(book, labels=labels, folders=folders))
        run_diff(author, deposit)
    deposit = make_deposit(client, archivalGroup=group, archivalGroupName="A third name")
    fill(deposit, {"x": b"by hand"})
    job = hand_written(
        deposit,
        group,
        containersToRename=[{"id": f"{group}/objects", "name": "Pages"}],
        containersToDelete=[{"id": member(group, "nothing #1")}],
        binariesToAdd=[
            {
                "id": member(group, "objects/hand.bin"),
                "origin": deposit["files"] + "x",
                "digest": samples.sha256(b"by hand"),
                "contentType": "application/x-odd; version=2",
                "name": "By hand",
            }
        ],
    )
    run_job(client, deposit, job)

    images = {f"objects/b1_{n}.jp2": samples.page(n) for n in range(2)}
    goobi = {**images, "b1.xml": samples.goobi_mets(samples.entries(images))}
    preserve(client, f"{root}/library/b1", goobi, name=None)
    preserve(client, f"{root}/top", samples.with_mets({"objects/a.txt": b""}))
    return [
        f"{root}/gone",
        f"{root}/library/gone",
        member(group, "objects/page 0002.png"),
        member(group, "nothing #1"),
    ]


@pytest.fixture
def rebuilt(start_server: Callable[..., Server]) -> tuple[Server, dict[str, bytes], list[str]]:
    """A server whose database was deleted and rebuilt; the answers from before; tombstones."""
    server = start_server()
    with workflow.connect(server.url) as client:
        tombstones = populate(server, client)
        before = crawl(server, client, tombstones)
    assert server.stop() == 0
    postgres.lose(server.data)
    # ids carry the public root, which is a setting and no part of storage
    ended = run_command(
        *("rebuild", "--data", str(server.data)),
        env={"STRONGROOM_PUBLIC_URL": server.url, **postgres.environment_for(server.data)},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    server.start()
    return server, before, tombstones


def test_every_answer_is_the_same(rebuilt: tuple[Server, dict[str, bytes], list[str]]) -> None:
    server, before, tombstones = rebuilt
    with workflow.connect(server.url) as client:
        after = crawl(server, client, tombstones)
        assert sorted(after) == sorted(before)
        different = [uri for uri, body in before.items() if after[uri] != body]
        for uri in different[:3]:
            assert after[uri] == before[uri], uri
        assert different == []
        assert client.get(f"{server.url}/repository/purged").status_code == 404

        # and life goes on
        group = f"{server.url}/repository/top"
        files = samples.with_mets({"objects/a.txt": b"changed", "objects/b.txt": b"new"})
        result = preserve(client, group, files)
        assert (result["sourceVersion"], result["newVersion"]) == ("v1", "v2")
        assert_holds(client, group, files)
        times = [
            event["endTime"]
            for event in json.loads(client.get("/activity/archivalgroups/pages/1").content)[
                "orderedItems"
            ]
        ]
        assert times == sorted(set(times))
        assert len(times) == 6
        assert_problem_free(client)


def assert_problem_free(client: httpx.Client) -> None:
    """The paths that tombstones hold are still held, and the purged one is free."""
    assert client.put("/repository/gone").status_code == 409
    assert client.put("/repository/purged").status_code == 201
    assert client.put("/repository/library/books/my-book/x").status_code == 409


def test_a_rebuild_beside_a_running_server_is_refused(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    with workflow.connect(server.url) as client:
        preserve(client, f"{server.url}/repository/a", samples.with_mets(samples.book(1)))
        ended = run_command("rebuild", "--data", str(server.data))
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        assert load(client, f"{server.url}/repository/a")["version"]["ocflVersion"] == "v1"


def test_a_rebuild_of_an_untouched_database_changes_nothing(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    with workflow.connect(server.url) as client:
        tombstones = populate(server, client)
        before = crawl(server, client, tombstones)
        open_deposit = make_deposit(client, submissionText="still open")
    assert server.stop() == 0
    ended = run_command(
        *("rebuild", "--data", str(server.data)),
        env={"STRONGROOM_PUBLIC_URL": server.url, **postgres.environment_for(server.data)},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    server.start()
    with workflow.connect(server.url) as client:
        assert crawl(server, client, tombstones) == before
        # work in hand is kept, since only the index is made again
        assert client.get(open_deposit["id"]).json() == open_deposit
