"""Every request to a bucket is answered wrongly once: lost, refused, busy, broken.

Whatever the answer, a change is made as it was asked for, or refused with nothing changed; and what
the object holds is never mixed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from strongroom.errors import Conflict, StrongroomError, Unavailable
from strongroom.ocfl.bucket import content
from strongroom.ocfl.plan import NewFile
from strongroom.ocfl.root import OcflRoot
from strongroom.ocfl.sources import streams
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.connection import Endpoint, connect
from support import bucket_roots as roots
from support import wire
from support.killing import WHEN, Files, finish, state
from support.s3_proxy import Answer, Lost, Request, S3Proxy
from support.s3_server import S3Server

LARGE = bytes(range(256)) * 16
SMALL_FILES = {"one.txt": b"one", "two.txt": b"two"}

Send = Callable[[], AWSResponse]
#: what becomes of the one request
Fate = Callable[[AWSPreparedRequest, Send], AWSResponse]


def cut(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """Carried out, and the connection breaks."""
    send()
    raise ConnectionClosedError(endpoint_url="http://store")


def late(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """Carried out, and the answer takes too long."""
    send()
    raise ReadTimeoutError(endpoint_url="http://store")


def broken(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """Carried out, and the store says that it was not."""
    send()
    return wire.answer(request, 500, "InternalError")


def busy(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    return wire.answer(request, 503, "SlowDown")


def crowded(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    if request.method not in ("PUT", "DELETE", "POST"):
        return send()
    return wire.answer(request, 409, "ConditionalRequestConflict")


def denied(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """Carried out by an attempt of which nobody has heard, so that its condition holds no more."""
    if not wire.conditional(request):
        return send()
    send()
    return wire.answer(request, 412, "PreconditionFailed")


FATES: dict[str, Fate] = {
    fate.__name__: fate for fate in (cut, late, broken, busy, crowded, denied)
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wire.without_pauses(monkeypatch)
    # so that files come in parts that are not large
    monkeypatch.setattr(content, "SMALL", len(LARGE) - 1)


def first(root: OcflRoot, object_id: str) -> None:
    with root.draft(object_id, base=None, attempt="first") as draft:
        for path, data in SMALL_FILES.items():
            draft.add_bytes(path, data)
        finish(draft)


def second(root: OcflRoot, object_id: str) -> None:
    with root.draft(object_id, base=root.read(object_id), attempt="second") as draft:
        draft.remove("two.txt")
        draft.add_bytes("three.txt", b"three")
        draft.add_bytes("dropped", b"dropped")
        draft.remove("dropped")
        faults = draft.add_files(
            [NewFile(logical="large.bin", source="large")], streams({"large": io.BytesIO(LARGE)})
        )
        assert faults == []
        finish(draft)


def purge(root: OcflRoot, object_id: str) -> None:
    root.purge(object_id)


Change = Callable[[OcflRoot, str], None]
CHANGES: dict[str, tuple[Change, dict[int, Files], dict[int, Files]]] = {
    "v1": (first, {}, {1: SMALL_FILES}),
    "v2": (
        second,
        {1: SMALL_FILES},
        {1: SMALL_FILES, 2: {"one.txt": b"one", "three.txt": b"three", "large.bin": LARGE}},
    ),
    "purge": (purge, {1: SMALL_FILES}, {}),
}


CASES = [("v2", fate) for fate in FATES if fate != "late"] + [
    ("v1", "cut"),
    ("v1", "denied"),
    ("purge", "late"),
    ("purge", "denied"),
]


@pytest.mark.contract("17.1")
@pytest.mark.parametrize(("change", "fate_name"), CASES)
def test_each_request_has_its_fate(bucket: Bucket, change: str, fate_name: str) -> None:
    """One of two or three at a time, then whichever was not hit so; each of them once at least."""
    (act, old, new), fate = CHANGES[change], FATES[fate_name]
    root = roots.opened(bucket)
    runs = 0

    def run(is_hit: Callable[[int, str], bool]) -> tuple[set[str], set[str]]:
        """The kinds of requests that were made, and that were hit."""
        nonlocal runs
        runs += 1
        object_id = f"info:fedora/book-{runs}"
        if old:
            first(root, object_id)
        seen, hit = set(), set()

        def spoil(at: int, request: AWSPreparedRequest, send: Send) -> AWSResponse:
            kind = kind_of(request)
            seen.add(kind)
            if not is_hit(at, kind):
                return send()
            hit.add(kind)
            return fate(request, send)

        with wire.spoiled(spoil):
            act(root, object_id)
        assert state(root, object_id) == new
        assert root.recover(object_id) is None, f"after {sorted(hit)}"
        return seen, hit

    seen, hit = run(lambda at, kind: False)
    for step in (2, 3):
        for rest in range(step):
            hit |= run(lambda at, kind, step=step, rest=rest: at % step == rest)[1]
    for missed in sorted(seen - hit):
        done: set[str] = set()

        def once(at: int, kind: str, missed: str = missed, done: set[str] = done) -> bool:
            new = kind == missed and kind not in done
            done.add(kind)
            return new

        hit |= run(once)[1]
    assert seen <= hit
    assert len(seen) > 8
    roots.buried(root)
    assert roots.unaccounted(bucket) == []
    roots.assert_sound(root)


def kind_of(request: AWSPreparedRequest) -> str:
    """A request without what is its own: places and names by chance."""
    own = r"[0-9a-f]{12,}|(?<=/|F)[0-9a-f]{3}(?=/|%)|uploadId=[^&]*"
    return re.sub(own, "…", wire.said(request))


@pytest.mark.parametrize("again", [False, True], ids=["given up", "tried again"])
def test_a_store_that_fails_from_some_request_on(bucket: Bucket, again: bool) -> None:
    """It carries one request out, and answers nothing any more; then it is well again."""
    root = roots.opened(bucket)
    new = {1: SMALL_FILES, 2: SMALL_FILES | {"two.txt": b"more"}}
    outcomes = set()
    for number in range(1, 13):
        object_id = f"info:fedora/{number}"
        first(root, object_id)
        base = root.read(object_id)
        sick = True

        def spoil(
            at: int, request: AWSPreparedRequest, send: Send, number: int = number
        ) -> AWSResponse:
            if not sick or at < number:  # noqa: B023
                return send()
            if at == number:
                send()
            raise ConnectionClosedError(endpoint_url="http://store")

        draft = None
        with wire.spoiled(spoil):
            try:
                draft = root.draft(object_id, base=base, attempt="second")
                draft.add_bytes("two.txt", b"more")
                finish(draft)
                failed = False
            except Unavailable:
                failed = True
            sick = not again
            if draft is not None:
                if failed and again and draft._prepared is not None:
                    draft.commit()
                    failed = False
                draft.discard()
                draft.discard()
        now = state(root, object_id)
        assert now in ({1: SMALL_FILES}, new)
        assert failed or now == new
        outcomes.add(now == new)
        roots.buried_as_dead(root)
        later = state(root, object_id)
        assert later == new or (later == now and failed)
        assert root.recover(object_id) is None
    assert outcomes == {False, True}
    assert roots.unaccounted(bucket) == []
    roots.assert_sound(root)


def test_a_commit_may_be_made_twice(bucket: Bucket) -> None:
    root = roots.opened(bucket)
    draft = root.draft("book", base=None, attempt="first")
    draft.add_bytes("one.txt", b"one")
    finish(draft)
    assert draft.commit().inventory.head == 1
    with root.draft("book", base=root.read("book"), attempt="other") as other:
        other.add_bytes("two.txt", b"two")
        finish(other)
    assert draft.commit().inventory.head == 1
    draft.discard()
    assert state(root, "book") == {
        1: {"one.txt": b"one"},
        2: {"one.txt": b"one", "two.txt": b"two"},
    }
    assert roots.unaccounted(bucket) == []


def test_a_draft_that_was_discarded_cannot_be_committed(bucket: Bucket) -> None:
    root = roots.opened(bucket)
    draft = root.draft("book", base=None, attempt="first")
    draft.add_bytes("one.txt", b"one")
    draft.prepare(created=WHEN, user_name="Ann")
    draft.discard()
    with pytest.raises(StrongroomError) as caught:
        draft.commit()
    assert caught.value.problem == "work-given-up"
    assert not root.exists("book")


# --------------------------------------------------------------------------- over real connections


def test_connections_that_really_break(
    s3: S3Server, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fourth answer is lost on its way, through a proxy that breaks the connection off."""
    count = 0

    def spoil(request: Request, forward: Callable[[Request], Answer]) -> Answer:
        nonlocal count
        count += 1
        answer = forward(request)
        if count % 4 == 0:
            raise Lost
        return answer

    with S3Proxy(s3.endpoint, spoil) as proxy:
        behind = Bucket(bucket.name, Endpoint(url=proxy.endpoint))
        root = roots.opened(behind)
        for number in range(4):
            object_id = f"book-{number}"
            first(root, object_id)
            second(root, object_id)
            assert state(root, object_id) == CHANGES["v2"][2]
        root.purge("book-0")
        assert count > 80
        connect(behind.endpoint).close()
    straight = roots.opened(bucket)
    assert state(straight, "book-0") == {}
    roots.buried(straight)
    assert roots.unaccounted(bucket) == []
    assert roots.assert_sound(straight) == 3


