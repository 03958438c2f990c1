"""A typed, synchronous client of the HTTP API.

It speaks the wire and nothing else: no setting is read, nothing is printed, and every failure is
an exception of :mod:`strongroom.client.errors`. Shapes are those of :mod:`strongroom.wire`.
"""

from __future__ import annotations

from strongroom.client.auth import ApiKey, ClientCredentials, Tokens
from strongroom.client.client import Client
from strongroom.client.deposit_query import DepositQuery
from strongroom.client.digests import Digest, digest
from strongroom.client.errors import (
    ApiError,
    BadAnswer,
    JobFailed,
    NotEnded,
    Unreachable,
    VerificationFailed,
)
from strongroom.client.job_builder import JobBuilder
from strongroom.client.repository import members
from strongroom.client.retry import Retry

__all__ = [
    "ApiError",
    "ApiKey",
    "BadAnswer",
    "Client",
    "ClientCredentials",
    "DepositQuery",
    "Digest",
    "JobBuilder",
    "JobFailed",
    "NotEnded",
    "Retry",
    "Tokens",
    "Unreachable",
    "VerificationFailed",
    "digest",
    "members",
]
