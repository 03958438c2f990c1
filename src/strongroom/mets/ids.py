"""Ids for what the platform writes: one token, legal in every edition of XML, and reversible.

A letter, digit, ``.``, ``-`` or ``_`` of ASCII stays; any other character becomes ``_xHHHH_`` with
its code point, and so does an underscore that could be taken for the start of one. Ids of other
programs are never rewritten.
"""

from __future__ import annotations

import re

_OTHER = re.compile(r"[^0-9A-Za-z._\-]|_(?=x)")
_ESCAPED = re.compile(r"_x([0-9A-F]{4,6})_")
#: ``PHYS_ROOT`` is the id of the root div
_TAKEN = "ROOT"


def escape(path: str) -> str:
    """The path as the tail of an id, after a prefix such as ``FILE_``."""
    if path == _TAKEN:
        return f"_x{ord(path[0]):04X}_{path[1:]}"
    return _OTHER.sub(lambda match: f"_x{ord(match.group()):04X}_", path)


def unescape(tail: str) -> str:
    """The path that :func:`escape` was given."""
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), tail)
