"""Answers become typed errors, and only what may be sent again is sent again."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import msgspec
import pytest

from strongroom.client import ApiError, BadAnswer, Client, Retry, Unreachable
from strongroom.client import errors as client_errors
from strongroom.errors import BadRequest

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
        }
    ],
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
        (401, client_errors.NotPermitted),
        (403, client_errors.NotPermitted),
        (404, client_errors.NotThere),
        (409, client_errors.StateConflict),
        (410, client_errors.Tombstone),
        (412, client_errors.StateConflict),
        (413, client_errors.Oversized),
        (422, client_errors.MaterialRefused),
        (500, client_errors.ServerFailed),
        (507, client_errors.ServerFailed),
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
    assert len(requests) == 1


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
    assert (len(requests), pauses) == (3, [0.2, 0.4])


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.deposits.create(archival_group="a/b"),
        lambda client: client.jobs.run_diff("x"),
        lambda client: client.containers.create("a"),
        lambda client: client.containers.delete("a"),
        lambda client: client.deposits.patch("x", name="n"),
        lambda client: client.deposits.delete("x"),
    ],
)
@pytest.mark.parametrize("failure", ["status", "connection"])
def test_what_may_have_been_done_is_not_sent_twice(call, failure):
    def answer(request: httpx.Request, _: int) -> httpx.Response:
        if failure == "connection":
            raise httpx.ReadError("reset by peer", request=request)
        return httpx.Response(503)

    client, requests, pauses = answering(answer)
    with pytest.raises((client_errors.ServerFailed, Unreachable)):
        call(client)
    assert (len(requests), pauses) == (1, [])


def test_a_connection_that_was_never_made_is_tried_again_for_every_method():
    def answer(request: httpx.Request, number: int) -> httpx.Response:
        if number < 3:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(201, json={"id": "http://server.test/deposits/x"})

    client, requests, pauses = answering(answer)
    client.deposits.create()
    assert (len(requests), pauses) == (3, [0.2, 0.4])


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


def test_a_job_is_reached_by_its_bare_id_or_its_uri_on_any_host():
    client, requests, _ = answering(
        lambda _, __: httpx.Response(200, json={"id": "x", "status": "completed"})
    )
    client.jobs.result(
        "https://public.example/deposits/dep",
        "https://public.example/deposits/dep/importjobs/results/job",
    )
    client.jobs.cancel("dep", "job")
    assert [str(request.url) for request in requests] == [
        "http://server.test/deposits/dep/importjobs/results/job",
        "http://server.test/v1/deposits/dep/importjobs/results/job/cancel",
    ]


def test_waiting_for_a_job_tells_each_state_and_raises_what_it_ended_with():
    states = ["waiting", "running", "completedWithErrors"]

    def answer(_: httpx.Request, number: int) -> httpx.Response:
        errors = [{"id": "http://server.test/repository/a/b", "message": "The SHA-256 differs."}]
        body: dict[str, object] = {"id": "job", "status": states[number - 1]}
        return httpx.Response(200, json=body | ({"errors": errors} if number == 3 else {}))

    client, _, pauses = answering(answer)
    seen: list[str] = []
    with pytest.raises(client_errors.JobFailed, match="1 error;") as caught:
        client.jobs.wait("dep", "job", seen=lambda state: seen.append(state.status))
    assert seen == states
    assert pauses == [0.05, pytest.approx(0.075)]
    assert [fault.message for fault in caught.value.faults] == ["The SHA-256 differs."]


def test_waiting_ends_where_patience_does():
    client, _, pauses = answering(
        lambda _, __: httpx.Response(200, json={"id": "job", "status": "running"})
    )
    with pytest.raises(Unreachable, match="import job job"):
        client.jobs.wait("dep", "job", timeout=1.0)
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
    kinds = {kind.__name__ for kind in ApiError.__subclasses__()}
    assert kinds and all(kind in (client_errors.__doc__ or "") for kind in kinds)
