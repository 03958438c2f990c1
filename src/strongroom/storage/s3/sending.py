"""Sends signed requests as boto3 would, with its proxies and trusted certificates; just once.

What an answer means is left to whoever asked. An error of the connection holds the signed URL: it
is to be translated (:func:`strongroom.storage.s3.trouble.unreachable`), never shown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest

from strongroom.storage.s3.presigned import SignedRequest

if TYPE_CHECKING:
    from botocore.httpsession import URLLib3Session

_CONNECT_SECONDS, _READ_SECONDS = 10, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the store answered to a signed request."""

    status: int
    #: with its quotes
    etag: str
    #: SHA-256, Base64; empty if the store tells none
    checksum: str
    #: the ``Date`` header
    date: str
    body: bytes = field(repr=False)

    @property
    def retryable(self) -> bool:
        return self.status >= 500 or self.status in (408, 409, 429)

    @property
    def code(self) -> str:
        """The store's word for what is wrong."""
        return self._said("Code")

    @property
    def message(self) -> str:
        """The store's sentence, which may tell the request but never its signature."""
        return f"{self.code} {self._said('Message')}"

    def _said(self, name: str) -> str:
        found = re.search(f"<{name}>([^<]*)</{name}>".encode(), self.body[:65536])
        return found[1].decode("utf-8", "replace") if found else ""


def send_signed(request: SignedRequest, data: bytes = b"") -> Answer:
    """The store's answer, whatever it is. Raises BotoCoreError and HTTPClientError."""
    prepared = AWSRequest(
        method=request.method, url=request.url, headers=dict(request.headers), data=data
    ).prepare()
    place = urlsplit(request.url)
    answer = _session(f"{place.scheme}://{place.netloc}").send(prepared)
    return Answer(
        status=answer.status_code,
        etag=answer.headers.get("ETag", ""),
        checksum=answer.headers.get("x-amz-checksum-sha256", ""),
        date=answer.headers.get("Date", ""),
        body=answer.content,
    )


@lru_cache(maxsize=8)
def _session(root: str) -> URLLib3Session:
    """Connections as boto3 makes them: proxies and trusted certificates from the environment."""
    import boto3
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    trusted = boto3.Session()._session.get_config_variable("ca_bundle")
    settings: dict[str, Any] = {
        "verify": trusted or os.environ.get("REQUESTS_CA_BUNDLE") or True,
        "proxies": get_environ_proxies(root),
        "timeout": (_CONNECT_SECONDS, _READ_SECONDS),
    }
    return URLLib3Session(**settings)
