"""Bytes as answers: headers, ranges, and connections that break rather than end with wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from hashlib import sha256
from typing import Any

import pytest
from litestar.exceptions import HTTPException

from strongroom.api.contents import SMALL, disposition, plan, respond
from strongroom.errors import Damaged
from strongroom.services.views import Content

DATA = bytes(range(256)) * 8
LARGE = bytes(range(256)) * 4096 + b"beyond small"


def content(data: bytes = DATA, *, failing_at: int | None = None, **changes: Any) -> Content:
    reads: list[tuple[int, int]] = []

    def read(start: int, length: int) -> Iterator[bytes]:
        reads.append((start, length))
        for position in range(start, start + length, 100_000):
            if failing_at is not None and position >= failing_at:
                raise Damaged("the digest differs", code="digest-mismatch")
            yield data[position : min(position + 100_000, start + length)]

    values: dict[str, Any] = {
        "size": len(data),
        "content_type": "image/tiff",
        "digest": sha256(data).hexdigest(),
        "name": "page 1.tif",
        "modified": datetime(2026, 1, 31, 12, 0, 0, 5000, tzinfo=UTC),
        "read": read,
        **changes,
    }
    return Content(**values)


class Answer:
    """What an ASGI response sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
        else:
            self.body += message["body"]
            self.ended = not message.get("more_body", False)


def fetch(source: Content, method: str = "GET", **headers: str) -> Answer:
    answer = Answer()
    request = {name.replace("_", "-"): value for name, value in headers.items()}
    response = respond(source, method, request).to_asgi_response(None, None)  # type: ignore[arg-type]

    async def receive() -> Any:
        await asyncio.sleep(3600)

    asyncio.run(response({"type": "http"}, receive, answer.send))  # type: ignore[arg-type,typeddict-item]
    return answer


@pytest.mark.parametrize("data", [DATA, LARGE, b""], ids=["small", "large", "empty"])
def test_the_whole(data: bytes) -> None:
    answer = fetch(content(data))
    assert (answer.status, answer.body, answer.ended) == (200, data, True)
    digest = sha256(data).hexdigest()
    assert answer.headers["etag"] == f'"{digest}"'
    assert answer.headers["repr-digest"].startswith("sha-256=:")
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["content-type"] == "image/tiff"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["last-modified"] == "Sat, 31 Jan 2026 12:00:00 GMT"


@pytest.mark.parametrize("data", [DATA, LARGE, b""], ids=["small", "large", "empty"])
def test_head_has_the_headers_of_get(data: bytes) -> None:
    head, get = fetch(content(data), "HEAD", range="bytes=0-0"), fetch(content(data))
    assert (head.status, head.body, head.ended) == (200, b"", True)
    assert head.headers == get.headers


@pytest.mark.parametrize("data", [DATA, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=5-9", 5, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)],
)
def test_one_range(data: bytes, header: str, start: int, end: int | None) -> None:
    answer = fetch(content(data), range=header)
    assert (answer.status, answer.body) == (206, data[start:end])
    first = start % len(data)
    last = (len(data) if end is None else end) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(data)}"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["repr-digest"] == fetch(content(data)).headers["repr-digest"]


@pytest.mark.parametrize("data", [DATA, LARGE], ids=["small", "large"])
def test_several_ranges(data: bytes) -> None:
    answer = fetch(content(data), range="bytes=0-3,20-29,-5")
    assert answer.status == 206
    assert answer.headers["content-length"] == str(len(answer.body))
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parsed: Message = BytesParser().parsebytes(head + answer.body)
    parts: list[Any] = parsed.get_payload()  # type: ignore[assignment]
    assert [part["Content-Range"] for part in parts] == [
        f"bytes 0-3/{len(data)}",
        f"bytes 20-29/{len(data)}",
        f"bytes {len(data) - 5}-{len(data) - 1}/{len(data)}",
    ]
    assert {part["Content-Type"] for part in parts} == {"image/tiff"}
    for wanted in (data[0:4], data[20:30], data[-5:]):
        assert wanted in answer.body


