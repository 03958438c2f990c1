"""The bytes of Binaries over HTTP: whole, in ranges, conditionally, of any version, safely."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from email.parser import BytesParser
from email.policy import HTTP

import httpx
import pytest

from support import ocfl_check, samples, workflow
from support.server import Server
from support.shapes import assert_problem
from support.workflow import binaries, load, make_filled, ok, preserve, run_diff

#: bytes of the small file
TEXT = bytes(range(256)) * 4
NAME = 'objects/ein schöner 📚 "name".txt'
BIG_NAME = "objects/big.tif"

SAME_FOR_HEAD = (
    "content-type",
    "content-length",
    "etag",
    "repr-digest",
    "accept-ranges",
    "content-disposition",
    "content-security-policy",
    "x-content-type-options",
)


@pytest.fixture(scope="module")
def big() -> bytes:
    """A file beyond what is read whole before it is sent."""
    return random.Random(7).randbytes(5 * 2**20 + 17)


@pytest.fixture(scope="module")
def place(server: Server, big: bytes) -> str:
    """Path of a group with a small file, a page of HTML, and a big file; two versions."""
    path = workflow.fresh("content")
    with workflow.connect(server.url) as client:
        group = f"{server.url}/repository/{path}"
        book = {
            NAME: b"old bytes",
            "objects/page.html": b"<script>alert(1)</script>",
            "objects/empty.txt": b"",
            BIG_NAME: big,
        }
        preserve(client, group, samples.with_mets(book))
        book[NAME] = TEXT
        preserve(client, group, samples.with_mets(book))
    return path


@pytest.fixture
def uri(server: Server, place: str) -> str:
    return f"{server.storage_url}/content/{place}/{workflow.encoded(NAME)}"


@pytest.fixture
def big_uri(server: Server, place: str) -> str:
    return f"{server.storage_url}/content/{place}/{BIG_NAME}"


def etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


def repr_digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def test_the_whole_file_with_all_its_headers(client: httpx.Client, uri: str) -> None:
    answer = ok(client.get(uri))
    assert answer.content == TEXT
    headers = answer.headers
    assert headers["content-type"].partition(";")[0] == "text/plain"
    assert headers["content-length"] == str(len(TEXT))
    assert headers["etag"] == etag(TEXT)
    assert headers["repr-digest"] == repr_digest(TEXT)
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy


def test_the_name_for_a_download_is_safe_and_true(client: httpx.Client, uri: str) -> None:
    disposition = client.get(uri).headers["content-disposition"]
    assert disposition.startswith("attachment")
    extended = re.search(r"filename\*=UTF-8''([^;]+)", disposition)
    assert extended
    assert httpx.URL("http://x/" + extended.group(1)).path == "/" + NAME.rpartition("/")[2]
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"', disposition)
    assert plain
    assert plain.group(1).isascii()


def test_head_is_get_without_the_bytes(client: httpx.Client, uri: str, big_uri: str) -> None:
    for where in (uri, big_uri):
        with client.stream("GET", where) as whole:
            expected = {**whole.headers}
        answer = client.head(where)
        assert answer.status_code == 200
        assert answer.content == b""
        for name in SAME_FOR_HEAD:
            assert answer.headers[name] == expected[name], name


def test_older_versions_keep_their_bytes(client: httpx.Client, uri: str) -> None:
    older = ok(client.get(uri, params={"version": "v1"}))
    assert older.content == b"old bytes"
    assert older.headers["etag"] == etag(b"old bytes")
    part = client.get(uri, params={"version": "v1"}, headers={"Range": "bytes=0-2"})
    assert ok(part, 206).content == b"old"


def test_a_big_file_streams(client: httpx.Client, big_uri: str, big: bytes) -> None:
    answer = ok(client.get(big_uri))
    assert answer.content == big
    assert answer.headers["content-length"] == str(len(big))
    assert answer.headers["repr-digest"] == repr_digest(big)


def test_an_empty_file(server: Server, client: httpx.Client, place: str) -> None:
    empty = f"{server.storage_url}/content/{place}/objects/empty.txt"
    answer = ok(client.get(empty))
    assert answer.content == b""
    assert answer.headers["content-length"] == "0"
    ranged = client.get(empty, headers={"Range": "bytes=0-"})
    assert ranged.status_code in (200, 416)


# ------------------------------------------------------------------------------------ ranges


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, 1024),
        ("bytes=-10", 1014, 1024),
        ("bytes=-5000", 0, 1024),
        ("bytes=1000-99999", 1000, 1024),
        ("bytes=1023-1023", 1023, 1024),
        ("bytes= 5-9", 5, 10),
        ("Bytes=5-9", 5, 10),
    ],
)
def test_a_single_range(client: httpx.Client, uri: str, asked: str, start: int, end: int) -> None:
    answer = ok(client.get(uri, headers={"Range": asked}), 206)
    assert answer.content == TEXT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(TEXT)}"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["etag"] == etag(TEXT)
    # the digest of the whole representation, also on a part
    assert answer.headers["repr-digest"] == repr_digest(TEXT)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=99999-", "bytes=-0", "bytes=5000-6000"])
def test_an_unsatisfiable_range(client: httpx.Client, uri: str, asked: str) -> None:
    answer = client.get(uri, headers={"Range": asked})
    assert_problem(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{len(TEXT)}"


@pytest.mark.parametrize(
    "asked", ["bytes=abc", "bytes=9-5", "items=0-5", "bytes", "bytes=", "bytes=1-2-3", "0-5"]
)
def test_a_range_that_cannot_be_read_is_ignored(client: httpx.Client, uri: str, asked: str) -> None:
    answer = client.get(uri, headers={"Range": asked})
    assert answer.status_code in (200, 400, 416)
    if answer.status_code == 200:
        assert answer.content == TEXT


def test_many_ranges(client: httpx.Client, uri: str) -> None:
    answer = ok(client.get(uri, headers={"Range": "bytes=0-3,100-101,-2"}), 206)
    assert int(answer.headers["content-length"]) == len(answer.content)
    media = answer.headers["content-type"]
    assert media.startswith("multipart/byteranges; boundary=")
    head = f"Content-Type: {media}\r\n\r\n".encode()
    parts = list(BytesParser(policy=HTTP).parsebytes(head + answer.content).iter_parts())
    ranges = [part["Content-Range"] for part in parts]
    assert ranges == ["bytes 0-3/1024", "bytes 100-101/1024", "bytes 1022-1023/1024"]
    # the parser decodes text, so the bytes are compared on the wire
    for piece in (TEXT[0:4], TEXT[100:102], TEXT[1022:1024]):
        assert b"\r\n\r\n" + piece + b"\r\n--" in answer.content


def test_too_many_ranges_do_no_harm(client: httpx.Client, big_uri: str, big: bytes) -> None:
    asked = "bytes=" + ",".join("0-" for _ in range(1000))
    with client.stream("GET", big_uri, headers={"Range": asked}) as answer:
        assert answer.status_code in (200, 206, 400, 416)
        sent = int(answer.headers.get("content-length", 0))
    assert sent < 3 * len(big)


@pytest.mark.parametrize("start", [0, 1, 2**20 - 1, 2**20, 4 * 2**20 + 5])
def test_ranges_of_a_big_file(client: httpx.Client, big_uri: str, big: bytes, start: int) -> None:
    asked = f"bytes={start}-{start + 2**20}"
    answer = ok(client.get(big_uri, headers={"Range": asked}), 206)
    assert answer.content == big[start : start + 2**20 + 1]


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (etag(TEXT), 206),
        ('"other"', 200),
        ("W/" + etag(TEXT), 200),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 200),
    ],
)
def test_if_range(client: httpx.Client, uri: str, condition: str, status: int) -> None:
    answer = client.get(uri, headers={"Range": "bytes=0-3", "If-Range": condition})
    assert ok(answer, status).content == (TEXT[:4] if status == 206 else TEXT)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (etag(TEXT), 304),
        (f'"x", {etag(TEXT)}', 304),
        ("W/" + etag(TEXT), 304),
        ("*", 304),
        ('"x"', 200),
    ],
)
def test_if_none_match(client: httpx.Client, uri: str, condition: str, status: int) -> None:
    for method in ("GET", "HEAD"):
        answer = client.request(method, uri, headers={"If-None-Match": condition})
        assert answer.status_code == status
        assert answer.headers["etag"] == etag(TEXT)
        if status == 304:
            assert answer.content == b""


# ------------------------------------------------------------------------- what is no content


def test_what_has_no_content(server: Server, client: httpx.Client, place: str) -> None:
    for path in ("", f"/{place}", f"/{place}/objects", f"/{place}/objects/absent.txt", "/nothing"):
        answer = client.get(f"{server.storage_url}/content{path}")
        assert_problem(answer, (400, 404))
    for path in ("..%2f..%2fetc%2fpasswd", "objects%2Fbig.tif"):
        assert_problem(client.get(f"{server.storage_url}/content/{place}/{path}"), 400)


@pytest.mark.parametrize(
    "path",
    [
        "inventory.json",
        "v1/content/mets.xml",
        ".strongroom/resources.json",
        ".strongroom",
        "0=ocfl_object_1.1",
    ],
)
def test_bookkeeping_is_hidden(server: Server, client: httpx.Client, place: str, path: str) -> None:
    answer = client.get(f"{server.storage_url}/content/{place}/{path}")
    assert_problem(answer, (400, 404))
    assert_problem(client.get(f"/repository/{place}/{path}"), (400, 404))


def test_removed_content(server: Server, client: httpx.Client, group: str) -> None:
    preserve(client, group, samples.with_mets({"objects/a.txt": b"a", "objects/b.txt": b"b"}))
    uri = binaries(load(client, group))["objects/b.txt"]["content"]
    preserve(client, group, samples.with_mets({"objects/a.txt": b"a"}))
    assert_problem(client.get(uri), 404, "tombstone")
    assert ok(client.get(uri, params={"version": "v1"})).content == b"b"


# --------------------------------------------------------------------------------- damage


@pytest.mark.contract("19.Storage.GET-content.500")
@pytest.mark.parametrize("longer", [0, 1], ids=["same size", "longer"])
@pytest.mark.parametrize("size", [1000, 3 * 2**20])
def test_damaged_bytes_never_arrive_as_good_ones(
    server: Server, client: httpx.Client, group: str, size: int, longer: int
) -> None:
    """Also if there are more bytes than are announced, and these end where a chunk ends."""
    data = random.Random(size).randbytes(size)
    deposit = make_filled(client, group, samples.with_mets({"objects/x.tif": data}))
    run_diff(client, deposit)
    loaded = load(client, group)
    binary = binaries(loaded)["objects/x.tif"]
    stored = workflow.local(binary["origin"])
    stored.chmod(0o600)
    damaged = bytearray(data)
    damaged[size // 2] ^= 1
    stored.write_bytes(damaged + b"x" * longer)
    received = b""
    try:
        answer = client.get(binary["content"])
        received = answer.content if answer.status_code == 200 else b""
        if answer.status_code != 200:
            assert_problem(answer, 500)
    except httpx.RemoteProtocolError:
        pass  # the connection broke, as it should
    assert received == b""
    stored.write_bytes(data)
    assert workflow.read(client, binary) == data
    ocfl_check.assert_valid(workflow.local(loaded["origin"]))
