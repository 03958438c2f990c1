"""Identifiers from an HTTP identity service, asked over a real socket."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import (
    BadRequest,
    Conflict,
    NotFound,
    StrongroomError,
    Unprocessable,
    UpstreamFailed,
    UpstreamTimeout,
)
from strongroom.identifiers import Identified, Resolvers, load

SECRET = "very-secret-key"


class Identities(ThreadingHTTPServer):
    """Answers each raw request path with what the test says; everything else is 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Identities

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("X-API-KEY")))
        answer = self.server.answers.get(self.path, (404, b"{}"))
        if callable(answer):
            answer(self)
            return
        status, body = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def identities() -> Iterator[Identities]:
    with Identities() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def configured(folder: Path, text: str) -> Resolvers:
    config = folder / "identifiers.toml"
    config.write_text(text, encoding="utf-8")
    return load(config, {"KEY": SECRET})


@pytest.fixture
def resolvers(tmp_path: Path, identities: Identities) -> Resolvers:
    return configured(
        tmp_path,
        f"""
        [schemas.id]
        service = "{identities.url}/"
        repository_root = "https://old.example/repository/"
        replace = {{ "/cc/" = "/collections/" }}
        header = {{ name = "X-API-KEY", env = "KEY" }}
        timeout = 2

        [schemas.irn]
        service = "{identities.url}"

        [schemas.own]
        service = "{identities.url}/base"
        query = "/find?{{schema}}={{value}}"
        results = "hits"
        fields = {{ path = "where", name = "label" }}
        """,
    )


def test_one_record_by_its_id(resolvers: Resolvers, identities: Identities) -> None:
    identities.answers["/api/v1/ids/372705"] = {
        "repositoryuri": "https://old.example/repository/cc/library/cc/372705",
        "title": " A book ",
        "more": 1,
    }
    found = resolvers.resolve("id", "372705")
    assert found == Identified(path="collections/library/cc/372705", name="A book")
    assert identities.asked == [("/api/v1/ids/372705", SECRET)]


def test_the_value_is_percent_encoded(resolvers: Resolvers, identities: Identities) -> None:
    for value in ("a/b", "../x", "a?b&c=d#e", "é +", "%41", "{value}"):
        with pytest.raises(NotFound):
            resolvers.resolve("id", value)
        with pytest.raises(NotFound):
            resolvers.resolve("irn", value)
    assert [path for path, _ in identities.asked] == [
        request
        for encoded in (
            "a%2Fb",
            "..%2Fx",
            "a%3Fb%26c%3Dd%23e",
            "%C3%A9%20%2B",
            "%2541",
            "%7Bvalue%7D",
        )
        for request in (f"/api/v1/ids/{encoded}", f"/api/v1/ids?q={encoded}&s=irn")
    ]
    for value in (".", ".."):
        with pytest.raises(BadRequest):
            resolvers.resolve("id", value)


def test_a_query_with_one_hit(resolvers: Resolvers, identities: Identities) -> None:
    record = {"repositoryuri": "http://any.example/repository/library/x", "title": None}
    for answer in ([record], {"results": [record]}, record):
        identities.answers["/api/v1/ids?q=1&s=irn"] = answer
        assert resolvers.resolve("irn", "1") == Identified(path="library/x")
    identities.answers["/base/find?own=1"] = {"hits": [{"where": "/library/y", "label": 7}]}
    assert resolvers.resolve("own", "1") == Identified(path="library/y", name="7")


