"""Errors as problem details (RFC 9457), each with its status, its code and its page.

Translates; what went wrong was said by whoever raised the error. What only operators may see goes
to the log, with the correlation id that the client got.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar.exceptions import HTTPException

from strongroom import errors
from strongroom.errors import Fault, StrongroomError
from strongroom.wire.problems import Problem, ProblemFault

MEDIA_TYPE = "application/problem+json; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[StrongroomError], int], ...] = (
    (errors.BadRequest, 400),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Gone, 410),
    (errors.TooLarge, 413),
    (errors.TooMany, 429),
    (errors.Unprocessable, 422),
    (errors.Damaged, 500),
    (errors.UpstreamFailed, 502),
    (errors.Unavailable, 503),
    (errors.UpstreamTimeout, 504),
    (errors.OutOfSpace, 507),
)

#: codes of what the router itself refuses
ROUTER_CODES = {
    400: "bad-request",
    404: "no-route",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
}


#: titles that existing clients know, where they are not made of the status
_TITLES = {"no-archive-job": "NotFound"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A problem, ready to be sent."""

    status: int
    body: Problem
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = MEDIA_TYPE

    def encode(self) -> bytes:
        if self.media_type == PLAIN:
            return self.body.detail.encode()
        return msgspec.json.encode(self.body)


def status_of(error: StrongroomError) -> int:
    """The HTTP status of an error's class."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def answer(error: Exception, correlation: str) -> Answer:
    """The problem for any exception; the unexpected becomes a 500 that shows no internals."""
    if isinstance(error, StrongroomError):
        return _told(error, correlation)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _refused(error, correlation)
    log.error("unexpected error (correlation id %s)", correlation, exc_info=error)
    text = f"The server failed unexpectedly; its log tells more under {correlation}."
    return Answer(500, _problem(500, "unexpected", text, correlation))


def _told(error: StrongroomError, correlation: str) -> Answer:
    status = status_of(error)
    if error.operator or status >= 500:
        log.log(
            logging.ERROR if status >= 500 else logging.WARNING,
            "%s: %s%s (correlation id %s)",
            error.problem,
            error.message,
            f" [{error.operator}]" if error.operator else "",
            correlation,
        )
    body = _problem(status, error.problem, error.message, correlation, error.faults)
    body.retryable = error.retryable
    if isinstance(error, errors.Unauthenticated):
        headers = {"WWW-Authenticate": _challenge(error)}
        # existing clients show it as it comes
        kind = PLAIN if error.problem == "no-identity" else MEDIA_TYPE
        return Answer(status, body, headers, kind)
    return Answer(status, body, {"Retry-After": "5"} if status in (429, 503) else {})


def _challenge(error: errors.Unauthenticated) -> str:
    """RFC 6750, section 3; without an error where nothing was sent that could be wrong."""
    if error.challenge is None:
        return 'Bearer realm="strongroom"'
    text = "".join(c for c in error.message if c.isascii() and c.isprintable() and c not in '"\\')
    return f'Bearer realm="strongroom", error="{error.challenge}", error_description="{text[:300]}"'


def _refused(error: HTTPException, correlation: str) -> Answer:
    """What Litestar refuses: no such route or method, too large a body, bad parameters."""
    status = error.status_code
    code = ROUTER_CODES.get(status, "bad-request")
    faults: list[Fault] = []
    text = error.detail
    if status == 404:
        text = "There is nothing at this path. /openapi.json lists every path of the API."
    elif status == 405:
        text = "This path does not know that method; the header Allow lists those it knows."
    elif status == 413:
        text = "The body is larger than this server accepts."
    elif status == 400 and isinstance(error.extra, list):
        faults = [_parameter_fault(item) for item in error.extra if isinstance(item, dict)]
        code = faults[0].code if faults else code
        text = "The request cannot be read: " + "; ".join(
            f"{fault.path}: {fault.message}" for fault in faults
        )
    return Answer(status, _problem(status, code, text, correlation, faults), error.headers or {})


def _parameter_fault(item: Mapping[str, Any]) -> Fault:
    name, text = str(item.get("key", "")), str(item.get("message", ""))
    if name == "data":
        return Fault(code="missing-body", message="A JSON body is needed.", path="(the body)")
    expected = text.removeprefix("Expected ").partition(",")[0].replace("`", "")
    return Fault(
        code="bad-parameter",
        message="The value cannot be read.",
        path=name,
        expected="true or false" if expected.startswith("bool") else expected,
    )


def _problem(
    status: int, code: str, detail: str, correlation: str, faults: Iterable[Fault] = ()
) -> Problem:
    problem = Problem(
        type=f"/problems/{code}",
        title=_TITLES.get(code, f"Status {status}"),
        status=status,
        detail=detail,
        instance=correlation,
        code=code,
        retryable=False,
    )
    listed = [wire_fault(fault) for fault in faults]
    if listed:
        problem.errors = listed
    return problem


def wire_fault(fault: Fault) -> ProblemFault:
    return ProblemFault(
        code=fault.code,
        message=fault.message,
        path=fault.path,
        expected=fault.expected,
        found=fault.found,
    )
