"""Requests that are signed now and sent later, by us or by others, until a time that is bounded.

What is bound into the signature (conditions, length, SHA-256) is the store's to enforce; whether a
store does so is found by ``strongroom storage doctor``. A signed URL is a secret while it lives:
it stands in no error and in no log.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError

from strongroom.errors import Unavailable
from strongroom.storage.s3.bucket import ANY, Bucket, Condition
from strongroom.storage.s3.trouble import unreachable

#: seconds that a signature can last (seven days)
LONGEST = 7 * 24 * 3600
#: bytes of the largest body of one PUT
LARGEST_PUT = 5 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request that whoever has it can make, with no credentials, until it expires."""

    method: Literal["GET", "PUT"]
    #: with the signature in its query
    url: str = field(repr=False)
    #: what must be sent besides, exactly so; ``Host`` is understood
    headers: Mapping[str, str]
    #: aware UTC
    expires: datetime


def sign_get(bucket: Bucket, key: str, *, expires: int) -> SignedRequest:
    """Let others read a key for ``expires`` seconds."""
    return _sign(bucket, "GET", key, {}, {}, expires)


def sign_put(
    bucket: Bucket,
    key: str,
    *,
    sha256: str,
    size: int,
    expires: int,
    condition: Condition = ANY,
    content_type: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> SignedRequest:
    """Let others store just these bytes (SHA-256 in hex, length) at a key, if a condition holds."""
    checksum = b64encode(bytes.fromhex(sha256)).decode()
    asked: dict[str, Any] = {"ContentLength": size, "ChecksumSHA256": checksum}
    headers = {"Content-Length": str(size), "x-amz-checksum-sha256": checksum}
    if condition.new:
        headers["If-None-Match"] = "*"
    elif condition.etag is not None:
        headers["If-Match"] = condition.etag
    if content_type is not None:
        headers["Content-Type"] = asked["ContentType"] = content_type
    if metadata:
        asked["Metadata"] = dict(metadata)
        headers |= {f"x-amz-meta-{name}": value for name, value in metadata.items()}
    return _sign(bucket, "PUT", key, asked | condition.arguments(), headers, expires)


def sign_part(
    bucket: Bucket, key: str, *, upload: str, number: int, size: int, expires: int
) -> SignedRequest:
    """Let others send a part of an upload, of just so many bytes."""
    asked = {"UploadId": upload, "PartNumber": number, "ContentLength": size}
    headers = {"Content-Length": str(size)}
    return _sign(bucket, "PUT", key, asked, headers, expires, operation="upload_part")


def _sign(
    bucket: Bucket,
    method: Literal["GET", "PUT"],
    key: str,
    asked: Mapping[str, Any],
    headers: Mapping[str, str],
    expires: int,
    *,
    operation: str | None = None,
) -> SignedRequest:
    if not 1 <= expires <= LONGEST:
        raise ValueError(f"a signature lasts 1 to {LONGEST} seconds, not {expires}")
    try:
        url = bucket.client.generate_presigned_url(
            operation or ("get_object" if method == "GET" else "put_object"),
            Params={"Bucket": bucket.name, "Key": key, **asked},
            ExpiresIn=expires,
            HttpMethod=method,
        )
    except BotoCoreError as error:
        raise unreachable(error) from error
    query = parse_qs(urlsplit(url).query)
    _demand_signed(query, headers)
    signed = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return SignedRequest(
        method=method, url=url, headers=headers, expires=signed + timedelta(seconds=expires)
    )


def _demand_signed(query: Mapping[str, list[str]], headers: Mapping[str, str]) -> None:
    """Make sure that each header is part of what was signed, for the rest binds nobody."""
    signed = set(query.get("X-Amz-SignedHeaders", [""])[0].split(";"))
    loose = {name.lower() for name in headers} - signed
    if loose or "host" not in signed:
        raise Unavailable(
            "The server cannot sign requests to the store as it must.",
            code="storage-refused",
            operator=f"boto3 left {sorted(loose)} out; signed are {sorted(signed)}",
        )
