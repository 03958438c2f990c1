"""Bytes out of a server: into a file, into memory, or as a stream that outlives a broken line.

Nothing is believed without its digest, but parts, which have none; a target holds all of its bytes
or does not exist. What is read is for ``content`` and ``files``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from strongroom.client.addresses import bare
from strongroom.client.digests import CHUNK, Digest, sha256_of_header
from strongroom.client.errors import BadAnswer, Unreachable, VerificationFailed
from strongroom.client.transport import Transport
from strongroom.errors import BadRequest, Conflict

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """What a server says of a file without sending it."""

    #: bytes
    size: int
    content_type: str
    #: SHA-256, lower-case hex; None where it is not known yet
    digest: str | None
    #: quoted, as it came; None where there is none
    etag: str | None
    #: an HTTP date
    last_modified: str | None


def stat(
    transport: Transport,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Stat:
    """HEAD of a file."""
    # of an answer that would be compressed there is no length
    more = {"Accept-Encoding": "identity", **(headers or {})}
    told = transport.request("HEAD", url, params=params, headers=more).headers
    size = told.get("Content-Length", "")
    if not size.isdigit():
        raise BadAnswer(f"{bare(transport.url(url))} has no Content-Length.")
    return Stat(
        size=int(size),
        content_type=told.get("Content-Type", "application/octet-stream"),
        digest=sha256_of_header(told.get("Repr-Digest")),
        etag=told.get("ETag"),
        last_modified=told.get("Last-Modified"),
    )


def fetch(
    transport: Transport,
    url: str,
    target: Path,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    expected: Digest | None = None,
    seen: Callable[[int], None] | None = None,
    secret: bool = False,
) -> Digest:
    """GET into a file: through a temporary name, verified, synced, renamed.

    Without ``expected`` the answer's own ``Repr-Digest`` is what the bytes are held against; an
    answer that has neither is refused.
    """
    if os.path.lexists(target):
        raise Conflict(f"'{target}' exists already.", code="exists")
    part = target.parent / f".strongroom-{secrets.token_hex(8)}.part"
    shown = bare(transport.url(url))
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
        found, stated = transport.receive(
            url, params=params, headers=headers, take=take, secret=secret
        )
        _verify(shown, found, expected, stated)
        part.rename(target)
    except Unreachable as error:
        whole = f" of {expected.size}" if expected else ""
        error.add_note(
            f"{shown} broke off after {got}{whole} bytes. A server ends a transfer this way when "
            "the stored file turns out to be damaged; its log says whether that was so."
        )
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return found


def stream(
    transport: Transport,
    url: str,
    *,
    start: int = 0,
    length: int | None = None,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    expected: Digest | None = None,
) -> Iterator[bytes]:
    """The bytes of a file in chunks, or ``length`` of them from ``start``, with bounded memory.

    A broken transfer goes on where it broke, if the file is still the same. At the end of a whole
    file its digest is compared: then VerificationFailed is raised, after bytes were handed out.
    """
    if start < 0 or (length is not None and length < 0):
        raise BadRequest("A part of a file begins at 0 or later, and has 0 bytes or more.")
    if length == 0:
        return
    whole = start == 0 and length is None
    shown = bare(transport.url(url))
    sha256, got, failures = hashlib.sha256(), 0, 0
    stated: str | None = None
    etag: str | None = None
    while True:
        asked = _asked(start + got, None if length is None else length - got, etag)
        try:
            answer = transport.opened(url, params=params, headers={**(headers or {}), **asked})
            with contextlib.closing(answer):
                if etag is None:
                    stated = sha256_of_header(answer.headers.get("Repr-Digest"))
                    etag = answer.headers.get("ETag")
                _check_start(shown, answer, start + got)
                # as they come, so that none is lost with a chunk that was not full yet
                for chunk in answer.iter_bytes():
                    yield chunk
                    got += len(chunk)
                    failures = 0
                    if whole:
                        sha256.update(chunk)
            break
        except httpx.TransportError as error:
            failures += 1
            # without a tag nothing says that the rest would belong to what came before
            if failures >= transport.retry.attempts or (got and etag is None):
                raise Unreachable(
                    f"{shown} broke off after {got} bytes ({type(error).__name__})."
                ) from error
            transport.sleep(transport.pause(failures))
    if whole:
        _verify(shown, Digest(got, sha256.hexdigest()), expected, stated)


def _asked(position: int, left: int | None, etag: str | None) -> dict[str, str]:
    if position == 0 and left is None:
        return {}
    end = "" if left is None else str(position + left - 1)
    headers = {"Range": f"bytes={position}-{end}"}
    return {**headers, "If-Range": etag} if etag else headers


def _check_start(shown: str, answer: httpx.Response, position: int) -> None:
    """What comes begins at ``position``; a whole answer to a question for a part does not."""
    found = 0
    if answer.status_code == 206:
        told = _RANGE.match(answer.headers.get("Content-Range", ""))
        found = int(told[1]) if told else -1
    if found != position or (answer.status_code != 206 and "Range" in answer.request.headers):
        raise BadAnswer(
            f"{shown} was asked for bytes from {position} on and answered with others. "
            "The file was replaced meanwhile, or something between knows no ranges."
        )


def _verify(shown: str, found: Digest, expected: Digest | None, stated: str | None) -> None:
    want = expected.sha256 if expected else stated
    if want is None:
        raise VerificationFailed(f"{shown} was sent without a digest, so it cannot be verified.")
    if found.sha256 != want or (expected and found.size != expected.size):
        size = f"{expected.size} bytes with " if expected else ""
        raise VerificationFailed(
            f"{shown} is damaged: expected {size}SHA-256 {want}, "
            f"received {found.size} bytes with {found.sha256}."
        )
