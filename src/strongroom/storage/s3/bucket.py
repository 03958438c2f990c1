"""Requests on one bucket: each says what must hold, and what came of it is proved where it can be.

Bodies here are small; streams of any length are left to :mod:`strongroom.storage.s3.parts`.
"""

from __future__ import annotations

import hashlib
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from strongroom.errors import Conflict, Unavailable
from strongroom.storage.s3 import connection
from strongroom.storage.s3.connection import Endpoint
from strongroom.storage.s3.trouble import ChecksumRefused, ConditionFailed, OutOfRange, told

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

#: keys in one request to delete
_BATCH = 1000
#: looks at a key that another request is busy with, and seconds between them
_TRIES, _PAUSE = 8, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must hold of a key for a request to be carried out; one of the two."""

    #: the key is not there
    new: bool = False
    #: it is there with this ETag
    etag: str | None = None

    def arguments(self) -> dict[str, Any]:
        """As boto3 calls it."""
        if self.new:
            return {"IfNoneMatch": "*"}
        return {"IfMatch": self.etag} if self.etag is not None else {}


NEW = Condition(new=True)
ANY = Condition()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A key as a listing tells it."""

    key: str
    #: bytes
    size: int
    #: with its quotes, as the store writes it
    etag: str
    #: aware UTC, by the clock of the store
    modified: datetime
    #: whether the store says that it took a SHA-256 of all bytes; None if it does not tell
    vouched: bool | None = None


