"""Answers become typed errors, and only what may be sent again is sent again."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import msgspec
import pytest

from strongroom.client import ApiError, BadAnswer, Client, Retry, Unreachable
from strongroom.client import errors as client_errors
from strongroom.errors import BadRequest
from strongroom.wire.jobs import ImportJobIn

PROBLEM = {
    "type": "/problems/digest-mismatch",
    "title": "Status 422",
    "status": 422,
    "detail": "Two files differ.",
    "instance": "abc",
    "code": "digest-mismatch",
    "retryable": False,
    "errors": [
        {
            "code": "digest-mismatch",
            "message": "differs",
            "path": "a",
            "expected": "1",
            "found": "2",
            "pointer": "/binariesToAdd/0/digest",
            "severity": "of a later version of the server",
        }
    ],
    "links": ["of a later version of the server"],
}


def answering(
    answer: Callable[[httpx.Request, int], httpx.Response], **settings: object
) -> tuple[Client, list[httpx.Request], list[float]]:
    """A client whose requests, and whose pauses, are noted."""
    requests: list[httpx.Request] = []
    pauses: list[float] = []

    def wire(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answer(request, len(requests))

    client = Client(
        "http://server.test/",
        "tester",
        sleep=pauses.append,
        wire=httpx.MockTransport(wire),
        **settings,  # type: ignore[arg-type]
    )
    return client, requests, pauses


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, client_errors.RequestRefused),
        (415, client_errors.RequestRefused),
        (401, client_errors.NotAuthenticated),
        (403, client_errors.NotAllowed),
        (404, client_errors.NotThere),
        (409, client_errors.StateConflict),
        (410, client_errors.Tombstone),
        (412, client_errors.StateConflict),
        (413, client_errors.Oversized),
        (422, client_errors.MaterialRefused),
        (500, client_errors.ServerFailed),
        (507, client_errors.NoSpace),
    ],
)
def test_a_status_becomes_its_error_with_all_that_the_problem_says(status, kind):
    client, requests, _ = answering(lambda _, __: httpx.Response(status, json=PROBLEM))
    with pytest.raises(kind) as caught:
        client.deposits.get("kx7m2tq9ahwd")
    assert caught.value.status == status
    assert caught.value.message == "Two files differ."
    assert caught.value.problem == "digest-mismatch"
    assert [(f.path, f.expected, f.found) for f in caught.value.faults] == [("a", "1", "2")]
    assert [(e.code, e.pointer) for e in caught.value.errors] == [
        ("digest-mismatch", "/binariesToAdd/0/digest")
    ]
    assert caught.value.type == "/problems/digest-mismatch"
    assert caught.value.detail == "Two files differ."
    assert caught.value.correlation_id == "abc"
    assert (caught.value.retryable, caught.value.repeated) == (False, False)
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("locked", client_errors.Locked),
        ("etag-mismatch", client_errors.Stale),
        ("stale-version", client_errors.Stale),
        ("active-deposit", client_errors.StateConflict),
    ],
)
def test_conflicts_that_call_for_something_else_are_told_apart(code, kind):
    client, _, _ = answering(
        lambda _, __: httpx.Response(409, json={**PROBLEM, "code": code, "retryable": True})
    )
    with pytest.raises(client_errors.StateConflict) as caught:
        client.deposits.get("x")
    assert type(caught.value) is kind
    assert caught.value.retryable


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[]", b'{"status": "x"}'])
def test_an_error_without_a_problem_document_is_still_told(body):
    client, _, _ = answering(lambda _, __: httpx.Response(404, content=body))
    with pytest.raises(client_errors.NotThere, match=r"GET .*/deposits/x was answered with .* 404"):
        client.deposits.get("x")


def test_the_problem_of_another_server_may_lack_members():
    client, _, _ = answering(lambda _, __: httpx.Response(409, json={"detail": "Locked."}))
    with pytest.raises(client_errors.StateConflict, match=r"^Locked\.$"):
        client.deposits.get("x")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_not_now_is_asked_again_as_patiently_as_the_server_wishes(status):
    def answer(_: httpx.Request, number: int) -> httpx.Response:
        if number < 3:
            return httpx.Response(status, headers={"Retry-After": "3"})
        return httpx.Response(200, json={"id": "http://server.test/deposits/x"})

    client, requests, pauses = answering(answer)
    assert client.deposits.get("x").id == "http://server.test/deposits/x"
    assert len(requests) == 3
    assert pauses == [3.0, 3.0]


def test_patience_ends_with_the_last_answer():
    client, requests, pauses = answering(
        lambda _, __: httpx.Response(503, json={"detail": "Starting."}), retry=Retry(attempts=3)
    )
    with pytest.raises(client_errors.ServerFailed, match="Starting"):
        client.deposits.get("x")
    assert len(requests) == 3
    assert growing(pauses)


def growing(pauses: list[float]) -> bool:
    """Each is twice the one before, but for what chance took away."""
    return all(0.1 * 2**n <= pause <= 0.2 * 2**n for n, pause in enumerate(pauses))


def failing(failure: str):
    """Every request ends like this, and may have been carried out."""

    def answer(request: httpx.Request, _: int) -> httpx.Response:
        if failure == "connection":
            raise httpx.ReadError("reset by peer", request=request)
        return httpx.Response(503)

    return answer


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.deposits.patch("x", name="n"),
        lambda client: client.deposits.lock("x"),
        lambda client: client.mets.add("x", ["objects/a"], etag='"e"'),
        lambda client: client.jobs.cancel("/deposits/x/importjobs/results/j"),
        lambda client: client.grants.add("agent:a", "reader"),
        lambda client: client.activity.push("a/b"),
        lambda client: client.storage.export_mets("a/b", "file:///x/"),
    ],
)
@pytest.mark.parametrize("failure", ["status", "connection"])
def test_what_may_have_been_done_is_not_sent_twice(call, failure):
    client, requests, pauses = answering(failing(failure))
    with pytest.raises((client_errors.ServerFailed, Unreachable)):
        call(client)
    assert (len(requests), pauses) == (1, [])


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.deposits.create(archival_group="a/b"),
        lambda client: client.deposits.export("a/b"),
        lambda client: client.deposits.from_identifier("id", "1"),
        lambda client: client.jobs.run_diff("x"),
        lambda client: client.pipeline.start("x"),
        lambda client: client.storage.run(ImportJobIn(id="j")),
        lambda client: client.storage.export("a/b", "file:///x/"),
    ],
)
@pytest.mark.parametrize("failure", ["status", "connection"])
def test_what_is_done_once_is_sent_again_under_its_key(call, failure):
    client, requests, pauses = answering(failing(failure))
    with pytest.raises((client_errors.ServerFailed, Unreachable)):
        call(client)
    assert len(requests) == 5 and growing(pauses)
    keys = {request.headers["Idempotency-Key"] for request in requests}
    assert len(keys) == 1 and len(keys.pop()) > 20
    with pytest.raises((client_errors.ServerFailed, Unreachable)):
        call(client)
    # the next call is another request
    assert requests[-1].headers["Idempotency-Key"] != requests[0].headers["Idempotency-Key"]


def test_a_key_of_the_program_is_sent_as_it_is():
    client, requests, _ = answering(lambda _, __: httpx.Response(201, json={"id": "x"}))
    client.deposits.create(idempotency_key="mine-1")
    assert requests[0].headers["Idempotency-Key"] == "mine-1"


def test_a_request_that_is_still_carried_out_is_waited_for():
    """A proxy gave up on a long request; what it makes must not be lost."""
    busy = {"code": "key-in-use", "detail": "It is being carried out."}

    def answer(_: httpx.Request, number: int) -> httpx.Response:
        if number == 1:
            return httpx.Response(504)
        if number < 30:
            return httpx.Response(409, json=busy)
        return httpx.Response(201, json={"id": "x"})

    client, requests, pauses = answering(answer)
    assert client.deposits.create().id == "x"
    assert len(requests) == 30
    assert 150 < sum(pauses) < 300 and max(pauses) <= 10.0
    client, requests, pauses = answering(lambda _, __: httpx.Response(409, json=busy), timeout=60)
    with pytest.raises(client_errors.StateConflict, match="carried out"):
        client.deposits.create()
    assert 50 < sum(pauses) <= 60


def test_a_refusal_in_plain_text_is_told():
    client, _, _ = answering(
        lambda _, __: httpx.Response(401, text="A machine must say for whom it acts.\n")
    )
    with pytest.raises(client_errors.NotAuthenticated, match=r"^A machine must say for whom"):
        client.deposits.get("x")


@pytest.mark.parametrize("lost", ["connection", "status"])
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.containers.delete("a"),
        lambda client: client.deposits.delete("x"),
        lambda client: client.files.delete("x", "objects/a"),
        lambda client: client.grants.remove("g"),
    ],
)
@pytest.mark.parametrize("status", [404, 410])
def test_what_a_lost_try_deleted_is_deleted(call, status, lost):
    def answer(request: httpx.Request, number: int) -> httpx.Response:
        if number == 1 and lost == "connection":
            raise httpx.ReadError("reset by peer", request=request)
        return httpx.Response(502 if number == 1 else status)

    client, requests, _ = answering(answer)
    call(client)
    assert len(requests) == 2
    with pytest.raises((client_errors.NotThere, client_errors.Tombstone)):
        call(client)


@pytest.mark.parametrize(
    ("there", "wanted", "made"),
    [
        ({"type": "Container", "name": "Maps"}, "Maps", True),
        ({"type": "Container", "name": "maps"}, None, True),
        ({"type": "Container"}, None, True),
        ({"type": "Container", "name": "Else"}, "Maps", False),
        ({"type": "ArchivalGroup", "name": "Maps"}, "Maps", False),
    ],
)
def test_a_container_that_a_lost_try_made_is_the_one_that_was_wanted(there, wanted, made):
    def answer(request: httpx.Request, number: int) -> httpx.Response:
        if number == 1:
            raise httpx.ReadError("reset by peer", request=request)
        if request.method == "PUT":
            return httpx.Response(409, json={"code": "already-there", "detail": "There."})
        return httpx.Response(200, json={"id": "http://server.test/repository/maps", **there})

    client, _, _ = answering(answer)
    if made:
        assert client.containers.create("maps", name=wanted).id
    else:
        with pytest.raises(client_errors.StateConflict):
            client.containers.create("maps", name=wanted)
    # and one that was there before the first try is in the way
    with pytest.raises(client_errors.StateConflict):
        client.containers.create("maps", name=wanted)


def test_a_server_that_wants_to_be_left_alone_for_long_is_left_alone():
    client, requests, pauses = answering(
        lambda _, __: httpx.Response(503, headers={"Retry-After": "3600"})
    )
    with pytest.raises(client_errors.NotNow) as caught:
        client.deposits.get("x")
    assert (len(requests), pauses, caught.value.retry_after) == (1, [], 3600.0)


@pytest.mark.parametrize(("code", "tries"), [("rate-limited", 5), ("too-many-failures", 1)])
def test_too_many_requests_are_made_more_slowly_but_not_with_a_bad_proof(code, tries):
    client, requests, pauses = answering(
        lambda _, __: httpx.Response(429, headers={"Retry-After": "5"}, json={"code": code})
    )
    with pytest.raises(client_errors.TooManyRequests):
        client.deposits.get("x")
    assert len(requests) == tries
    assert all(pause == 5.0 for pause in pauses)


def test_an_answer_that_leads_elsewhere_is_not_followed():
    client, requests, _ = answering(
        lambda _, __: httpx.Response(308, headers={"Location": "https://other.example/x?y"})
    )
    with pytest.raises(BadAnswer, match=r"leads elsewhere, to 'https://other\.example/x'"):
        client.deposits.get("x")
    assert len(requests) == 1


def test_a_connection_that_was_never_made_is_tried_again_for_every_method():
    def answer(request: httpx.Request, number: int) -> httpx.Response:
        if number < 3:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json={"id": "http://server.test/deposits/x"})

    client, requests, pauses = answering(answer)
    client.deposits.patch("x", name="n")
    assert len(requests) == 3 and growing(pauses)


def test_nobody_there_says_what_to_look_at():
    def answer(request: httpx.Request, _: int) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    client, requests, _ = answering(answer, retry=Retry(attempts=2))
    with pytest.raises(Unreachable, match=r"http://server\.test .*strongroom serve.*--server"):
        client.repository.kind("a")
    assert len(requests) == 2


def test_a_broken_answer_to_a_question_is_asked_again():
    def answer(request: httpx.Request, number: int) -> httpx.Response:
        if number == 1:
            raise httpx.RemoteProtocolError("closed", request=request)
        return httpx.Response(200, json=[])

    client, requests, _ = answering(answer)
    assert client.jobs.results("x") == []
    assert len(requests) == 2


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"id": 5}'])
def test_an_answer_of_another_shape_is_named(body):
    client, _, _ = answering(lambda _, __: httpx.Response(200, content=body))
    with pytest.raises(BadAnswer, match=r"http://server\.test/deposits/x .* Deposit"):
        client.deposits.get("x")


def test_requests_say_who_asks_and_where_paths_need_it_they_are_escaped():
    client, requests, _ = answering(
        lambda _, __: httpx.Response(404, json={"detail": "Nothing there."})
    )
    assert client.repository.kind("/library/a b#c%é/") is None
    assert requests[0].headers["X-Client-Identity"] == "tester"
    assert requests[0].url.raw_path == b"/repository/library/a%20b%23c%25%C3%A9"


def test_only_what_is_given_is_sent():
    client, requests, _ = answering(lambda _, __: httpx.Response(201, json={"id": "x"}))
    client.deposits.create(archival_group="/library/my book", note="hello")
    assert msgspec.json.decode(requests[0].content) == {
        "archivalGroup": "/repository/library/my%20book",
        "submissionText": "hello",
    }
    client.deposits.create()
    assert requests[1].content == b"{}"


def test_a_job_is_reached_by_its_uri_on_any_host():
    client, requests, _ = answering(
        lambda _, __: httpx.Response(200, json={"id": "x", "status": "completed"})
    )
    client.jobs.result("https://public.example/root/deposits/dep/importjobs/results/job")
    client.jobs.cancel("/deposits/dep/importjobs/results/job")
    client.storage.result("https://public.example/storage/import/results/job/a/b")
    assert [str(request.url) for request in requests] == [
        "http://server.test/deposits/dep/importjobs/results/job",
        "http://server.test/v1/deposits/dep/importjobs/results/job/cancel",
        "http://server.test/storage-api/import/results/job/a/b",
    ]


@pytest.mark.parametrize(
    "text", ["", "job", "https://x/deposits/dep", "/deposits/d/importjobs/diff"]
)
def test_what_is_no_job_is_refused(text):
    client, requests, _ = answering(lambda _, __: httpx.Response(200))
    for call in (client.jobs.result, client.jobs.wait, client.pipeline.run, client.storage.result):
        with pytest.raises(BadRequest, match="is not the URI of"):
            call(text)
    assert requests == []


def test_waiting_for_a_job_tells_each_state_and_raises_what_it_ended_with():
    states = ["waiting", "running", "completedWithErrors"]

    def answer(_: httpx.Request, number: int) -> httpx.Response:
        errors = [{"id": "http://server.test/repository/a/b", "message": "The SHA-256 differs."}]
        body: dict[str, object] = {"id": "job", "status": states[number - 1]}
        return httpx.Response(200, json=body | ({"errors": errors} if number == 3 else {}))

    client, _, pauses = answering(answer)
    seen: list[str] = []
    with pytest.raises(client_errors.JobFailed, match="1 error;") as caught:
        client.jobs.wait(
            "/deposits/dep/importjobs/results/job", seen=lambda state: seen.append(state.status)
        )
    assert seen == states
    assert pauses == [0.05, pytest.approx(0.075)]
    assert [fault.message for fault in caught.value.faults] == ["The SHA-256 differs."]


def test_waiting_ends_where_patience_does():
    client, _, pauses = answering(
        lambda _, __: httpx.Response(200, json={"id": "job", "status": "running"})
    )
    with pytest.raises(Unreachable, match="import job job"):
        client.jobs.wait("/deposits/dep/importjobs/results/job", timeout=1.0)
    assert 1.0 <= sum(pauses) < 2.0


def test_lists_are_read_to_their_end():
    def answer(request: httpx.Request, _: int) -> httpx.Response:
        number = int(request.url.params["page"])
        found = [{"id": f"d{number}{i}"} for i in range(2 if number < 3 else 1)]
        return httpx.Response(
            200, json={"deposits": found, "page": number, "pageSize": 2, "total": 5}
        )

    client, requests, _ = answering(answer)
    assert [deposit.id for deposit in client.deposits.all()] == ["d10", "d11", "d20", "d21", "d30"]
    assert len(requests) == 3


@pytest.mark.parametrize("address", ["", "server", "ftp://server", "http://", "localhost:8000"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(BadRequest, match="address of a server"):
        Client(address)


def test_an_identity_that_no_header_can_carry_is_refused():
    with pytest.raises(BadRequest, match="identity"):
        Client("http://server.test", "a\nb")


def test_every_api_error_is_named_in_the_drawing():
    def below(kind: type) -> set[str]:
        return {kind.__name__}.union(*(below(inner) for inner in kind.__subclasses__()))

    kinds = below(ApiError)
    assert len(kinds) > 10 and all(kind in (client_errors.__doc__ or "") for kind in kinds)
