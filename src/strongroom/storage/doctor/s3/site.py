"""Where probes of a bucket write, and how they ask: each refusal of the store is a word to look at.

Nothing is tried again here, and nothing is proved: that is what is to be found out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from strongroom.errors import Unavailable
from strongroom.storage.s3.bucket import Bucket
from strongroom.storage.s3.trouble import unreachable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

#: refusals by which a store says that a condition does not hold, or may not any more
CONDITION = frozenset(("PreconditionFailed", "ConditionalRequestConflict", "412", "409"))
#: those by which it says that there is no such key
MISSING = frozenset(("NoSuchKey", "NotFound", "404"))
#: bytes of the smallest part but the last
PART = 5 << 20


@dataclass(frozen=True, slots=True)
class Site:
    """A prefix that nobody else uses, in a bucket that is looked at."""

    bucket: Bucket
    #: with a slash at its end
    prefix: str
    #: the prefix that the store is to be used for; empty or with a slash at its end
    whole: str = ""
    #: keys and ids of the uploads in parts that were begun, since not every store lists them
    begun: list[tuple[str, str]] = field(default_factory=list)

    @property
    def client(self) -> S3Client:
        return self.bucket.client

    def key(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def at(self, name: str) -> dict[str, Any]:
        """A key, as requests name it."""
        return {"Bucket": self.bucket.name, "Key": self.key(name)}

    def put(self, name: str, data: bytes, **more: Any) -> str:
        """Store something; its ETag."""
        return str(self.client.put_object(**self.at(name), Body=data, **more)["ETag"])

    def get(self, name: str, **more: Any) -> bytes:
        with self.client.get_object(**self.at(name), **more)["Body"] as body:
            return body.read()

    def new_upload(self, name: str, **more: Any) -> str:
        """The id of an upload in parts."""
        made = self.client.create_multipart_upload(**self.at(name), **more)
        self.begun.append((self.key(name), made["UploadId"]))
        return made["UploadId"]

    def begin_parts(self, name: str, *parts: bytes, **more: Any) -> dict[str, Any]:
        """Send parts of an upload; what is needed to complete it."""
        upload_id = self.new_upload(name, ChecksumAlgorithm="SHA256", **more)
        sent: list[dict[str, Any]] = []
        for number, data in enumerate(parts, 1):
            answer = self.client.upload_part(
                **self.at(name),
                UploadId=upload_id,
                PartNumber=number,
                Body=data,
                ChecksumAlgorithm="SHA256",
            )
            sent.append(_part(number, answer))
        return {**self.at(name), "UploadId": upload_id, "MultipartUpload": {"Parts": sent}}

    def abort_parts(self, upload: dict[str, Any]) -> None:
        self.client.abort_multipart_upload(
            Bucket=upload["Bucket"], Key=upload["Key"], UploadId=upload["UploadId"]
        )


def _part(number: int, answer: Any) -> dict[str, Any]:
    part = {"PartNumber": number, "ETag": answer["ETag"]}
    if "ChecksumSHA256" in answer:
        part["ChecksumSHA256"] = answer["ChecksumSHA256"]
    return part


def refusal(ask: Callable[[], Any]) -> str | None:
    """The store's word for why it does not do as it is asked; None if it does.

    Unavailable if it cannot be reached, or does not answer in words.
    """
    try:
        ask()
    except ClientError as error:
        said = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
        return str(said.get("Code") or status)
    except (BotoCoreError, HTTPClientError) as error:
        raise _untold(error) from error
    return None


def _untold(error: Exception) -> Unavailable:
    found = unreachable(error)
    return Unavailable(found.message, code=found.problem, operator=found.operator)
