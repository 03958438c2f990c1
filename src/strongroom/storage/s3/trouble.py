"""What a store answers when it does not do as it was asked, told in words that others know.

A key that is not there is the FileNotFoundError that it would be on a disk; a condition that does
not hold is a ConditionFailed; a store that cannot be reached, or refuses us, is Unavailable. None
of these ever holds a key, a secret or a signature of ours.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3.exceptions
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004
    HTTPClientError,
    NoCredentialsError,
)

from strongroom.errors import Conflict, StrongroomError, Unavailable

_MISSING = frozenset(("NoSuchKey", "NotFound", "404", "NoSuchUpload"))
_CONDITION = frozenset(("PreconditionFailed", "412", "304", "NotModified"))
#: refusals by which a store says that bytes are not those of their checksum
DIGEST = frozenset(("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch"))
_RANGE = frozenset(("InvalidRange", "416"))


class ConditionFailed(Exception):
    """The key is not as the request said it must be (there, not there, with this ETag)."""


class ChecksumRefused(Exception):
    """The store received other bytes than the checksum in the request says."""


class OutOfRange(Exception):
    """The bytes that were asked for lie beyond the end."""


@contextmanager
def told(key: str) -> Iterator[None]:
    """Run the body; what the store or the way to it refuses is raised as this module says."""
    try:
        yield
    except ClientError as error:
        raise translated(error, key) from error
    except (BotoCoreError, HTTPClientError, urllib3.exceptions.HTTPError) as error:
        raise unreachable(error) from error


def translated(error: ClientError, key: str) -> Exception:
    """A refusal of the store, as an exception to be raised."""
    said = error.response.get("Error", {})
    code = str(said.get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchBucket":
        return Unavailable(
            "The storage bucket does not exist. Make it, or correct the settings.",
            code="no-bucket",
            operator=_short(error),
        )
    if code in _MISSING or (status == 404 and code != "NoSuchBucket"):
        return FileNotFoundError(errno.ENOENT, "there is no such key", key)
    if code in _CONDITION or status == 412:
        return ConditionFailed(key)
    if code in DIGEST:
        return ChecksumRefused(key)
    if code in _RANGE or status == 416:
        return OutOfRange(key)
    if code == "ConditionalRequestConflict" or status == 409:
        return Conflict(
            "The store is busy with another request on the same key. Try again.",
            code="storage-busy",
            operator=_short(error),
        )
    if status in (401, 403):
        return Unavailable(
            "The store refuses the server's request. Its operator must look at the credentials, "
            "the clock and the rights of the server.",
            code="storage-refused",
            operator=_short(error),
        )
    return unreachable(error)


def store_code(error: BaseException) -> str:
    """The store's own word for what was wrong, where an error was raised for its answer."""
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return ""
    return str(cause.response.get("Error", {}).get("Code", ""))


def unreachable(error: Exception) -> StrongroomError:
    """The store did not answer, or answered that it cannot."""
    if isinstance(error, NoCredentialsError):
        return Unavailable(
            "The server has no credentials for the store.",
            code="storage-refused",
            operator="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an AWS_PROFILE",
        )
    kind = "cannot be reached" if isinstance(error, ConnectionError) else "does not answer rightly"
    return Unavailable(
        f"The store {kind}. Nothing was lost; try again later.",
        code="storage-unavailable",
        operator=_short(error),
    )


def _short(error: Exception) -> str:
    """What operators need of an error: no URL with a signature is ever part of it."""
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return (
            f"{error.operation_name}: {said.get('Code', '?')} ({status}) "
            f"{str(said.get('Message', ''))[:300]}"
        )
    plain, mark, _ = str(error).partition("?")
    return f"{type(error).__name__}: {plain[:300]}{'…' if mark else ''}"
