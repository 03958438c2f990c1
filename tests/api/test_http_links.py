"""Links to files of deposits: a plain HTTP client puts and reads by them, in buckets or not."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from strongroom.client import Client, digest
from strongroom.errors import StrongroomError
from support import samples, stages, workflow
from support.s3_server import S3Server
from support.stages import Stage
from support.workflow import Json, ok

#: names with all that URLs are made of
AWKWARD = "objects/a b+c #1?&=%41 é/né.txt"
TEXT = "päge one\n".encode()


@pytest.fixture(scope="module", params=["local-local", "s3-local"])
def stage(
    request: pytest.FixtureRequest, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with stages.opened(request.param, tmp_path_factory.mktemp("links"), s3) as opened:
        yield opened


@pytest.fixture
def deposit(stage: Stage) -> Json:
    return workflow.make_deposit(stage.client)


def put(path: str, data: bytes = TEXT, **changed: Any) -> Json:
    """A link as it is asked for."""
    wanted = {"path": path, "digest": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return {"method": "PUT", **wanted, **changed}


def ask(stage: Stage, deposit: Json, *links: Json, **more: Any) -> httpx.Response:
    place = urlsplit(deposit["id"]).path.replace("/deposits/", "/v1/deposits/")
    body = {"links": list(links), **more}
    headers = more.pop("headers", {})
    body.pop("headers", None)
    return stage.client.post(f"{stage.server.url}{place}/links", json=body, headers=headers)


def made(stage: Stage, deposit: Json, *links: Json, **more: Any) -> list[Json]:
    answer = ok(ask(stage, deposit, *links, **more), 200)
    assert answer.headers["cache-control"] == "no-store"
    found: list[Json] = answer.json()["links"]
    return found


def send(link: Json, data: bytes | None = None) -> httpx.Response:
    """The request of a link, by a client that knows nothing else."""
    return httpx.request(
        link["method"],
        link["url"],
        headers=link["headers"],
        content=data,
        trust_env=False,
        verify=workflow.NO_TLS,
    )


def faults(answer: httpx.Response, status: int) -> list[tuple[str, str | None]]:
    return [(fault["code"], fault.get("path")) for fault in ok(answer, status).json()["errors"]]


def test_the_client_puts_and_reads_by_links(
    stage: Stage, deposit: Json, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With a key, which a bucket would refuse beside the signature of a link."""
    caplog.set_level(logging.DEBUG)
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 9_000)
    known = digest(source)
    with Client(stage.server.url, "ann", api_key="sr_not-asked-for") as client:
        link = client.links.to_put(deposit["id"], AWKWARD, known)
        assert client.links.put(link, source, known=known) == known
        read = client.links.to_get(deposit["id"], AWKWARD)
        assert client.links.get(read, tmp_path / "back", expected=known) == known
    logged = caplog.text
    assert "HTTP Request: PUT" in logged
    assert "Signature=" not in logged
    assert (tmp_path / "back").read_bytes() == source.read_bytes() == stage.read(deposit, AWKWARD)


def test_files_are_put_and_read_by_links(stage: Stage, deposit: Json) -> None:
    one, empty = made(stage, deposit, put(AWKWARD), put("objects/empty", b""))
    assert (one["path"], one["method"]) == (AWKWARD, "PUT")
    assert send(one, TEXT).status_code in (200, 201)
    assert send(empty, b"").status_code in (200, 201)
    assert stage.read(deposit, AWKWARD) == TEXT
    assert stage.read(deposit, "objects/empty") == b""
    (read,) = made(stage, deposit, {"method": "get", "path": AWKWARD})
    answer = send(read)
    assert (answer.status_code, answer.content) == (200, TEXT)
    assert read["method"] == "GET"
    # in place of another
    (again,) = made(stage, deposit, put(AWKWARD, b"two"))
    assert send(again, b"two").status_code == 200
    assert stage.read(deposit, AWKWARD) == b"two"


def test_where_links_lead(stage: Stage, deposit: Json) -> None:
    (link,) = made(stage, deposit, put("objects/a.tif"), seconds=60)
    if stage.in_bucket:
        assert link["url"].startswith(stage.s3.endpoint)
        assert link["headers"].keys() == {
            "Content-Length",
            "Content-Type",
            "x-amz-checksum-sha256",
        }
        assert link["expires"].endswith("Z")
    else:
        assert link["url"].startswith(f"{stage.server.url}/v1/deposits/")
        assert link["headers"].keys() == {"Content-Length", "Content-Digest", "X-Client-Identity"}
        assert link["expires"] is None