def test_none_and_several(resolvers: Resolvers, identities: Identities) -> None:
    for answer in ([], {"results": []}):
        identities.answers["/api/v1/ids?q=1&s=irn"] = answer
        with pytest.raises(NotFound, match=r"'1' \(schema irn\)"):
            resolvers.resolve("irn", "1")
    identities.answers["/api/v1/ids?q=1&s=irn"] = [
        {"repositoryuri": f"http://h/repository/library/{n}", "title": f"N{n}"} for n in range(3)
    ]
    with pytest.raises(Conflict) as caught:
        resolvers.resolve("irn", "1")
    assert [fault.path for fault in caught.value.faults] == [f"library/{n}" for n in range(3)]
    assert "N1" in caught.value.faults[1].message


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"trace " + SECRET.encode()),
        (401, b"{}"),
        (302, b""),
        (204, b""),
        (200, b""),
        (200, b"<html>"),
        (200, b"\xff\xfe"),
        (200, b"null"),
        (200, b"5"),
        (200, b"[1]"),
        (200, b"[" * 100_000),
        (200, b'{"results": 1}'),
    ],
)
def test_a_service_that_answers_with_an_error(
    resolvers: Resolvers, identities: Identities, answer: tuple[int, bytes]
) -> None:
    identities.answers["/api/v1/ids/x"] = answer
    identities.answers["/api/v1/ids?q=x&s=irn"] = answer
    for schema in ("id", "irn"):
        with pytest.raises(StrongroomError) as caught:
            resolvers.resolve(schema, "x")
        if schema == "id" and answer[1] == b'{"results": 1}':
            # a record, only without a path
            assert isinstance(caught.value, Unprocessable)
            continue
        assert isinstance(caught.value, UpstreamFailed)
        assert f"127.0.0.1:{identities.server_port}" in caught.value.message
        assert SECRET not in caught.value.message + str(caught.value.operator)
    assert "/elsewhere" not in [path for path, _ in identities.asked]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"title": "x"}, "no repository path"),
        ({"repositoryuri": ""}, "no repository path"),
        ({"repositoryuri": None}, "no repository path"),
        ({"repositoryuri": ["x"]}, "no repository path"),
        ({"repositoryuri": "https://old.example/repository/"}, "empty"),
        ({"repositoryuri": "https://old.example/repository/a b"}, "not a legal repository path"),
        ({"repositoryuri": "https://old.example/repository/a/../b"}, "not a name"),
        ({"repositoryuri": "https://other.example/repository/a"}, "does not begin with"),
    ],
)
def test_a_record_without_a_usable_path(
    resolvers: Resolvers, identities: Identities, record: object, words: str
) -> None:
    identities.answers["/api/v1/ids/x"] = record
    with pytest.raises(Unprocessable, match=words):
        resolvers.resolve("id", "x")


def test_a_service_that_does_not_answer_in_time(
    resolvers: Resolvers, identities: Identities
) -> None:
    enough = threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        enough.wait(5)

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not enough.wait(0.1):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    for answer in (silent, dripping):
        identities.answers["/api/v1/ids/x"] = answer
        begun = time.monotonic()
        with pytest.raises(UpstreamTimeout, match=r"within 2 s"):
            resolvers.resolve("id", "x")
        assert time.monotonic() - begun < 20
    enough.set()


def test_a_service_that_sends_without_end(
    resolvers: Resolvers, identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strongroom.identifiers.service.MAX_ANSWER", 10_000)
    identities.answers["/api/v1/ids/x"] = (200, b" " * 20_000 + b"{}")
    with pytest.raises(UpstreamFailed, match="more than 10,000 bytes"):
        resolvers.resolve("id", "x")


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = configured(tmp_path, f'[schemas.id]\nservice = "http://127.0.0.1:{port}"\n')
        with pytest.raises(UpstreamFailed, match=f"127.0.0.1:{port} cannot be reached"):
            found.resolve("id", "x")


def test_the_secret_is_in_no_log_and_no_text(
    resolvers: Resolvers, identities: Identities, caplog: pytest.LogCaptureFixture
) -> None:
    identities.answers["/api/v1/ids/x"] = {"repositoryuri": "https://old.example/repository/a"}
    with caplog.at_level(logging.DEBUG):
        resolvers.resolve("id", "x")
    assert identities.asked[-1][1] == SECRET
    assert SECRET not in caplog.text
    assert SECRET not in repr(resolvers)
