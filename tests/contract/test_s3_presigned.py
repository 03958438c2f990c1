"""Signed requests on a real S3 server: what is bound into them is enforced, and for how long."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from strongroom.errors import Unavailable
from strongroom.storage.s3 import prepared
from strongroom.storage.s3.bucket import ANY, NEW, Bucket, Condition
from strongroom.storage.s3.connection import Endpoint
from strongroom.storage.s3.prepared import Expired, prepare_put
from strongroom.storage.s3.presigned import SignedRequest, sign_get, sign_put
from strongroom.storage.s3.trouble import ConditionFailed
from support.s3_proxy import Answer, Lost, Request, S3Proxy
from support.workflow import NO_TLS

Forward = Callable[[Request], Answer]
#: spaces, what URLs are made of, and Unicode in both forms
AWKWARD = "a b/c+d #1?&=%41/né/né/日本.txt"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No long pauses between attempts."""
    monkeypatch.setattr(prepared, "_PAUSE", 0.001)


def _put(link: SignedRequest, data: bytes, **changed: str) -> httpx.Response:
    return httpx.put(
        link.url, content=data, headers={**link.headers, **changed}, trust_env=False, verify=NO_TLS
    )


def _link(bucket: Bucket, data: bytes, **asked: object) -> SignedRequest:
    return sign_put(
        bucket,
        AWKWARD,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        **{"expires": 60, **asked},  # type: ignore[arg-type]
    )


# ---------------------------------------------------------------------------- links for others


def test_others_store_and_read_with_links(bucket: Bucket) -> None:
    data = b"\x00page one\xff" * 1000
    link = _link(bucket, data, content_type="image/tiff", metadata={"deposit": "d1"})
    soon = datetime.now(UTC) + timedelta(seconds=60)
    assert abs(link.expires - soon) < timedelta(seconds=5)
    assert link.headers["Content-Length"] == str(len(data))

    assert _put(link, data).status_code == 200
    held, found = bucket.get(AWKWARD)
    assert (held, found.content_type, found.metadata) == (data, "image/tiff", {"deposit": "d1"})
    told = bucket.head(AWKWARD)
    assert told is not None and told.sha256 == hashlib.sha256(data).hexdigest()

    answer = httpx.get(sign_get(bucket, AWKWARD, expires=60).url, trust_env=False, verify=NO_TLS)
    assert (answer.status_code, answer.content) == (200, data)


def test_a_link_takes_no_other_bytes(bucket: Bucket) -> None:
    link = _link(bucket, b"expected")
    assert _put(link, b"expectad").status_code == 400
    longer = _put(link, b"expected and more", **{"Content-Length": "17"})
    assert longer.status_code == 403
    other = hashlib.sha256(b"expectad").hexdigest()
    lying = _put(link, b"expectad", **{"x-amz-checksum-sha256": other})
    assert lying.status_code in (400, 403)
    assert bucket.head(AWKWARD) is None


def test_a_link_is_for_one_key_and_one_method(bucket: Bucket) -> None:
    link = _link(bucket, b"x")
    elsewhere = httpx.put(
        link.url.replace("/a%20b/", "/other/"),
        content=b"x",
        headers=dict(link.headers),
        trust_env=False,
        verify=NO_TLS,
    )
    assert elsewhere.status_code == 403
    assert httpx.get(link.url, trust_env=False, verify=NO_TLS).status_code in (400, 403)


def test_a_link_ends(bucket: Bucket) -> None:
    bucket.put("key", b"x")
    link = sign_get(bucket, "key", expires=1)
    time.sleep(2.1)
    assert httpx.get(link.url, trust_env=False, verify=NO_TLS).status_code == 403


@pytest.mark.parametrize("expires", [0, -1, 604_801])
def test_a_link_has_a_bounded_time(bucket: Bucket, expires: int) -> None:
    with pytest.raises(ValueError, match="604800"):
        sign_get(bucket, "key", expires=expires)


