"""Minted ids: twelve characters that are hard to misread (no 0, 1, i, l, o)."""

from __future__ import annotations

import secrets

_FIRST = "abcdefghjkmnpqrstuvwxyz"
_REST = "23456789" + _FIRST


def mint() -> str:
    """A new id, unguessable, unique for all practical purposes."""
    return secrets.choice(_FIRST) + "".join(secrets.choice(_REST) for _ in range(11))
