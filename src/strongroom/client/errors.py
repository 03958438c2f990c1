"""What can go wrong between a client and its server, as exceptions.

It turns problem bodies (RFC 9457) into errors by status; when to try again is the transport's
affair, and exit codes are the command line's.

    StrongroomError
    ├── Unreachable           no answer came: refused, timed out, broken off
    ├── BadAnswer             an answer came that this client does not understand
    ├── VerificationFailed    bytes or lists are not what they should be
    ├── JobFailed             a job ended in ``completedWithErrors``
    ├── FilesRefused          the server took some files and refused others
    └── ApiError              the server said no, with a status
        ├── RequestRefused        400 and every other 4xx
        ├── NotPermitted          401, 403
        ├── NotThere              404
        ├── StateConflict         409, 412
        ├── Tombstone             410
        ├── Oversized             413
        ├── MaterialRefused       422
        └── ServerFailed          5xx
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from strongroom.errors import Fault, StrongroomError
from strongroom.wire.base import UNSET
from strongroom.wire.jobs import ImportJobResult
from strongroom.wire.problems import Problem


class Unreachable(StrongroomError):
    code: ClassVar[str] = "unreachable"
    retryable: ClassVar[bool] = True


class BadAnswer(StrongroomError):
    code: ClassVar[str] = "bad-answer"


class VerificationFailed(StrongroomError):
    code: ClassVar[str] = "verification-failed"


class FilesRefused(StrongroomError):
    code: ClassVar[str] = "files-refused"


class JobFailed(StrongroomError):
    """A job did not do what it should; ``result`` is its last state."""

    code: ClassVar[str] = "job-failed"

    def __init__(self, message: str, *, result: ImportJobResult) -> None:
        faults = [
            Fault(code="job-error", message=error.message, path=error.id)
            for error in result.errors or []
        ]
        super().__init__(message, faults=faults)
        self.result = result


class ApiError(StrongroomError):
    """The server refused a request; ``problem`` is what it said."""

    code: ClassVar[str] = "api-error"

    def __init__(self, status: int, problem: Problem) -> None:
        listed = problem.errors if problem.errors is not UNSET else []
        super().__init__(
            problem.detail or f"The server answered with status {status}.",
            code=problem.code if problem.code is not UNSET else None,
            faults=[
                Fault(
                    code=item.code,
                    message=item.message,
                    path=item.path,
                    expected=item.expected,
                    found=item.found,
                )
                for item in listed
            ],
        )
        self.status = status
        self.detail = problem


class RequestRefused(ApiError):
    code = "bad-request"


class NotPermitted(ApiError):
    code = "forbidden"


class NotThere(ApiError):
    code = "not-found"


class StateConflict(ApiError):
    code = "conflict"


class Tombstone(ApiError):
    code = "tombstone"


class Oversized(ApiError):
    code = "too-large"


class MaterialRefused(ApiError):
    code = "unprocessable"


class ServerFailed(ApiError):
    code = "server-failed"


_BY_STATUS: dict[int, type[ApiError]] = {
    401: NotPermitted,
    403: NotPermitted,
    404: NotThere,
    409: StateConflict,
    410: Tombstone,
    412: StateConflict,
    413: Oversized,
    422: MaterialRefused,
}


def from_answer(status: int, body: bytes, *, method: str, url: str) -> ApiError:
    """The error for an answer; a body that is no problem document is not held against it."""
    kind = _BY_STATUS.get(status, ServerFailed if status >= 500 else RequestRefused)
    try:
        problem = msgspec.json.decode(body, type=_Loose)
    except msgspec.MsgspecError:
        problem = _Loose()
    detail = problem.detail or f"{method} {url} was answered with status {status}."
    return kind(
        status,
        Problem(
            type=problem.type or "about:blank",
            title=problem.title or f"Status {status}",
            status=status,
            detail=detail,
            instance=problem.instance,
            code=problem.code,
            retryable=problem.retryable,
            errors=problem.errors,
        ),
    )


class _Loose(Problem, rename="camel"):
    """A problem as other servers and proxies write it: everything may be missing."""

    type: str = ""
    title: str = ""
    status: int = 0
    detail: str = ""
