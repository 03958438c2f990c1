"""Minted ids: twelve characters that are hard to misread (no 0, 1, i, l, o)."""

from __future__ import annotations

import re
import secrets

_FIRST = "abcdefghjkmnpqrstuvwxyz"
_REST = "23456789" + _FIRST
_ID = re.compile(f"[{_FIRST}][{_REST}]{{11}}")


def mint() -> str:
    """A new id, unguessable, unique for all practical purposes."""
    return secrets.choice(_FIRST) + "".join(secrets.choice(_REST) for _ in range(11))


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None
