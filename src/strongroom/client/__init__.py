"""A typed, synchronous client of the HTTP API.

It speaks the wire and nothing else: no setting is read, nothing is printed, and every failure is
an exception of :mod:`strongroom.client.errors`.
"""

from __future__ import annotations

from strongroom.client.client import Client
from strongroom.client.errors import (
    ApiError,
    BadAnswer,
    JobFailed,
    Unreachable,
    VerificationFailed,
)
from strongroom.client.transport import Retry

__all__ = [
    "ApiError",
    "BadAnswer",
    "Client",
    "JobFailed",
    "Retry",
    "Unreachable",
    "VerificationFailed",
]
