"""A server that drops connections and says 503: what is sent again, how often, and what is not.

Over real sockets; only pauses are not slept through.
"""

from __future__ import annotations

import hashlib
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.client import BadAnswer, Client, Retry, Unreachable, VerificationFailed
from strongroom.client.digests import Digest
from strongroom.client.errors import NotNow, ServerFailed, StateConflict
from strongroom.client.retry import retry_after
from support.flaky import DROP, RESET, Asked, Flaky, Said, flaky

NOT_NOW = Said(status=503, body=b'{"detail": "Starting.", "code": "unavailable"}')
BIG = bytes(range(256)) * 12_345


class Deposits:
    """Makes a deposit for each POST, once for each key, and keeps the files that are put."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.by_key: dict[str, str] = {}
        self.files: dict[str, bytes] = {"/storage-api/content/a/b": BIG}

    def __call__(self, asked: Asked) -> Said:
        path = asked.path.partition("?")[0]
        if asked.method == "POST":
            return Said(status=201, body=self.make(asked.headers.get("idempotency-key")))
        if asked.method == "PUT":
            self.files[path] = asked.body
            digest = hashlib.sha256(asked.body).hexdigest()
            stored = {"path": path, "size": len(asked.body), "digest": digest}
            return Said(status=201, body=msgspec.json.encode(stored))
        if path in self.files:
            return self.content(self.files[path], asked.headers)
        return Said(body=b'{"id": "http://x/deposits/one"}')

    def make(self, key: str | None) -> bytes:
        name = self.by_key.get(key or "") or f"d{len(self.made)}"
        if name not in self.made:
            self.made.append(name)
        if key:
            self.by_key[key] = name
        return msgspec.json.encode({"id": f"http://x/deposits/{name}"})

    def content(self, data: bytes, headers: dict[str, str]) -> Said:
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        told = {"ETag": tag, "Repr-Digest": Digest(len(data), tag.strip('"')).header}
        asked = re.match(r"bytes=(\d+)-(\d*)$", headers.get("range", ""))
        if asked is None or headers.get("if-range", tag) != tag:
            return Said(body=data, headers=told)
        start, end = int(asked[1]), int(asked[2] or len(data) - 1)
        told["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return Said(status=206, body=data[start : end + 1], headers=told)


@pytest.fixture
def deposits() -> Deposits:
    return Deposits()


@pytest.fixture
def server(deposits: Deposits) -> Iterator[Flaky]:
    with flaky(deposits) as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(server: Flaky, pauses: list[float]) -> Iterator[Client]:
    with Client(server.url, sleep=pauses.append, timeout=10) as client:
        yield client


@pytest.mark.parametrize("steps", [[DROP], [DROP] * 4, [NOT_NOW], [NOT_NOW, DROP, NOT_NOW]])
def test_a_question_is_asked_until_it_is_answered(client, server, pauses, steps):
    server.steps = list(steps)
    assert client.deposits.get("one").id == "http://x/deposits/one"
    assert len(server.asked) == len(steps) + 1
    assert len(pauses) == len(steps)
    for number, pause in enumerate(pauses):
        assert 0.1 * 2**number <= pause <= 0.2 * 2**number


@pytest.mark.parametrize(("step", "error"), [(DROP, Unreachable), (NOT_NOW, NotNow)])
def test_patience_has_an_end(client, server, step, error):
    server.steps = [step] * 9
    with pytest.raises(error):
        client.deposits.get("one")
    assert len(server.asked) == 5


def test_an_answer_that_breaks_off_is_asked_for_again(client, server):
    body = b'{"id": "http://x/deposits/one"}'
    server.steps = [Said(body=body, cut=10), Said(body=body, cut=0)]
    assert client.deposits.get("one").id == "http://x/deposits/one"
    assert len(server.asked) == 3


@pytest.mark.parametrize(("step", "error"), [(DROP, Unreachable), (NOT_NOW, ServerFailed)])
def test_a_post_without_a_key_is_sent_once(client, server, pauses, step, error):
    server.steps = [step]
    with pytest.raises(error):
        client.deposits.lock("one")
    with pytest.raises(error):
        server.steps = [step]
        client.deposits.patch("one", name="New")
    assert [asked.method for asked in server.asked] == ["POST", "PATCH"]
    assert pauses == []


def test_a_post_under_a_key_makes_one_thing_however_often_its_answer_is_lost(
    client, server, deposits
):
    server.steps = [DROP, NOT_NOW, DROP]
    assert client.deposits.create(name="A book").id == "http://x/deposits/d0"
    assert deposits.made == ["d0"]
    sent = {(asked.headers["idempotency-key"], asked.body) for asked in server.asked}
    assert len(server.asked) == 4 and len(sent) == 1
    assert client.deposits.create(name="A book").id == "http://x/deposits/d1"


@pytest.mark.parametrize("steps", [[RESET], [DROP, NOT_NOW]])
def test_a_large_upload_is_sent_anew_as_a_whole(client, server, deposits, tmp_path, steps):
    (tmp_path / "big").write_bytes(BIG)
    server.steps = list(steps)
    told: list[int] = []
    client.files.put("one", "objects/big", tmp_path / "big", seen=told.append)
    assert deposits.files["/v1/deposits/one/files/objects/big"] == BIG
    assert sum(told) == len(BIG)


def test_bytes_are_put_as_files_are(client, server, deposits):
    server.steps = [DROP]
    assert client.files.put("one", "a", b"abc").digest == hashlib.sha256(b"abc").hexdigest()
    assert deposits.files["/v1/deposits/one/files/a"] == b"abc"


@pytest.mark.parametrize("form", [lambda s: str(s), lambda s: format_datetime(in_(s), usegmt=True)])
def test_the_server_says_when_to_come_back(client, server, pauses, form):
    server.steps = [Said(status=503, headers={"Retry-After": form(30)})] * 2
    client.deposits.get("one")
    assert len(pauses) == 2
    assert all(28 <= pause <= 30 for pause in pauses)


def in_(seconds: int) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize("cuts", [[1], [1_000_000], [0, 0, 700_000], [1_500_000, 0, 0, 0, 10]])
def test_a_stream_goes_on_where_it_broke(client, server, deposits, cuts):
    whole = deposits.files["/storage-api/content/a/b"]
    position = 0
    for cut in cuts:
        said = deposits.content(whole, {"range": f"bytes={position}-"} if position else {})
        server.steps.append(Said(status=said.status, body=said.body, headers=said.headers, cut=cut))
        position += cut
    assert b"".join(client.content.stream("a/b")) == BIG
    asked = [request.headers.get("range", "") for request in server.asked]
    assert len(asked) == len(cuts) + 1
    assert asked[-1] == f"bytes={sum(cuts)}-"


def test_what_is_not_the_same_any_more_is_not_put_together(client, server, deposits):
    said = deposits.content(BIG, {})
    server.steps = [Said(body=BIG, headers=said.headers, cut=100)]
    deposits.files["/storage-api/content/a/b"] = BIG[::-1]
    with pytest.raises(BadAnswer, match="replaced meanwhile"):
        client.content.read("a/b")


@pytest.mark.parametrize(
    "headers", [{"Repr-Digest": Digest(3, "00" * 32).header}, {"Content-Type": "text/plain"}]
)
def test_a_whole_stream_is_believed_only_with_its_digest(client, server, headers):
    server.steps = [Said(body=b"abc", headers=headers)]
    with pytest.raises(VerificationFailed):
        client.content.read("a/b")


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 1), (0, None), (5, 0), (5, 10), (1_000_000, 2_000_000), (len(BIG) - 1, 1), (7, None)],
)
def test_parts_are_those_that_were_asked_for(client, start, length):
    wanted = BIG[start:] if length is None else BIG[start : start + length]
    assert client.content.read("a/b", start=start, length=length) == wanted


def test_whoever_knows_no_ranges_is_found_out(client, server):
    server.steps = [Said(body=BIG)]
    with pytest.raises(BadAnswer, match="knows no ranges"):
        client.content.read("a/b", start=5, length=5)


def test_a_stream_is_never_held_as_a_whole(client, server, deposits):
    deposits.files["/storage-api/content/a/b"] = b"\0" * 30_000_000
    tracemalloc.start()
    # what the server in this process holds is not counted
    base = tracemalloc.get_traced_memory()[0]
    size = sum(len(chunk) for chunk in client.content.stream("a/b"))
    peak = tracemalloc.get_traced_memory()[1] - base
    tracemalloc.stop()
    assert size == 30_000_000
    assert peak < 10_000_000


def test_a_conflict_is_no_reason_to_try_again(client, server):
    server.steps = [Said(status=409, body=b'{"code": "active-deposit"}')]
    with pytest.raises(StateConflict):
        client.deposits.create()
    assert len(server.asked) == 1


@given(
    attempt=st.integers(1, 60),
    chance=st.floats(0, 1),
    asked=st.none() | st.floats(0, 1000),
)
def test_pauses_grow_to_a_cap_and_are_never_shorter_than_asked(attempt, chance, asked):
    retry = Retry(first=0.2, longest=10)
    pause = retry.pause(attempt, chance, asked)
    grown = min(0.2 * 2.0 ** (attempt - 1), 10)
    assert max(grown / 2, asked or 0) <= pause <= max(grown, asked or 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 17 ", 17),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 00:00:30", 30),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read_in_both_forms(text, seconds):
    assert retry_after(text, datetime(2026, 1, 1, tzinfo=UTC)) == seconds
