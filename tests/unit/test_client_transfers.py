"""Files over a real connection: whole and verified, or not there at all."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from strongroom.client import ApiError, Client, Retry, Unreachable, VerificationFailed
from strongroom.client.digests import Digest, digest
from strongroom.errors import Conflict
from strongroom.wire.resources import Binary

BIG = bytes(range(256)) * 12_345  # over three chunks, and not a multiple of them


class Server(ThreadingHTTPServer):
    """Keeps what is PUT, and serves it; ``faults`` says how the next answers go wrong."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.faults: list[str] = []
        self.seen: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_PUT(self) -> None:
        self.server.seen.append(dict(self.headers))
        fault = self.server.faults.pop(0) if self.server.faults else ""
        size = int(self.headers["Content-Length"])
        if fault == "break":
            self.rfile.read(size // 2)
            self.close_connection = True
            self.connection.close()
            return
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return
        self.server.files[self.path] = body
        sha256 = hashlib.sha256(body + (b"!" if fault == "lie" else b"")).hexdigest()
        self._answer(201, msgspec.json.encode({"path": "x", "size": size, "digest": sha256}))

    def do_GET(self) -> None:
        self.server.seen.append({"path": self.path})
        fault = self.server.faults.pop(0) if self.server.faults else ""
        body = self.server.files.get(self.path.partition("?")[0])
        if body is None:
            self._answer(404, b'{"detail": "Not there."}')
            return
        stated = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {} if fault == "silent" else {"Repr-Digest": f"sha-256=:{stated}:"}
        if fault == "flip":
            body = bytes([body[0] ^ 1]) + body[1:]
        self._answer(200, body, headers, cut=fault == "break")

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url, retry=Retry(attempts=3), sleep=lambda _: None) as client:
        yield client


@pytest.mark.parametrize("content", [b"", b"small", BIG], ids=["empty", "small", "big"])
def test_a_file_goes_up_and_comes_back_equal(client, server, tmp_path, content):
    source = tmp_path / "source"
    source.write_bytes(content)
    steps: list[int] = []
    stored = client.files.put("dep", "objects/a #1 é.bin", source, seen=steps.append)
    place = "/v1/deposits/dep/files/objects/a%20%231%20%C3%A9.bin"
    assert server.files == {place: content}
    assert (stored.size, sum(steps)) == (len(content), len(content))
    sent = server.seen[0]
    assert sent["Content-Length"] == str(len(content))
    assert "Transfer-Encoding" not in sent
    assert sent["Content-Digest"] == digest(source).header
    found = client.files.get("dep", "objects/a #1 é.bin", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    assert found == digest(source)


@pytest.mark.parametrize("content", [b"small", BIG], ids=["small", "big"])
def test_an_upload_that_breaks_begins_anew(client, server, tmp_path, content):
    source = tmp_path / "source"
    source.write_bytes(content)
    server.faults = ["break"]
    steps: list[int] = []
    client.files.put("dep", "a", source, seen=steps.append)
    assert list(server.files.values()) == [content]
    assert sum(steps) == len(content)
    assert len(server.seen) == 2


def test_a_server_that_stored_something_else_is_not_believed(client, server, tmp_path):
    (tmp_path / "source").write_bytes(b"abc")
    server.faults = ["lie"]
    with pytest.raises(VerificationFailed, match="sent were 3 bytes"):
        client.files.put("dep", "a", tmp_path / "source")


@pytest.mark.parametrize("known", [3, len(BIG) + 5, len(BIG) - 5])
def test_a_file_that_changed_since_it_was_read_is_not_sent_whole(client, server, tmp_path, known):
    (tmp_path / "source").write_bytes(BIG if known > 3 else b"abcd")
    with pytest.raises(Conflict, match="changed while it was being sent"):
        client.files.put("dep", "a", tmp_path / "source", known=Digest(known, "0" * 64))
    assert server.files == {}


def binary(server: Server, content: bytes = BIG) -> Binary:
    server.files["/content/library/b/page"] = content
    return Binary(
        id="x",
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        content=f"{server.url}/content/library/b/page",
    )


def test_content_is_fetched_at_a_version(client, server, tmp_path):
    client.content.fetch(binary(server), tmp_path / "page", version="v2")
    assert (tmp_path / "page").read_bytes() == BIG
    assert server.seen == [{"path": "/content/library/b/page?version=v2"}]


def test_content_that_breaks_off_is_fetched_again(client, server, tmp_path):
    server.faults = ["break", "break"]
    steps: list[int] = []
    client.content.fetch(binary(server), tmp_path / "page", seen=steps.append)
    assert (tmp_path / "page").read_bytes() == BIG
    assert sum(steps) == len(BIG)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (["flip"], VerificationFailed),
        (["break"] * 3, Unreachable),
    ],
)
def test_damaged_or_broken_content_leaves_nothing(client, server, tmp_path, faults, error):
    server.faults = list(faults)
    with pytest.raises(error) as caught:
        client.content.fetch(binary(server), tmp_path / "page")
    assert list(tmp_path.iterdir()) == []
    if error is Unreachable:
        assert f"of {len(BIG)} bytes" in caught.value.__notes__[0]


def test_content_of_another_size_or_digest_than_listed_is_refused(client, server, tmp_path):
    listed = binary(server)
    server.files["/content/library/b/page"] = BIG + b"!"
    with pytest.raises(VerificationFailed, match=f"expected {len(BIG)} bytes"):
        client.content.fetch(listed, tmp_path / "page")
    assert list(tmp_path.iterdir()) == []


def test_content_without_any_digest_is_refused(client, server, tmp_path):
    server.files["/v1/deposits/dep/files/a"] = b"abc"
    server.faults = ["silent"]
    with pytest.raises(VerificationFailed, match="without a digest"):
        client.files.get("dep", "a", tmp_path / "a")


def test_nothing_is_written_over(client, server, tmp_path):
    (tmp_path / "page").write_bytes(b"mine")
    with pytest.raises(Conflict, match="exists already"):
        client.content.fetch(binary(server), tmp_path / "page")
    assert (tmp_path / "page").read_bytes() == b"mine"
    assert server.seen == []


def test_missing_content_is_told(client, server, tmp_path):
    lost = binary(server)
    del server.files["/content/library/b/page"]
    with pytest.raises(ApiError, match="Not there"):
        client.content.fetch(lost, tmp_path / "page")
    assert list(tmp_path.iterdir()) == []


def test_content_can_be_fetched_by_another_way_in(server, tmp_path):
    listed = binary(server)
    listed.content = "https://inner.example:8443/storage-api/content/library/b/page"
    with Client("http://127.0.0.1:1", storage_url=server.url + "/") as client:
        client.content.fetch(listed, tmp_path / "page")
    assert (tmp_path / "page").read_bytes() == BIG


def test_an_answer_longer_than_a_line_in_memory_is_not_kept(client, server, tmp_path):
    """Twenty megabytes pass without being held at once."""
    import tracemalloc

    content = b"\0" * 20_000_000
    listed = binary(server, content)
    tracemalloc.start()
    base = tracemalloc.get_traced_memory()[0]
    client.content.fetch(listed, tmp_path / "page")
    peak = tracemalloc.get_traced_memory()[1] - base
    tracemalloc.stop()
    assert (tmp_path / "page").stat().st_size == len(content)
    assert peak < 10_000_000
