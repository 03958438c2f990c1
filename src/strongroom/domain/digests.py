"""SHA-256 digests as the wire carries them: 64 lower-case hexadecimal digits."""

from __future__ import annotations

import re

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def normal(text: str | None) -> str | None:
    """The digest in its one form (lower case, no prefix); None if the text is no SHA-256.

    Accepted are upper case and the prefixes ``sha256:``, ``sha-256:`` and ``urn:sha256:``.
    """
    if text is None:
        return None
    bare = text.strip()
    lower = bare.lower()
    for prefix in ("urn:sha256:", "urn:sha-256:", "sha256:", "sha-256:"):
        if lower.startswith(prefix):
            bare = bare[len(prefix) :]
            break
    return bare.lower() if _SHA256.fullmatch(bare) else None