class Page(NamedTuple):
    """One answer of a listing."""

    keys: list[Listed]
    #: prefixes (with slash) of keys deeper down, where only one level was asked for
    deeper: list[str]
    #: what to ask on with; None at the end
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Listed):
    """A key as the store describes it."""

    #: of all its bytes, lower-case hex, as the store took it when they came in; None if it did not
    sha256: str | None
    content_type: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket; safe to share between threads, and can be sent to other processes."""

    name: str
    endpoint: Endpoint

    @property
    def client(self) -> S3Client:
        return connection.connect(self.endpoint)

    @property
    def unhurried(self) -> S3Client:
        """For requests over which a store may rightly take long; see the endpoint."""
        return connection.connect(self.endpoint.unhurried)

    def clock(self) -> datetime:
        """The time by the clock of the store: aware UTC, whole seconds."""
        with told(""):
            answer = self.client.head_bucket(Bucket=self.name)
        said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(said) if said else datetime.now(UTC)

    # --------------------------------------------------------------------------------- reading

    def head(self, key: str, *, checksum: bool = True) -> Found | None:
        """What the store says of a key; None if it is not there."""
        asked: dict[str, Any] = {"ChecksumMode": "ENABLED"} if checksum else {}
        try:
            with told(key):
                answer = self.client.head_object(Bucket=self.name, Key=key, **asked)
        except FileNotFoundError:
            return None
        return _found(key, answer)

    def open(self, key: str, *, start: int = 0, etag: str | None = None) -> tuple[IO[bytes], Found]:
        """The bytes of a key from ``start`` on, as a stream to be closed, and what it is.

        FileNotFoundError if it is not there, ConditionFailed if it has another ``etag`` by now.
        """
        asked: dict[str, Any] = {"Range": f"bytes={start}-"} if start else {}
        if etag is not None:
            asked["IfMatch"] = etag
        with told(key):
            answer = self.client.get_object(Bucket=self.name, Key=key, **asked)
        return cast(IO[bytes], answer["Body"]), _found(key, answer)

    def range(self, found: Listed, start: int, size: int) -> bytes:
        """``size`` bytes of just this object; fewer only if the answer broke off.

        FileNotFoundError or ConditionFailed if it is not there, or not the same, any more. An
        answer that breaks off may also be an error of botocore or urllib3, as with streams.
        """
        with told(found.key):
            answer = self.client.get_object(
                Bucket=self.name,
                Key=found.key,
                Range=f"bytes={start}-{start + size - 1}",
                IfMatch=found.etag,
            )
        with answer["Body"] as body:
            return body.read()

    def get(self, key: str) -> tuple[bytes, Found]:
        """A small object whole; FileNotFoundError if it is not there."""
        body, found = self.open(key)
        with body, told(key):
            return body.read(), found

    def start(self, key: str, size: int) -> bytes:
        """The first bytes of a key, fewer if it has fewer; FileNotFoundError if it is not there."""
        if size <= 0:
            return b""
        try:
            with told(key):
                answer = self.client.get_object(
                    Bucket=self.name, Key=key, Range=f"bytes=0-{size - 1}"
                )
                with answer["Body"] as body:
                    return body.read()
        except OutOfRange:
            return b""

    def listing(self, prefix: str) -> Iterator[Listed]:
        """Every key below a prefix, in their order (UTF-8), page by page."""
        for page in self.pages(prefix):
            yield from page.keys

    def level(self, prefix: str) -> tuple[list[Listed], list[str]]:
        """The keys directly below a prefix, and the prefixes (with slash) of those deeper down."""
        keys: list[Listed] = []
        deeper: list[str] = []
        for page in self.pages(prefix, delimiter="/"):
            keys += page.keys
            deeper += page.deeper
        return keys, deeper

    def pages(self, prefix: str, *, delimiter: str | None = None) -> Iterator[Page]:
        """A listing, of one level if there is a delimiter, answer by answer."""
        page = self.page(prefix, delimiter=delimiter)
        yield page
        while page.next is not None:
            page = self.page(prefix, delimiter=delimiter, after=page.next)
            yield page

    def page(
        self,
        prefix: str,
        *,
        delimiter: str | None = None,
        after: str | None = None,
        beyond: str | None = None,
        most: int = 1000,
    ) -> Page:
        """One answer of a listing: its first, that ``after`` another, or from ``beyond`` a key."""
        asked: dict[str, Any] = {"Delimiter": delimiter} if delimiter else {}
        if beyond is not None:
            asked["StartAfter"] = beyond
        if after is not None:
            asked["ContinuationToken"] = after
        with told(prefix):
            answer = self.client.list_objects_v2(
                Bucket=self.name, Prefix=prefix, MaxKeys=most, **asked
            )
        return Page(
            [_listed(said) for said in answer.get("Contents", ())],
            [said["Prefix"] for said in answer.get("CommonPrefixes", ())],
            answer.get("NextContinuationToken") if answer.get("IsTruncated") else None,
        )

    def any_below(self, prefix: str) -> bool:
        """Whether there is any key with this prefix."""
        return bool(self.page(prefix, most=1).keys)

    # -------------------------------------------------------------------------------- changing

    def put(
        self,
        key: str,
        data: bytes,
        condition: Condition = ANY,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Store a small object; its ETag. The store holds exactly these bytes then.

        ConditionFailed if the condition does not hold. A request that was carried out although its
        answer was lost counts as carried out.
        """
        sha256 = hashlib.sha256(data).digest()
        asked: dict[str, Any] = {"ChecksumSHA256": b64encode(sha256).decode()}
        if content_type is not None:
            asked["ContentType"] = content_type
        if metadata:
            asked["Metadata"] = dict(metadata)
        try:
            answer = self.patiently(
                key,
                lambda: self.unhurried.put_object(
                    Bucket=self.name, Key=key, Body=data, **condition.arguments(), **asked
                ),
            )
        except ConditionFailed:
            found = self._ours(key, data)
            if found is None:
                raise
            return found
        except FileNotFoundError:
            # a condition on an ETag, and no such key
            raise ConditionFailed(key) from None
        if answer.get("ChecksumSHA256") != asked["ChecksumSHA256"]:
            self._prove(key, data, answer["ETag"])
        return str(answer["ETag"])

    def patiently(self, key: str, ask: Any) -> Any:
        """The answer to a request, asked while the store is busy with another one on the key."""
        for number in range(_TRIES):
            try:
                with told(key):
                    return ask()
            except Conflict:
                time.sleep(_PAUSE * 2**number)
            except ChecksumRefused:
                if number >= 2:
                    raise Unavailable(
                        "The bytes that were sent do not reach the store unchanged. Try again.",
                        code="storage-unavailable",
                    ) from None
        raise Unavailable(
            "The store is busy with other requests on the same key, again and again. Try later.",
            code="storage-busy",
        )

    def _ours(self, key: str, data: bytes) -> str | None:
        """The ETag of a key that has exactly these bytes."""
        try:
            held, found = self.get(key)
        except FileNotFoundError:
            return None
        return found.etag if held == data else None

    def _prove(self, key: str, data: bytes, etag: str) -> None:
        """Make sure of what was stored where the store took no SHA-256 of it."""
        if etag.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest():
            return
        held, found = self.get(key)
        if found.etag == etag and held != data:
            raise Unavailable(
                "The store does not hold what it was given. Look at it with 'storage doctor'.",
                code="storage-unavailable",
                operator=f"the key is {key}",
            )

    def delete(self, key: str, condition: Condition = ANY) -> None:
        """Remove a key; harmless if it is not there. ConditionFailed if it has another ETag."""
        try:
            self.patiently(
                key,
                lambda: self.client.delete_object(
                    Bucket=self.name, Key=key, **condition.arguments()
                ),
            )
        except FileNotFoundError:
            return
        except ConditionFailed:
            # an earlier attempt may have been carried out, and its answer lost
            if self.head(key, checksum=False) is not None:
                raise

    def delete_all(self, keys: Iterable[str]) -> int:
        """Remove many keys; how many. Unavailable if the store keeps any of them."""
        count: int = 0
        batch: list[str] = []
        for key in keys:
            batch.append(key)
            if len(batch) == _BATCH:
                count += self._delete_batch(batch)
                batch = []
        return count + (self._delete_batch(batch) if batch else 0)

    def _delete_batch(self, keys: list[str]) -> int:
        # XML cannot carry every name
        odd = [key for key in keys if any(ord(char) < 0x20 or ord(char) > 0xFFFD for char in key)]
        plain = [key for key in keys if key not in odd] if odd else keys
        if plain:
            with told(plain[0]):
                answer = self.client.delete_objects(
                    Bucket=self.name,
                    Delete={"Objects": [{"Key": key} for key in plain], "Quiet": True},
                )
            # what is left is asked for one by one, which tells why it cannot be
            odd += [said["Key"] for said in answer.get("Errors", ())]
        if odd:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(self.delete, odd))
        return len(keys)

    def copy(
        self,
        source: Bucket,
        source_key: str,
        key: str,
        *,
        etag: str | None,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Found:
        """Copy inside the store, of at most 5 GB; what is there then.

        With a content type or metadata, these take the place of those that the source has.
        The store is asked for a SHA-256 of all bytes; whether it gave one stands in the answer.
        FileNotFoundError if the source is not there, ConditionFailed if it has another ``etag``.
        """
        asked: dict[str, Any] = {"CopySourceIfMatch": etag} if etag is not None else {}
        if content_type is not None or metadata:
            asked |= {"MetadataDirective": "REPLACE", "Metadata": dict(metadata or {})}
            if content_type is not None:
                asked["ContentType"] = content_type
        answer = self.patiently(
            key,
            lambda: self.unhurried.copy_object(
                Bucket=self.name,
                Key=key,
                CopySource={"Bucket": source.name, "Key": source_key},
                ChecksumAlgorithm="SHA256",
                **asked,
            ),
        )
        result = answer.get("CopyObjectResult", {})
        return Found(
            key=key,
            size=-1,
            etag=str(result.get("ETag", "")),
            modified=result.get("LastModified") or datetime.now().astimezone(),
            sha256=full_sha256(result),
            content_type="",
        )


def full_sha256(answer: Mapping[str, Any]) -> str | None:
    """The SHA-256 of all bytes in an answer, lower-case hex; a composite one is none."""
    said = answer.get("ChecksumSHA256")
    if not isinstance(said, str) or "-" in said or answer.get("ChecksumType") == "COMPOSITE":
        return None
    try:
        raw = b64decode(said, validate=True)
    except ValueError:
        return None
    return raw.hex() if len(raw) == hashlib.sha256().digest_size else None


def _found(key: str, answer: Mapping[str, Any]) -> Found:
    size = answer["ContentLength"]
    if "ContentRange" in answer:
        size = int(str(answer["ContentRange"]).rpartition("/")[2])
    return Found(
        key=key,
        size=size,
        etag=answer["ETag"],
        modified=answer["LastModified"],
        sha256=full_sha256(answer),
        content_type=answer.get("ContentType", ""),
        metadata=answer.get("Metadata", {}),
    )


def _listed(said: Any) -> Listed:
    taken = said.get("ChecksumAlgorithm")
    return Listed(
        key=said["Key"],
        size=said["Size"],
        etag=said["ETag"],
        modified=said["LastModified"],
        vouched=None
        if taken is None
        else "SHA256" in taken and said.get("ChecksumType") != "COMPOSITE",
    )
