"""What can go wrong between a client and its server, as exceptions.

It turns problem documents (RFC 9457) into errors by status and code; when to try again is the
transport's affair, and exit codes are the command line's.

    StrongroomError
    ├── Unreachable           no answer came: refused, timed out, broken off
    │   └── NotEnded              what was waited for takes longer than the caller would wait
    ├── BadAnswer             an answer came that this client does not understand
    ├── VerificationFailed    bytes or lists are not what they should be
    ├── JobFailed             a job ended in ``completedWithErrors``
    ├── FilesRefused          the server took some files and refused others
    └── ApiError              the server said no, with a status
        ├── RequestRefused        400 and every other 4xx
        ├── NotPermitted          401, 403
        │   ├── NotAuthenticated      401: nobody has proved to be anybody
        │   └── NotAllowed            403: the caller may not do this
        ├── NotThere              404
        ├── StateConflict         409, 412
        │   ├── Locked                another agent holds the lock of the deposit
        │   └── Stale                 what was read has changed since: METS, or the head version
        ├── Tombstone             410
        ├── Oversized             413
        ├── MaterialRefused       422
        ├── TooManyRequests       429
        └── ServerFailed          5xx
            ├── NotNow                503: later it may
            ├── UpstreamFailed        502, 504: a service behind the server, or a proxy before it
            └── NoSpace               507: a disk of the server is full
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

import msgspec

from strongroom.errors import Fault, StrongroomError
from strongroom.wire.base import UNSET
from strongroom.wire.deposits import Deposit
from strongroom.wire.jobs import Export, ImportJobResult
from strongroom.wire.pipeline import ProcessPipelineResult
from strongroom.wire.problems import Problem, ProblemFault

T = TypeVar("T")

#: bytes of an answer in plain text that are told
MAX_TEXT = 2_000

#: the last state of what ended with errors
Ended = ImportJobResult | ProcessPipelineResult | Export | Deposit


class Unreachable(StrongroomError):
    code: ClassVar[str] = "unreachable"
    retryable = True


class NotEnded(Unreachable):
    """Waiting was given up; what was waited for goes on in the server."""

    code: ClassVar[str] = "not-ended"


class BadAnswer(StrongroomError):
    code: ClassVar[str] = "bad-answer"


class VerificationFailed(StrongroomError):
    code: ClassVar[str] = "verification-failed"


class FilesRefused(StrongroomError):
    code: ClassVar[str] = "files-refused"


class JobFailed(StrongroomError):
    """A job did not do what it should; ``result`` is its last state."""

    code: ClassVar[str] = "job-failed"

    def __init__(self, message: str, *, result: Ended) -> None:
        listed = [] if isinstance(result, Deposit) else result.errors or []
        faults = [Fault(code="job-error", message=item.message, path=item.id) for item in listed]
        super().__init__(message, faults=faults)
        self.result = result


class Detail(ProblemFault):
    """One thing that is wrong: ``code``, ``message``, ``path``, ``expected``, ``found``."""

    #: the place in the request's JSON (RFC 6901), where the server says it
    pointer: str | None = None


class ApiError(StrongroomError):
    """The server refused a request.

    ``problem`` is the stable word for programs, such as ``digest-mismatch``; ``faults`` are those
    of ``errors`` in the form that all errors of this package have.
    """

    code: ClassVar[str] = "api-error"

    def __init__(
        self,
        status: int,
        problem: Problem,
        *,
        errors: tuple[Detail, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(
            problem.detail or f"The server answered with status {status}.",
            code=problem.code if problem.code is not UNSET else None,
            faults=[
                Fault(
                    code=item.code,
                    message=item.message,
                    path=item.path or item.pointer,
                    expected=item.expected,
                    found=item.found,
                )
                for item in errors
            ],
        )
        #: of HTTP
        self.status = status
        #: of the problem: a page that explains it; ``about:blank`` where the server names none
        self.type = problem.type
        #: for people: what was wrong, and what to do
        self.detail = self.message
        #: each single thing that is wrong
        self.errors = errors
        #: what the server's log knows the request by
        self.correlation_id = problem.instance if problem.instance is not UNSET else None
        #: seconds after which the server wishes to be asked again
        self.retry_after = retry_after
        #: whether an earlier try of the same request may have been carried out
        self.repeated = False
        self.retryable = problem.retryable if problem.retryable is not UNSET else False


class RequestRefused(ApiError):
    code = "bad-request"


class NotPermitted(ApiError):
    code = "forbidden"


class NotAuthenticated(NotPermitted):
    code = "unauthenticated"


class NotAllowed(NotPermitted):
    code = "forbidden"


class NotThere(ApiError):
    code = "not-found"


class StateConflict(ApiError):
    code = "conflict"


class Locked(StateConflict):
    code = "locked"


class Stale(StateConflict):
    code = "stale-version"


class Tombstone(ApiError):
    code = "tombstone"


class Oversized(ApiError):
    code = "too-large"


class MaterialRefused(ApiError):
    code = "unprocessable"


class TooManyRequests(ApiError):
    code = "too-many"


class ServerFailed(ApiError):
    code = "server-failed"


class NotNow(ServerFailed):
    code = "unavailable"


class UpstreamFailed(ServerFailed):
    code = "upstream-failed"


class NoSpace(ServerFailed):
    code = "out-of-space"


_BY_STATUS: dict[int, type[ApiError]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotThere,
    409: StateConflict,
    410: Tombstone,
    412: StateConflict,
    413: Oversized,
    422: MaterialRefused,
    429: TooManyRequests,
    502: UpstreamFailed,
    503: NotNow,
    504: UpstreamFailed,
    507: NoSpace,
}

#: conflicts that call for something else than other conflicts do
_BY_CODE: dict[str, type[ApiError]] = {
    "locked": Locked,
    "etag-mismatch": Stale,
    "stale-version": Stale,
}


class _Loose(Problem, rename="camel"):
    """A problem as other servers and proxies write it: everything may be missing."""

    type: str = ""
    title: str = ""
    status: int = 0
    detail: str = ""


class _Listed(msgspec.Struct):
    errors: list[Detail] = []


class _Refusal(msgspec.Struct):
    """What a token endpoint answers (RFC 6749, section 5.2)."""

    error: str = ""
    error_description: str = ""


def from_answer(
    status: int,
    body: bytes,
    *,
    method: str,
    url: str,
    retry_after: float | None = None,
    plain: bool = False,
) -> ApiError:
    """The error for an answer; a body that is no problem document is not held against it.

    ``plain``: the body is a text for people.
    """
    problem = _read(body, _Loose) or _Loose()
    listed = _read(body, _Listed) or _Listed()
    refusal = _read(body, _Refusal) or _Refusal()
    code = problem.code if problem.code is not UNSET else refusal.error or UNSET
    kind = _BY_STATUS.get(status, ServerFailed if status >= 500 else RequestRefused)
    if kind is StateConflict and isinstance(code, str):
        kind = _BY_CODE.get(code, kind)
    spoken = problem.detail or refusal.error_description
    if plain:
        spoken = body[:MAX_TEXT].decode("utf-8", "replace").strip()
    return kind(
        status,
        Problem(
            type=problem.type or "about:blank",
            title=problem.title or f"Status {status}",
            status=status,
            detail=spoken or f"{method} {url} was answered with status {status}.",
            instance=problem.instance,
            code=code,
            retryable=problem.retryable,
        ),
        errors=tuple(listed.errors),
        retry_after=retry_after,
    )


def _read(body: bytes, shape: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError:
        return None