def test_a_link_brings_just_the_file_that_it_is_for(stage: Stage, deposit: Json) -> None:
    (link,) = made(stage, deposit, put("objects/a", b"right"))
    assert send(link, b"wrong").status_code in (400, 422)
    assert stage.paths(deposit) in ([], ["objects/"])


def test_what_came_by_a_link_is_preserved_with_the_digest_that_was_promised(
    stage: Stage,
) -> None:
    """METS states none: the store's own, or the one that the server took, stands in for it."""
    group = stage.group()
    data = b"some text"
    mets = samples.plain_mets(
        samples.entries({"objects/a.txt": data}, digests={"objects/a.txt": None})
    )
    deposit = workflow.make_deposit(stage.client, archivalGroup=group)
    wanted = {"mets.xml": mets, "objects/a.txt": data}
    links = made(stage, deposit, *(put(path, each) for path, each in wanted.items()))
    for link, each in zip(links, wanted.values(), strict=True):
        assert send(link, each).status_code in (200, 201)
    diff = workflow.get_diff(stage.client, deposit)
    digests = {item["id"].rpartition("/")[2]: item["digest"] for item in diff["binariesToAdd"]}
    assert digests["a.txt"] == samples.sha256(data)
    workflow.run_diff(stage.client, deposit)
    workflow.assert_holds(stage.client, group, wanted)


def test_a_link_ends(stage: Stage, deposit: Json) -> None:
    if not stage.in_bucket:
        pytest.skip("links to our own files do not end")
    (link,) = made(stage, deposit, put("objects/a"), seconds=1)
    time.sleep(2.1)
    assert send(link, TEXT).status_code == 403
    assert stage.paths(deposit) == []


def test_all_that_is_wrong_is_named_at_once(stage: Stage, deposit: Json) -> None:
    answer = ask(
        stage,
        deposit,
        put("objects/../x"),
        put("objects/a", digest="abc", size=-1),
        {"method": "DELETE", "path": "objects/b"},
        {"path": "objects/c"},
        put("objects/d"),
        put("objects/d"),
        put("objects/e"),
        put("objects/e/f"),
        put("__METSlike.json"),
        seconds=0,
    )
    named = faults(answer, 400)
    assert ("bad-link", "seconds") in named
    assert ("bad-digest", "objects/a") in named and ("bad-size", "objects/a") in named
    assert ("bad-link", "objects/b") in named
    assert ("bad-digest", "objects/c") in named and ("bad-size", "objects/c") in named
    assert ("links-collide", "objects/d") in named
    assert ("links-collide", "objects/e") in named
    assert ("reserved-path", "__METSlike.json") in named
    assert any(path == "objects/../x" for _, path in named)
    assert stage.paths(deposit) == []


@pytest.mark.parametrize("count", [0, 1001])
def test_how_many_links_there_can_be(stage: Stage, deposit: Json, count: int) -> None:
    answer = ask(stage, deposit, *(put(f"objects/{number}") for number in range(count)))
    assert faults(answer, 400) == [("bad-link", "links")]


def test_many_links_come_in_the_order_in_which_they_are_wanted(stage: Stage, deposit: Json) -> None:
    links = made(stage, deposit, *(put(f"objects/{n % 10}/{n}") for n in range(200)))
    assert [link["path"] for link in links] == [f"objects/{n % 10}/{n}" for n in range(200)]
    assert len({link["url"] for link in links}) == 200


def test_what_is_not_there_cannot_be_read(stage: Stage, deposit: Json) -> None:
    stage.put(deposit, "objects/there", b"x")
    reads = [{"method": "GET", "path": f"objects/{name}"} for name in ("there", "one", "two")]
    answer = ask(stage, deposit, *reads)
    assert [code for code, _ in faults(answer, 404)] == ["not-found", "not-found"]


def test_files_and_folders_in_the_way(stage: Stage, deposit: Json) -> None:
    stage.put(deposit, "objects/file", b"x")
    stage.put(deposit, "objects/folder/y", b"x")
    wanted = [put("objects/folder"), put("objects/file/z")]
    if stage.in_bucket:
        answer = ask(stage, deposit, *wanted, put("objects/fine"))
        assert len(faults(answer, 409)) == 2
        return
    # our own files look for themselves
    for link in made(stage, deposit, *wanted):
        assert send(link, TEXT).status_code == 409


