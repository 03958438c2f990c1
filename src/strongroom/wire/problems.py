"""Problem details (RFC 9457), as every error answer carries them."""

from __future__ import annotations

from strongroom.wire.base import UNSET, Shape, UnsetType


class ProblemFault(Shape):
    code: str
    message: str
    path: str | None = None
    expected: str | None = None
    found: str | None = None


class Problem(Shape):
    #: a page of the documentation
    type: str
    #: ``Status <n>``, as existing clients know it
    title: str
    status: int
    detail: str
    #: the correlation id of the request
    instance: str | UnsetType = UNSET
    #: the stable word for programs, such as ``digest-mismatch``
    code: str | UnsetType = UNSET
    retryable: bool | UnsetType = UNSET
    errors: list[ProblemFault] | UnsetType = UNSET
