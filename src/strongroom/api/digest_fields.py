"""Digest fields (RFC 9530): SHA-256 as ``sha-256=:base64:``, written and read."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64

from strongroom.errors import BadRequest, Fault

_MEMBER = re.compile(r"\s*([A-Za-z0-9*][A-Za-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/=]*):\s*")


def write(sha256: str) -> str:
    """The field value for a SHA-256 in hex."""
    return f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"


def expected(content_digest: str | None, repr_digest: str | None) -> str | None:
    """The SHA-256 (lower-case hex) that the fields of an upload promise; None without any.

    Both fields mean the same here, since an upload is neither partial nor encoded. Raises
    BadRequest (``bad-digest-field``) for what cannot be read, for fields without SHA-256, and for
    two that disagree.
    """
    fields = (("Content-Digest", content_digest), ("Repr-Digest", repr_digest))
    found = {_sha256(name, value) for name, value in fields if value is not None}
    if len(found) > 1:
        raise _bad("Content-Digest, Repr-Digest", "one SHA-256", "two different ones")
    return found.pop() if found else None


def _sha256(name: str, value: str) -> str:
    members = {}
    for part in value.split(","):
        match = _MEMBER.fullmatch(part)
        if match is None:
            raise _bad(name, "sha-256=:BASE64:", value)
        members[match.group(1).lower()] = match.group(2)
    if "sha-256" not in members:
        raise _bad(name, "sha-256", ", ".join(members))
    try:
        raw = b64decode(members["sha-256"], validate=True)
    except BadBase64:
        raw = b""
    if len(raw) != 32:
        raise _bad(name, "32 bytes in Base64", members["sha-256"])
    return raw.hex()


def _bad(name: str, wanted: str, found: str) -> BadRequest:
    return BadRequest(
        f"The header {name} cannot be used: expected {wanted}, found '{found[:200]}'.",
        code="bad-digest-field",
        faults=[
            Fault(
                code="bad-digest-field",
                message="The digest cannot be read, or is of another kind.",
                path=name,
                expected=wanted,
                found=found[:200],
            )
        ],
    )