def test_no_link_brings_more_than_one_request_can(stage: Stage, deposit: Json) -> None:
    answer = ask(stage, deposit, put("objects/huge", size=(5 << 30) + 1))
    if stage.in_bucket:
        assert faults(answer, 413) == [("link-too-large", "objects/huge")]
    else:
        ok(answer, 200)


def test_others_get_no_links_to_write_while_the_deposit_is_locked(
    stage: Stage, deposit: Json
) -> None:
    me, other = {"X-Client-Identity": "me"}, {"X-Client-Identity": "other"}
    ok(stage.client.post(f"{deposit['id']}/lock", headers=me), 204)
    assert ask(stage, deposit, put("objects/a"), headers=other).status_code == 409
    (link,) = made(stage, deposit, put("objects/a"), headers=me)
    assert send(link, TEXT).status_code in (200, 201)
    (read,) = made(stage, deposit, {"method": "GET", "path": "objects/a"}, headers=other)
    assert send(read).content == TEXT


def test_a_deposit_that_is_not_there(stage: Stage) -> None:
    nowhere = {"id": f"{stage.server.url}/deposits/nosuchdeposit"}
    assert ask(stage, nowhere, put("objects/a")).status_code == 404
    assert ask(stage, nowhere, {"method": "GET", "path": "a"}).status_code == 404


def test_no_signature_is_logged(stage: Stage, deposit: Json) -> None:
    made(stage, deposit, put("objects/a"))
    log = stage.server.log_text()
    assert "Signature" not in log
    assert stage.s3.secret_key not in log


# ---------------------------------------------------------------------------- files in parts

