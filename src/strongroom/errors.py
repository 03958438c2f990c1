"""The one tree of errors that rooms raise and edges translate; knows nothing of HTTP.

    StrongroomError
    ├── BadRequest        the request itself is wrong; sending it again cannot help
    ├── Unauthenticated   nobody has proved to be anybody
    ├── Forbidden         the caller may not do this from where it stands
    ├── NotFound          nothing is there
    ├── Gone              something was there; a tombstone marks it
    ├── Conflict          the request is fine, the present state is not
    ├── Unprocessable     the material (METS, files) does not say enough, or says it wrongly
    ├── TooLarge          over a documented limit
    ├── TooMany           too often in too short a time
    ├── UpstreamFailed    another service answered with an error
    ├── UpstreamTimeout   another service did not answer in time
    ├── Unavailable       this server cannot do it now; later it can
    ├── OutOfSpace        the disk is, or would become, full
    └── Damaged           stored bytes are not what their record says

Every error names what was wrong and what to do next. Where several things are wrong at once,
``faults`` lists each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and where."""

    #: a short stable word for programs, such as ``digest-mismatch``
    code: str
    #: one sentence for people
    message: str
    #: the path, id or property concerned
    path: str | None = None
    expected: str | None = None
    found: str | None = None


class StrongroomError(Exception):
    """Something went wrong that the caller can be told about.

    ``message`` is for the person who made the request; ``operator`` adds what only the people
    who run the server should see (it goes to the log, never into an answer).
    """

    code: ClassVar[str] = "error"
    #: whether the very same request may succeed later
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        faults: Iterable[Fault] = (),
        operator: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.problem = code or self.code
        self.faults = tuple(faults)
        self.operator = operator


class BadRequest(StrongroomError):
    code = "bad-request"


class Unauthenticated(StrongroomError):
    """``challenge`` says what was wrong with the proof, in the words of RFC 6750; None: no proof"""

    code = "unauthenticated"

    def __init__(self, message: str, *, challenge: str | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.challenge = challenge


class Forbidden(StrongroomError):
    code = "forbidden"


class NotFound(StrongroomError):
    code = "not-found"


class Gone(StrongroomError):
    code = "tombstone"


class Conflict(StrongroomError):
    code = "conflict"


class Unprocessable(StrongroomError):
    code = "unprocessable"


class TooLarge(StrongroomError):
    code = "too-large"


class TooMany(StrongroomError):
    code = "too-many"
    retryable = True


class UpstreamFailed(StrongroomError):
    code = "upstream-failed"
    retryable = True


class UpstreamTimeout(StrongroomError):
    code = "upstream-timeout"
    retryable = True


class Unavailable(StrongroomError):
    code = "unavailable"
    retryable = True


class OutOfSpace(StrongroomError):
    code = "out-of-space"
    retryable = True


class Damaged(StrongroomError):
    code = "damaged"
