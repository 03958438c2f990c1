"""Uploads in parts that others send by links: begun, taken up again, completed and aborted here.

The store itself keeps what came, by the id it gave; nothing is remembered here. What an upload is
to come to (size, bytes of a part) stands in front of that id, so that links can be made anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from strongroom.errors import BadRequest, NotFound, StrongroomError, Unprocessable
from strongroom.storage.protocols import PartLink, PartLinks
from strongroom.storage.s3 import presigned
from strongroom.storage.s3.bucket import Bucket, Found
from strongroom.storage.s3.trouble import ChecksumRefused, store_code, told

#: links of one upload; more parts are larger ones
MOST = 1024
#: bytes of a part, unless the file or whoever asks wants others
USUAL = 64 << 20
#: bytes that a part can have (all but the last)
SMALLEST, LARGEST = 5 << 20, presigned.LARGEST_PUT
_UPLOAD = re.compile(r"([1-9][0-9]{0,13})-([1-9][0-9]{0,9})-([!-~]{1,900})")
#: how a store says that parts are not those that it has
_NO_PARTS = frozenset(("InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"))


@dataclass(frozen=True, slots=True)
class _Upload:
    size: int
    part: int
    #: as the store calls it
    id: str

    @property
    def count(self) -> int:
        return -(-self.size // self.part)

    def __str__(self) -> str:
        return f"{self.size}-{self.part}-{self.id}"


def part_size(size: int, wanted: int | None) -> int:
    """Bytes of each part; BadRequest (``bad-parts``) if those that are wanted cannot be."""
    if wanted is None:
        even = -(-size // MOST)
        return max(USUAL, -(-even // (1 << 20)) * (1 << 20))
    if not SMALLEST <= wanted <= LARGEST or size > wanted * MOST:
        raise BadRequest(
            f"Parts can have {SMALLEST} to {LARGEST} bytes, and an upload {MOST} of them.",
            code="bad-parts",
        )
    return wanted


def begin(bucket: Bucket, key: str, *, size: int, part: int, content_type: str | None) -> str:
    """Begin an upload at a key; what it is called from then on."""
    asked = {"ContentType": content_type} if content_type is not None else {}
    with told(key):
        answer = bucket.client.create_multipart_upload(
            Bucket=bucket.name,
            Key=key,
            **asked,  # type: ignore[arg-type]
        )
    return str(_Upload(size, part, answer["UploadId"]))


def links(bucket: Bucket, key: str, upload: str, *, seconds: int) -> PartLinks:
    """A link for each part of an upload; each binds how many bytes the part has."""
    found = _parsed(upload)
    made = []
    for number in range(1, found.count + 1):
        length = min(found.part, found.size - (number - 1) * found.part)
        signed = presigned.sign_part(
            bucket, key, upload=found.id, number=number, size=length, expires=seconds
        )
        made.append(PartLink(number=number, size=length, link=signed))
    return PartLinks(upload=upload, part=found.part, parts=tuple(made))


def complete(bucket: Bucket, key: str, upload: str, etags: Sequence[str]) -> Found:
    """Put the object in its place, of parts with these ETags, first to last; what is there then.

    Unprocessable (``bad-parts``) if the store has not just these, NotFound (``no-upload``) if it
    knows no such upload. Harmless if it was completed already.
    """
    found = _parsed(upload)
    etags = [f'"{etag.strip(chr(34))}"' for etag in etags]
    if len(etags) != found.count:
        raise _bad_parts(f"it has {found.count} parts, and {len(etags)} are named")
    parts: list[Any] = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    try:
        bucket.patiently(
            key,
            lambda: bucket.unhurried.complete_multipart_upload(
                Bucket=bucket.name,
                Key=key,
                UploadId=found.id,
                MultipartUpload={"Parts": parts},
            ),
        )
    except FileNotFoundError:
        there = bucket.head(key)
        if there is None or there.size != found.size or there.etag != _whole(etags):
            raise _unknown() from None
        return there
    except ChecksumRefused as error:
        raise _bad_parts("the store refuses their checksums") from error
    except StrongroomError as error:
        if (code := store_code(error)) in _NO_PARTS:
            raise _bad_parts(f"the store says {code}") from error
        raise
    there = bucket.head(key)
    if there is None:
        raise _unknown()
    return there


def abort(bucket: Bucket, key: str, upload: str) -> None:
    """Throw away what came; harmless if there is nothing."""
    found = _parsed(upload)
    with suppress(FileNotFoundError), told(key):
        bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=found.id)


def _parsed(upload: str) -> _Upload:
    match = _UPLOAD.fullmatch(upload)
    if match is None:
        raise _unknown()
    found = _Upload(int(match[1]), int(match[2]), match[3])
    if not SMALLEST <= found.part <= LARGEST or found.count > MOST:
        raise _unknown()
    return found


def _whole(etags: Sequence[str]) -> str:
    """The ETag of an object of these parts, as AWS and most others make it; else no ETag."""
    plain = [etag.strip('"') for etag in etags]
    if not all(re.fullmatch("[0-9a-f]{32}", etag) for etag in plain):
        return ""
    digest = hashlib.md5(b"".join(map(bytes.fromhex, plain)), usedforsecurity=False)
    return f'"{digest.hexdigest()}-{len(plain)}"'


def _unknown() -> NotFound:
    return NotFound(
        "The store knows no such upload. It was aborted or completed, or is more than a day old: "
        "begin it anew.",
        code="no-upload",
    )


def _bad_parts(why: str) -> Unprocessable:
    return Unprocessable(
        f"The upload cannot be completed of these parts: {why}. Send those that are missing, and "
        "name all of them, first to last, by the ETags that the store answered.",
        code="bad-parts",
    )
