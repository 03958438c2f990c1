"""How the store is reached: endpoint, region, credentials and retries, as AWS tools take them.

What is not set here comes from ``AWS_*`` variables and the files of the AWS command line.
"""

from __future__ import annotations

import hashlib
import math
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from strongroom import __version__

if TYPE_CHECKING:
    import boto3
    from types_boto3_s3 import S3Client

#: connections that are kept to one store
POOL = 64
_REGION = "us-east-1"
#: where a request keeps when it was first sent
_BEGAN = "strongroom_began"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to try for an answer of a store; times in seconds."""

    #: how often a request is sent at most; pauses between grow from one second to twenty
    attempts: int
    #: until it is reached
    connect: float
    #: until an answer begins, and between any two pieces of it
    read: float
    #: after which nothing is sent again that had no answer
    enough: float = math.inf


#: of jobs, and of whatever nobody waits for: half a minute, and longer while it hangs
JOBS = Patience(attempts=6, connect=10, read=120)


def for_users(read: float) -> Patience:
    """Of requests that somebody waits for: three seconds, or once ``read`` if the store hangs."""
    return Patience(attempts=3, connect=3, read=read, enough=min(3, read))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Which store to speak to, and how; can be sent to other processes."""

    #: its URL; None: that of AWS, or of ``AWS_ENDPOINT_URL_S3``
    url: str | None = None
    #: None: that of ``AWS_REGION`` and of the AWS files, else us-east-1
    region: str | None = None
    #: ``auto``: path style for stores other than AWS, unless an AWS file says otherwise
    style: Literal["auto", "path", "virtual"] = "auto"
    patience: Patience = JOBS

    @property
    def unhurried(self) -> Endpoint:
        """The same for requests over which a store may rightly take long: it gets time to answer.

        That are those that bring bytes, copies, and the ends of uploads in parts.
        """
        read = max(self.patience.read, JOBS.read)
        return replace(self, patience=replace(self.patience, read=read))


def connect(endpoint: Endpoint) -> S3Client:
    """A client; one for each process, store and patience, safe to share between threads."""
    # making one takes 15 MiB and a third of a second: of many threads, one does
    with _making:
        return _connect(endpoint)


_making = Lock()


@lru_cache(maxsize=8)
def _connect(endpoint: Endpoint) -> S3Client:
    session = _session(replace(endpoint, patience=JOBS))
    client = _client(session, endpoint, endpoint.style)
    if endpoint.style == "auto" and not _configured(session) and not _is_aws(client):
        client = _client(session, endpoint, "path")
    # older stores ask for it where AWS is content with a checksum of its own kind
    client.meta.events.register("before-call.s3.DeleteObjects", _with_md5)
    if endpoint.patience.enough < math.inf:
        client.meta.events.register("before-call.s3", _begin)
        client.meta.events.register("needs-retry.s3", _GiveUp(endpoint.patience.enough))
    return client


@lru_cache(maxsize=8)
def _session(endpoint: Endpoint) -> boto3.Session:
    """What clients of one store share: most of what the first costs, and the credentials."""
    import boto3

    session = boto3.Session()
    parsers = session._session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=_moment)
    return session


def _client(session: boto3.Session, endpoint: Endpoint, style: str) -> S3Client:
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        # made anew for each request, the one of botocore takes a tenth of its time
        user_agent=f"Strongroom/{__version__}",
        # a store that knows no checksums must not be sent any that nobody asked for
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": endpoint.patience.attempts},
        max_pool_connections=POOL,
        connect_timeout=endpoint.patience.connect,
        read_timeout=endpoint.patience.read,
        tcp_keepalive=True,
        s3=None if style == "auto" else cast(Any, {"addressing_style": style}),
    )
    return session.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=endpoint.region or session.region_name or _REGION,
        config=config,
    )


def _configured(session: boto3.Session) -> bool:
    """Whether an AWS file says how buckets are addressed."""
    said = session._session.get_scoped_config().get("s3")
    return isinstance(said, dict) and "addressing_style" in said


def _is_aws(client: S3Client) -> bool:
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _moment(value: Any) -> datetime:
    """A moment as listings or headers write it; each answer has some, so they are read quickly."""
    if isinstance(value, str):
        with suppress(ValueError):
            if value.endswith("Z"):
                return datetime.fromisoformat(value)
            if value.endswith(" GMT"):
                return parsedate_to_datetime(value)
    from botocore.utils import parse_timestamp

    return parse_timestamp(value)


def _begin(context: dict[str, Any], **_: object) -> None:
    context[_BEGAN] = time.monotonic()


@dataclass(frozen=True, slots=True)
class _GiveUp:
    """Ends a request that had no answer, where the retries of botocore would send it again."""

    #: seconds
    enough: float

    def __call__(
        self, request_dict: dict[str, Any], caught_exception: Exception | None, **_: object
    ) -> None:
        began = request_dict["context"][_BEGAN]
        if caught_exception is not None and time.monotonic() - began >= self.enough:
            raise caught_exception


def _with_md5(params: dict[str, Any], **_: object) -> None:
    body = params.get("body")
    if isinstance(body, bytes):
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        params["headers"]["Content-MD5"] = b64encode(digest).decode()