def test_what_is_not_signed_is_not_handed_out(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bucket.client.generate_presigned_url

    def forgetful(*args: object, **asked: dict[str, object]) -> str:
        del asked["Params"]["ChecksumSHA256"]
        return real(*args, **asked)  # type: ignore[arg-type]

    monkeypatch.setattr(bucket.client, "generate_presigned_url", forgetful)
    with pytest.raises(Unavailable) as refused:
        _link(bucket, b"x")
    assert "x-amz-checksum-sha256" in (refused.value.operator or "")


# ------------------------------------------------------------------------- signed, then sent


def test_a_new_key_is_stored_once(bucket: Bucket) -> None:
    etag = prepare_put(bucket, AWKWARD, b"one", NEW).send()
    assert bucket.get(AWKWARD)[1].etag == etag
    with pytest.raises(ConditionFailed):
        prepare_put(bucket, AWKWARD, b"two", NEW).send()
    assert bucket.get(AWKWARD)[0] == b"one"


def test_a_key_is_replaced_from_the_state_that_was_seen(bucket: Bucket) -> None:
    first = bucket.put("inventory.json", b"v1")
    second = prepare_put(bucket, "inventory.json", b"v2", Condition(etag=first)).send()
    assert bucket.get("inventory.json")[1].etag == second != first
    with pytest.raises(ConditionFailed):
        prepare_put(bucket, "inventory.json", b"v2 of another", Condition(etag=first)).send()
    bucket.delete("inventory.json")
    with pytest.raises(ConditionFailed):
        prepare_put(bucket, "inventory.json", b"v3", Condition(etag=second)).send()
    assert bucket.head("inventory.json") is None


def test_empty_and_large_ones(bucket: Bucket) -> None:
    prepare_put(bucket, "empty", b"", ANY).send()
    assert bucket.get("empty")[0] == b""
    large = bytes(range(256)) * (12 << 12)
    prepare_put(bucket, "large", large, ANY).send()
    assert bucket.get("large")[0] == large


def test_one_of_many_racers_wins(bucket: Bucket) -> None:
    for number in range(5):
        key = f"key-{number}"
        ready = threading.Barrier(16)
        puts = [prepare_put(bucket, key, f"racer {each}".encode(), NEW) for each in range(16)]

        def race(put: prepared.PreparedPut, ready: threading.Barrier = ready) -> str | None:
            ready.wait()
            try:
                return put.send()
            except ConditionFailed:
                return None

        with ThreadPoolExecutor(16) as pool:
            etags = list(pool.map(race, puts))
        (winner,) = [index for index, etag in enumerate(etags) if etag]
        held, found = bucket.get(key)
        assert (held, found.etag) == (puts[winner].data, etags[winner])


def test_a_late_request_changes_nothing(bucket: Bucket) -> None:
    etag = bucket.put("inventory.json", b"v1")
    put = prepare_put(bucket, "inventory.json", b"v2", Condition(etag=etag), expires=1)
    time.sleep(2.1)
    with pytest.raises(Expired):
        put.send()
    assert bucket.get("inventory.json")[0] == b"v1"


def _through(proxy: S3Proxy, bucket: Bucket) -> Bucket:
    return Bucket(bucket.name, Endpoint(url=proxy.endpoint))


@pytest.mark.parametrize("condition", ["new", "etag"])
def test_a_lost_answer_counts_as_carried_out(bucket: Bucket, quick: None, condition: str) -> None:
    state = NEW if condition == "new" else Condition(etag=bucket.put("key", b"before"))
    lost = 0

    def lose_the_first(request: Request, forward: Forward) -> Answer:
        nonlocal lost
        answer = forward(request)
        if request.method == "PUT" and not lost:
            lost += 1
            raise Lost
        return answer

    with S3Proxy(bucket.client.meta.endpoint_url, lose_the_first) as proxy:
        etag = prepare_put(_through(proxy, bucket), "key", b"ours", state).send()
    assert lost == 1
    held, found = bucket.get("key")
    assert (held, found.etag) == (b"ours", etag)


def test_a_lost_answer_counts_even_when_the_time_is_over(bucket: Bucket, quick: None) -> None:
    # long enough to arrive in time on a busy machine
    def lose_and_wait(request: Request, forward: Forward) -> Answer:
        answer = forward(request)
        if request.method == "PUT" and answer.status == 200:
            time.sleep(4.1)
            raise Lost
        return answer

    with S3Proxy(bucket.client.meta.endpoint_url, lose_and_wait) as proxy:
        prepare_put(_through(proxy, bucket), "key", b"ours", NEW, expires=3).send()
    assert bucket.get("key")[0] == b"ours"


@pytest.mark.parametrize("status", [500, 503, 409, 429])
def test_a_busy_store_is_asked_again(bucket: Bucket, quick: None, status: int) -> None:
    def busy(request: Request, forward: Forward) -> Answer:
        if len(proxy.requests) < 4:
            return Answer(status, {}, b"<Error><Code>SlowDown</Code></Error>")
        return forward(request)

    with S3Proxy(bucket.client.meta.endpoint_url, busy) as proxy:
        prepare_put(_through(proxy, bucket), "key", b"ours", NEW).send()
        assert len(proxy.requests) == 4
    assert bucket.get("key")[0] == b"ours"


def test_garbled_bytes_are_sent_again(bucket: Bucket, quick: None) -> None:
    def garble(request: Request, forward: Forward) -> Answer:
        if len(proxy.requests) < 3:
            request = replace(request, body=b"0urs")
        return forward(request)

    with S3Proxy(bucket.client.meta.endpoint_url, garble) as proxy:
        prepare_put(_through(proxy, bucket), "key", b"ours", NEW).send()
    assert bucket.get("key")[0] == b"ours"


def test_a_store_that_lies_is_found_out(bucket: Bucket, quick: None) -> None:
    def keep_another(request: Request, forward: Forward) -> Answer:
        if request.method == "PUT":
            etag = bucket.put("key", b"0urs")
            return Answer(200, {"etag": etag})
        return forward(request)

    with (
        S3Proxy(bucket.client.meta.endpoint_url, keep_another) as proxy,
        pytest.raises(Unavailable, match="storage doctor"),
    ):
        prepare_put(_through(proxy, bucket), "key", b"ours", NEW).send()


def test_no_signature_is_told(
    bucket: Bucket, quick: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when the store cannot be reached nor when it refuses, nor in any log of ours."""
    caplog.set_level(logging.INFO)
    with S3Proxy(
        bucket.client.meta.endpoint_url, lambda request, forward: forward(request)
    ) as gone:
        put = prepare_put(_through(gone, bucket), "key", b"ours", NEW)
    monkeypatch.setattr(prepared, "_TRIES", 2)
    monkeypatch.setattr(prepared.PreparedPut, "_ours", lambda self: None)
    with pytest.raises(Unavailable) as unreached:
        put.send()
    for text in _told(unreached.value), repr(put), repr(put.request), caplog.text:
        assert "Signature" not in text and "X-Amz" not in text, text


def _told(error: BaseException) -> str:
    operator = getattr(error, "operator", "")
    return "".join(traceback.format_exception(error)) + f"{operator} {error}"
