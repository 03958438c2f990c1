"""Conditional writes that are signed before they are sent: after their time no store takes them.

A writer that was stopped, and goes on when others have taken over, thus changes nothing: its
request has expired, however late it arrives. When to prepare is left to those who commit.
"""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, HTTPClientError

from strongroom.errors import Unavailable
from strongroom.storage.s3.bucket import Bucket, Condition
from strongroom.storage.s3.presigned import SignedRequest, sign_put
from strongroom.storage.s3.sending import Answer, send_signed
from strongroom.storage.s3.trouble import DIGEST, ConditionFailed, unreachable

#: attempts, and seconds before the second one
_TRIES, _PAUSE = 7, 0.1
#: of these, attempts with bytes that the store says it received changed
_GARBLED = 3


class Expired(Exception):
    """The time in which the request could be sent is over; the store did not carry it out."""


@dataclass(frozen=True, slots=True)
class PreparedPut:
    """A small object on its way to a key, if a condition holds, and until a time."""

    bucket: Bucket
    key: str
    data: bytes = field(repr=False)
    request: SignedRequest

    def send(self) -> str:
        """Store it; its ETag. The store holds exactly these bytes then.

        ConditionFailed if the condition does not hold, Expired if it is too late, Unavailable if
        the store does not do it otherwise. A request that was carried out although its answer was
        lost counts as carried out: the key holds exactly our bytes.
        """
        tried = self._tried()
        if isinstance(tried, str):
            return tried
        # refused or not: an earlier attempt may have been carried out, and its answer lost
        found = self._ours()
        if found is None:
            raise tried
        return found

    def _tried(self) -> str | Exception:
        """The ETag of what was stored, or why it was not, as far as the answers tell."""
        garbled = 0
        trouble: Exception = Expired(self.key)
        for number in range(_TRIES):
            if number:
                time.sleep(_PAUSE * 2 ** (number - 1))
            try:
                answer = send_signed(self.request, self.data)
            except (BotoCoreError, HTTPClientError) as error:
                trouble = unreachable(error)
                continue
            if answer.status in (200, 204):
                return self._stored(answer)
            trouble = self._refused(answer)
            garbled += answer.code in DIGEST
            if not answer.retryable and not (0 < garbled < _GARBLED):
                break
        return trouble

    def _refused(self, answer: Answer) -> Exception:
        if answer.status == 412 or (answer.status == 404 and answer.code != "NoSuchBucket"):
            return ConditionFailed(self.key)
        late = datetime.now(UTC) >= self.request.expires
        if answer.status in (400, 403) and (late or "expired" in answer.message.lower()):
            return Expired(self.key)
        code = "storage-refused" if answer.status in (401, 403) else "storage-unavailable"
        if answer.status == 409:
            code = "storage-busy"
        return Unavailable(
            f"The store does not take what it is sent ({answer.status} {answer.code}). "
            "Nothing was lost; try again later.",
            code=code,
            operator=f"PUT {self.key}: {answer.message[:300]}",
        )

    def _stored(self, answer: Answer) -> str:
        """The ETag, once it is sure that the store has what it was sent."""
        proved = answer.checksum == b64encode(hashlib.sha256(self.data).digest()).decode()
        md5 = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        if answer.etag and (proved or answer.etag.strip('"') == md5):
            return answer.etag
        held, found = self.bucket.get(self.key)
        if held != self.data and found.etag == (answer.etag or found.etag):
            raise Unavailable(
                "The store does not hold what it was given. Look at it with 'storage doctor'.",
                code="storage-unavailable",
                operator=f"the key is {self.key}",
            )
        return answer.etag or found.etag

    def _ours(self) -> str | None:
        """The ETag of the key if it holds exactly our bytes."""
        try:
            held, found = self.bucket.get(self.key)
        except FileNotFoundError:
            return None
        return found.etag if held == self.data else None


def prepare_put(
    bucket: Bucket, key: str, data: bytes, condition: Condition, *, expires: int = 900
) -> PreparedPut:
    """Sign a conditional PUT now, to be sent within ``expires`` seconds by the store's clock."""
    request = sign_put(
        bucket,
        key,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        condition=condition,
        expires=expires,
    )
    return PreparedPut(bucket, key, data, request)
