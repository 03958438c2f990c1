"""The front: answers that break, errors after the start, and what the router is handed."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest

from strongroom.api.front import Front
from strongroom.api.guards import Hosts
from strongroom.api.routing import Routes, Surfaces
from strongroom.errors import Damaged

PUBLIC, STORAGE = "http://pres.example", "http://pres.example/storage-api"


def front(router: Any, hosts: frozenset[str] | None = None) -> Front:
    return Front(
        router=router,
        hosts=Hosts(hosts),
        surfaces=Surfaces.of(PUBLIC, STORAGE),
        preservation=Routes.of({"/": ["GET"], "/deposits": ["GET"], "/repository/{path}": ["GET"]}),
        storage=Routes.of({"/": ["GET"], "/content/{path}": ["GET", "HEAD"]}),
        query_names={"pagesize": "pageSize"},
        mint_correlation=lambda: "minted",
    )


def ask(
    router: Any,
    path: str = "/",
    *,
    method: str = "GET",
    query: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = ((b"host", b"pres.example"),),
    hosts: frozenset[str] | None = None,
) -> list[Any]:
    sent: list[Any] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": list(headers),
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(front(router, hosts)(cast("Any", scope), receive, send))
    return sent


@pytest.mark.parametrize(
    ("path", "handed_on"),
    [
        ("/", "/"),
        ("/Deposits", "/deposits"),
        ("/repository/A%20b/c", "/repository/A%2520b%2Fc"),
        ("/storage-api", "/storage-api"),
        ("/Storage-api/Content/x", "/storage-api/content/x"),
        ("/storage-api/content", "/storage-api/content/*"),
    ],
)
def test_the_router_gets_a_path_it_cannot_mistake(path: str, handed_on: str) -> None:
    seen: list[Any] = []

    async def router(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append((scope["path"], scope["query_string"], scope["state"]["correlation_id"]))

    ask(router, path, query=b"PAGESIZE=5")
    assert seen == [(handed_on, b"pageSize=5", "minted")]


def test_an_error_before_the_answer_is_a_problem() -> None:
    async def router(_scope: Any, _receive: Any, _send: Any) -> None:
        raise Damaged("the bytes differ")

    start, body = ask(router)
    assert start["status"] == 500
    assert (b"x-correlation-id", b"minted") in start["headers"]
    assert b"the bytes differ" in body["body"]
    assert body["more_body"] is False


def test_a_head_gets_no_body_with_its_problem() -> None:
    async def router(_scope: Any, _receive: Any, _send: Any) -> None:
        raise Damaged("the bytes differ")

    start, body = ask(router, "/storage-api/content/x", method="HEAD")
    assert (start["status"], body["body"]) == (500, b"")


@pytest.mark.parametrize("error", [Damaged("the bytes differ"), RuntimeError("odd")])
def test_an_error_within_the_answer_leaves_it_unfinished(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def router(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise error

    sent = ask(router)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"] is True
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "minted" in record.getMessage()
    assert str(error) in caplog.text


def test_a_method_the_route_does_not_know_never_reaches_it() -> None:
    async def router(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError("the router was asked")

    start, _ = ask(router, "/storage-api/content/x", method="PUT")
    assert start["status"] == 405
    assert (b"allow", b"GET, HEAD") in start["headers"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", ((b"host", b"localhost"),), 200),
        ("http://localhost/", ((b"host", b"localhost"),), 200),
        ("http://evil.example/", ((b"host", b"localhost"),), 403),
        ("/", ((b"host", b"evil.example@localhost"),), 400),
        ("/", ((b"host", b"localhost"), (b"host", b"localhost")), 400),
        ("/", (), 400),
        ("/", ((b"host", b"localhost"), (b"origin", b"http://localhost")), 200),
        *(
            (
                "/",
                (
                    (b"host", b"localhost"),
                    *((b"origin", f"http://{name}".encode()) for name in names),
                ),
                403,
            )
            for names in (("localhost", "evil.example"), ("evil.example", "localhost"))
        ),
    ],
)
def test_who_is_addressed_and_from_where(
    path: str, headers: tuple[tuple[bytes, bytes], ...], status: int
) -> None:
    async def router(scope: Any, _receive: Any, send: Any) -> None:
        assert scope["path"] == "/"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent = ask(router, path, headers=headers, hosts=frozenset({"localhost"}))
    assert sent[0]["status"] == status


def test_a_head_of_what_only_knows_get_is_answered_without_the_body() -> None:
    async def router(scope: Any, _receive: Any, send: Any) -> None:
        assert scope["method"] == "GET"
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"bo", "more_body": True})
        await send({"type": "http.response.body", "body": b"dy"})

    start, *rest = ask(router, "/deposits", method="HEAD")
    assert start["status"] == 200
    assert (b"content-length", b"4") in start["headers"]
    assert rest == [{"type": "http.response.body", "body": b"", "more_body": False}]


def test_a_head_that_a_route_knows_is_its_own_affair() -> None:
    async def router(scope: Any, _receive: Any, send: Any) -> None:
        assert scope["method"] == "HEAD"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    start, _ = ask(router, "/storage-api/content/x", method="HEAD")
    assert start["status"] == 200