LEAST = 5 << 20
FILM = bytes(range(256)) * (LEAST // 256) + b"end"


def upload(stage: Stage, deposit: Json, path: str, action: str = "", **more: Any) -> httpx.Response:
    place = urlsplit(deposit["id"]).path.replace("/deposits/", "/v1/deposits/")
    headers = more.pop("headers", {})
    address = f"{stage.server.url}{place}/uploads{action}"
    return stage.client.post(address, json={"path": path, **more}, headers=headers)


def begun(stage: Stage, deposit: Json, path: str = AWKWARD, **more: Any) -> Json:
    if not stage.in_bucket:
        answer = upload(stage, deposit, path, size=len(FILM))
        assert ok(answer, 409).json()["code"] == "no-parts"
        pytest.skip("files in a folder are put whole")
    answer = ok(upload(stage, deposit, path, size=len(FILM), partSize=LEAST, **more), 200)
    assert answer.headers["cache-control"] == "no-store"
    found: Json = answer.json()
    return found


def send_parts(links: Json) -> list[str]:
    """The ETags of all parts, sent last to first."""
    found = []
    for part in reversed(links["parts"]):
        start = (part["number"] - 1) * links["partSize"]
        answer = send(part, FILM[start : start + part["size"]])
        assert answer.status_code == 200, answer.text
        found.append(answer.headers["etag"])
    return found[::-1]


def test_a_file_is_sent_in_parts(stage: Stage, deposit: Json) -> None:
    links = begun(stage, deposit)
    assert [(part["number"], part["size"]) for part in links["parts"]] == [(1, LEAST), (2, 3)]
    etags = send_parts(links)
    assert stage.paths(deposit) == []
    # links that have ended are made anew, and a part may be sent again
    again = begun(stage, deposit, upload=links["upload"])
    assert again["upload"] == links["upload"]
    assert send(again["parts"][1], FILM[LEAST:]).headers["etag"] == etags[1]
    for _ in range(2):  # the second as by a client that has lost the answer
        done = ok(
            upload(stage, deposit, AWKWARD, "/complete", upload=links["upload"], etags=etags), 200
        )
        assert (done.json()["path"], done.json()["size"]) == (AWKWARD, len(FILM))
    assert stage.read(deposit, AWKWARD) == FILM


def test_a_program_sends_a_file_in_parts(stage: Stage, deposit: Json, tmp_path: Path) -> None:
    if not stage.in_bucket:
        pytest.skip("files in a folder are put whole")
    film = tmp_path / "film"
    film.write_bytes(FILM)
    told: list[int] = []
    with Client(stage.server.url) as client:
        done = client.uploads.put(deposit["id"], AWKWARD, film, part_size=LEAST, seen=told.append)
        assert (done.path, done.size, sorted(told)) == (AWKWARD, len(FILM), [3, LEAST])
        assert stage.read(deposit, AWKWARD) == FILM
        # one that became shorter meanwhile leaves nothing behind
        upload = client.uploads.begin(deposit["id"], "b", size=len(FILM) + 1, part_size=LEAST)
        assert "Signature" not in repr(upload)
        with pytest.raises(StrongroomError, match="shorter"):
            client.uploads.send(upload, upload.parts[1], film)
        client.uploads.abort(deposit["id"], upload)
    bucket, prefix = stage.bucket_and_prefix(deposit)
    assert [key for key in stage.s3.uploads(bucket) if key.startswith(prefix)] == []


def test_parts_are_held_to_what_was_said_of_them(stage: Stage, deposit: Json) -> None:
    links = begun(stage, deposit, "objects/film")
    shorter = links["parts"][0] | {"headers": {"Content-Length": str(LEAST - 1)}}
    assert send(shorter, FILM[: LEAST - 1]).status_code == 403
    etags = send_parts(links)
    for wrong in (etags[:1], [*etags, etags[0]], etags[::-1], ['"0"', etags[1]]):
        answer = upload(
            stage, deposit, "objects/film", "/complete", upload=links["upload"], etags=wrong
        )
        assert ok(answer, 422).json()["code"] == "bad-parts", wrong
    assert stage.paths(deposit) == []


def test_an_upload_is_aborted(stage: Stage, deposit: Json) -> None:
    links = begun(stage, deposit, "objects/film")
    etags = send_parts(links)
    for _ in range(2):
        ok(upload(stage, deposit, "objects/film", "/abort", upload=links["upload"]), 204)
    bucket, prefix = stage.bucket_and_prefix(deposit)
    assert [key for key in stage.s3.uploads(bucket) if key.startswith(prefix)] == []
    for name in (links["upload"], "nonsense", "5-5-x", f"9-{LEAST}-x"):
        answer = upload(stage, deposit, "objects/film", "/complete", upload=name, etags=etags[:1])
        if name != links["upload"]:
            assert ok(answer, 404).json()["code"] == "no-upload", name
    answer = upload(
        stage, deposit, "objects/film", "/complete", upload=links["upload"], etags=etags
    )
    assert ok(answer, 404).json()["code"] == "no-upload"


def test_uploads_that_cannot_be(stage: Stage, deposit: Json) -> None:
    begun(stage, deposit, "objects/a/film")
    for path, more, code in (
        ("objects/../x", {}, "bad-path"),
        ("objects/x", {"size": 0}, "bad-upload"),
        ("objects/x", {"size": (5 << 40) + 1}, "bad-upload"),
        ("objects/x", {"seconds": 0}, "bad-upload"),
        ("objects/x", {"partSize": LEAST - 1}, "bad-parts"),
        ("objects/x", {"size": 5 << 40, "partSize": LEAST}, "bad-parts"),
    ):
        answer = upload(stage, deposit, path, **{"size": len(FILM), **more})
        assert ok(answer, 400).json()["code"] == code, (path, more)
    stage.put(deposit, "objects/file", b"x")
    assert upload(stage, deposit, "objects/file/x", size=1).status_code == 409
    huge = ok(upload(stage, deposit, "objects/huge", size=5 << 40), 200).json()
    assert len(huge["parts"]) <= 1024
    assert sum(part["size"] for part in huge["parts"]) == 5 << 40


def test_others_complete_no_upload_while_the_deposit_is_locked(stage: Stage, deposit: Json) -> None:
    other = {"X-Client-Identity": "other"}
    links = begun(stage, deposit, "objects/film", headers=other)
    etags = send_parts(links)
    ok(stage.client.post(f"{deposit['id']}/lock", headers={"X-Client-Identity": "me"}), 204)
    more = {"upload": links["upload"], "headers": other}
    assert upload(stage, deposit, "objects/film", "/abort", **more).status_code == 409
    answer = upload(stage, deposit, "objects/film", "/complete", etags=etags, **more)
    assert answer.status_code == 409
    assert stage.paths(deposit) == []
