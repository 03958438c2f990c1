"""Places in a store, as ``s3://bucket/prefix/`` names them.

Keys are compared and sent as they are; only URIs are percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from strongroom.errors import BadRequest

SCHEME = "s3://"
#: what a URI shows of a key unescaped
_SAFE = "/!$&'()*+,;=:@~"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A bucket and a prefix in it; the prefix is empty or ends with a slash."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix/``, percent-encoded."""
        return f"{SCHEME}{self.bucket}/{quote(self.prefix, safe=_SAFE)}"

    def __str__(self) -> str:
        return self.uri

    def below(self, path: str) -> Location:
        """A folder of this one; ``path`` has slashes between segments, and none at its ends."""
        return Location(bucket=self.bucket, prefix=f"{self.prefix}{path}/")


def parse(uri: str) -> Location:
    """The place that a URI names, with or without a slash at its end.

    BadRequest for anything but ``s3://bucket`` and ``s3://bucket/prefix``.
    """
    bucket, _, prefix = uri.removeprefix(SCHEME).partition("/")
    prefix = unquote(prefix).strip("/")
    segments = prefix.split("/") if prefix else []
    if (
        not uri.startswith(SCHEME)
        or not _BUCKET.fullmatch(bucket)
        or any(segment in ("", ".", "..") for segment in segments)
    ):
        raise BadRequest(
            f"'{uri[:200]}' names no place in an S3 store; write s3://bucket/prefix.",
            code="bad-store-place",
        )
    return Location(bucket=bucket, prefix=f"{prefix}/" if prefix else "")