def test_rivals_over_a_bad_line_never_mix(bucket: Bucket) -> None:
    """A lost answer to the commit itself, and a rival who builds on it before it is asked again."""
    root = roots.opened(bucket)
    first(root, "book")
    rival_done = False

    def spoil(at: int, request: AWSPreparedRequest, send: Send) -> AWSResponse:
        nonlocal rival_done
        path = request.url.partition("?")[0]
        is_root = path.endswith("/inventory.json") and path.count("/v2/") == 0
        if request.method == "PUT" and is_root and not rival_done:
            rival_done = True
            send()
            with root.draft("book", base=root.read("book"), attempt="rival") as rival:
                rival.add_bytes("rival", b"rival")
                finish(rival)
            raise ConnectionClosedError(endpoint_url="http://store")
        return send()

    with wire.spoiled(spoil), root.draft("book", base=root.read("book"), attempt="a") as draft:
        draft.add_bytes("mine", b"mine")
        assert finish(draft).inventory.head == 2
    now = state(root, "book")
    assert now[2] == SMALL_FILES | {"mine": b"mine"}
    assert now[3] == now[2] | {"rival": b"rival"}
    assert root.recover("book") is None
    assert roots.unaccounted(bucket) == []


def test_a_base_that_is_gone_is_a_conflict_and_leaves_nothing(bucket: Bucket) -> None:
    root = roots.opened(bucket)
    first(root, "book")
    with root.draft("book", base=root.read("book"), attempt="a") as draft:
        draft.add_bytes("mine", b"mine")
        draft.prepare(created=WHEN, user_name="Ann")
        second(root, "book")
        with pytest.raises(Conflict):
            draft.commit()
    assert state(root, "book") == CHANGES["v2"][2]
    assert roots.unaccounted(bucket) == []