def test_a_range_that_is_not_there() -> None:
    with pytest.raises(HTTPException) as refused:
        plan(content(), "GET", {"range": "bytes=99999-"})
    assert refused.value.status_code == 416
    assert refused.value.headers == {"Content-Range": f"bytes */{len(DATA)}"}


def test_what_the_client_has_is_not_sent_again() -> None:
    etag = f'"{sha256(DATA).hexdigest()}"'
    answer = fetch(content(), if_none_match=etag)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == etag
    assert "content-length" not in answer.headers
    assert fetch(content(), if_none_match='"other"').status == 200


def test_a_range_of_something_else_is_the_whole() -> None:
    assert fetch(content(), range="bytes=0-1", if_range='"other"').status == 200
    etag = f'"{sha256(DATA).hexdigest()}"'
    assert fetch(content(), range="bytes=0-1", if_range=etag).status == 206


def test_without_a_digest_there_is_no_etag() -> None:
    answer = fetch(content(digest=None, modified=None))
    assert not {"etag", "repr-digest", "last-modified"} & set(answer.headers)
    assert answer.body == DATA


@pytest.mark.parametrize(
    "evil", ["text/html\r\nX-Evil: 1", "", "nonsense", "a/ü", "x/" + "y" * 300]
)
def test_a_stored_content_type_cannot_forge_headers(evil: str) -> None:
    assert fetch(content(content_type=evil)).headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tif", 'attachment; filename="a.tif"'),
        ("a b.tif", 'attachment; filename="a b.tif"'),
        ('a"b', "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"),
        ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("é😀", "attachment; filename=\"__\"; filename*=UTF-8''%C3%A9%F0%9F%98%80"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
    ],
)
def test_download_names(name: str, expected: str) -> None:
    assert disposition(name) == expected


def test_damage_in_a_small_file_is_known_before_the_first_byte() -> None:
    assert len(DATA) <= SMALL
    with pytest.raises(Damaged):
        respond(content(failing_at=0), "GET", {})
    # a part of a damaged file is not sent either
    with pytest.raises(Damaged):
        respond(content(failing_at=0), "GET", {"range": "bytes=0-1"})


def test_damage_in_a_large_file_leaves_the_answer_unfinished() -> None:
    answer = Answer()
    damaged = content(LARGE, failing_at=900_000)
    response = respond(damaged, "GET", {}).to_asgi_response(None, None)  # type: ignore[arg-type]

    async def receive() -> Any:
        await asyncio.sleep(3600)

    with pytest.raises(Damaged):
        asyncio.run(response({"type": "http"}, receive, answer.send))  # type: ignore[arg-type,typeddict-item]
    assert answer.status == 200
    assert not answer.ended
    assert len(answer.body) < len(LARGE)


@pytest.mark.parametrize("data", [DATA, LARGE], ids=["small", "large"])
def test_a_file_that_is_too_short_never_ends_well(data: bytes) -> None:
    short = content(data[:-1], size=len(data))
    answer = Answer()

    async def receive() -> Any:
        await asyncio.sleep(3600)

    with pytest.raises(Damaged, match="does not have the bytes"):
        response = respond(short, "GET", {}).to_asgi_response(None, None)  # type: ignore[arg-type]
        asyncio.run(response({"type": "http"}, receive, answer.send))  # type: ignore[arg-type,typeddict-item]
    assert not answer.ended


def test_nothing_more_is_read_once_the_client_is_gone() -> None:
    taken = 0
    closed = False

    def read(start: int, length: int) -> Iterator[bytes]:
        nonlocal taken, closed
        try:
            for _ in range(length // 1000):
                taken += 1000
                yield bytes(1000)
        finally:
            closed = True

    size = 1000 * 100_000
    source = content(size=size, digest=None, read=read)
    response = respond(source, "GET", {}).to_asgi_response(None, None)  # type: ignore[arg-type]
    answer = Answer()

    async def receive() -> Any:
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    asyncio.run(response({"type": "http"}, receive, answer.send))  # type: ignore[arg-type,typeddict-item]
    assert closed
    assert taken < size
    assert not answer.ended
