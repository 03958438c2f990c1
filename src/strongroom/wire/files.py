"""Files of a deposit as JSON: the listing and the receipt of an upload (beside the contract)."""

from __future__ import annotations

from strongroom.wire.base import Shape
from strongroom.wire.problems import ProblemFault


class DepositFile(Shape):
    path: str
    #: bytes
    size: int
    #: SHA-256, lower-case hex; null where it is not known yet
    digest: str | None = None


class DepositFiles(Shape):
    """Everything in a deposit, sorted by path."""

    files: list[DepositFile]
    folders: list[str]
    #: what is there but cannot be preserved, such as symbolic links; the reason for each
    refused: list[ProblemFault]
