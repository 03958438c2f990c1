"""Bytes of preserved Binaries, fetched to local files.

Nothing is believed without its digest, and a target holds all of its bytes or does not exist.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from strongroom.client.digests import CHUNK, Digest, sha256_of_header
from strongroom.client.errors import BadAnswer, Unreachable, VerificationFailed
from strongroom.client.transport import Transport
from strongroom.errors import Conflict
from strongroom.wire.resources import Binary


class Contents:
    """Reading what ``content`` of a Binary points at."""

    def __init__(self, transport: Transport, storage_url: str | None = None) -> None:
        self._transport = transport
        self._storage_url = storage_url.rstrip("/") if storage_url else None

    def fetch(
        self,
        binary: Binary,
        target: Path,
        *,
        version: str | None = None,
        seen: Callable[[int], None] | None = None,
    ) -> Digest:
        """Write a Binary's bytes to ``target``, which must be free.

        ``version`` names the version of the group; ``seen`` is told the bytes of each step, and a
        negative number when a broken transfer begins anew. Raises
        :class:`~strongroom.client.errors.VerificationFailed` if the bytes are not what the Binary
        says, and Conflict if something is at the target.
        """
        if binary.content is None:
            raise BadAnswer(f"The server gives no place for the bytes of '{binary.id}'.")
        return fetch(
            self._transport,
            self._place(binary.content),
            target,
            params={"version": version} if version else None,
            expected=Digest(binary.size, binary.digest) if binary.digest else None,
            seen=seen,
        )

    def _place(self, content: str) -> str:
        if self._storage_url is None:
            return content
        _, found, path = content.partition("/content/")
        if not found:
            raise BadAnswer(f"'{content}' is no address of content; expected …/content/….")
        return f"{self._storage_url}/content/{path}"


def fetch(
    transport: Transport,
    url: str,
    target: Path,
    *,
    params: Mapping[str, str] | None = None,
    expected: Digest | None = None,
    seen: Callable[[int], None] | None = None,
) -> Digest:
    """GET into a file: through a temporary name, verified, synced, renamed.

    Without ``expected`` the answer's own ``Repr-Digest`` is what the bytes are held against; an
    answer that has neither is refused.
    """
    if os.path.lexists(target):
        raise Conflict(f"'{target}' exists already.", code="exists")
    part = target.parent / f".strongroom-{secrets.token_hex(8)}.part"
    got = 0

    def take(answer: httpx.Response) -> tuple[Digest, str | None]:
        nonlocal got
        if seen is not None:
            seen(-got)
        got = 0
        sha256 = hashlib.sha256()
        with part.open("wb") as out:
            for chunk in answer.iter_bytes(CHUNK):
                out.write(chunk)
                sha256.update(chunk)
                got += len(chunk)
                if seen is not None:
                    seen(len(chunk))
            out.flush()
            os.fsync(out.fileno())
        return Digest(got, sha256.hexdigest()), sha256_of_header(answer.headers.get("Repr-Digest"))

    try:
        found, stated = transport.receive(url, params=params, take=take)
        _verify(url, found, expected, stated)
        part.rename(target)
    except Unreachable as error:
        whole = f" of {expected.size}" if expected else ""
        error.add_note(
            f"{url} broke off after {got}{whole} bytes. A server ends a transfer this way when the "
            "stored file turns out to be damaged; its log says whether that was so."
        )
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return found


def _verify(url: str, found: Digest, expected: Digest | None, stated: str | None) -> None:
    want = expected.sha256 if expected else stated
    if want is None:
        raise VerificationFailed(f"{url} was sent without a digest, so it cannot be verified.")
    if found.sha256 != want or (expected and found.size != expected.size):
        size = f"{expected.size} bytes with " if expected else ""
        raise VerificationFailed(
            f"{url} is damaged: expected {size}SHA-256 {want}, "
            f"received {found.size} bytes with {found.sha256}. Nothing was kept."
        )
